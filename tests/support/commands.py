"""Every command that a person can type, found as `fairpulse` finds them."""

from collections.abc import Iterator
from importlib.metadata import entry_points

import click

from dashboards.__main__ import dashboards
from schemas.console import COMMANDS


def commands_of(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from commands_of(one, f"{path} {name}")


ALL_COMMANDS = dict(
    one for point in entry_points(group=COMMANDS) for one in commands_of(point.load(), point.name)
) | dict(commands_of(dashboards, "python -m dashboards"))

"""Every command that a person can type, found as `fairpulse` finds them."""

from collections.abc import Iterator
from importlib.metadata import entry_points

import click

from dashboards.__main__ import dashboards
from schemas.console import COMMANDS


def below_of(group: click.Group) -> dict[str, click.Command]:
    """Return the subcommands of a group, also of one that imports them when they are asked for."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def commands_of(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, one in below_of(command).items():
            yield from commands_of(one, f"{path} {name}")


ALL_COMMANDS = dict(
    one for point in entry_points(group=COMMANDS) for one in commands_of(point.load(), point.name)
) | dict(commands_of(dashboards, "python -m dashboards"))

"""`fairpulse settings`: which environment variables there are, and what each may be."""

from textwrap import fill, indent
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from schemas.environment import Settings

WIDTH = 79
"""Columns of a line: what a terminal shows that nobody has widened."""


@click.command()
@click.argument("name", required=False)
def settings(name: str | None) -> None:
    """List the environment variables for settings.

    NAME shows one variable alone; FAIRPULSE_ may be left out. Where a command has an option for a setting, the option
    wins over the variable. Values of this environment are not shown: some are passwords.
    """
    from schemas.environment import PREFIX, variable
    from schemas.errors import InvalidSettings
    from schemas.kinds import quoted
    from schemas.nearest import nearest
    from schemas.settings import ALL_SETTINGS

    known = {variable(field): (owner, field) for owner in ALL_SETTINGS for field in owner.model_fields}
    if name is None:
        for owner in ALL_SETTINGS:
            click.echo(fill(" ".join((owner.__doc__ or "").split()), WIDTH) + "\n")
            for field in owner.model_fields:
                click.echo(told(owner, field) + "\n")
        return
    wanted = name.upper() if name.upper() in known else variable(name)
    if wanted not in known:
        near = nearest(wanted.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known])
        hint = f"did you mean {PREFIX}{near}?" if near else "`fairpulse settings` lists them all"
        raise InvalidSettings(f"NAME: {quoted(name)} is not a setting", hint=hint)
    click.echo(told(*known[wanted]))


def told(owner: "type[Settings]", field: str) -> str:
    """Return a setting in a few lines: its variable, what it is, what it may be, its default and an example."""
    from schemas.environment import default_text, described, example_of, variable
    from schemas.kinds import choices, expected, kind_of

    kind = kind_of(owner.model_fields[field])
    words = choices(kind)
    lines = {
        "may be": f"one of {', '.join(words)}" if words else expected(kind),
        "default": default_text(owner, field) or "none",
        "example": f"{variable(field)}={example_of(owner, field)}",
    }
    what = fill(described(owner, field), WIDTH - 4)
    facts = "\n".join(f"{title:<8} {text}" for title, text in lines.items())
    return variable(field) + "\n" + indent(f"{what}\n{facts}", "    ")

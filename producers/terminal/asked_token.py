"""The token of a terminal, as a person or a script gives it: never as an argument, which every process can read."""

from typing import TYPE_CHECKING

import click

from schemas.errors import InvalidSettings
from schemas.kinds import BadValue

if TYPE_CHECKING:
    from pydantic import SecretStr

    from schemas.terminal_settings import TerminalSettings


def given_token(settings: "TerminalSettings") -> "SecretStr":
    """Return the token in the settings; without one, what a person types, which is not shown, or a script's line.

    Raises:
        InvalidSettings: none was given, or it cannot be one.
    """
    if settings.terminal_token is not None:
        return settings.terminal_token
    given = click.get_text_stream("stdin")
    line = click.prompt("Token", hide_input=True, err=True) if given.isatty() else given.readline()
    if not (typed := line.strip()):
        raise InvalidSettings("token: none was given", hint="type it, or set FAIRPULSE_TERMINAL_TOKEN")
    try:
        token: SecretStr = settings.check("terminal_token", typed)
    except BadValue as error:
        raise InvalidSettings(f"token: what was typed {error.wrong}", hint=error.instead) from None
    return token

"""Options that several commands share. One that stands for a setting takes help, default and limits from it.

Importing the settings takes as long as the rest of a command's start, so it waits until a help text is printed or a
value is checked; therefore a setting is named here by class and field.
"""

import types
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Protocol, TypeVar, Union, get_args, get_origin

import click
from click.shell_completion import CompletionItem
from typing_extensions import override

if TYPE_CHECKING:
    from schemas.environment import Settings

Command = TypeVar("Command", bound=Callable[..., Any] | click.Command)

_WORDS: Final[dict[type, str]] = {int: "NUMBER", float: "NUMBER", Path: "PATH", timedelta: "SECONDS", str: "TEXT"}
"""What stands for a value in a help text."""


class Option(Protocol):
    """What puts an option on a command."""

    def __call__(self, command: Command, /) -> Command:
        """Return the command with the option."""
        ...


class SettingType(click.ParamType):
    """The type of an option that stands for a setting: the value is checked by the settings class itself."""

    name = "setting"

    def __init__(self, owner: str, field: str, text: str | None) -> None:
        self._owner, self._field, self._text = owner, field, text

    @property
    def owner(self) -> "type[Settings]":
        """The settings class."""
        from schemas import settings

        cls: type[Settings] = getattr(settings, self._owner)
        return cls

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as the settings have it. Raises BadParameter, which does not name the value."""
        try:
            return self.owner.check(self._field, value)
        except ValueError as error:
            self.fail(f"{error}; see --help for what it may be", param, ctx)

    @override
    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        kind, choices = self._kind()
        return f"[{'|'.join(choices)}]" if choices else _WORDS[kind]

    @override
    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        kind, choices = self._kind()
        if kind is Path:
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(one) for one in choices if one.startswith(incomplete)]

    def _kind(self) -> tuple[type, tuple[str, ...]]:
        """Return the type of the field, and the words it may be if those are all."""
        kind: Any = self.owner.model_fields[self._field].annotation
        while get_origin(kind) in (Annotated, Union, types.UnionType):
            kind = get_args(kind)[0]
        return (str, get_args(kind)) if get_origin(kind) is Literal else (kind, ())

    def told(self) -> str:
        """Return what the setting is, for this command if it has a text of its own; its variable and its default."""
        from schemas.environment import default_text, described, variable

        default = default_text(self.owner, self._field)
        also = f"env: {variable(self._field)}" + (f"; default: {default}" if default else "")
        return f"{self._text or described(self.owner, self._field)}  [{also}]"


class Seconds(click.ParamType):
    """The type of an option for a length of time that no setting stands for; written like one."""

    name = "seconds"

    def __init__(self, least: timedelta) -> None:
        self._least = least

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the length of time. Raises BadParameter, which does not name the value."""
        from schemas.environment import Duration, at_least, checked

        try:
            return checked(Annotated[Duration, at_least(self._least)], value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SettingOption(click.Option):
    """An option whose help is written when it is printed, unless the environment cannot stand in for it."""

    @override
    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        assert isinstance(self.type, SettingType)
        self.help = self.help or self.type.told()
        return super().get_help_record(ctx)


def setting(owner: str, field: str, *flags: str, required: bool = False, text: str | None = None) -> Option:
    """Return the option that stands for a setting; the command gets it under the field's name, None if not given.

    Args:
        owner: a class in `schemas.settings`.
        field: its field.
        flags: how it is typed, if not as the field is called; further ones are aliases.
        required: refuse to run without it, whatever the environment says.
        text: what the setting means to this command, if that is less or more than its own text says.
    """
    return click.option(
        *(flags or (f"--{field.replace('_', '-')}",)),
        field,
        cls=SettingOption,
        type=SettingType(owner, field, text),
        required=required,
        help=text if required else None,
    )


bootstrap_servers = setting("KafkaSettings", "bootstrap_servers")
_EXAMPLE: Final = "the shipped example of a CIFTIS-like fair"
fair = setting("FairSettings", "fair_file", "--fair", text=f"The fair file. Without it, {_EXAMPLE}.")
fair_or_recordings = setting(
    "FairSettings",
    "fair_file",
    "--fair",
    text=f"The fair file. Without it, the one inside the RECORDING, if one is read; else {_EXAMPLE}.",
)
"""For commands that read a recording, or Kafka."""
lateness = setting("WorkerSettings", "allowed_lateness", "--lateness")
terminals_file = setting("GatewaySettings", "terminals_file", "--terminals")
live = click.option(
    "--live",
    multiple=True,
    metavar="URL",
    help="Every worker. [default: one on this machine, at FAIRPULSE_METRICS_PORT]",
)
seed = click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0, 2**63 - 1), help="Same seed, same events."
)


def speed(default: float) -> Option:
    """Return the option for how fast a fair is played."""
    return click.option(
        "--speed",
        default=default,
        show_default=True,
        type=click.FloatRange(0, 100_000),
        help="Fair seconds per real second: 1 is real time, 60 is a minute per second, 0 is as fast as possible.",
    )

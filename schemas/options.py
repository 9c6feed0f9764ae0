"""Options that several commands share. One that stands for a setting takes help, default and limits from it.

Importing the settings takes as long as the rest of a command's start, so it waits until a help text is printed or a
value is checked; therefore a setting is named here by class and field.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol, TypeVar

import click
from click.shell_completion import CompletionItem
from typing_extensions import override

if TYPE_CHECKING:
    from schemas.environment import Settings

Command = TypeVar("Command", bound=Callable[..., Any] | click.Command)

_WORDS: Final[dict[type, str]] = {
    int: "NUMBER",
    float: "NUMBER",
    Path: "PATH",
    timedelta: "DURATION",
    str: "TEXT",
}
"""The word for a value in a help text, by its type."""


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
        """Return the value as the settings have it. Raises BadParameter, which repeats it unless it is a secret."""
        from schemas.kinds import BadValue, is_secret, quoted

        try:
            return self.owner.check(self._field, value)
        except BadValue as error:
            shown = "the value" if is_secret(self._annotation()) else quoted(value)
            self.fail(f"{shown} {error}", param, ctx)

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
        from schemas.kinds import choices, type_of

        kind = self._annotation()
        return type_of(kind), choices(kind)

    def _annotation(self) -> Any:
        from schemas.kinds import kind_of

        return kind_of(self.owner.model_fields[self._field])

    def told(self) -> str:
        """Return what the setting is, for this command if it has a text of its own; its variable and its default."""
        from schemas.environment import default_text, described, variable

        default = default_text(self.owner, self._field)
        also = f"env: {variable(self._field)}" + (f"; default: {default}" if default else "")
        return f"{self._text or described(self.owner, self._field)}  [{also}]"


class Checked(click.ParamType):
    """The type of an option that stands for no setting, checked and complained about like one.

    Args:
        kind: what the value is, as a settings class would annotate it.
        example: of it, as it is typed.
        metavar: what stands for it in a help text.
    """

    name = "checked"

    def __init__(self, kind: Callable[[], Any], example: str, metavar: str) -> None:
        self._make, self.example, self._metavar = kind, example, metavar

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value. Raises BadParameter, which repeats what was typed."""
        from schemas.kinds import BadValue, checked, quoted

        try:
            return checked(self._make(), value, self.example)
        except BadValue as error:
            self.fail(f"{quoted(value)} {error}", param, ctx)

    @override
    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return self._metavar


class OptionOf(click.ParamType):
    """The type of an option that is handed on to another command of the house, and checked as that one does it.

    Args:
        command: as it is typed after `fairpulse`.
        option: its name as a parameter.
    """

    name = "option"

    def __init__(self, command: str, option: str) -> None:
        self._command, self._option = command, option

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return self._type().convert(value, param, ctx)

    @override
    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return self._type().shell_complete(ctx, param, incomplete)

    def _type(self) -> click.ParamType:
        from schemas.console import program

        command = program.get_command(click.Context(program), self._command)
        assert command is not None
        return next(one.type for one in command.params if one.name == self._option)


def whole(least: int = 0, most: int | None = None, *, example: str) -> Checked:
    """Return the type of a whole number."""
    return Checked(lambda: Annotated[int, _limits(ge=least, le=most)], example, "NUMBER")


def number(*, least: float | None = 0, above: float | None = None, most: float | None = None, example: str) -> Checked:
    """Return the type of a number, whole or not; `above` is a limit that it may not be itself."""
    low = None if above is not None else least
    return Checked(lambda: Annotated[float, _limits(ge=low, gt=above, le=most, allow_inf_nan=False)], example, "NUMBER")


def length(least: timedelta = timedelta(0), most: timedelta | None = None, *, example: str) -> Checked:
    """Return the type of a length of time, written like that of a setting: 30s, 5m, 1h30m, or seconds."""

    def kind() -> Any:
        from schemas.kinds import Duration

        return Annotated[Duration, _limits(ge=least, le=most)]

    return Checked(kind, example, "DURATION")


def _limits(**limits: Any) -> Any:
    from pydantic import Field

    return Field(**{name: limit for name, limit in limits.items() if limit is not None})


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
        owner: the name of a class in `ALL_SETTINGS`.
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
    help="Address of a worker, http://host:port; repeat it for every worker. [default: one on this machine, at"
    " FAIRPULSE_METRICS_PORT]",
)
seed = click.option(
    "--seed",
    default=1,
    show_default=True,
    type=whole(0, 2**63 - 1, example="7"),
    help="Number that all chance comes from: the same seed gives the same events.",
)


def speed(default: float) -> Option:
    """Return the option for how fast a fair is played."""
    return click.option(
        "--speed",
        default=int(default) if default == int(default) else default,
        show_default=True,
        type=number(most=100_000, example="60"),
        help="Fair seconds per real second: 1 is real time, 60 is a minute per second, 0 is as fast as possible.",
    )

"""What the commands of the terminal share: options of closed lists, the spool, the terminal, and the answer."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas import options
from schemas.errors import InvalidEvent
from schemas.ids import EVENT_ID_PATTERN

if TYPE_CHECKING:
    from producers.terminal.spool import Saved, Spool
    from producers.terminal.terminal import BoothTerminal


def words(codes: Iterable[str]) -> str:
    """Return the words of a closed list, for a help text."""
    return ", ".join(map(str, codes))


def choice(codes: Iterable[str]) -> click.Choice[str]:
    """Return the type of an option or argument that takes one word of a closed list."""
    return click.Choice([str(one) for one in codes])


def code_option(flag: str, codes: Iterable[str], metavar: str, text: str, default: str) -> options.Option:
    """Return an option that takes one word of a closed list; its help names them all."""
    help_text = f"{text}: {words(codes)}."
    return click.option(flag, type=choice(codes), default=default, show_default=True, metavar=metavar, help=help_text)


def checked_id(_: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Refuse what is not a UUID before the spool is asked for it: it may not even be text."""
    if value is not None and re.fullmatch(EVENT_ID_PATTERN, value) is None:
        raise InvalidEvent(
            "bad_value",
            f"{option.opts[0]}: the value is not a UUID",
            field=option.name or "",
            hint="write a UUID in lower case, such as 0199e000-0000-7000-8000-000000000001",
        )
    return value


ID = click.option(
    "--id",
    "event_id",
    callback=checked_id,
    metavar="UUID",
    help="Id of the event; the same id again is the same event. [default: a new one]",
)


@contextmanager
def open_spool(folder: Path | None) -> "Iterator[Spool]":
    """Open the spool of a folder, or of the one in the settings.

    Raises:
        Unavailable: the disk does not let it be opened.
    """
    from producers.terminal.spool import Spool
    from schemas.terminal_settings import TerminalSettings

    settings = TerminalSettings.load(terminal_folder=folder)
    spool = Spool(settings.terminal_folder.expanduser(), cap_bytes=settings.terminal_spool_bytes)
    try:
        yield spool
    finally:
        spool.close()


@contextmanager
def open_terminal(folder: Path | None) -> "Iterator[BoothTerminal]":
    """Open the terminal of a folder, with the badge key of the settings; raises as `open_spool`.

    Raises:
        InvalidSettings: it was never paired, or the badge key is not the fair's or was never compared with it.
    """
    from producers.terminal.terminal import BoothTerminal
    from schemas.terminal_settings import TerminalSettings

    key = TerminalSettings.load().pseudonym_key()
    with open_spool(folder) as spool:
        yield BoothTerminal(spool, badge_key=key)


def say(saved: "Saved", note: str = "", *, word: str = "saved") -> None:
    """Print that an event is safe, at once: its reader may pull the plug.

    Args:
        saved: its number and id.
        note: stands behind them.
        word: how it ended; one that was saved a moment ago is `again`, unless it was denied.
    """
    shown = "again" if saved.again and word == "saved" else word
    click.echo(f"{shown} {saved.seq} {saved.event_id}{f': {note}' if note else ''}")

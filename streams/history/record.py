"""The command `record`: turns options into a span, shows progress, and prints a summary at the end."""

import asyncio
from pathlib import Path
from typing import Self

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from schemas.errors import InvalidSettings, Unavailable
from schemas.fair.chosen import chosen_fair_file, named_fair_file, used_fair_file
from schemas.fair.file import load_fair
from schemas.fair.model import Fair
from schemas.kinds import quoted
from schemas.outputs import warn
from schemas.recording.writer import must_be_new
from schemas.settings import KafkaSettings
from schemas.times import venue_ms
from streams.history.reading import Span
from streams.history.recorder import Taken, record

PLAIN_S = 5.0
"""Seconds between two lines of progress if standard error is not a terminal."""


def record_to(
    path: Path, since: str, until: str | None, fair_file: Path | None, bootstrap_servers: str | None, *, force: bool
) -> None:
    """Record as the options say, and print a summary.

    Raises:
        InvalidSettings: a time cannot be read, the file exists already, or the events are of another fair.
        Unavailable: Kafka does not answer, the file cannot be written, or it does not hold all of the span.
    """
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    named = named_fair_file(fair_file)
    source = chosen_fair_file(named)
    fair = load_fair(source)
    span = span_of(since, until, fair)
    must_be_new(path, force=force)
    console = Console(stderr=True, highlight=False)
    with Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else _Plain(console) as live:

        def tell(taken: Taken) -> None:
            live.update(Text(progress_text(taken), no_wrap=True), refresh=True)

        content, used = source.read_bytes(), used_fair_file(named)
        taken = asyncio.run(record(kafka, fair, content, path, span, tell=tell, warn=warn, used=used, force=force))
    for one in taken.open:
        warn(one.message)
    click.echo(f"{path}: {taken.records:,} records, {taken.bytes / 1e6:,.1f} MB, in {taken.seconds:,.1f} s", err=True)
    if taken.lost is not None:
        raise Unavailable(
            f"{taken.lost.message}; {path.name} holds what was read before", hint="record again, into another file"
        )
    if not taken.complete:
        raise Unavailable(
            f"{path.name} was ended early: {taken.lag:,} records that Kafka had by then are not in it",
            hint="record again with `--until end`",
        )


def span_of(since: str, until: str | None, fair: Fair) -> Span:
    """Return the span for the options: from `beginning`, `now` or a time; until `end`, a time or None.

    Raises:
        InvalidSettings: an option is none of these.
    """
    since_ms = {"beginning": 0, "now": None}.get(since, -1)
    if since_ms == -1:
        since_ms = _instant("--from", since, fair)
    if until == "end":
        return Span(since_ms=since_ms)
    return Span(since_ms=since_ms, until_ms=None if until is None else _instant("--until", until, fair), follow=True)


def progress_text(taken: Taken) -> str:
    """Return the line of progress: records, rate, size, and how many records are still to come."""
    rate = taken.records / taken.seconds if taken.seconds else 0
    return f"recording  {taken.records:,} records  {rate:,.0f}/s  {taken.bytes / 1e6:,.1f} MB  lag {taken.lag:,}"


def _instant(option: str, text: str, fair: Fair) -> int:
    try:
        return venue_ms(text, fair.zone)
    except (ValueError, OverflowError):
        day = fair.days[0].date
        raise InvalidSettings(
            f"{option}: {quoted(text)} is not a time", hint=f"give a local time such as {day}T09:00"
        ) from None


class _Plain:
    """Prints a new line every few seconds, instead of changing one line in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown_at: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, line: Text, *, refresh: bool) -> None:
        now = asyncio.get_running_loop().time()
        if refresh and (self._shown_at is None or now - self._shown_at >= PLAIN_S):
            self._shown_at = now
            self._console.print(line, soft_wrap=True)

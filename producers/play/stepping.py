"""Step by step: show the next record, and wait for Enter before it is sent."""

import asyncio
import sys
from typing import Protocol

import click

from producers.play.progress import ProgressLine
from schemas.times import from_epoch_ms, instant_text

HELP = "Enter sends one record, a number sends that many, q ends"


class Described(Protocol):
    """What is shown of a record; never its content, which may be a person's."""

    @property
    def at_ms(self) -> int: ...
    @property
    def topic(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> str: ...


class Stepper:
    """Asks on standard input before records are sent."""

    def __init__(self, line: ProgressLine) -> None:
        self._line = line
        self._free = 0
        click.echo(HELP, err=True)

    async def ask(self, record: Described) -> bool:
        """Return whether to send the record: False when the person, or the end of the input, says to end."""
        if self._free > 0:
            self._free -= 1
            return True
        what = record.kind or "not an event"
        at = instant_text(from_epoch_ms(record.at_ms))
        click.echo(f"{record.number:>9,}  {at}  {record.topic:<18} {what} ? ", nl=False, err=True)
        answer = await asyncio.to_thread(sys.stdin.readline)
        if not answer or answer.strip().lower().startswith("q"):
            return False
        if answer.strip().isdigit():
            self._free = max(0, int(answer) - 1)
        return True

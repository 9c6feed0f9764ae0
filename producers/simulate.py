"""The command `fairpulse simulate`, behind its options: a fair into Kafka, its ledger into a file."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from producers.play import Pace, Progress, play
from producers.simulator.emission import Emission
from producers.simulator.ledger import Ledger
from producers.simulator.scenarios import SCENARIOS, Scenario, scenario_named
from producers.simulator.stream import emissions
from producers.sinks import KafkaSink, Record
from schemas.errors import InvalidSettings
from schemas.fair import Fair
from schemas.settings import KafkaSettings
from schemas.times import epoch_ms, from_epoch_ms

INTERRUPTED = 130
"""Exit code after Ctrl-C (128 + SIGINT)."""


@dataclass(frozen=True, slots=True)
class Show:
    """Which fair is played.

    Attributes:
        visitors: visits of the busiest day; None for the scenario's.
        start: venue-local time to begin at, as 2025-09-11 or 2025-09-11T08:30; None for the scenario's.
        skip_to_opening: send what happens before the opening at once, and play from there.
    """

    fair: Fair
    scenario: str
    seed: int
    visitors: int | None = None
    start: str | None = None
    skip_to_opening: bool = False

    def emissions(self) -> Iterator[Emission]:
        """Return everything that reaches the server, in order of arrival."""
        return emissions(self.fair, self._scenario(), self.seed, self._starts_ms())

    def plays_from_ms(self) -> int | None:
        """Return the fair time from which the speed counts, five minutes before the opening; None for the first."""
        if not self.skip_to_opening:
            return None
        first = next(self.emissions(), None)
        if first is None:
            return None
        opens = (epoch_ms(day.opens_at) for day in self.fair.days)
        return next((ms - 300_000 for ms in opens if ms > first.at_ms), None)

    def _scenario(self) -> Scenario:
        try:
            scenario = scenario_named(self.scenario)
        except KeyError:
            names = ", ".join(one.name for one in SCENARIOS)
            raise InvalidSettings("--scenario: there is no scenario of that name", hint=f"one of {names}") from None
        return scenario if self.visitors is None else replace(scenario, visitors=self.visitors)

    def _starts_ms(self) -> int | None:
        if self.start is None:
            return None
        try:
            local = datetime.fromisoformat(self.start)
        except ValueError:
            raise InvalidSettings("--start: is no date or time", hint="write 2025-09-11 or 2025-09-11T08:30") from None
        return epoch_ms(local if local.tzinfo else local.replace(tzinfo=self.fair.zone))


def simulate_into_kafka(show: Show, kafka: KafkaSettings, pace: Pace, ledger_file: Path | None) -> int:
    """Play the show into Kafka and write its ledger; return the exit code.

    Raises:
        Unavailable: Kafka is not there, or did not take everything. The ledger then says what it took.
    """
    ledger = Ledger(show.fair)

    def book(record: Record) -> None:
        assert isinstance(record, Emission)
        ledger.book(record)

    try:
        with _telling(show.fair) as tell:
            progress, interrupted = asyncio.run(_play(show, KafkaSink(kafka.bootstrap_servers, book), pace, tell))
    finally:
        if ledger_file is not None:
            ledger.write(ledger_file)
    click.echo(f"{'interrupted' if interrupted else 'done'}: {_line(show.fair, progress)}", err=True)
    return INTERRUPTED if interrupted else 0


async def _play(show: Show, sink: KafkaSink, pace: Pace, tell: Callable[[Progress], None]) -> tuple[Progress, bool]:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    pace = replace(pace, plays_from_ms=show.plays_from_ms())
    async with sink:
        progress = await play(show.emissions(), sink, pace, stop, tell)
    return progress, stop.is_set()


def count(show: Show, most: int | None) -> dict[str, int]:
    """Return how many records of which topic and kind the show has, without sending any."""
    counted = Counter(f"{emission.topic} {type(emission.fact).__name__}" for emission in islice(show.emissions(), most))
    return dict(sorted(counted.items()))


@contextmanager
def _telling(fair: Fair) -> Iterator[Callable[[Progress], None]]:
    """Give a function that shows progress: one live line on a terminal, a plain line now and then elsewhere."""
    console = Console(stderr=True)
    if console.is_terminal:
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            yield lambda progress: live.update(_line(fair, progress))
        return
    due = 0.0

    def plain(progress: Progress) -> None:
        nonlocal due
        if progress.elapsed_s >= due:
            due = progress.elapsed_s + 5
            click.echo(_line(fair, progress), err=True)

    yield plain


def _line(fair: Fair, progress: Progress) -> str:
    rate = progress.sent / progress.elapsed_s if progress.elapsed_s else 0
    at = "not begun"
    if progress.fair_ms is not None:
        at = from_epoch_ms(progress.fair_ms).astimezone(fair.zone).strftime("%Y-%m-%d %H:%M")
    behind = f", {progress.behind_s:.1f} s behind" if progress.behind_s > 1 else ""
    return (
        f"fair time {at}: {progress.sent:,} sent, {progress.acknowledged:,} acknowledged, {rate:,.0f} events/s{behind}"
    )

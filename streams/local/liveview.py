"""The KPIs of a running fair in the terminal: what is seen, the numbers now and their trend, and what to try."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from rich.cells import cell_len
from rich.console import Console, Group
from rich.text import Text

from schemas.fair.model import Fair
from schemas.ids import BoothId
from streams.local.numbers import samples

TREND: Final = 36
"""Samples in a trend line, one for each minute that closed."""

SHORTEST_TREND: Final = 6
"""A screen with room for fewer shows no trend."""

BARS: Final = "▁▂▃▄▅▆▇█"
NAME_WIDTH: Final = 26
NUMBER_WIDTH: Final = 13
PICKED: Final = (
    "events accepted",
    "gate passages, last minute",
    "visits today",
    "on site now",
    "leads today",
    "scans at your booth",
    "refused",
)
"""The numbers of a line, where there is no terminal."""


ESSENTIAL: Final = -1
NEWS: Final = 0
"""Ranks of lines that a small screen shows before any number: how to go on, and what happened."""


class ToTry(NamedTuple):
    """A command to type or an address to open, and its effect."""

    what: str
    why: str
    is_essential: bool = False


class ScreenLine(NamedTuple):
    """A line of the screen; the lowest `rank` is shown first, 3 only where there is much room."""

    rank: int
    text: Text


@dataclass(slots=True)
class Now:
    """What goes on beside the numbers.

    Attributes:
        waiting: events that wait at terminals; None without terminals.
        happened: what happened to the demo's programs, oldest first.
        missing: why the numbers are old; empty while they are new.
        to_try: what to type or to open.
    """

    waiting: int | None = None
    happened: Sequence[str] = ()
    missing: str = ""
    to_try: Sequence[ToTry] = ()


@dataclass(slots=True)
class LiveView:
    """The view of one demo: it keeps the trends of earlier reports, and shows a new one with them.

    Attributes:
        fair: gives names, capacities and currency.
        story: what is seen, in a few sentences.
        booth: of the person who watches; None without one.
    """

    fair: Fair
    story: str
    booth: BoothId | None = None
    _trends: dict[str, deque[float]] = field(default_factory=dict)
    _minute: str | None = None
    _day: str = ""

    def take(self, report: Mapping[str, Any]) -> None:
        """Note a report: one sample per closed minute."""
        minute = report["window_end"]
        if minute is None or (self._minute is not None and minute <= self._minute):
            return
        self._minute = minute
        self._day = max(report["kpis"]["events"]["windows"]["day"], default="")
        for sample in samples(report, self.fair, self.booth):
            self._trends.setdefault(sample.name, deque(maxlen=TREND)).append(sample.value)

    def render(self, report: Mapping[str, Any], now: Now, width: int, height: int) -> Group:
        """Return the screen for a report; it fits, as far as the most important lines do.

        Args:
            report: as a worker's /kpis.
            now: what goes on beside the numbers.
            width: columns of the screen.
            height: lines of the screen.
        """
        rows = list(self._rows(report, now, width))
        room = height - 1
        kept: set[int] = set()
        for rank in (ESSENTIAL, NEWS, 1, 2, 3):
            for at, row in enumerate(rows):
                lines = _lines(row.text, width)
                if row.rank == rank and lines <= room:
                    kept.add(at)
                    room -= lines
        return Group(*(rows[at].text for at in sorted(kept)))

    def line(self, report: Mapping[str, Any], now: Now) -> str:
        """Return the report as one line, for a log or a pipe."""
        values = {sample.name: sample.value for sample in samples(report, self.fair, self.booth)}
        numbers = [f"{name} {values[name]:,.0f}" for name in PICKED if name in values]
        if now.waiting is not None:
            numbers.append(f"waiting at terminals {now.waiting:,}")
        state = self._state(report, now)
        return (
            f"fair time {self.date(report)} {self.time(report)}{f' ({state})' if state else ''}: {', '.join(numbers)}"
        )

    def date(self, report: Mapping[str, Any]) -> str:
        """Return the day of the newest closed window at the venue; empty before the first."""
        return self._local(report, "%Y-%m-%d")

    def time(self, report: Mapping[str, Any]) -> str:
        """Return the end of the newest closed window, in the venue's time; empty before the first."""
        return self._local(report, "%H:%M")

    def _state(self, report: Mapping[str, Any], now: Now) -> str:
        """Return why the numbers stand still, in a few words; empty while they move."""
        if now.missing:
            return f"{now.missing}: old numbers"
        end = report["window_end"]
        if end is None:
            return ""
        at = datetime.fromisoformat(end)
        has_closed = any(day.closes_at <= at for day in self.fair.days)
        return "the fair is closed" if has_closed and not self.fair.is_open(at.timestamp()) else ""

    def _local(self, report: Mapping[str, Any], how: str) -> str:
        end = report["window_end"]
        return "" if end is None else datetime.fromisoformat(end).astimezone(self.fair.zone).strftime(how)

    def _rows(self, report: Mapping[str, Any], now: Now, width: int) -> Iterator[ScreenLine]:
        state = self._state(report, now)
        state = f", {state}" if state else ""
        when = f"fair time {self.date(report)} {self.time(report)}"
        if len(when) + len(state) > width:
            when = when.removeprefix("fair time ")
        name = self.fair.name[: max(0, width - len(when) - len(state) - 2)]
        title = f"{name}  " if name else ""
        yield ScreenLine(ESSENTIAL, Text.assemble((title, "bold"), (when, "green"), (state, "yellow")))
        yield ScreenLine(1, Text(self.story, style="dim"))
        yield ScreenLine(2, Text())
        yield from self._numbers(report, now, width)
        yield ScreenLine(3, Text())
        yield from self._halls(report)
        yield from self._exhibits(report)
        for what in now.happened[-2:]:
            yield ScreenLine(NEWS, Text(what, style="yellow"))
        yield ScreenLine(2, Text())
        for one in now.to_try:
            rank = ESSENTIAL if one.is_essential else 1
            yield ScreenLine(rank, Text.assemble((f"{one.what:<23}", "bold"), " ", one.why))

    def _numbers(self, report: Mapping[str, Any], now: Now, width: int) -> Iterator[ScreenLine]:
        room = min(TREND, width - NAME_WIDTH - NUMBER_WIDTH - 2)
        room = room if room >= SHORTEST_TREND else 0
        title = "trend, one step per minute"
        title = title if room >= len(title) else ""
        yield ScreenLine(1, Text(f"{'':<{NAME_WIDTH}}{'now':>{NUMBER_WIDTH}}  {title}", "bold"))
        for sample in samples(report, self.fair, self.booth):
            text = Text(f"{sample.name:<{NAME_WIDTH}}{sample.value:>{NUMBER_WIDTH},.0f}  ")
            trend = list(self._trends.get(sample.name, ()))
            yield ScreenLine(sample.rank, text.append(sparkline(trend[len(trend) - room :] if room else ()), "cyan"))
        if now.waiting is not None:
            style = "yellow" if now.waiting else ""
            yield ScreenLine(1, Text(f"{'waiting at terminals':<{NAME_WIDTH}}{now.waiting:>{NUMBER_WIDTH},}", style))

    def _halls(self, report: Mapping[str, Any]) -> Iterator[ScreenLine]:
        inside = report["kpis"]["hall_occupancy"]["windows"]["day"].get(self._day, [])
        fullest = sorted(inside, key=lambda one: -one["value"])[:3]
        for at, one in enumerate(fullest):
            hall = self.fair.halls[one["labels"]["hall"]]
            share = max(0, one["value"]) / hall.capacity
            style = "red" if share >= 1 else "yellow" if share >= 0.8 else "green"
            text = Text(f"{hall.name[:28]:<28} {max(0, one['value']):>8,} of {hall.capacity:,} ")
            yield ScreenLine(1 if at == 0 else 2, text.append("█" * min(30, round(share * 30)), style=style))

    def _exhibits(self, report: Mapping[str, Any]) -> Iterator[ScreenLine]:
        drawn = sorted(report["kpis"]["exhibit_visitors"]["windows"]["15m"], key=lambda one: -one["value"])[:3]
        for one in drawn:
            exhibit = self.fair.exhibits[one["labels"]["exhibit"]]
            yield ScreenLine(3, Text(f"{exhibit.name[:38]:<38} {one['value']:>4,} visitors in 15 minutes"))


def sparkline(values: Iterable[float]) -> str:
    """Return numbers as a line of bars, the largest at full height; empty for none."""
    numbers = list(values)
    low, high = min(numbers, default=0), max(numbers, default=0)
    span = (high - low) or 1
    return "".join(BARS[int((number - low) / span * (len(BARS) - 1))] for number in numbers)


def _lines(text: Text, width: int) -> int:
    """Return how many lines of the screen a text takes, wrapped at words as rich does it."""
    if cell_len(text.plain) <= width:
        return 1
    return len(text.wrap(Console(width=width), width))


def console() -> Console:
    """Return the console of the live view (standard output)."""
    return Console()

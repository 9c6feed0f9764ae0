"""What a person sees while events are sent: one line that changes on a terminal, plain lines elsewhere."""

from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Final, Self
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.live import Live
from rich.text import Text

from producers.play.pacing import Progress
from producers.play.sinks import EventSink
from schemas.times import from_epoch_ms

LIVE_S: Final = 0.25
"""Between two pictures on a terminal."""

PLAIN_S: Final = 5.0
"""Between two lines in a log."""

BAR: Final = 20
"""Characters of the bar, where it is known how much there is."""


class ProgressLine:
    """Shows progress on standard error; use as `with`, and call it as often as you like."""

    def __init__(
        self,
        sink: EventSink,
        zone: ZoneInfo,
        console: Console | None = None,
        total: int | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._sink = sink
        self._zone = zone
        self._total = total
        self._console = Console(stderr=True, highlight=False) if console is None else console
        self._clock = clock
        self._shown_at = clock()
        self._shown_sent = 0
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None

    def __call__(self, progress: Progress) -> None:
        """Show the progress if the last picture is old enough."""
        now = self._clock()
        since = now - self._shown_at
        if since < (PLAIN_S if self._live is None else LIVE_S):
            return
        line = progress_text(
            progress, self._sink.acknowledged, (progress.sent - self._shown_sent) / since, self._zone, self._total
        )
        self._shown_at, self._shown_sent = now, progress.sent
        if self._live is None:
            self._console.print(Text(line), soft_wrap=True)
        else:
            self._live.update(Text(line, no_wrap=True), refresh=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()


def progress_text(progress: Progress, acknowledged: int, rate: float, zone: ZoneInfo, total: int | None = None) -> str:
    """Return the line: how much of it all, fair time, records sent, rate a second, acknowledged, how far behind."""
    when = from_epoch_ms(progress.fair_ms).astimezone(zone).strftime("%a %H:%M:%S") if progress.fair_ms else "--:--:--"
    behind = f"  {progress.behind_s:.1f} s behind" if progress.behind_s >= 1 else ""
    sent = f"sent {progress.sent:,}"
    bar = ""
    if total:
        share = min(1.0, progress.sent / total)
        bar = f"[{'#' * int(share * BAR):<{BAR}}] {share:4.0%}  "
        sent += f" of {total:,}"
    return f"{bar}{when}  {sent}  {rate:,.0f}/s  acknowledged {acknowledged:,}{behind}"

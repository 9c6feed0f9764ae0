"""How late the events of each terminal came, and how wrong its clock was, from the events themselves."""

from array import array
from collections import defaultdict

from streams.audit.recount.json_text import JsonEvent
from streams.audit.recount.times import epoch_ms


class Devices:
    """Keeps of each terminal when its events arrived, how long each was on its way, and the newest correction.

    Attributes:
        arrivals: by terminal, when each event arrived, in milliseconds since 1970.
        delays: by terminal, for each arrival how long the event had taken, in milliseconds; 0 for one ahead of time.
        corrections: by terminal, the arrival of its newest event, and by how many milliseconds it was corrected.
    """

    def __init__(self) -> None:
        self.arrivals: dict[str, array[int]] = defaultdict(lambda: array("q"))
        self.delays: dict[str, array[int]] = defaultdict(lambda: array("q"))
        self.corrections: dict[str, tuple[int, int]] = {}

    def take(self, event: JsonEvent, received: int) -> None:
        """Keep a new event, unless it is a test."""
        if event.get("test"):
            return
        terminal, correction = event["terminal_id"], event.get("clock_offset_ms", 0)
        self.arrivals[terminal].append(received)
        self.delays[terminal].append(max(0, received - epoch_ms(event["occurred_at"]) - correction))
        self.corrections[terminal] = max((received, correction), self.corrections.get(terminal, (0, 0)))

    def delay(self, terminal: str, percent: int, since: int = 0, until: int | None = None) -> int | None:
        """Return the shortest delay that covers a part of a terminal's events; None without events.

        Args:
            terminal: the terminal.
            percent: how large that part is, from 1 to 100.
            since: arrivals from here on count, in milliseconds since 1970.
            until: the last arrival that counts; None for no end.
        """
        pairs = zip(self.arrivals.get(terminal, ()), self.delays.get(terminal, ()), strict=True)
        wanted = sorted(ms for at, ms in pairs if since <= at and (until is None or at <= until))
        return next((ms for rank, ms in enumerate(wanted, 1) if 100 * rank >= percent * len(wanted)), None)

    def wrong_clocks(self, beyond_ms: int) -> set[str]:
        """Return the terminals whose newest event was corrected by more than this."""
        return {terminal for terminal, (_, ms) in self.corrections.items() if abs(ms) > beyond_ms}

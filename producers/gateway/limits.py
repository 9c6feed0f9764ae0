"""The limits of a gateway: requests, bytes, and events per terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from producers.gateway.problems import RequestRefused
from schemas.api.http import EVENT_MAX_BYTES

IDLE_BUCKETS = 10_000
"""Most buckets kept. Full ones may be forgotten: a terminal without a bucket starts with a full one."""


class Buckets:
    """A token bucket per terminal, in events. A request may overdraw it; the next ones then wait.

    Args:
        per_second: events a terminal may send in the long run.
        burst: events it may send at once after a quiet time.
    """

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._levels: dict[str, tuple[float, float]] = {}

    def check(self, terminal_id: str, now_s: float) -> None:
        """Raise RequestRefused (429) with the time to wait, if the terminal's bucket is empty."""
        level = self._level(terminal_id, now_s)
        if level < 1:
            raise RequestRefused("rate", retry_after_s=(1 - level) / self._per_second)

    def charge(self, terminal_id: str, events: int, now_s: float) -> None:
        """Charge the events of a request; a request without readable events costs one."""
        if len(self._levels) >= IDLE_BUCKETS:
            self._levels = {one: at for one, at in self._levels.items() if self._level(one, now_s) < self._burst}
        self._levels[terminal_id] = (self._level(terminal_id, now_s) - max(1, events), now_s)

    def _level(self, terminal_id: str, now_s: float) -> float:
        known = self._levels.get(terminal_id)
        if known is None:
            return self._burst
        return min(self._burst, known[0] + (now_s - known[1]) * self._per_second)


class Room:
    """Requests and body bytes under way, both limited. Beyond a limit the gateway answers 503 and takes no memory.

    Attributes:
        requests: requests under way.
        bytes: bytes reserved for their bodies.
    """

    def __init__(self, requests: int, body_bytes: int) -> None:
        self._most_requests = requests
        self._most_bytes = body_bytes
        self.requests = 0
        self.bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether even a small request would be refused."""
        return self.requests >= self._most_requests or self.bytes + EVENT_MAX_BYTES > self._most_bytes

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a place for a request. Raises RequestRefused (503) if there is none."""
        if self.requests >= self._most_requests:
            raise RequestRefused("busy")
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1

    @contextmanager
    def hold(self, body_bytes: int) -> Iterator[None]:
        """Hold memory for a body until its events are in Kafka. Raises RequestRefused (503) if there is none."""
        if self.bytes + body_bytes > self._most_bytes:
            raise RequestRefused("busy")
        self.bytes += body_bytes
        try:
            yield
        finally:
            self.bytes -= body_bytes

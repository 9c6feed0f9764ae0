"""The limits of a gateway: requests, bytes, and events per terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from producers.gateway.http.problems import RequestRefused
from producers.gateway.shares.accounts import Account, Accounts
from schemas.api.http import BODY_MAX_BYTES

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
        """Charge a terminal for events."""
        if len(self._levels) >= IDLE_BUCKETS:
            self._levels = {one: at for one, at in self._levels.items() if self._level(one, now_s) < self._burst}
        self._levels[terminal_id] = (self._level(terminal_id, now_s) - events, now_s)

    def _level(self, terminal_id: str, now_s: float) -> float:
        known = self._levels.get(terminal_id)
        if known is None:
            return self._burst
        return min(self._burst, known[0] + (now_s - known[1]) * self._per_second)


class Room:
    """Requests under way and the bytes of their bodies: bounded in all, and for each party.

    Beyond its share a party is answered 429. Only several parties together can fill the rest, which is answered 503.

    Args:
        requests: most requests under way.
        body_bytes: most bytes of their bodies.
        accounts: knows what each party holds, and its share.

    Attributes:
        requests: requests under way.
        bytes: bytes of their bodies that have arrived.
    """

    def __init__(self, requests: int, body_bytes: int, accounts: Accounts) -> None:
        self._most_requests = requests
        self._most_bytes = body_bytes
        self._accounts = accounts
        self._share_requests = max(1, int(requests * accounts.share))
        self._share_bytes = max(BODY_MAX_BYTES, int(body_bytes * accounts.share))  # else no request of full size fits
        self.requests = 0
        self.bytes = 0

    @contextmanager
    def enter(self, account: Account) -> Iterator[Callable[[int], None]]:
        """Hold a place for a request of a party.

        Yields:
            A function that charges bytes of its body as they arrive. They are held until the request ends.

        Raises:
            RequestRefused: the party is over its share (429), or there is no place (503). So does charging.
        """
        if account.requests >= self._share_requests:
            self._accounts.over(account, "requests")
            raise RequestRefused("share")
        if self.requests >= self._most_requests:
            raise RequestRefused("busy")
        held = 0

        def charge(size: int) -> None:
            nonlocal held
            if account.bytes + size > self._share_bytes:
                self._accounts.over(account, "memory")
                raise RequestRefused("share")
            if self.bytes + size > self._most_bytes:
                raise RequestRefused("busy")
            held += size
            self.bytes += size
            account.bytes += size

        self.requests += 1
        account.requests += 1
        try:
            yield charge
        finally:
            self.requests -= 1
            self.bytes -= held
            account.requests -= 1
            account.bytes -= held

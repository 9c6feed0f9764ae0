"""A request whose body may still be under way: read whole, limited in size and time, or not at all."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.types import Receive, Scope

from producers.gateway.http.heading import heading_of
from producers.gateway.http.problems import FINAL, RequestRefused
from producers.gateway.shares.accounts import Guest
from schemas.api.http import BODY_DEADLINE_S, BODY_MAX_BYTES

LET_PASS_S: Final = 1.0
"""How long we read on after a refusal, so that its sender sees the answer."""


class Incoming:
    """A request whose body may still be under way.

    Attributes:
        heading: its request line and headers.
        is_read: whether the end of its body was reached.
        peer: address of the other end of the connection; empty if it has none.
        client: address of the peer, until `forwarded` has found for whom it asks.
        guest: the connection that it came by.
        is_identified: whether its token was checked.
        is_turned_away: whether it is refused at once, because its client has too many connections of a proxy.
        copies_s: seconds since another machine was heard that sends as the terminal of this request; None if none was.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.heading = heading_of(scope)
        self.peer: str = (scope.get("client") or ("",))[0]
        self.client = self.peer
        self.guest: Guest = scope["state"]["guest"]
        self.is_identified = False
        self.is_turned_away = False
        self.is_read = False
        self.copies_s: float | None = None
        self._receive = receive
        self._asked_for_body = False

    def allows(self, status: int, code: str = "") -> bool:
        """Return whether this may be the answer: no final status for a body that was not read whole.

        Only a body that is too large is refused for good unread: nothing that is still to come can make it smaller.

        Args:
            status: of the answer.
            code: of the problem; empty below 400.
        """
        return self.is_read or status not in FINAL or code == "body_too_large"

    async def body(self, patience: set[asyncio.Timeout], charge: Callable[[int], None]) -> bytes:
        """Return the whole body. Raises RequestRefused (400, 408, 413), and whatever `charge` raises.

        Args:
            patience: contains the deadline while it runs, so that a drain can shorten it.
            charge: called with the number of bytes that have arrived, each time.
        """
        parts: list[bytes] = []
        size = 0
        deadline = asyncio.timeout(BODY_DEADLINE_S)
        try:
            async with deadline:
                patience.add(deadline)
                self._asked_for_body = True
                while not self.is_read:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        raise RequestRefused("body_cut")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    self.is_read = not message.get("more_body", False)
                    if size > BODY_MAX_BYTES:
                        raise RequestRefused("body_too_large")
                    charge(len(parts[-1]))
        except TimeoutError:
            raise RequestRefused("body_late") from None
        finally:
            patience.discard(deadline)
        return b"".join(parts)

    async def until_gone(self) -> None:
        """Return when a connection that is being closed is lost: no answer is missed then."""
        while (await self._receive())["type"] == "http.request":
            pass

    async def let_pass(self, patience_s: float = LET_PASS_S) -> bool:
        """Read and discard the rest of a refused request, for a moment: otherwise its sender never sees the answer.

        A client that waits for 100 (RFC 9110, 10.1.1) has not sent it, and must not be asked to.

        Args:
            patience_s: how long it waits for what has not arrived.

        Returns:
            Whether its end was reached, so that the connection can be used again.
        """
        if not self._asked_for_body and "expect" in self.heading.headers:
            return False
        size = 0
        try:
            async with asyncio.timeout(patience_s):
                while not self.is_read and size <= 2 * BODY_MAX_BYTES:
                    message = await self._receive()
                    if message["type"] != "http.request":
                        return False
                    size += len(message.get("body", b""))
                    self.is_read = not message.get("more_body", False)
        except TimeoutError:
            pass
        return self.is_read

"""A connection at its party's pace: bytes that come while the party is over its share are kept, and handled later.

So are those behind requests that wait for their answers. Reading stops meanwhile, so the kernel slows the peer down.
Over TLS, they are decrypted later, too.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.server import ServerState

from producers.gateway.http.connection import Connection
from producers.gateway.shares.accounts import Accounts, Guest
from producers.gateway.shares.decrypting import Decrypting, DecryptStep, decrypting

READ_BYTES: Final = 65_536
"""Most bytes read at once, so also most bytes that a connection keeps while it waits."""
SLICE_BYTES: Final = 2_048
"""Most bytes parsed at once: dozens of the shortest requests, a few milliseconds of work."""
TURN_S: Final = 0.002
"""Processor time after which a connection waits for another turn; most of what is read at once takes less."""
ANSWER_S: Final = 10.0
"""A client that does not read its answers for this long is cut off."""


class PacedFlow(FlowControl):
    """Reading pauses while uvicorn wants it to, or while bytes are kept.

    Args:
        transport: of the connection.
        resumed: called when uvicorn wants more.

    Attributes:
        is_held: whether bytes are kept.
        resumed: as given. It refers to the connection, which sets it to None when it is lost.
    """

    def __init__(self, transport: asyncio.Transport, resumed: Callable[[], None]) -> None:
        super().__init__(transport)
        self.is_held = False
        self.resumed: Callable[[], None] | None = resumed

    @override
    def pause_reading(self) -> None:
        if not self.is_held:
            super().pause_reading()
        self.read_paused = True

    @override
    def resume_reading(self) -> None:
        if not self.is_held:
            super().resume_reading()
            return
        self.read_paused = False
        if self.resumed is not None:
            self.resumed()

    def hold(self) -> None:
        """Read no more: bytes are kept."""
        if not (self.is_held or self.read_paused):
            self._transport.pause_reading()
        self.is_held = True

    def let_go(self) -> None:
        """Go on, if uvicorn wants to: no bytes are kept."""
        if self.is_held and not self.read_paused:
            self._transport.resume_reading()
        self.is_held = False


class PacedConnection(Connection):
    """One connection of a client, charged to its party.

    Args:
        config: of uvicorn.
        state: of the server, shared by its connections.
        refused: called with the cause if the connection is closed because of what its client did.
        accounts: of the parties.
        guest: this connection, as they see it.
    """

    flow: PacedFlow

    def __init__(
        self, config: Config, state: ServerState, refused: Callable[[str], None], accounts: Accounts, guest: Guest
    ) -> None:
        super().__init__(config, state, {"guest": guest}, refused)
        self._accounts, self._guest = accounts, guest
        self._held = bytearray()
        self._ends = False
        self._decrypting: Decrypting | None = None
        self._allowed_s = 0.0  # of its turn, for bytes that are decrypted now
        self._charged_s = 0.0
        self._turn: asyncio.Future[None] | None = None
        self._soon: asyncio.Handle | None = None
        self._answer_due: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if hasattr(transport, "max_size"):
            transport.max_size = READ_BYTES
        super().connection_made(transport)
        self.flow = PacedFlow(transport, self._resumed)
        self._decrypting = decrypting(transport, self._decrypt)
        if self._guest.is_gone:  # it gave way during its handshake
            transport.abort()
        else:
            self._guest.leave = transport.abort

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._guest.leave = lambda: None
        self._accounts.let_go(self._guest)
        if self._turn is not None:
            self._turn.cancel()
        if self._soon is not None:
            self._soon.cancel()
        self.flow.resumed = None
        if self._decrypting is not None:
            self._decrypting.leave()
        self._answered()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        self._held += data
        if not self.flow.is_held:
            self._read_on(self._allowed_s)

    @override
    def eof_received(self) -> bool:  # type: ignore[override]
        if self._guest.is_of_proxy and (self.flow.is_held or self._guest.waits):
            return False  # its own client gave up, and has no use for what comes after a wait
        if self.flow.is_held:
            self._ends = True  # what it sent before comes first
            return self.scheme != "https"  # over TLS, asyncio ends both sides at once
        return super().eof_received()

    @override
    def timeout_keep_alive_handler(self) -> None:
        if not self.flow.is_held:
            super().timeout_keep_alive_handler()
        else:  # the next request is there, and waits; over TLS, it may be that less than a request is there
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._answer_due = self.loop.call_later(ANSWER_S, self._deaf)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._answered()

    def _decrypt(self, step: DecryptStep) -> None:
        assert self._decrypting is not None
        if (
            self._decrypting.is_due
            and self._allowed_s <= 0
            and self._guest.account.turns.must_wait
            and not (self.flow.is_held or self.flow.read_paused or self.transport.is_closing())
        ):
            self._await_turn()
        charged_s, began_s = self._charged_s, time.perf_counter()
        step()
        self._charge(time.perf_counter() - began_s - (self._charged_s - charged_s))
        self._allowed_s = 0.0

    def _read_on(self, allowed_s: float = 0.0) -> None:
        while self._held and not self.transport.is_closing():
            if allowed_s <= 0 and self._guest.account.turns.must_wait:
                self._await_turn()
                return
            if self.flow.read_paused or self.pipeline:
                self.flow.hold()
                return
            data = bytes(self._held[:SLICE_BYTES])
            del self._held[:SLICE_BYTES]
            began_s = time.perf_counter()
            super().data_received(data)
            used_s = time.perf_counter() - began_s
            allowed_s -= used_s
            self._charge(used_s)
        if self._decrypting is not None and not self.flow.read_paused:
            self._allowed_s = allowed_s
        self.flow.let_go()
        if self._ends and not self.transport.is_closing() and not super().eof_received():
            self.transport.close()

    def _charge(self, seconds: float) -> None:
        self._charged_s += seconds
        self._guest.charge(seconds)

    def _await_turn(self) -> None:
        self.flow.hold()
        self._turn = self._guest.turn()
        self._turn.add_done_callback(self._its_turn)

    def _its_turn(self, turn: asyncio.Future[None]) -> None:
        self._turn = None
        if not turn.cancelled():
            self._read_on(TURN_S)

    def _resumed(self) -> None:
        if self._turn is None and self._soon is None:
            self._soon = self.loop.call_soon(self._read_soon)

    def _read_soon(self) -> None:
        self._soon = None
        self._read_on()

    def _deaf(self) -> None:
        self._refused("answer_not_read")
        self.transport.abort()

    def _answered(self) -> None:
        if self._answer_due is not None:
            self._answer_due.cancel()
            self._answer_due = None

"""A connection at its party's pace: bytes that come while the party is over its share are kept, and handled later.

Reading stops meanwhile, so the kernel slows the peer down.
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

READ_BYTES: Final = 65_536
"""Most bytes read at once, so also most bytes that a connection keeps while it waits."""
ANSWER_S: Final = 10.0
"""A client that does not read its answers for this long is cut off."""


class PacedFlow(FlowControl):
    """Reading pauses while uvicorn wants it to, or while the party waits for its turn."""

    is_held = False

    @override
    def pause_reading(self) -> None:
        if not self.is_held:
            super().pause_reading()
        self.read_paused = True

    @override
    def resume_reading(self) -> None:
        if not self.is_held:
            super().resume_reading()
        self.read_paused = False

    def hold(self) -> None:
        """Let the party wait."""
        self.is_held = True
        if not self.read_paused:
            self._transport.pause_reading()

    def let_go(self) -> None:
        """Go on, if uvicorn wants to."""
        self.is_held = False
        if not self.read_paused:
            self._transport.resume_reading()


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
        self._turn: asyncio.Future[None] | None = None
        self._answer_due: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if hasattr(transport, "max_size"):
            transport.max_size = READ_BYTES
        super().connection_made(transport)
        self.flow = PacedFlow(transport)
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
        self._answered()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        turns = self._guest.account.turns
        if self._turn is not None:
            self._held += data
        elif turns.must_wait:
            self._held += data
            self.flow.hold()
            self._turn = turns.turn()
            self._turn.add_done_callback(self._go_on)
        else:
            self._read(data)

    @override
    def eof_received(self) -> bool:  # type: ignore[override]
        if self._turn is not None:
            self._ends = True  # what it sent before comes first
            return True
        return super().eof_received()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._answer_due = self.loop.call_later(ANSWER_S, self._deaf)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._answered()

    def _read(self, data: bytes) -> None:
        began_s = time.thread_time()
        super().data_received(data)
        self._guest.charge(time.thread_time() - began_s)

    def _go_on(self, turn: asyncio.Future[None]) -> None:
        self._turn = None
        if turn.cancelled() or self.transport.is_closing():
            return
        data, self._held = bytes(self._held), bytearray()
        self._read(data)
        self.flow.let_go()
        if self._ends and not super().eof_received():
            self.transport.close()

    def _deaf(self) -> None:
        self._refused("answer_not_read")
        self.transport.abort()

    def _answered(self) -> None:
        if self._answer_due is not None:
            self._answer_due.cancel()
            self._answer_due = None

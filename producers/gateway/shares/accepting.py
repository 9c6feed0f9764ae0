"""Accepts connections, so that nobody can lock the others out: a few at a time, and each party by its share.

asyncio's own server would accept up to a thousand at once, shake hands with all of them, and does not know parties.
Here sockets wait in a lobby; accepting one costs next to nothing. One is let in when its party has processor time left
and there is a place. When there are too many connections, another one gives way.
"""

import asyncio
import errno
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from producers.gateway.shares.accounts import Account, Accounts, Guest
from producers.gateway.shares.flood import Flood
from producers.gateway.shares.lobby import Lobby
from producers.gateway.shares.turns import metered
from schemas.logs import logger

log = logger(__name__)

AT_ONCE: Final = 16
"""Most sockets accepted before other work gets its turn, and most that one turn of a party lets in or sends away."""
GATHER_S: Final = 0.005
"""If newcomers follow each other faster than this, they are accepted together. Most of those that only connect and
leave have left by then, and cost least."""
SETTLED_S: Final = 2.0
"""A client shows its token within this time, also over a slow network; before, its connection does not give way."""
HANDSHAKE_S: Final = 10.0
"""How long a TLS handshake may take."""
GOODBYE_S: Final = 5.0
"""How long a client may take to end TLS after we did."""
HANDSHAKE_COST_S: Final = 0.001
"""Processor time of a TLS handshake with a key of 2048 bits RSA. It is charged before: it cannot be measured apart."""
LOOK_AGAIN_S: Final = 0.02
"""Pause before we look again for a place."""
EXHAUSTED_S: Final = 0.1
"""Pause after the system had no resources for another connection."""
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Protocols = Callable[[Guest], asyncio.Protocol]


class Acceptor:
    """Accepts connections on some listening sockets. It takes the place of an asyncio server in uvicorn.

    Args:
        sockets: they listen already.
        protocols: makes the protocol of a connection.
        accounts: who holds how many connections.
        account_of: the account of the peer's address.
        tls: returns the context for the next connection; None for plain HTTP.

    Attributes:
        sockets: as given.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        protocols: Protocols,
        accounts: Accounts,
        account_of: Callable[[str], Account],
        tls: Callable[[], ssl.SSLContext | None] = lambda: None,
    ) -> None:
        self.sockets = list(sockets)
        self._protocols, self._accounts, self._account_of, self._tls = protocols, accounts, account_of, tls
        self._lobby = Lobby(self._call)
        self._flood = Flood(self.sockets, lambda one: accounts.over(one, "connections"))
        self._ready: deque[Account] = deque()
        self._turns: set[asyncio.Future[None]] = set()
        self._entering: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._looking: asyncio.Handle | None = None
        self._told = False
        self._emptied_s = float("-inf")
        for one in self.sockets:
            one.setblocking(False)
            self._loop.add_reader(one, self._accept, one)

    def close(self) -> None:
        """Stop accepting, and send the lobby away."""
        for one in self.sockets:
            self._loop.remove_reader(one)
            one.close()
        for waiting in (*self._turns, *self._entering):
            waiting.cancel()
        if self._looking is not None:
            self._looking.cancel()
        self._flood.close()
        self._lobby.close()

    async def wait_closed(self) -> None:
        """Return when those being let in have been sent away."""
        if self._entering:
            await asyncio.wait(self._entering)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(AT_ONCE):
            began_s = time.perf_counter()
            try:
                sock, peer = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                self._gather(listener)
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._exhausted(listener, error)
                return
            account = self._account_of(peer[0])
            sock.setblocking(False)
            self._lobby.add(account, sock)
            self._flood.count(account)
            account.turns.charge(time.perf_counter() - began_s)

    def _exhausted(self, listener: socket.socket, error: OSError) -> None:
        if not self._told:
            log.error("the system has no resources for more connections", error=error)
        self._told = True
        self._rest(listener, EXHAUSTED_S)

    def _gather(self, listener: socket.socket) -> None:
        now_s = self._loop.time()
        if now_s - self._emptied_s < GATHER_S:
            self._rest(listener, GATHER_S)
        self._emptied_s = now_s

    def _rest(self, listener: socket.socket, pause_s: float) -> None:
        self._loop.remove_reader(listener)
        self._loop.call_later(pause_s, self._resume, listener)

    def _resume(self, listener: socket.socket) -> None:
        if listener.fileno() >= 0:
            self._loop.add_reader(listener, self._accept, listener)

    def _call(self, account: Account) -> None:
        """Let a party with sockets in the lobby be next, as soon as it has processor time."""
        if account.turns.must_wait:
            turn = account.turns.turn(first=True)
            self._turns.add(turn)
            turn.add_done_callback(lambda _: self._called(account, turn))
        else:
            self._ready.append(account)
            self._look(0)

    def _called(self, account: Account, turn: asyncio.Future[None]) -> None:
        self._turns.discard(turn)
        if not turn.cancelled():
            self._ready.append(account)
            self._look(0)

    def _look(self, pause_s: float) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = self._loop.call_later(pause_s, self._let_in)

    def _let_in(self) -> None:
        self._looking = None
        refused = seen = 0
        while seen < AT_ONCE and refused < len(self._ready):
            account = self._ready.popleft()
            began_s = time.perf_counter()
            let_in, has_place = self._let_in_from(account)
            seen += max(1, let_in)
            if not has_place:  # others fill the gateway: looking for a place costs this party nothing
                refused += 1
                self._ready.append(account)
                continue
            account.turns.charge(time.perf_counter() - began_s)
            if self._lobby.has_line(account):
                self._call(account)
        if self._ready:
            self._look(LOOK_AGAIN_S if refused >= len(self._ready) else 0)

    def _let_in_from(self, account: Account) -> tuple[int, bool]:
        """Let in the first clients in a party's line: one at a time, N of them would wait for N rotations of its turns.

        Returns:
            How many, and whether there was a place for each.
        """
        let_in = left = 0
        while self._lobby.has_line(account) and let_in < AT_ONCE and left < AT_ONCE:
            if not self._lobby.is_there(account):
                left += 1
            elif self._makes_place(account):
                self._enter(account, self._lobby.take(account))
                let_in += 1
            else:
                return let_in, False
        return let_in, True

    def _makes_place(self, account: Account) -> bool:
        now_s = self._loop.time()
        if not account.is_proxy and len(account.guests) >= self._accounts.connections_each:
            oldest = self._accounts.oldest_of(account, now_s, SETTLED_S)
            if oldest is None:
                return False
            self._accounts.over(account, "connections")
            self._accounts.let_go(oldest)
        elif len(self._accounts.guests) >= self._accounts.connections:
            other = self._accounts.giving_way(now_s, SETTLED_S)
            if other is None:
                return False
            self._accounts.let_go(other)
        return True

    def _enter(self, account: Account, sock: socket.socket) -> None:
        guest = self._accounts.let_in(account)
        tls = self._tls()
        if tls is not None:
            account.turns.charge(HANDSHAKE_COST_S)
        task = self._loop.create_task(metered(self._welcome(guest, sock, tls), account.turns.charge))
        guest.leave = lambda: None if task.done() else _cancel(task)
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)

    async def _welcome(self, guest: Guest, sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        # asyncio does so only for a socket that names its protocol; else the second part of an answer waits 40 ms.
        with suppress(OSError):  # the peer has left
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        patience = {} if tls is None else {"ssl_handshake_timeout": HANDSHAKE_S, "ssl_shutdown_timeout": GOODBYE_S}
        try:
            with suppress(OSError):  # the peer has left, or does not speak our TLS; an SSLError is an OSError
                await self._loop.connect_accepted_socket(lambda: self._protocols(guest), sock, ssl=tls, **patience)
                return
        except asyncio.CancelledError:
            pass  # it gives way, or we stop
        self._accounts.let_go(guest)
        sock.close()


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()

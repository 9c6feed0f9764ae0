"""The lobby: accepted sockets for which nothing was done yet. Those that have said something stand in a line per party.

In HTTP and in TLS the client speaks first. One that says nothing costs a file and no more, and is ahead of nobody.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final

from producers.gateway.shares.accounts import Account

WAITING: Final = 4_096
"""Most sockets in the lobby: a hall full of terminals that all come back at once."""
SILENT_S: Final = 10.0
"""A client that says nothing for this long is sent away."""
SWEEP_S: Final = 0.5
"""Pause between two looks for such clients."""
SWEPT: Final = 50
"""Most of them that one party has sent away before other work gets its turn."""
SHORTEST: Final = 16
"""Bytes; no request is shorter, and no greeting of TLS."""
_RESET: Final = 7
_HALF_CLOSED: Final = 8
"""States of a connection that its peer has reset, or whose peer has ended its side (Linux, net/tcp_states.h)."""
_TCP_INFO: Final[int | None] = getattr(socket, "TCP_INFO", None)


class Lobby:
    """Sockets that wait for a place.

    Beyond `WAITING` sockets, the party with the most has one less.

    Args:
        call: called with a party when the first of its sockets stands in line.
    """

    def __init__(self, call: Callable[[Account], None]) -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._lines: dict[Account, deque[socket.socket]] = {}
        self._silent: dict[Account, dict[socket.socket, float]] = {}
        self._sizes: dict[Account, int] = {}
        self._size = 0
        self._sweeping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._size

    def add(self, account: Account, sock: socket.socket) -> None:
        """Let a socket wait: in line if its client has said something, else until it does; close it if it has left."""
        said = first_bytes(sock)
        if said == b"":  # a client that opens and closes thousands a second must cost next to nothing
            sock.close()
            return
        if self._size >= WAITING:
            self._send_away_one()
        self._size += 1
        self._sizes[account] = self._sizes.get(account, 0) + 1
        if said is None:
            self._silent.setdefault(account, {})[sock] = self._loop.time()
            self._loop.add_reader(sock.fileno(), self._speaks, account, sock)  # by number: asyncio's errors are slow
            if self._sweeping is None:
                self._sweeping = self._loop.call_later(SWEEP_S, self._sweep)
        else:
            self._line_up(account, sock)

    def has_line(self, account: Account) -> bool:
        """Return whether anybody stands in line. An empty line is forgotten: its next client calls the party again."""
        if self._lines.get(account):
            return True
        self._lines.pop(account, None)
        return False

    def is_there(self, account: Account) -> bool:
        """Return whether the first client in line is still there. One that has left is forgotten."""
        if first_bytes(self._lines[account][0]) != b"":
            return True
        self.take(account).close()
        return False

    def take(self, account: Account) -> socket.socket:
        """Return the first socket in line."""
        self._count_out(account)
        return self._lines[account].popleft()

    def close(self) -> None:
        """Send everybody away."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for account in list(self._silent):
            for sock in list(self._silent[account]):
                self._send_away(account, sock)
        for line in self._lines.values():
            for sock in line:
                sock.close()
        self._lines.clear()

    def _line_up(self, account: Account, sock: socket.socket) -> None:
        line = self._lines.get(account)
        if line is not None:
            line.append(sock)
            return
        self._lines[account] = deque((sock,))
        self._call(account)

    def _speaks(self, account: Account, sock: socket.socket) -> None:
        self._forget_silent(account, sock)
        if first_bytes(sock) == b"":
            self._count_out(account)
            sock.close()
        else:
            self._line_up(account, sock)

    def _sweep(self) -> None:
        """Send those away who have been silent for too long; a few at a time, because closing takes its time."""
        late_s, pause_s = self._loop.time() - SILENT_S, SWEEP_S
        for account, silent in list(self._silent.items()):
            late = [sock for sock, since_s in islice(silent.items(), SWEPT) if since_s <= late_s]
            for sock in late:
                self._send_away(account, sock)
            if len(late) == SWEPT:
                pause_s = 0.0
        self._sweeping = self._loop.call_later(pause_s, self._sweep) if self._silent else None

    def _send_away(self, account: Account, sock: socket.socket) -> None:
        self._forget_silent(account, sock)
        self._count_out(account)
        sock.close()

    def _send_away_one(self) -> None:
        most = max(self._sizes, key=lambda one: self._sizes[one])
        if silent := self._silent.get(most):
            self._send_away(most, next(iter(silent)))
        else:
            self._lines[most].pop().close()
            self._count_out(most)

    def _forget_silent(self, account: Account, sock: socket.socket) -> None:
        self._loop.remove_reader(sock.fileno())
        silent = self._silent[account]
        del silent[sock]
        if not silent:
            del self._silent[account]

    def _count_out(self, account: Account) -> None:
        self._size -= 1
        self._sizes[account] -= 1
        if not self._sizes[account]:
            del self._sizes[account]


def first_bytes(sock: socket.socket) -> bytes | None:
    """Return the first bytes that a client said, and leave them there: None if it said nothing, empty if it has left.

    A client that said something has also left if it has reset the connection, or if it ended its side after less than
    `SHORTEST` bytes. Only Linux tells.
    """
    try:
        said = sock.recv(SHORTEST, socket.MSG_PEEK)
        return b"" if _has_left(sock, len(said)) else said
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""


def _has_left(sock: socket.socket, said: int) -> bool:
    if _TCP_INFO is None:
        return False
    state = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)[0]
    return state == _RESET or (state == _HALF_CLOSED and said < SHORTEST)

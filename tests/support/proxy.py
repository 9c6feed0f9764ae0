"""A TCP proxy that breaks connections on purpose: late, cut, reset, half-open, or with the answers swallowed.

It does not look at the bytes that it carries. It runs in a thread of its own, so tests can change its behaviour at any
moment.
"""

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

HOST = "127.0.0.1"
PIECE = 65_536
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes closing send a reset."""


@dataclass(frozen=True, slots=True)
class Mood:
    """The proxy's treatment of connections.

    Attributes:
        latency_s: each piece is held for half of this to all of it, in both directions.
        cut_after: a connection ends after at most this number of bytes from the client; None: never.
        swallow: answers of servers are dropped; requests of clients arrive.
        silent: nothing passes in either direction, and every connection stays open.
    """

    latency_s: float = 0
    cut_after: int | None = None
    swallow: bool = False
    silent: bool = False


class _Connection:
    """Both ends of one connection; `broken` when bytes were dropped, so that it can never make sense again."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter, budget: int | None) -> None:
        self.ends = (client, server)
        self.budget = budget
        self.broken = False

    def close(self) -> None:
        for end in self.ends:
            end.close()

    def reset(self) -> None:
        for end in self.ends:
            with suppress(OSError):
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.transport.abort()


class Proxy:
    """Listens on a free port of this machine and carries every connection to a target port of it.

    A connection that lost bytes stays dead when the proxy is healed; the client's next bytes on it are answered with a
    reset, as by a host that no longer knows the connection.

    Attributes:
        port: where it listens.
        done: what it has done: `carried`, `swallowed` and `dropped` bytes, `delayed` pieces, `cut`, `silenced` and
            `reset` connections. Evidence that a fault took place.
    """

    def __init__(self, target_port: int, seed: int = 0, port: int = 0) -> None:
        self._target = target_port
        self._chance = random.Random(seed)
        self._mood = Mood()
        self._open: set[_Connection] = set()
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread | None = None
        self.port = port
        self.done: Counter[str] = Counter()

    def start(self) -> Self:
        """Listen. Before, no port is open."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def stop(self) -> None:
        """Close everything. May be called twice."""
        if self._thread is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def be(self, mood: Mood) -> None:
        """Treat all connections in this way from now on, open ones included."""
        asyncio.run_coroutine_threadsafe(self._change(mood), self._loop).result(10)

    def heal(self) -> None:
        """Treat connections well from now on; broken ones stay broken."""
        self.be(Mood())

    def reset(self) -> int:
        """Reset every open connection; return how many there were."""
        return asyncio.run_coroutine_threadsafe(self._reset(), self._loop).result(10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await self._reset()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _change(self, mood: Mood) -> None:
        self._mood = mood
        for connection in self._open:
            connection.budget = self._budget()
            if mood.silent:
                self._silence(connection)

    async def _reset(self) -> int:
        found = list(self._open)
        for connection in found:
            connection.reset()
        self.done["reset"] += len(found)
        return len(found)

    def _budget(self) -> int | None:
        most = self._mood.cut_after
        return None if most is None else self._chance.randint(1, most)

    def _silence(self, connection: _Connection) -> None:
        if not connection.broken:
            connection.broken = True
            self.done["silenced"] += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, server = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.close()
            return
        connection = _Connection(writer, server, self._budget())
        self._open.add(connection)
        if self._mood.silent:
            self._silence(connection)
        try:
            await asyncio.gather(self._pump(connection, reader, up=True), self._pump(connection, answers, up=False))
        finally:
            self._open.discard(connection)
            connection.close()

    async def _pump(self, connection: _Connection, reader: asyncio.StreamReader, *, up: bool) -> None:
        writer = connection.ends[1 if up else 0]
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                mood = self._mood
                if mood.latency_s:
                    self.done["delayed"] += 1
                    await asyncio.sleep(mood.latency_s * self._chance.uniform(0.5, 1))
                    mood = self._mood
                if mood.swallow and not up:
                    connection.broken = True
                    self.done["swallowed"] += len(piece)
                elif connection.broken:
                    if mood.silent or mood.swallow:
                        if up and not mood.silent:
                            await self._carry(writer, piece)
                        else:
                            self.done["dropped"] += len(piece)
                    elif up:
                        self.done["reset"] += 1
                        connection.reset()
                elif up and connection.budget is not None and connection.budget <= len(piece):
                    self.done["cut"] += 1
                    await self._carry(writer, piece[: connection.budget])
                    break
                else:
                    if up and connection.budget is not None:
                        connection.budget -= len(piece)
                    await self._carry(writer, piece)
        connection.close()

    async def _carry(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        writer.write(piece)
        await writer.drain()
        self.done["carried"] += len(piece)

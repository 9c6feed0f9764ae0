"""Hostile clients, one kind each. Each goes on until it is told to stop, and opens again what the gateway closed.

As a program, for a processor of its own: `python -m tests.support.attacks KIND PORT TOKEN TERMINAL`. It ends with its
input, and prints what it was answered.
"""

import asyncio
import gzip
import json
import os
import resource
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from schemas.api.http import BODY_MAX_BYTES
from schemas.api.terminals import PlaceKind, Terminal
from schemas.ports import HOST
from tests.support.gateway import FAIR_ID
from tests.support.posting import batches

Work = Callable[["Target", asyncio.Event], Awaitable[None]]


@dataclass
class Target:
    """A gateway under attack, and what it answers.

    Attributes:
        token: of the terminal whose token was stolen.
        statuses: how often each status was answered; 0 stands for a connection that was closed.
    """

    port: int
    token: str
    terminal: Terminal
    statuses: dict[int, int] = field(default_factory=dict)
    opened: int = 0

    def head(self, length: int, *lines: str, token: str | None = None, path: str = "/v1/events") -> bytes:
        given = (
            f"POST {path} HTTP/1.1",
            "Host: g",
            f"Authorization: Bearer {token or self.token}",
            "Content-Type: application/json",
            f"Content-Length: {length}",
            *lines,
        )
        return "\r\n".join(given).encode() + b"\r\n\r\n"

    def note(self, status: int) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def said(self) -> str:
        return f"{self.opened} connections, answers {dict(sorted(self.statuses.items()))}"

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.opened += 1
        return await asyncio.wait_for(asyncio.open_connection(HOST, self.port), 5)

    async def answer(self, reader: asyncio.StreamReader) -> int:
        """Read one answer. Raises EOFError or OSError if the connection ends before."""
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.split(b":")[1]))
        status = int(head.split()[1])
        self.note(status)
        return status


@dataclass(frozen=True, slots=True)
class Attack:
    """A kind of hostile client.

    Attributes:
        name: of the kind; `token` in it says that it has a token.
        lines: connections at the same time.
        one: what each of them does.
    """

    name: str
    lines: int
    one: Work

    async def work(self, target: Target, stop: asyncio.Event, most: int = 100_000) -> None:
        """Attack until told to stop, over at most this many connections at the same time."""

        async def again() -> None:
            while not stop.is_set():
                try:
                    await self.one(target, stop)
                except (OSError, EOFError, TimeoutError, ValueError):
                    target.note(0)
                    await asyncio.sleep(0.1)

        working = [asyncio.create_task(again()) for _ in range(min(self.lines, most))]
        await stop.wait()
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)


def posting(body: Callable[[Target], bytes], depth: int = 1) -> Work:
    """Post over a kept connection as fast as it is answered, `depth` requests ahead."""

    async def one(target: Target, stop: asyncio.Event) -> None:
        reader, writer = await target.open()
        try:
            while not stop.is_set():
                for _ in range(depth):
                    writer.write(body(target))
                await writer.drain()
                for _ in range(depth):
                    await target.answer(reader)
        finally:
            writer.close()

    return one


def sending(first: Callable[[Target], bytes], then: bytes = b"", every_s: float = 0.0) -> Work:
    """Send something, and then a little again and again; wait for the end."""

    async def one(target: Target, stop: asyncio.Event) -> None:
        reader, writer = await target.open()
        dripping = None
        try:
            writer.write(first(target))
            if then:
                dripping = asyncio.create_task(_drip(writer, then, every_s))
            await target.answer(reader)
        finally:
            if dripping is not None:
                dripping.cancel()
            writer.close()

    return one


async def _drip(writer: asyncio.StreamWriter, drop: bytes, every_s: float) -> None:
    with suppress(OSError):
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(every_s)


async def deaf(target: Target, stop: asyncio.Event) -> None:
    """Ask for a long document again and again, and read nothing."""
    loop = asyncio.get_running_loop()
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.setblocking(False)
    target.opened += 1
    try:
        await loop.sock_connect(line, (HOST, target.port))
        while not stop.is_set():
            await loop.sock_sendall(line, b"GET /openapi.json HTTP/1.1\r\nHost: g\r\n\r\n" * 50)
            await asyncio.sleep(0.05)
    finally:
        line.close()


async def churn(target: Target, stop: asyncio.Event) -> None:
    """Connect and close."""
    _, writer = await target.open()
    writer.close()
    await writer.wait_closed()


async def handshake(target: Target, stop: asyncio.Event) -> None:
    """Shake hands and close; over plain HTTP, the first bytes of a handshake."""
    reader, writer = await target.open()
    try:
        writer.write(bytes.fromhex("16030100c8010000c40303") + bytes(32))
        await target.answer(reader)
    finally:
        writer.close()


def small(target: Target) -> bytes:
    body = next(batches(target.terminal, 1))[1]
    return target.head(len(body)) + body


_LARGE: Final = b"[" + b'"' + b"x" * (BODY_MAX_BYTES - 4) + b'"' + b"]"


def large(target: Target) -> bytes:
    return target.head(len(_LARGE)) + _LARGE


def large_batch(target: Target) -> bytes:
    body = next(batches(target.terminal, 500))[1]
    return target.head(len(body)) + body


def large_gzip(target: Target) -> bytes:
    return target.head(len(_PACKED), "Content-Encoding: gzip") + _PACKED


_PACKED: Final = gzip.compress(_LARGE)
_NOTHING_GOOD: Final = json.dumps([{"specversion": "1.0", "id": "x", "type": "y"}] * 100).encode()


def refused(target: Target) -> bytes:
    return target.head(len(_NOTHING_GOOD)) + _NOTHING_GOOD


def stranger(target: Target) -> bytes:
    return target.head(2, token="tf_" + "x" * 40) + b"{}"


def stranger_large(target: Target) -> bytes:
    return target.head(len(_LARGE), token="tf_" + "x" * 40) + _LARGE


def stalled(target: Target) -> bytes:
    """All of a large body but its last byte."""
    return target.head(len(_LARGE)) + _LARGE[:-1]


def begun(target: Target) -> bytes:
    return target.head(len(_LARGE)) + _LARGE[:1]


def half_head(_: Target) -> bytes:
    return b"POST /v1/events HTTP/1.1\r\nHost: g\r\nX: "


def nothing(_: Target) -> bytes:
    return b""


ATTACKS: Final[dict[str, Attack]] = {
    one.name: one
    for one in (
        Attack("stalled (token)", 20, sending(stalled)),
        Attack("drip (token)", 200, sending(begun, b"x", 0.05)),
        Attack("flood (token)", 50, posting(small)),
        Attack("pipelined (token)", 10, posting(small, depth=20)),
        Attack("batches (token)", 8, posting(large_batch)),
        Attack("refused (token)", 20, posting(refused)),
        Attack("large (token)", 8, posting(large)),
        Attack("large gzip (token)", 8, posting(large_gzip)),
        Attack("401", 50, posting(stranger, depth=5)),
        Attack("401 large", 8, posting(stranger_large)),
        Attack("not found", 50, posting(lambda target: target.head(0, path="/x"), depth=5)),
        Attack("idle", 3_000, sending(nothing)),
        Attack("slow heads", 1_000, sending(half_head, b"x", 0.2)),
        Attack("churn", 50, churn),
        Attack("handshakes", 50, handshake),
        Attack("deaf", 50, deaf),
    )
}
"""Every kind, by name."""


async def attack() -> str:
    """Attack as the command line says, until the input ends."""
    kind, port, token, terminal_id = sys.argv[1:]
    target = Target(int(port), token, Terminal(terminal_id, FAIR_ID, PlaceKind.BOOTH, "h1-001"))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, stop.set)
    await ATTACKS[kind].work(target, stop)
    return target.said()


if __name__ == "__main__":
    os.nice(10)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 16_384), most))
    print(asyncio.run(attack()))

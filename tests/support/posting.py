"""Terminals that post over kept connections and send again what was not acknowledged; the simplest possible client."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from schemas.api.terminals import Terminal
from schemas.ports import HOST

FINAL = frozenset({409, 413, 422})
"""Statuses that refuse for good. 2xx accepts; after any other status, the terminal keeps the events."""


@dataclass(slots=True)
class Tally:
    """The answers to many terminals. `acknowledged` holds ids of events that were answered 202 or accepted in a 207."""

    acknowledged: list[str] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    resets: int = 0
    without_retry_after: int = 0

    def note(self, status: int, seconds: float) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 202:
            self.seconds.append(seconds)


class Line:
    """One connection to a gateway, opened again when it breaks.

    Args:
        port: of the gateway.
        token: of the terminal.
        address: that the connection comes from; None leaves it to the system.
    """

    def __init__(self, port: int, token: str, address: str | None = None) -> None:
        self._port, self._token = port, token
        self._from = None if address is None else (address, 0)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, body: bytes, seconds: float = 15) -> tuple[int, dict[str, str], bytes]:
        """Post a body. Raises OSError, EOFError or TimeoutError if there is no answer: the outcome is unknown."""
        try:
            async with asyncio.timeout(seconds):
                if self._writer is None:
                    self._reader, self._writer = await asyncio.open_connection(HOST, self._port, local_addr=self._from)
                assert self._reader is not None
                head = (
                    f"POST /v1/events HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {self._token}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                self._writer.write(head.encode() + body)
                lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                said = await self._reader.readexactly(int(headers["content-length"]))
        except BaseException:
            self.close()
            raise
        if headers.get("connection") == "close":
            self.close()
        return int(lines[0].split()[1]), headers, said

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def batches(terminal: Terminal, size: int) -> Iterator[tuple[list[str], bytes]]:
    """Yield batches of new booth scans for ever: their ids, and the body."""
    template = json.dumps(
        {
            "specversion": "1.0",
            "id": "@",
            "source": terminal.source,
            "type": "fair.visitor.scanned.v1",
            "time": "2025-10-25T09:00:00.000Z",
            "data": {"scan_kind": "booth", "badge_role": "visitor_professional", "badge_ref": "#"},
        }
    )
    before, between, after = template.replace('"#"', '"@"').split("@")
    while True:
        ids = [str(uuid.uuid4()) for _ in range(size)]
        events = (f"{before}{one}{between}{one.replace('-', '')}{after}" for one in ids)
        yield ids, ("[" + ",".join(events) + "]").encode()


async def terminal_at_work(
    port: int, token: str, terminal: Terminal, tally: Tally, *, size: int, stop: asyncio.Event, pause_s: float = 0.0
) -> None:
    """Post batches until `stop`; send the same bytes again whenever the outcome is not final."""
    loop = asyncio.get_running_loop()
    line = Line(port, token)
    try:
        for ids, body in batches(terminal, size):
            while not stop.is_set():
                began = loop.time()
                try:
                    status, headers, said = await line.post(body)
                except (OSError, EOFError, TimeoutError):
                    tally.resets += 1
                    await asyncio.sleep(0.05)
                    continue
                tally.note(status, loop.time() - began)
                if status == 202:
                    tally.acknowledged += ids
                    break
                if status == 207:
                    results: list[dict[str, Any]] = json.loads(said)["results"]
                    tally.acknowledged += [one["id"] for one in results if one["outcome"] != "rejected"]
                    break
                if status in FINAL:
                    break
                if status in {429, 503} and "retry-after" not in headers:
                    tally.without_retry_after += 1
                await asyncio.sleep(pause_s or 0.05)
            if stop.is_set():
                return
            if pause_s:
                await asyncio.sleep(pause_s)
    finally:
        line.close()

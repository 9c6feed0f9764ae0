"""One connection to a gateway, byte by byte: an HTTP client would mend or hide what the suite is about."""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, parse_headers
from io import BytesIO
from time import monotonic
from typing import Final, Self

from producers.gateway.conform.making import Made
from schemas.times import wall_ms

PATIENCE_S: Final = 20.0
"""How long an answer may take: a proxy waits that long for the gateway."""
INTERIM_S: Final = 3.0
"""After this time without 100 Continue the body is sent all the same (RFC 9110, section 10.1.1)."""
ANSWER_BYTES: Final = 1_048_576
"""Longest answer that is read."""
SWITCHED: Final = 101


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer.

    Attributes:
        headers: names in lower case.
        took_s: seconds from the first byte sent until the answer was read.
        at_ms: this machine's clock at that moment.
        is_last: whether the connection cannot be used again.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float
    at_ms: int
    is_last: bool


class SuiteConnection:
    """A connection; use as `with`.

    Args:
        host, port: where to.
        tls: how to speak TLS; None for plain HTTP.
        patience_s: how long each step may take.
    """

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, patience_s: float = PATIENCE_S) -> None:
        self._to, self._tls, self._patience_s = (host, port), tls, patience_s

    def __enter__(self) -> Self:
        """Connect. Raises OSError, an SSLError among them."""
        plain = socket.create_connection(self._to, timeout=self._patience_s)
        try:
            self._socket = plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self._to[0])
        except OSError:
            plain.close()
            raise
        self._held = b""
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: Made) -> Answered | None:
        """Send a request and return the answer; None if the connection ended, or nothing came in time."""
        began = monotonic()
        final: tuple[int, Mapping[str, str]] | None = None
        try:
            self._socket.sendall(request.head)
            if request.waits:
                final = self._interim()
            if final is None:
                self._socket.sendall(request.body)
        except OSError:
            pass  # who refuses a body may close before it is sent; the answer may be here all the same
        try:
            status, headers = final or self._head()
            body = b"" if request.method == "HEAD" else self._body(status, headers)
        except (OSError, HTTPException, ValueError):
            return None
        at_ms, took_s = wall_ms(), monotonic() - began
        is_last = status == SWITCHED or "close" in headers.get("connection", "").lower()
        return Answered(status, headers, body, took_s, at_ms, is_last)

    def _interim(self) -> tuple[int, Mapping[str, str]] | None:
        """Wait for 100 Continue; return the head of a final answer that comes in its place."""
        self._socket.settimeout(INTERIM_S)
        try:
            self._more()
        except TimeoutError:
            return None
        finally:
            self._socket.settimeout(self._patience_s)
        status, headers = self._one_head()
        return None if 100 <= status < 200 and status != SWITCHED else (status, headers)

    def _head(self) -> tuple[int, Mapping[str, str]]:
        while True:
            status, headers = self._one_head()
            if status >= 200 or status == SWITCHED:
                return status, headers

    def _one_head(self) -> tuple[int, Mapping[str, str]]:
        line, _, rest = self._until(b"\r\n\r\n").partition(b"\r\n")
        version, _, status = line.partition(b" ")
        if not version.startswith(b"HTTP/1."):
            raise ValueError(version)
        return int(status[:3]), {name.lower(): value for name, value in parse_headers(BytesIO(rest)).items()}

    def _body(self, status: int, headers: Mapping[str, str]) -> bytes:
        if status in (SWITCHED, 204, 304):
            return b""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks()
        length = headers.get("content-length")
        if length is not None:
            return self._exactly(int(length))
        try:
            while len(self._held) < ANSWER_BYTES:
                self._more()
        except OSError:
            pass
        return self._held

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            parts.append(self._exactly(size))
            self._until(b"\r\n")
        while self._until(b"\r\n").strip():
            pass
        return b"".join(parts)

    def _until(self, end: bytes) -> bytes:
        while end not in self._held:
            self._more()
        found, _, self._held = self._held.partition(end)
        return found + end

    def _exactly(self, size: int) -> bytes:
        while len(self._held) < size:
            self._more()
        found, self._held = self._held[:size], self._held[size:]
        return found

    def _more(self) -> None:
        part = self._socket.recv(65_536)
        if not part or len(self._held) > ANSWER_BYTES:
            raise ConnectionError
        self._held += part

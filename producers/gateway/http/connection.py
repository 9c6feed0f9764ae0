"""uvicorn's HTTP connection with limits: the time and size of headers.

httptools (llhttp) reads strictly: two lengths, a length with chunks, a folded header or a bare line feed end the
connection. This module limits the rest, and answers with problems. Offers of other protocols are ignored, and so are
trailer fields: they are not headers (RFC 9110 6.5.1).
"""

import uuid
from asyncio import TimerHandle, Transport
from collections.abc import Callable
from typing import Any, Final

from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from producers.gateway.http.answering import problem_reply
from producers.gateway.http.parser import PlainParser
from producers.gateway.http.problems import RequestRefused
from schemas.api.http import HEADERS_MAX, HEADERS_MAX_BYTES

HEADERS_DEADLINE_S: Final = 10.0
"""If request line and headers take longer, the connection is closed."""


class _Unfit(Exception):
    """The headers are refused; raised inside the parser, which then stops."""


class Connection(HttpToolsProtocol):
    """One connection of a client.

    Args:
        config: of uvicorn.
        state: of the server, shared by its connections.
        app_state: given to each request.
        refused: called with the cause if the connection is closed because of what it sent.
    """

    _bytes_beside_bodies = 0
    _too_large = False
    _headers_wanted = True
    _headers_due: TimerHandle | None = None
    _in_head = True

    def __init__(
        self, config: Config, state: ServerState, app_state: dict[str, Any], refused: Callable[[str], None]
    ) -> None:
        super().__init__(config, state, app_state)
        self._refused = refused

    @override
    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.parser = PlainParser(self)
        self._await_headers()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_are_there()
        super().connection_lost(exc)
        # uvicorn leaves a timer behind when a peer just disconnects, and the last request refers to its connection.
        # Together they keep a connection and its TLS buffers in memory for a minute or more.
        self._unset_keepalive_if_required()
        if getattr(self.cycle, "response_complete", True):  # None before the first request
            self.cycle = None  # type: ignore[assignment]  # the value that uvicorn starts with

    @override
    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.timeout_keep_alive_task is not None:  # the first bytes of another request
            self._headers_wanted = True
        # A header that never ends reaches none of the callbacks below, nor does a chunk's extension or a trailer.
        self._bytes_beside_bodies += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._headers_wanted and self._headers_due is None:
            self._await_headers()
        if self._bytes_beside_bodies > HEADERS_MAX_BYTES:
            self._end("headers_too_large", "headers_too_large")

    @override
    def eof_received(self) -> bool:  # type: ignore[override]
        """Return whether answers are still under way: a client may end its side after its last request."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete or self.scheme == "https":
            return False  # over TLS, asyncio ends both sides at once
        cycle.keep_alive = False
        return True

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer field
        super().on_header(name, value)
        if len(self.headers) > HEADERS_MAX:
            self._refuse_headers()

    @override
    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > HEADERS_MAX_BYTES:
            self._refuse_headers()
        if self.parser.get_method() == b"CONNECT":
            raise _Unfit
        if self.parser.should_upgrade():
            return  # the same head follows without its offer
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        version = self.parser.get_http_version()
        if codings not in ([], [b"chunked"]) or version not in {"1.0", "1.1"}:
            raise _Unfit
        if sum(name == b"host" for name, _ in self.headers) > 1:
            raise _Unfit  # RFC 9112 3.2: a proxy and we might believe different ones
        if version == "1.0":
            self.expect_100_continue = False  # RFC 9110 10.1.1
        self._in_head = False
        self._headers_are_there()
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._bytes_beside_bodies = 0
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        code = "headers_too_large" if self._too_large else "not_http"
        self._end(code, code)

    def _refuse_headers(self) -> None:
        self._too_large = True
        raise _Unfit

    def _await_headers(self) -> None:
        self._headers_due = self.loop.call_later(HEADERS_DEADLINE_S, self._late)

    def _headers_are_there(self) -> None:
        self._headers_wanted = False
        self._bytes_beside_bodies = 0
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None

    def _late(self) -> None:
        if not self.transport.is_closing():
            self._end("body_late", "headers_late")

    def _end(self, code: str, cause: str) -> None:
        self._refused(cause)
        self._headers_are_there()
        # While an earlier request is being answered, the client would take this answer for that request's.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            reply = problem_reply(RequestRefused(code), str(uuid.uuid4()), close=True)
            lines: list[Any] = [STATUS_LINE[reply.status]]
            for name, value in (*self.server_state.default_headers, *reply.headers):
                lines += [name, b": ", value, b"\r\n"]
            self.transport.write(b"".join([*lines, b"\r\n", reply.body]))
        self.transport.close()

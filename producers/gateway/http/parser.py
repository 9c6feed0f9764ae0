"""httptools' parser (llhttp) for a server that never leaves HTTP/1.

A client may offer another protocol with any request: Java's HttpClient and `curl --http2` offer h2c with each. RFC 9110
7.8 lets a server ignore the offer. httptools always takes it: it drops the body, and hands back what comes after the
head. So the head is read once more without the offer, and the body after it as that of any request.
"""

import httptools
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PlainParser(httptools.HttpRequestParser):
    """Reads requests for a connection, with the same callbacks.

    A head with an offer is reported twice. The first time `should_upgrade` is true, and no body follows: a connection
    ignores this report. CONNECT is an offer that cannot be ignored: a connection refuses it.
    """

    def __init__(self, connection: HttpToolsProtocol) -> None:
        self._connection = connection
        self._begin()

    @override
    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # a transport has bytes only
        """Read on. Raises HttpParserError if this is not HTTP, or a callback has raised."""
        rest: bytes | memoryview = data
        while True:
            try:
                super().feed_data(rest)
            except httptools.HttpParserUpgrade as offer:
                rest = memoryview(rest)[offer.args[0] :]
                head = self._head_without_offer()
                self._begin()
                super().feed_data(head)
            else:
                return

    def _begin(self) -> None:
        super().__init__(self._connection)
        # As uvicorn sets it: a request may follow one that asked for the end of the connection.
        self.set_dangerous_leniencies(lenient_data_after_close=True)

    def _head_without_offer(self) -> bytes:
        line = b"%s %s HTTP/%s\r\n" % (self.get_method(), self._connection.url, self.get_http_version().encode())
        kept = [b"%s: %s\r\n" % header for header in self._connection.headers if header[0] != b"upgrade"]
        return b"".join([line, *kept, b"\r\n"])

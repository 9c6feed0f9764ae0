"""Bodies that were sent compressed (Content-Encoding, RFC 9110, 8.4), unpacked within the limit of a body."""

import zlib
from collections.abc import Callable, Iterator
from typing import Final

from producers.gateway.http.heading import Heading
from producers.gateway.http.problems import RequestRefused
from schemas.api.http import BODY_MAX_BYTES

ACCEPT_ENCODING: Final = (b"accept-encoding", b"gzip")
CODINGS_MAX: Final = 3
"""Most codings of a body, one around the other."""
MEMBERS_MAX: Final = 1_000
"""Most gzip members in a body: twice as many as events, so that each event may be one."""

_GZIP: Final = frozenset({"gzip", "x-gzip"})
_STEP: Final = 65_536
"""Most bytes that are taken or made at once."""
_WINDOW: Final = 31
"""Tells zlib to expect a gzip header and to check the length and the checksum at the end."""


def codings_in(heading: Heading) -> int:
    """Return how often the body was compressed. Raises RequestRefused (415) for another coding than gzip."""
    given = heading.headers.get("content-encoding")
    if given is None:
        return 0
    names = [name.strip().lower() for name in ",".join(given).split(",")]
    coded = [name for name in names if name not in {"", "identity"}]
    if len(coded) > CODINGS_MAX or not _GZIP.issuperset(coded):
        raise RequestRefused("media_type", accept=ACCEPT_ENCODING)
    return len(coded)


def unpacked(body: bytes, codings: int, charge: Callable[[int], None]) -> bytes:
    """Return a body as it was before it was compressed.

    Args:
        body: as received.
        codings: how often it was compressed. An empty body is returned as it is.
        charge: called with the number of bytes that are held more from now on: less by the packed body before
            anything is unpacked, then more by each piece. It may refuse.

    Raises:
        NotGzip: it is cut, damaged or something else.
        RequestRefused: it would be larger than a body may be (413).
    """
    for _ in range(codings if body else 0):
        parts, size = [], 0
        charge(-len(body))
        for part in _pieces(body):
            size += len(part)
            if size > BODY_MAX_BYTES:
                raise RequestRefused("body_too_large")
            charge(len(part))
            parts.append(part)
        body = b"".join(parts)
    return body


class NotGzip(Exception):
    """A body is not what its Content-Encoding says."""


def _pieces(body: bytes) -> Iterator[bytes]:
    """Yield what the members of a gzip file hold, one after the other (RFC 1952, 2.2)."""
    at, taken = 0, b""
    for _ in range(MEMBERS_MAX):
        member = zlib.decompressobj(_WINDOW)
        while not member.eof:
            if not taken:  # in steps: zlib copies what it does not use
                taken, at = body[at : at + _STEP], at + _STEP
            is_last = not taken
            try:
                part = member.decompress(taken, _STEP)
            except zlib.error:
                raise NotGzip from None
            if is_last and not part and not member.eof:
                raise NotGzip
            taken = member.unconsumed_tail
            yield part
        taken = member.unused_data
        if not taken and at >= len(body):
            return
    raise NotGzip

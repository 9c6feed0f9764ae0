"""Reading TLS as asyncio does it, in steps that a connection can charge, and put off.

asyncio decrypts before the connection gets a byte, and offers no hook: a body in records of one byte each would cost
much that nobody is charged for. So a method of its own is replaced, for one connection. A Python whose asyncio looks
different serves without that.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final

TLS_BUFFER_BYTES: Final = 32_768
"""Most bytes read at once, so a step decrypts no more: two milliseconds of work if each record holds one byte. asyncio
reserves such a buffer per TLS connection: 256 KiB by itself, which is 1 GiB with 4,000 connections."""
UNSENT_BYTES: Final = 65_536
"""Most encrypted bytes that wait until the socket takes more; then answers pause. It is asyncio's limit for plain HTTP,
and an eighth of its limit for TLS."""
_STEP: Final = "_do_read"

DecryptStep = Callable[[], None]


class Decrypting:
    """The steps in which asyncio decrypts for one connection.

    Args:
        ssl_protocol: asyncio's, which decrypts.
        incoming: what it has not decrypted yet.
        step: called with each step in its place, to run it. While reading is paused, a step decrypts nothing, and sees
            to it that the socket is not read either.
    """

    def __init__(self, ssl_protocol: Any, incoming: ssl.MemoryBIO, step: Callable[[DecryptStep], None]) -> None:
        self._ssl_protocol, self._incoming = ssl_protocol, incoming
        of_asyncio: DecryptStep = getattr(ssl_protocol, _STEP)
        setattr(ssl_protocol, _STEP, lambda: step(of_asyncio))

    @property
    def is_due(self) -> bool:
        """Whether bytes wait to be decrypted."""
        return self._incoming.pending > 0

    def leave(self) -> None:
        """Take no more part: the connection is lost. Else both would keep each other in memory."""
        vars(self._ssl_protocol).pop(_STEP, None)


def decrypting(transport: asyncio.Transport, step: Callable[[DecryptStep], None]) -> Decrypting | None:
    """Return the steps of a connection, and let little be kept for it; None if it is plain, or asyncio is unknown.

    Args:
        transport: of the connection.
        step: called with each step in its place, to run it.
    """
    if hasattr(transport, "set_read_buffer_limits"):
        # Once reading is paused, the socket is read once more at most. While it is not, all that came is decrypted.
        transport.set_read_buffer_limits(high=1, low=0)
        transport.set_write_buffer_limits(high=UNSENT_BYTES)
    ssl_protocol = getattr(transport, "_ssl_protocol", None)
    incoming = getattr(ssl_protocol, "_incoming", None)
    if isinstance(incoming, ssl.MemoryBIO) and hasattr(ssl_protocol, _STEP):
        return Decrypting(ssl_protocol, incoming, step)
    return None

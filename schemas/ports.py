"""Ports of this machine that are free to listen on."""

import secrets
import socket
from collections.abc import Collection
from typing import Final

from schemas.errors import Unavailable
from schemas.settings import LOOPBACK

HOST: Final = LOOPBACK
"""Everything local listens here and nowhere else: no other machine can reach it."""

RANGE: Final = range(20_000, 32_000)
"""Below the ports that systems hand to outgoing connections (32768 and up on Linux). In that range a client that
retries a dead broker's port can connect to itself and keep the broker from coming back."""

TRIES: Final = 1_000
"""Random tries before we report that no port is free."""


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port now. Connections that linger in TIME_WAIT do not matter."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port(besides: Collection[int] = ()) -> int:
    """Return a random port that is free now; somebody may still take it before you do.

    Args:
        besides: ports that are already reserved.

    Raises:
        Unavailable: nothing was free.
    """
    for _ in range(TRIES):
        port = RANGE[secrets.randbelow(len(RANGE))]
        if port not in besides and is_free(port):
            return port
    raise Unavailable(
        f"no free port between {RANGE.start} and {RANGE.stop - 1}", hint="stop some programs, then run again"
    )


def refuse_taken(port: int) -> None:
    """Check a port that the user asked for.

    Raises:
        Unavailable: another program listens there.
    """
    if not is_free(port):
        raise Unavailable(f"port {port} is taken by another program", hint="choose another with --port")

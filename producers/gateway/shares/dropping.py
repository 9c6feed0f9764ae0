"""Drops connection attempts of networks in the kernel, so that a flood of them costs this program nothing.

Accepting and closing a connection costs any program about 25 us. A filter on the listening socket (Linux's
SO_ATTACH_FILTER, classic BPF) sees each attempt before. A client that is dropped tries again, as TCP does.
"""

import ctypes
import socket
import struct
import sys
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network
from typing import Final

ATTACH_FILTER: Final = 26
DETACH_FILTER: Final = 27
"""Options of a socket (Linux, asm-generic/socket.h)."""
NETWORKS_MAX: Final = 500
"""Most networks of one filter; the kernel takes 4,096 instructions."""

_LOAD: Final = 0x20
_LOAD_BYTE: Final = 0x30
_AND: Final = 0x54
_GO_ON_AFTER: Final = 0x05
_IF_EQUAL: Final = 0x15
_RETURN: Final = 0x06
_WHOLE: Final = 0xFFFF_FFFF
_IP: Final = 0xFFF0_0000
"""Where the IP header begins (SKF_NET_OFF)."""
_SOURCE: Final = {4: _IP + 12, 6: _IP + 8}
"""Where the address of the sender begins (RFC 791, RFC 8200)."""


def drop_from(listener: socket.socket, networks: Collection[IPv4Network | IPv6Network]) -> bool:
    """Drop every attempt to connect from some networks, and none from others.

    Args:
        listener: a listening socket; it forgets what it dropped before.
        networks: IPv4 addresses as networks of 32 bits, and IPv6 networks of 64 bits. None lets everybody in again.

    Returns:
        Whether the system can do that.
    """
    if sys.platform != "linux":
        return False
    of_4, of_6 = (
        b"".join(_dropped(one) for one in [*networks][:NETWORKS_MAX] if one.version == version) for version in (4, 6)
    )
    try:
        if not (of_4 or of_6):
            listener.setsockopt(socket.SOL_SOCKET, DETACH_FILTER, 0)
            return True
        program = _by_version(of_4 + _step(_RETURN, _WHOLE), of_6 + _step(_RETURN, _WHOLE))
        kept = ctypes.create_string_buffer(program, len(program))
        listener.setsockopt(
            socket.SOL_SOCKET, ATTACH_FILTER, struct.pack("@HP", len(program) // 8, ctypes.addressof(kept))
        )
    except OSError:  # it had no filter, or this system forbids them
        return not (of_4 or of_6)
    return True


def _by_version(of_4: bytes, of_6: bytes) -> bytes:
    """Return a program for both: a listener of IPv6 may take IPv4 too."""
    steps = [_step(_LOAD_BYTE, _IP), _step(_AND, 0xF0), _step(_IF_EQUAL, 6 << 4, otherwise=1)]
    return b"".join([*steps, _step(_GO_ON_AFTER, len(of_4) // 8), of_4, of_6])


def _dropped(network: IPv4Network | IPv6Network) -> bytes:
    words = struct.unpack(
        "!I" if network.version == 4 else "!2I", network.network_address.packed[: network.prefixlen // 8]
    )
    steps: list[bytes] = []
    for word in reversed(words):  # from the last one, because each skips what follows if it is not equal
        at = 4 * (len(words) - 1 - len(steps) // 2)
        steps = [_step(_LOAD, _SOURCE[network.version] + at), _step(_IF_EQUAL, word, otherwise=len(steps) + 1), *steps]
    return b"".join([*steps, _step(_RETURN, 0)])


def _step(code: int, value: int, otherwise: int = 0) -> bytes:
    """Return an instruction; `otherwise` is how many are skipped if a word is not equal."""
    return struct.pack("=HBBI", code, 0, otherwise, value)

"""uvicorn's server: without its signals and, for the public port, with an acceptor of our own."""

import asyncio
import socket
from asyncio import sslproto
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from typing_extensions import override

from producers.gateway.shares.accepting import Acceptor
from producers.gateway.shares.accounts import Account, Accounts, Guest
from producers.gateway.shares.decrypting import TLS_BUFFER_BYTES
from producers.gateway.shares.lobby import WAITING
from producers.gateway.shares.paced import PacedConnection
from schemas.logs import logger

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

log = logger(__name__)

OTHER_FILES: Final = 256
"""Open files beside the connections of clients: Kafka, the registry, the internal port, Python's own."""


class PlainServer(uvicorn.Server):
    """uvicorn without its own signals: this process decides when it ends."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.servers[0].sockets[0].getsockname()[1])


class PublicServer(PlainServer):
    """Serves clients, each party by its share.

    Args:
        config: of uvicorn.
        accounts: of the parties.
        account_of: the account of the peer at an address.
        refused: called with the cause each time a connection is closed because of what its client did.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        accounts: Accounts,
        account_of: Callable[[str], Account],
        refused: Callable[[str], None],
    ) -> None:
        super().__init__(config)
        self._accounts, self._account_of, self._refused = accounts, account_of, refused

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. Ends the process, as uvicorn does, if the port is taken."""
        config, accounts = self.config, self._accounts
        sslproto.SSLProtocol.max_size = TLS_BUFFER_BYTES

        def protocol(guest: Guest) -> asyncio.Protocol:
            return PacedConnection(config, self.server_state, self._refused, accounts, guest)

        try:
            listening = sockets or await listeners(config.host, config.port, config.backlog)
        except OSError:
            raise SystemExit(uvicorn.config.STARTUP_FAILURE) from None
        acceptor = Acceptor(listening, protocol, accounts, self._account_of, lambda: config.ssl)
        self.servers = [acceptor]  # type: ignore[list-item]  # uvicorn closes it and waits for that
        self.started = True


async def listeners(host: str, port: int, backlog: int) -> list[socket.socket]:
    """Return a listening socket for each address of a host. Raises OSError if one cannot be had."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[socket.socket] = []
    try:
        for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
            opened.append(socket.create_server(address, family=family, backlog=backlog))
    except OSError:
        for one in opened:
            one.close()
        raise
    return opened


def most_connections(wanted: int) -> int:
    """Return how many connections there are files for, at most as many as wanted; others wait in the lobby."""
    if resource is None:
        return wanted
    needed = wanted + WAITING + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    granted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    most = max(1, min(wanted, granted - WAITING - OTHER_FILES))
    if most < wanted:
        log.warning(
            "fewer connections than set: the system allows too few open files",
            connections=most,
            files=granted,
            remedy=f"allow {needed} open files (ulimit -n, LimitNOFILE), or set FAIRPULSE_GATEWAY_CONNECTIONS lower",
        )
    return most

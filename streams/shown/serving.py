"""A /metrics page for a program that serves nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from schemas.errors import Unavailable


@contextmanager
def serving(registry: CollectorRegistry, host: str, port: int) -> Iterator[None]:
    """Serve /metrics in a thread until the block ends.

    Raises:
        Unavailable: the port is taken, or the address does not belong to this machine.
    """
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise Unavailable(f"port {port} cannot be used ({error.strerror})", hint="name another with --port") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

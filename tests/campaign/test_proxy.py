"""The proxy breaks connections in the ways that it promises, and heals."""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.support.proxy import HOST, Mood, Proxy
from tests.support.workers import eventually


class Echo:
    """A server that answers with what it got, and remembers it."""

    def __init__(self) -> None:
        self.heard = b""
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                while piece := connection.recv(1_000):
                    self.heard += piece
                    connection.sendall(piece)
            except OSError:
                return

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.port) as one:
        yield one


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), 5)


def test_a_healthy_proxy_carries_everything_both_ways(proxy: Proxy) -> None:
    with connect(proxy) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
    eventually(lambda: proxy.done["carried"] == 2 * len(b"hello"), "both pieces are counted")


def test_swallowed_answers_leave_the_request_delivered_and_the_client_without_a_word(echo: Echo, proxy: Proxy) -> None:
    with connect(proxy) as client:
        proxy.be(Mood(swallow=True))
        client.sendall(b"store this")
        eventually(lambda: proxy.done["swallowed"] == len(b"store this"), "the answer is swallowed")
        assert echo.heard == b"store this"
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(100)


def test_a_connection_is_cut_in_the_middle_of_a_request(echo: Echo, proxy: Proxy) -> None:
    proxy.be(Mood(cut_after=10))
    with connect(proxy) as client:
        client.sendall(b"0123456789abcdef")
        while client.recv(100):
            pass
    eventually(lambda: proxy.done["cut"] == 1, "the connection is cut")
    eventually(lambda: len(echo.heard) > 0, "what was let through has arrived")
    assert len(echo.heard) <= 10
    assert b"0123456789abcdef".startswith(echo.heard)


def test_a_half_open_connection_carries_nothing_and_is_reset_when_the_client_speaks_after_it_healed(
    echo: Echo, proxy: Proxy
) -> None:
    with connect(proxy) as client:
        client.sendall(b"before")
        assert client.recv(100) == b"before"
        proxy.be(Mood(silent=True))
        client.sendall(b"into the void")
        eventually(lambda: proxy.done["dropped"] > 0, "nobody hears it")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(100)
        proxy.heal()
        client.settimeout(5)
        client.sendall(b"anybody?")
        with pytest.raises(ConnectionResetError):
            client.recv(100)
    assert echo.heard == b"before"
    with connect(proxy) as client:
        client.sendall(b" after")
        assert client.recv(100) == b" after"


def test_a_reset_reaches_every_open_connection(proxy: Proxy) -> None:
    with connect(proxy) as one, connect(proxy) as other:
        for client in (one, other):
            client.sendall(b"x")
            assert client.recv(1) == b"x"
        assert proxy.reset() == 2
        for client in (one, other):
            with pytest.raises(ConnectionResetError):
                client.recv(1)


def test_late_pieces_arrive_whole(proxy: Proxy) -> None:
    proxy.be(Mood(latency_s=0.05))
    with connect(proxy) as client:
        client.sendall(b"slowly")
        assert client.recv(100) == b"slowly"
    assert proxy.done["delayed"] == 2

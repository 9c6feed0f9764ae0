"""A body that did not arrive whole never settles an event, and one that did is counted once, however it came."""

import json
import re
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from schemas.ports import HOST
from schemas.topics import SCANS
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, GatewayProcess, Paired, event, statuses
from tests.support.workers import read_back

pytestmark = pytest.mark.broker

FINAL = {202, 207, 409, 413, 422}
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes closing send a reset."""

Step = bytes | Callable[[socket.socket], None]


def end(line: socket.socket) -> None:
    """End the client's side, as a client that crashes between two writes."""
    line.shutdown(socket.SHUT_WR)


def reset(line: socket.socket) -> None:
    """End the connection with a reset."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    line.close()


def wait_for_100(line: socket.socket) -> None:
    """Wait until the gateway asks for the body."""
    said = b""
    while not said.endswith(b"\r\n\r\n"):
        said += line.recv(1)
    assert said.startswith(b"HTTP/1.1 100 "), said


@dataclass(frozen=True)
class Framing:
    """How a request says where its body ends."""

    header: Callable[[bytes], str]
    body: Callable[[bytes], bytes]


def in_chunks(body: bytes, *, extension: bytes = b"") -> bytes:
    """Return a body in chunks of 100 bytes, without the end of the trailer."""
    parts = [body[at : at + 100] for at in range(0, len(body), 100)]
    return b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts) + b"0\r\n"


SIZED = Framing(lambda body: f"Content-Length: {len(body)}", lambda body: body)
CHUNKED = Framing(lambda _: "Transfer-Encoding: chunked", lambda body: in_chunks(body) + b"\r\n")
FRAMINGS = {"length": SIZED, "chunks": CHUNKED}
BODIES: dict[str, Callable[[], Any]] = {"one": event, "batch": lambda: [event() for _ in range(3)]}

H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAA")
WEBSOCKET = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
WAITS = "Expect: 100-continue"

Way = Callable[[Callable[..., bytes], bytes, Framing], list[Step]]
"""The steps of a client, from the head (with further headers), the body and its framing."""


def bytes_of(sent: bytes) -> list[Step]:
    return [sent[at : at + 1] for at in range(len(sent))]


WHOLE: dict[str, Way] = {
    "in one packet": lambda head, body, framed: [head() + framed.body(body)],
    "head and body": lambda head, body, framed: [head(), framed.body(body)],
    "byte by byte": lambda head, body, framed: bytes_of(head() + framed.body(body)),
    "with an offer of h2c": lambda head, body, framed: [head(*H2C) + framed.body(body)],
    "with an offer of h2c, head and body": lambda head, body, framed: [head(*H2C), framed.body(body)],
    "with an offer of a WebSocket": lambda head, body, framed: [head(*WEBSOCKET) + framed.body(body)],
    "asked for": lambda head, body, framed: [head(WAITS), wait_for_100, framed.body(body)],
    "asked for, with an offer": lambda head, body, framed: [head(WAITS, *H2C), wait_for_100, framed.body(body)],
    "before it was asked for": lambda head, body, framed: [head(WAITS) + framed.body(body)],
    "as HTTP/1.0": lambda head, body, framed: [head().replace(b"HTTP/1.1", b"HTTP/1.0") + framed.body(body)],
    "and the client ends its side": lambda head, body, framed: [head() + framed.body(body), end],
    "twice in one packet": lambda head, body, framed: [2 * (head() + framed.body(body))],
    "with extensions": lambda head, body, framed: [
        head(), in_chunks(body, extension=b";a=b") + b"\r\n" if framed is CHUNKED else body],
    "with trailers": lambda head, body, framed: [
        head("Trailer: Digest"), in_chunks(body) + b"Digest: x\r\n\r\n" if framed is CHUNKED else body],
}  # fmt: skip

PARTLY: dict[str, Way] = {
    "no body": lambda head, body, framed: [head(), end],
    "half a body, and the end": lambda head, body, framed: [head(), framed.body(body)[:150], end],
    "half a body, and a reset": lambda head, body, framed: [head(), framed.body(body)[:150], reset],
    "half a body, and silence": lambda head, body, framed: [head(), framed.body(body)[:150]],
    "half a body after an offer, and the end": lambda head, body, framed: [head(*H2C) + framed.body(body)[:150], end],
    "half a body after an offer, and silence": lambda head, body, framed: [head(*H2C), framed.body(body)[:150]],
    "all but the last byte, and the end": lambda head, body, framed: [head() + framed.body(body)[:-1], end],
    "all but the last byte, and silence": lambda head, body, framed: [head() + framed.body(body)[:-1]],
    "asked for, and the end": lambda head, body, framed: [head(WAITS), wait_for_100, end],
    "asked for, and silence": lambda head, body, framed: [head(WAITS), wait_for_100],
    "half a body, then another request": lambda head, body, framed: [
        head() + framed.body(body)[:150] + head() + framed.body(body), end],
    "a length that is too small": lambda head, body, _: [
        head().replace(SIZED.header(body).encode(), b"Content-Length: 150") + body, end],
    "a length that is too large": lambda head, body, _: [
        head().replace(SIZED.header(body).encode(), b"Content-Length: 5000") + body, end],
}  # fmt: skip
LENGTHS = {"a length that is too small", "a length that is too large"}
"""Ways that need a Content-Length."""


@dataclass(frozen=True)
class Told:
    """The events of a client, and the answer to it."""

    ids: list[str]
    said: bytes


@pytest.fixture(scope="module")
def gateway(
    log_of_events: LocalKafka, paired: Paired, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """A gateway with memory for the largest body of every client at once."""
    log = tmp_path_factory.mktemp("gateway") / "gateway.log"
    process = GatewayProcess(log_of_events.bootstrap_servers, paired, log, gateway_memory=str(1 << 30)).start()
    yield process
    assert process.stop() == 0, process.said()
    assert "because of a bug" not in process.said()
    assert "before it was read whole" not in process.said()


@pytest.fixture(scope="module")
def told(gateway: GatewayProcess) -> dict[tuple[str, str, str], Told]:
    """All clients, each over a connection of its own and all at once: some wait for the deadline of a body."""
    cases = [
        (name, framing, size)
        for name in (*WHOLE, *PARTLY)
        for framing in FRAMINGS
        for size in BODIES
        if framing == "length" or name not in LENGTHS
    ]

    def run(case: tuple[str, str, str]) -> Told:
        name, framing, size = case
        posted = BODIES[size]()
        body, framed = json.dumps(posted).encode(), FRAMINGS[framing]

        def head(*lines: str) -> bytes:
            return gateway.head(BOOTH, framed.header(body), *lines)

        said = talk(gateway, {**WHOLE, **PARTLY}[name](head, body, framed))
        return Told([one["id"] for one in (posted if isinstance(posted, list) else [posted])], said)

    with ThreadPoolExecutor(len(cases)) as clients:
        return dict(zip(cases, clients.map(run, cases), strict=True))


def talk(gateway: GatewayProcess, steps: list[Step]) -> bytes:
    """Take steps, and return all that the gateway says until it ends or is silent after a whole answer."""
    said = b""
    with socket.create_connection((HOST, gateway.port), timeout=20) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for step in steps:
                if isinstance(step, bytes):
                    line.sendall(step)
                else:
                    step(line)
            while line.fileno() >= 0 and (part := line.recv(65_536)):
                said += part
                line.settimeout(2)  # an answer came: the connection may stay open behind it
        except (ConnectionError, TimeoutError):
            pass
    return said


@pytest.fixture(scope="module")
def stored(told: object, log_of_events: LocalKafka) -> Counter[str]:
    """How often each event is in Kafka, after all clients were answered."""
    found = re.compile(rb'"event_id":"([^"]+)"')
    records = read_back(log_of_events.bootstrap_servers, SCANS.name)
    return Counter(match[1].decode() for *_, value in records if value and (match := found.search(value)))


@pytest.mark.parametrize("size", BODIES)
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("name", WHOLE)
def test_what_was_posted_whole_is_counted_once(
    told: dict[tuple[str, str, str], Told], stored: Counter[str], name: str, framing: str, size: str
) -> None:
    one = told[name, framing, size]
    answered = [status for status in statuses(one.said) if status != 100]
    assert answered == ([202, 202] if name == "twice in one packet" else [202]), one.said
    assert [stored[each] for each in one.ids] == [1] * len(one.ids)


@pytest.mark.parametrize("size", BODIES)
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("name", PARTLY)
def test_what_was_not_posted_whole_is_never_settled(
    told: dict[tuple[str, str, str], Told], stored: Counter[str], name: str, framing: str, size: str
) -> None:
    if framing == "chunks" and name in LENGTHS:
        return
    one = told[name, framing, size]
    assert not FINAL.intersection(statuses(one.said)), one.said
    if name.endswith("silence"):
        assert statuses(one.said)[-1:] == [408]
        assert b'"action":"resend"' in one.said
    assert [stored[each] for each in one.ids] == [0] * len(one.ids)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_request_cut_after_any_byte_settles_nothing(gateway: GatewayProcess, framing: str) -> None:
    framed = FRAMINGS[framing]
    body = json.dumps(event()).encode()
    sent = gateway.head(BOOTH, framed.header(body), *H2C) + framed.body(body)
    before = gateway.metric("fair_gateway_events_total")
    with ThreadPoolExecutor(16) as clients:
        said = list(clients.map(lambda cut: talk(gateway, [sent[:cut], end]), range(len(sent))))
    wrong = [(cut, one) for cut, one in enumerate(said) if statuses(one) not in ([], [408])]
    assert not wrong
    assert gateway.metric("fair_gateway_events_total") == before
    assert statuses(talk(gateway, [sent, end])) == [202]


@pytest.mark.parametrize("lines", [("Content-Length: 0",), (), ("Transfer-Encoding: chunked",), (*H2C,)])
def test_a_request_without_a_body_is_named_and_kept(gateway: GatewayProcess, lines: tuple[str, ...]) -> None:
    body = b"0\r\n\r\n" if "Transfer-Encoding: chunked" in lines else b""
    said = talk(gateway, [gateway.head(BOOTH, *lines) + body, end])
    assert statuses(said) == [400]
    assert b'"code":"no_body"' in said
    assert b'"action":"keep_and_alert"' in said

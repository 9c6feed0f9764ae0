"""HTTP as an attacker speaks it: two lengths, half bodies, endless headers. Bytes go over a bare socket."""

import json
import random
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.ports import HOST
from tests.support.gateway import BOOTH, GATE, GatewayProcess, event, statuses
from tests.support.workers import eventually

pytestmark = pytest.mark.broker

BODY = json.dumps([event()]).encode()


def length(body: bytes = BODY) -> str:
    return f"Content-Length: {len(body)}"


def chunk(body: bytes, end: bytes = b"\r\n") -> bytes:
    return f"{len(body):x}".encode() + b"\r\n" + body + end + b"0\r\n\r\n"


def is_refused(said: bytes) -> bool:
    """Return whether bytes were answered with one 400 and the connection closed."""
    return statuses(said) == [400] and b"connection: close" in said.lower()


SMUGGLED = b"POST /v1/events HTTP/1.1\r\nHost: x\r\n\r\n"

MALFORMED = {
    "a length and chunks": (["Content-Length: 4", "Transfer-Encoding: chunked"], chunk(BODY)),
    "chunks and a length": (["Transfer-Encoding: chunked", "Content-Length: 4"], chunk(BODY)),
    "two lengths": ([length(), "Content-Length: 5"], BODY),
    "two hosts": (["Host: another", length()], BODY),
    "two lengths that are equal": ([length(), length()], BODY),
    "two lengths in one header": ([f"{length()}, {len(BODY)}"], BODY),
    "a negative length": (["Content-Length: -1"], BODY),
    "a length with a plus": ([f"Content-Length: +{len(BODY)}"], BODY),
    "a hexadecimal length": (["Content-Length: 0x10"], BODY),
    "a length beyond 64 bits": (["Content-Length: 99999999999999999999999"], BODY),
    "gzip under chunks": (["Transfer-Encoding: gzip, chunked"], chunk(BODY)),
    "chunks that are not the last coding": (["Transfer-Encoding: chunked, identity"], chunk(BODY)),
    "an unknown coding": (["Transfer-Encoding: xchunked"], chunk(BODY)),
    "chunks twice": (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], chunk(BODY)),
    "a folded header": ([length(), "X: 1\r\n folded"], BODY),
    "a space before the colon": ([length(), "X : 1"], BODY),
    "a zero byte in a header": ([length(), "X: \x00"], BODY),
    "a bare carriage return": ([length(), "X: 1\rY: 2"], BODY),
    "no name": ([length(), ": 1"], BODY),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_request_that_two_readers_could_read_differently_is_refused(gateway: GatewayProcess, name: str) -> None:
    lines, body = MALFORMED[name]
    said = gateway.raw(gateway.head(BOOTH, *lines) + body + SMUGGLED, seconds=3)
    assert is_refused(said), said
    assert statuses(gateway.raw(gateway.head(BOOTH, length(), "Connection: close") + BODY)) == [202]


BAD_CHUNKS = {
    "a bad end": chunk(BODY, b"XX"),
    "a size that is not a number": b"zz\r\n" + BODY,
    "a size beyond 64 bits": b"fffffffffffffffff\r\n" + BODY,
    "a bare line feed": chunk(BODY).replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_a_bad_chunk_ends_the_connection_and_is_not_an_event(gateway: GatewayProcess, name: str) -> None:
    before = gateway.metric("fair_gateway_bad_http_total", cause="not_http")
    said = gateway.raw(gateway.head(BOOTH, "Transfer-Encoding: chunked") + BAD_CHUNKS[name] + SMUGGLED, seconds=3)
    assert statuses(said) in ([], [400])
    assert gateway.metric("fair_gateway_bad_http_total", cause="not_http") == before + 1


@pytest.mark.parametrize(
    "line",
    [
        b"POST /v1/events\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"POST /v1/events HTTP/9.9\r\n\r\n",
        b"\x00" * 64,
    ],
)
def test_bytes_that_are_not_http_are_refused(gateway: GatewayProcess, line: bytes) -> None:
    said = gateway.raw(line, seconds=3)
    assert is_refused(said), said
    assert b"urn:fairpulse:problem:not_http" in said


@pytest.mark.parametrize(
    "lines",
    [
        [f"X-{number}: 1" for number in range(10_000)],
        [f"X-{number}: 1" for number in range(70)],
        ["X: " + "a" * 17_000],
        [f"X-{number}: " + "a" * 1_000 for number in range(17)],
    ],
    ids=["10,000 headers", "70 headers", "a long one", "17 KiB in all"],
)
def test_headers_have_bounds_in_number_and_size(gateway: GatewayProcess, lines: list[str]) -> None:
    said = gateway.raw(gateway.head(BOOTH, length(), *lines) + BODY, seconds=3)
    assert statuses(said) == [431], said[:300]
    assert b'"action":"keep_and_alert"' in said


def test_a_header_that_never_ends_is_cut_off(gateway: GatewayProcess) -> None:
    said = gateway.raw(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000, seconds=3)
    assert statuses(said) == [431]


def test_a_long_target_is_cut_off(gateway: GatewayProcess) -> None:
    assert statuses(gateway.raw(gateway.head(target="/" + "a" * 20_000), seconds=3)) == [431]


@pytest.mark.parametrize(
    ("line", "status", "is_asked"),
    [
        ("Authorization: Bearer second", 401, False),
        ("Content-Length: 1048577", 413, False),
        (f"Content-Type: text/plain\r\n{length()}", 415, True),
    ],
    ids=["two tokens", "too large", "of another type"],
)
def test_a_client_that_waits_for_100_is_not_asked_for_a_body_that_nobody_reads(
    gateway: GatewayProcess, line: str, status: int, is_asked: bool
) -> None:
    head = gateway.head(BOOTH, "Expect: 100-continue", "Connection: close", line)
    said = gateway.raw(head + BODY if is_asked else head)
    assert statuses(said) == ([100, status] if is_asked else [status])


def test_chunks_are_read_like_any_body(gateway: GatewayProcess) -> None:
    body = json.dumps(event()).encode()
    said = gateway.raw(gateway.head(BOOTH, "Transfer-Encoding: chunked", "Connection: close") + chunk(body))
    assert statuses(said) == [202]


def test_chunks_beyond_a_mebibyte_are_cut_off(gateway: GatewayProcess) -> None:
    part = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    said = gateway.raw(gateway.head(BOOTH, "Transfer-Encoding: chunked") + part * 17 + b"0\r\n\r\n")
    assert statuses(said) == [413]


def test_a_length_that_promises_too_much_is_refused_before_the_body(gateway: GatewayProcess) -> None:
    said = gateway.raw(gateway.head(BOOTH, "Content-Length: 1048577"), seconds=3)
    assert statuses(said) == [413]


def test_requests_in_one_packet_are_answered_in_order(gateway: GatewayProcess) -> None:
    good, bad = json.dumps(event()).encode(), b"{"
    sent = b"".join(gateway.head(BOOTH, length(body)) + body for body in (good, bad, good, bad))
    said = gateway.raw(sent, seconds=3)
    assert statuses(said) == [202, 400, 202, 400]


def test_a_broken_request_behind_a_good_one_never_takes_its_answer(gateway: GatewayProcess) -> None:
    body = json.dumps(event()).encode()
    said = gateway.raw(gateway.head(BOOTH, length(body)) + body + b"\x00garbage\r\n\r\n", seconds=3)
    assert statuses(said) in ([], [202], [202, 400])


def test_a_client_that_waits_for_100_continue_gets_it_only_with_a_token(gateway: GatewayProcess) -> None:
    said = gateway.raw(gateway.head(BOOTH, length(), "Expect: 100-continue"), seconds=2)
    assert statuses(said)[:1] == [100]
    stranger = gateway.head(BOOTH, length(), "Expect: 100-continue").replace(b"Bearer tf_", b"Bearer xx_")
    assert statuses(gateway.raw(stranger, seconds=3))[-1] == 401


def test_the_target_may_be_written_in_full(gateway: GatewayProcess) -> None:
    body = json.dumps(event()).encode()
    said = gateway.raw(gateway.head(BOOTH, length(body), "Connection: close", target="http://gateway/v1/events") + body)
    assert statuses(said) == [202]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "TRACE"])
def test_events_are_only_posted(gateway: GatewayProcess, method: str) -> None:
    answer = gateway.post(event(), method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "OPTIONS, POST")


@pytest.mark.parametrize("path", ["/", "/v1/terminal", "/openapi.json", "/v1/events", "/nothing"])
def test_head_is_answered_like_get_without_the_body(gateway: GatewayProcess, path: str) -> None:
    """RFC 9110, section 9.3.2: the same status and headers. The connection stays usable."""
    head = gateway.head(BOOTH, target=path)
    got, asked = (head.replace(b"POST", method, 1) for method in (b"GET", b"HEAD"))
    said = gateway.raw(asked + got + asked.replace(b"Host: gateway", b"Host: gateway\r\nConnection: close"))
    answers = [one.partition(b"\r\n\r\n") for one in said.split(b"HTTP/1.1 ")[1:]]
    lines = [
        {
            line
            for line in one[0].lower().split(b"\r\n")
            if not line.startswith((b"date", b"connection", b"retry-after"))
        }
        for one in answers
    ]
    assert lines[0] == lines[1] == lines[2]
    assert [bool(one[2]) for one in answers] == [False, True, False]


@pytest.mark.parametrize(
    ("target", "status", "allow"),
    [
        ("*", 204, "GET, HEAD, OPTIONS, POST"),
        ("/", 204, "GET, HEAD, OPTIONS"),
        ("/v1/events", 204, "OPTIONS, POST"),
        ("/v1/terminal", 204, "GET, HEAD, OPTIONS"),
        ("/openapi.json", 204, "GET, HEAD, OPTIONS"),
        ("/nothing", 404, None),
    ],
)
def test_options_names_the_methods_of_a_path_to_anybody(
    gateway: GatewayProcess, target: str, status: int, allow: str | None
) -> None:
    said = gateway.raw(f"OPTIONS {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    lines = dict(line.split(": ", 1) for line in said.decode().split("\r\n\r\n")[0].split("\r\n")[1:])
    assert (statuses(said), lines.get("allow")) == ([status], allow)


def test_no_header_overrides_the_method(gateway: GatewayProcess) -> None:
    answer = gateway.post(event(), method="GET", headers={"X-HTTP-Method-Override": "POST"})
    assert answer.status == 405


@pytest.mark.parametrize(
    "path", ["/v1", "/v0/events", "/v1/events/", "/v1/events/1", "/docs", "/metrics", "/readyz", "//v1/events"]
)
def test_there_is_nothing_else_on_the_port_of_the_terminals(gateway: GatewayProcess, path: str) -> None:
    assert gateway.post(event(), path=path).status == 404


@pytest.mark.parametrize("path", ["/v1/events", "/v1/terminal", "/openapi.json"])
def test_the_internal_port_takes_no_events(gateway: GatewayProcess, path: str) -> None:
    assert gateway.get(path)[0] == 404


@pytest.mark.parametrize("offer", ["h2c", "websocket", "TLS/1.2"])
def test_an_offer_of_another_protocol_is_ignored_and_gets_around_no_check(gateway: GatewayProcess, offer: str) -> None:
    lines = ("Connection: close, Upgrade", f"Upgrade: {offer}", length())
    assert statuses(gateway.raw(gateway.head(BOOTH, *lines) + BODY)) == [202]
    stranger = gateway.head(BOOTH, *lines).replace(b"Bearer tf_", b"Bearer xx_")
    assert statuses(gateway.raw(stranger + BODY)) == [401]


def test_a_body_that_is_cut_off_is_not_an_event(gateway: GatewayProcess) -> None:
    body = json.dumps([event() for _ in range(20)]).encode()
    before = gateway.metric("fair_gateway_events_total", outcome="accepted")
    for size in random.Random(1).sample(range(len(body)), 20):
        gateway.raw(gateway.head(BOOTH, length(body)) + body[:size], seconds=1, end=True)
    assert gateway.metric("fair_gateway_events_total", outcome="accepted") == before


def test_random_bytes_never_harm_it(gateway: GatewayProcess) -> None:
    """Whole requests with a few bytes changed, cut or doubled: seeded, so that a failure can be repeated."""
    chance = random.Random(20251025)
    with ThreadPoolExecutor(16) as threads:
        futures = []
        for _ in range(400):
            ids = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(2)]
            body = json.dumps([event(GATE, id=one) for one in ids]).encode()
            sent = bytearray(gateway.head(GATE, length(body), "Connection: close") + body)
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(sent))
                match chance.randrange(3):
                    case 0:
                        sent[at] = chance.randrange(256)
                    case 1:
                        del sent[at : at + chance.randint(1, 9)]
                    case _:
                        sent[at:at] = sent[at : at + chance.randint(1, 9)]
            futures.append(threads.submit(gateway.raw, bytes(sent), seconds=5, end=True))
        for future in futures:
            codes = statuses(future.result())
            assert 500 not in codes
    assert gateway.get("/readyz") == (200, "ready\n")
    assert gateway.post(event()).status == 202


def test_slow_bodies_are_cut_off_and_others_served_meanwhile(gateway: GatewayProcess) -> None:
    """250 half-open bodies and 250 half-open heads, one byte per second each."""
    half = gateway.head(GATE, length()) + BODY[:10]
    lines = [socket.create_connection((HOST, gateway.port), timeout=20) for _ in range(500)]
    try:
        for number, line in enumerate(lines):
            line.sendall(half if number % 2 else half[:36])
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(1):
                for line in lines:
                    try:
                        line.sendall(b"x")
                    except OSError:
                        continue

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        for _ in range(11):
            assert gateway.post(event()).status == 202
        said = []
        for line in lines:
            parts = b""
            try:
                while part := line.recv(4_096):
                    parts += part
            except ConnectionError:
                pass
            said.append(statuses(parts))
        stop.set()
        dripping.join()
        assert said.count([408]) > 250, said
        assert said.count([408]) + said.count([429]) > 450, "one terminal may have a fifth of the requests under way"
    finally:
        for line in lines:
            line.close()
    eventually(lambda: gateway.metric("fair_gateway_requests_under_way") == 0, "all requests have ended")

"""A proxy that keeps a slow upload until it is whole does not make the terminal's clock look slow."""

import json
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from schemas.api.terminals import PlaceKind, Terminal
from schemas.ports import HOST
from schemas.topics import SCANS
from streams.local.kafka import LocalKafka
from tests.support.gateway import FAIR_ID, GatewayProcess, event, statuses
from tests.support.nginx import Nginx, free_ports
from tests.support.workers import eventually, read_back

pytestmark = pytest.mark.broker

UPLOAD_S: Final = 3.0
ASKED, NEW, MEASURED = (Terminal(f"slow-{n}", FAIR_ID, PlaceKind.BOOTH, "h1-001") for n in range(3))


def now_text(slow_s: float = 0) -> str:
    return (datetime.now(UTC) - timedelta(seconds=slow_s)).isoformat()  # noqa: TID251 - a terminal's own clock


@pytest.fixture(scope="module")
def port(gateway: GatewayProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """An nginx with its defaults, and three terminals that the gateway knows."""
    for terminal in (ASKED, NEW, MEASURED):
        gateway.paired.enrol(terminal)
    eventually(lambda: _asks(gateway, MEASURED) == 200, "the gateway knows the new terminals")
    [found] = free_ports(1)
    lines = f"server {{ listen {HOST}:{found}; location / {{ proxy_pass http://{HOST}:{gateway.port}; }} }}"
    with Nginx(tmp_path_factory.mktemp("nginx") / "nginx", lines, found):
        yield found


def _asks(gateway: GatewayProcess, terminal: Terminal, **headers: str) -> int:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return gateway.post(b"", terminal, headers=given, path="/v1/terminal", method="GET").status


def upload(gateway: GatewayProcess, port: int, terminal: Terminal, *lines: str) -> dict[str, Any]:
    """Post an event over a slow line; return it."""
    one = event(terminal, id=str(uuid.uuid4()))
    body = json.dumps(one).encode()
    head = gateway.head(terminal, f"Content-Length: {len(body)}", "Connection: close", *lines)
    with socket.create_connection((HOST, port), timeout=30) as line:
        line.sendall(head + body[:10])
        time.sleep(UPLOAD_S)
        line.sendall(body[10:])
        said = b""
        while part := line.recv(65_536):
            said += part
    assert statuses(said) == [202], said
    return one


def test_the_time_of_an_upload_that_a_proxy_keeps_is_not_the_clocks(
    gateway: GatewayProcess, port: int, log_of_events: LocalKafka
) -> None:
    """All three clocks are a quarter of a second slow; one was heard before, one is new, one has measured it."""
    assert _asks(gateway, ASKED, Sent_At=now_text(0.25)) == 200
    with ThreadPoolExecutor(3) as threads:
        posts = {
            terminal.terminal_id: threads.submit(upload, gateway, port, terminal, *lines)
            for terminal, lines in {
                ASKED: [f"Sent-At: {now_text(0.25)}"],
                NEW: [f"Sent-At: {now_text(0.25)}"],
                MEASURED: [f"Sent-At: {now_text(0.25)}", "Clock-Offset: 250"],
            }.items()
        }
        ids = {post.result()["id"]: name for name, post in posts.items()}
    offsets = {}
    for *_, value in read_back(log_of_events.bootstrap_servers, SCANS.name):
        found = json.loads(value or b"{}")
        if found.get("event_id") in ids:
            offsets[ids[found["event_id"]]] = found["clock_offset_ms"]
    assert 250 <= offsets[ASKED.terminal_id] < UPLOAD_S * 1_000, offsets
    assert (offsets[NEW.terminal_id], offsets[MEASURED.terminal_id]) == (0, 250)

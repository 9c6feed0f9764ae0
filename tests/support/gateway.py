"""A real gateway as a process, terminals enrolled for it, and what terminals post."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from producers.registry.store import Registry
from schemas.api.terminals import PlaceKind, Terminal
from schemas.fair.file import example_fair_path
from schemas.ports import HOST, free_port
from tests.support.workers import eventually

FAIR_ID = "small-2025"
NOW = datetime(2025, 10, 25, 9, tzinfo=UTC)

BOOTH = Terminal("stand-1", FAIR_ID, PlaceKind.BOOTH, "h1-001")
OTHER_BOOTH = Terminal("stand-2", FAIR_ID, PlaceKind.BOOTH, "h2-001")
GATE = Terminal("lane-1", FAIR_ID, PlaceKind.GATE, "north")
HALL = Terminal("door-1", FAIR_ID, PlaceKind.HALL, "h1")
DESK = Terminal("desk-1", FAIR_ID, PlaceKind.DESK)
ELSEWHERE = Terminal("stand-9", "other-2025", PlaceKind.BOOTH, "h1-001")
TERMINALS = (BOOTH, OTHER_BOOTH, GATE, HALL, DESK, ELSEWHERE)

SCAN = "fair.visitor.scanned.v1"
BADGE = "9f2c61d0a7b84e35c1d2f60918a4b7e3"
DATA: dict[PlaceKind, dict[str, Any]] = {
    PlaceKind.BOOTH: {"scan_kind": "booth", "badge_role": "visitor_public"},
    PlaceKind.GATE: {"scan_kind": "entry", "badge_role": "visitor_public", "badge_ref": BADGE},
    PlaceKind.HALL: {"scan_kind": "zone_in", "badge_role": "visitor_public"},
    PlaceKind.DESK: {"scan_kind": "session", "badge_role": "visitor_public"},
}
DEAL = {
    "deal_id": "d-1",
    "revision": 1,
    "outcome_kind": "transaction",
    "stage": "contract",
    "binding": True,
    "value_minor": 10_000,
    "currency": "EUR",
    "parties": [{"org_id": "o-1", "role": "seller", "country": "DE"}],
    "section": "finance",
    "signed_at": "2025-10-25T08:00:00Z",
}


def enrolled(path: Path) -> "Paired":
    """Return a new registry in which one terminal of every kind is enrolled."""
    registry = Paired(path)
    for terminal in TERMINALS:
        registry.enrol(terminal)
    return registry


def event(terminal: Terminal = BOOTH, **changes: Any) -> dict[str, Any]:
    """Return a scan as the terminal posts it; a change to ... leaves the attribute out."""
    made = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": terminal.source,
        "type": SCAN,
        "time": "2025-10-25T09:00:00.000Z",
        "data": dict(DATA[terminal.place]),
        **changes,
    }
    return {name: value for name, value in made.items() if value is not ...}


def deal(terminal: Terminal = BOOTH, kind: str = "signed", **data: Any) -> dict[str, Any]:
    """Return a deal as the terminal posts it."""
    given = {name: value for name, value in {**DEAL, **data}.items() if value is not ...}
    return event(terminal, type=f"fair.deal.{kind}.v1", data=given)


@dataclass
class Answer:
    """Status, headers in lower case, and body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["code"])


@dataclass
class Paired:
    """Terminals enrolled in a registry file, and their tokens."""

    path: Path
    tokens: dict[str, str] = field(default_factory=dict)

    def enrol(self, terminal: Terminal, **words: Any) -> str:
        registry = Registry(self.path, create=True)
        try:
            token = registry.enrol(terminal, NOW, None, **words).text()
        finally:
            registry.close()
        self.tokens[terminal.terminal_id] = token
        return token

    def of(self, terminal: Terminal) -> str:
        return self.tokens[terminal.terminal_id]


class GatewayProcess:
    """`fairpulse gateway` in a process of its own."""

    def __init__(
        self,
        bootstrap_servers: str,
        paired: Paired,
        log: Path,
        environment: Mapping[str, str] | None = None,
        **settings: str,
    ) -> None:
        self.port = free_port()
        self.internal_port = free_port({self.port})
        self.paired, self.log = paired, log
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FAIRPULSE_")},
            "FAIRPULSE_BOOTSTRAP_SERVERS": bootstrap_servers,
            "FAIRPULSE_PARTITIONS": "4",
            "FAIRPULSE_FAIR_FILE": str(example_fair_path("small")),
            "FAIRPULSE_TERMINALS_FILE": str(paired.path),
            "FAIRPULSE_TERMINALS_SHARED": "false",
            "FAIRPULSE_GATEWAY_PORT": str(self.port),
            "FAIRPULSE_GATEWAY_INTERNAL_PORT": str(self.internal_port),
            "FAIRPULSE_GATEWAY_RATE": "1000000",
            "FAIRPULSE_GATEWAY_BURST": "1000000",
            **(environment or {}),
            **{f"FAIRPULSE_{name.upper()}": value for name, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes]

    def start(self, *, wait: bool = True, detached: bool = False) -> "GatewayProcess":
        """Start it; detached from the terminal of the tests, if they have one, as a service is."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "producers", "gateway"],
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=detached,
            )
        if wait:
            eventually(lambda: self.get("/readyz") == (200, "ready\n") or not self.runs, "a gateway is ready")
            assert self.runs, self.said()
        return self

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def get(self, path: str) -> tuple[int, str]:
        """Return a page of the internal port; status 0 while there is no answer."""
        try:
            with urlopen(f"http://{HOST}:{self.internal_port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except URLError as error:
            read = getattr(error, "read", None)
            return (getattr(error, "code", 0), read().decode()) if read else (0, "")
        except OSError:
            return 0, ""

    def metric(self, name: str, **labels: str) -> float:
        families = text_string_to_metric_families(self.get("/metrics")[1])
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def post(
        self,
        body: bytes | Any,
        terminal: Terminal = BOOTH,
        *,
        headers: dict[str, str] | None = None,
        path: str = "/v1/events",
        method: str = "POST",
    ) -> Answer:
        """Post a body, or a value as JSON, over a connection of its own."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content-type": "application/json", "authorization": f"Bearer {self.paired.of(terminal)}"}
        connection = http.client.HTTPConnection(HOST, self.port, timeout=20)
        try:
            connection.request(method, path, raw, {**given, **(headers or {})})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def raw(self, sent: bytes, *, seconds: float = 15, end: bool = False) -> bytes:
        """Return everything the gateway says to some bytes until it closes or goes quiet."""
        with socket.create_connection((HOST, self.port), timeout=seconds) as line:
            said = b""
            try:
                line.sendall(sent)
                if end:
                    line.shutdown(socket.SHUT_WR)
                while part := line.recv(65_536):
                    said += part
            except (TimeoutError, ConnectionError):
                pass
            return said

    def head(self, terminal: Terminal = BOOTH, *lines: str, target: str = "/v1/events") -> bytes:
        """Return request line and headers of a post, to which a body and worse can be added."""
        given = (
            f"POST {target} HTTP/1.1",
            "Host: gateway",
            f"Authorization: Bearer {self.paired.of(terminal)}",
            "Content-Type: application/json",
            *lines,
        )
        return "\r\n".join(given).encode("latin-1") + b"\r\n\r\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        if self.runs:
            self.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def statuses(said: bytes) -> list[int]:
    """Return the status of every answer in a stream of answers."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]

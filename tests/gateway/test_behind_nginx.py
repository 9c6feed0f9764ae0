"""A real nginx between clients and gateway, set up as RUNNING.md says, as nginx is by default, and in worse ways."""

import json
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin

import pytest

from producers.terminal.answer_reading import is_ours, object_in
from schemas.ports import HOST
from streams.local.kafka import LocalKafka
from tests.support.certificates import authority
from tests.support.gateway import BOOTH, GatewayProcess, Paired, event, statuses
from tests.support.nginx import Nginx, free_ports, readme_server
from tests.support.workers import eventually

pytestmark = pytest.mark.broker

WAYS: Final = {
    "nginx's defaults": "",
    "bodies handed on as they come": "proxy_request_buffering off; proxy_http_version 1.1;",
    "the usual lines for WebSockets": (
        'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
    ),
    "answers handed on as they come": 'proxy_buffering off; proxy_http_version 1.1; proxy_set_header Connection "";',
    "a small limit for bodies": "client_max_body_size 1k;",
    "little patience": "proxy_read_timeout 1s; proxy_http_version 1.1;",
}
"""Further lines of a location, by name."""
SERVER: Final = (
    "server {{ listen {host}:{port}; location {path} {{ proxy_pass http://{host}:{gateway}{target}; {lines} }} }}"
)
STRIPPED: Final = "a prefix that nginx removes"
KEPT: Final = "a prefix that nginx passes on"
PREFIX: Final = "/fair"
TLS: Final = "RUNNING.md"


class Front(NamedTuple):
    """Gateways behind an nginx, and the ports of nginx by the name of the way."""

    gateway: GatewayProcess
    with_prefix: GatewayProcess
    ports: dict[str, int]
    authority: Path
    log: Callable[[], str]

    def curl(self, body: bytes, *options: str, way: str = TLS, path: str = "/v1/events") -> tuple[int, str, bytes]:
        """Post a body with curl. Return status, content type and body of the answer."""
        curl = shutil.which("curl")
        if curl is None:
            pytest.skip("curl is not installed")
        scheme = "https" if way == TLS else "http"
        done = subprocess.run(
            [
                *(curl, "--silent", "--show-error", "--cacert", self.authority, "--max-time", "20", *options),
                *("--header", f"Authorization: Bearer {self.gateway.paired.of(BOOTH)}"),
                *("--header", "Content-Type: application/json", "--data-binary", "@-"),
                *("--write-out", "\n%{http_code} %{content_type}", f"{scheme}://{HOST}:{self.ports[way]}{path}"),
            ],
            input=body,
            capture_output=True,
            check=True,
        )
        said, _, last = done.stdout.rpartition(b"\n")
        status, _, kind = last.decode().partition(" ")
        return int(status), kind, said

    def accepted(self) -> float:
        both = self.gateway, self.with_prefix
        return sum(one.metric("fair_gateway_events_total", outcome="accepted") for one in both)


@pytest.fixture(scope="module")
def front(log_of_events: LocalKafka, paired: Paired, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("front")
    gateway = GatewayProcess(
        log_of_events.bootstrap_servers, paired, folder / "gateway.log", gateway_proxies="127.0.0.0/8"
    )
    with_prefix = GatewayProcess(
        log_of_events.bootstrap_servers, paired, folder / "with_prefix.log", gateway_prefix=PREFIX
    )
    names = [*WAYS, STRIPPED, KEPT, TLS]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    ca = authority(folder / "ca")
    ca.server()
    as_written = readme_server(ports[TLS], gateway.port, ca.folder)
    given = {"host": HOST, "gateway": gateway.port}
    servers = [SERVER.format(port=ports[way], path="/", target="", lines=lines, **given) for way, lines in WAYS.items()]
    servers.append(SERVER.format(port=ports[STRIPPED], path=f"{PREFIX}/", target="/", lines="", **given))
    given["gateway"] = with_prefix.port
    servers.append(SERVER.format(port=ports[KEPT], path=f"{PREFIX}/", target="", lines="", **given))
    with Nginx(folder / "nginx", "\n".join([as_written, *servers]), ports[TLS]) as nginx:
        with_prefix.start(wait=False)
        gateway.start()
        eventually(lambda: with_prefix.get("/readyz")[0] == 200, "the gateway with a prefix is ready")
        yield Front(gateway, with_prefix, ports, ca.file, lambda: nginx.log)
        for one in (gateway, with_prefix):
            assert one.stop() == 0, one.said()
            assert "because of a bug" not in one.said()


CLIENTS: Final = {
    "HTTP/1.1": ("--http1.1",),
    "HTTP/2, offered or chosen by TLS": ("--http2",),
    "chunks": ("--http1.1", "--header", "Transfer-Encoding: chunked"),
    "a body that waits to be asked for": ("--http1.1", "--header", "Expect: 100-continue"),
    "HTTP/1.0": ("--http1.0",),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("way", [*WAYS, STRIPPED, KEPT, TLS])
def test_an_event_passes_every_proxy_and_counts_once(front: Front, way: str, client: str) -> None:
    before = front.accepted()
    body = json.dumps(event()).encode()
    path = f"{PREFIX}/v1/events" if way in {STRIPPED, KEPT} else "/v1/events"
    assert front.curl(body, *CLIENTS[client], way=way, path=path)[0] == 202
    status, _, said = front.curl(body, *CLIENTS[client], way=way, path=path)
    assert (status, json.loads(said)) == (202, {"accepted": 0, "duplicates": 1})
    assert front.accepted() == before + 1


@pytest.mark.parametrize("way", [STRIPPED, KEPT])
@pytest.mark.parametrize("posted", [{}, [{}], event(data={"x": 1}), [event(), event(data={"x": 1})]])
def test_a_link_to_a_schema_leads_there_behind_any_prefix(front: Front, posted: Any, way: str) -> None:
    path = f"{PREFIX}/v1/events"
    status, _, said = front.curl(json.dumps(posted).encode(), way=way, path=path)
    told = json.loads(said)
    (error,) = [one for one in told.get("errors") or told["results"] if "schema" in one]
    leads, _, name = urljoin(path, error["schema"]).partition("#/components/schemas/")
    assert (status in {207, 400, 422}, leads) == (True, f"{PREFIX}/openapi.json")
    document = front.with_prefix.post(b"", path=leads, method="GET").json
    assert name in document["components"]["schemas"]


def test_the_largest_request_passes_the_nginx_of_the_readme(front: Front) -> None:
    filler = b" " * (1_048_576 - len(body := json.dumps([event(), event()]).encode()))
    assert front.curl(body + filler)[0] == 202
    status, kind, said = front.curl(body + filler + b" ")
    assert (status, is_ours({"content-type": kind}, object_in(said))) == (413, True)


def test_a_limit_of_nginx_is_not_taken_for_an_answer_of_the_gateway(front: Front) -> None:
    batch = json.dumps([event() for _ in range(20)]).encode()
    status, kind, said = front.curl(batch, way="a small limit for bodies")
    assert (status, is_ours({"content-type": kind}, object_in(said))) == (413, False)
    assert front.curl(json.dumps(event()).encode(), way="a small limit for bodies")[0] == 202


@pytest.mark.parametrize("way", ["nginx's defaults", "bodies handed on as they come"])
def test_a_body_that_is_cut_before_nginx_settles_nothing(front: Front, way: str) -> None:
    before, body = front.accepted(), json.dumps(event()).encode()
    sent = front.gateway.head(BOOTH, f"Content-Length: {len(body)}", "Connection: close") + body

    def cut(at: int) -> bytes:
        said = b""
        with socket.create_connection((HOST, front.ports[way]), timeout=20) as line:
            line.sendall(sent[:at])
            if at < len(sent):  # nginx gives no answer to a client that ended its side
                line.shutdown(socket.SHUT_WR)
            while part := line.recv(65_536):
                said += part
        return said

    with ThreadPoolExecutor(8) as clients:
        said = list(clients.map(cut, range(0, len(sent), 7)))
    wrong = [one for one in said if {202, 207, 409, 413, 422}.intersection(statuses(one))]
    assert not wrong
    assert front.accepted() == before
    assert statuses(cut(len(sent))) == [202]


def test_a_gateway_that_is_gone_or_hangs_is_not_settled_by_nginx_and_the_same_bytes_count_once(front: Front) -> None:
    before, body = front.accepted(), json.dumps(event()).encode()
    gateway = front.gateway
    gateway.process.send_signal(signal.SIGSTOP)
    status, kind, said = front.curl(body, way="little patience")
    assert (status, is_ours({"content-type": kind}, object_in(said))) == (504, False)
    gateway.process.send_signal(signal.SIGCONT)
    eventually(lambda: front.accepted() == before + 1, "the request that nginx gave up is stored")
    assert front.curl(body, way="little patience")[0] == 202
    assert front.accepted() == before + 1

    assert gateway.stop() == 0, gateway.said()
    for way in (TLS, "nginx's defaults"):
        status, kind, said = front.curl(body, way=way)
        assert (status, is_ours({"content-type": kind}, object_in(said))) == (502, False)
    gateway.start()
    # nginx keeps connections to the gateway that ended: the next request must not fail because of them.
    assert [front.curl(json.dumps(event()).encode(), way=way)[0] for way in (TLS, "nginx's defaults")] == [202, 202]


def test_headers_that_nginx_adds_or_a_client_invents_refuse_nothing(front: Front) -> None:
    invented = (
        "Forwarded: for=192.0.2.1;proto=https", "X-Forwarded-For: 192.0.2.1, unknown", "X-Forwarded-Proto: gopher",
        "X-Forwarded-Host: evil.example", "X-Forwarded-Port: 99999", "X-Forwarded-Prefix: /elsewhere", "X-Real-IP: x",
        "Via: 1.1 squid", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "baggage: a=b",
        "Accept: text/html", "Accept-Encoding: br", "If-None-Match: *", "Range: bytes=0-1", "Cookie: a=b",
        "Origin: https://evil.example", "Referer: https://evil.example/", "Cache-Control: no-cache", "DNT: 1",
        "User-Agent: x/1 (y; z)", "Priority: u=1", "Idempotency-Key: 1", "Content-Language: de", "X-Request-Id: \xe9",
    )  # fmt: skip
    for way in (TLS, "nginx's defaults"):
        options = [part for line in invented for part in ("--header", line)]
        assert front.curl(json.dumps(event()).encode(), *options, way=way)[0] == 202

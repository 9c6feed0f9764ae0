"""How a gateway starts: with TLS, and with one clear line when it cannot."""

import http.client
import json
import platform
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from schemas.ports import HOST
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, GatewayProcess, Paired, event
from tests.support.workers import eventually

pytestmark = pytest.mark.broker


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "producers", "gateway", "--port", "0", "--internal-port", "0", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={f"FAIRPULSE_{name.upper()}": value for name, value in settings.items()},
    )


def test_it_speaks_tls_with_a_certificate(log_of_events: LocalKafka, paired: Paired, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    gateway = GatewayProcess(
        log_of_events.bootstrap_servers,
        paired,
        tmp_path / "gateway.log",
        gateway_certificate=str(certificate),
        gateway_certificate_key=str(key),
    ).start()
    try:
        trust = ssl.create_default_context(cafile=str(certificate))
        line = http.client.HTTPSConnection(HOST, gateway.port, context=trust, timeout=20)
        headers = {"authorization": f"Bearer {paired.of(BOOTH)}", "content-type": "application/json"}
        line.request("POST", "/v1/events", json.dumps(event()), headers)
        assert line.getresponse().status == 202
        line.close()
        assert b" 202 " not in gateway.raw(gateway.head(BOOTH, "Content-Length: 2") + b"[]", seconds=2)
    finally:
        assert gateway.stop() == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"terminals_file": "nowhere.sqlite"}, 'the registry of terminals "nowhere.sqlite" cannot be used'),
        ({"gateway_certificate": "nowhere.pem"}, "FAIRPULSE_GATEWAY_CERTIFICATE: the file cannot be read"),
        ({"gateway_certificate_key": "nowhere.pem"}, "FAIRPULSE_GATEWAY_CERTIFICATE: is missing"),
        ({"gateway_rate": "0"}, "FAIRPULSE_GATEWAY_RATE"),
        ({"gateway_memory": "1000"}, "FAIRPULSE_GATEWAY_MEMORY"),
        ({"gateway_hots": "x"}, "did you mean FAIRPULSE_GATEWAY_HOST?"),
        ({"gateway_host": "203.0.113.1"}, "203.0.113.1 is not an address of this machine"),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
def test_the_reason_why_it_cannot_start_is_one_line(paired: Paired, settings: dict[str, str], said: str) -> None:
    ran = run(**{"terminals_file": str(paired.path), "terminals_shared": "false", **settings})
    assert ran.returncode == 1
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert [line.startswith("error: ") for line in ran.stderr.splitlines()].count(True) == 1


@pytest.mark.parametrize(("host", "reached"), [("::1", ["[::1]"]), ("::", ["[::1]", "127.0.0.1"])])
def test_both_ports_listen_on_ipv6_and_the_wildcard_on_ipv4_too(
    paired: Paired, tmp_path: Path, host: str, reached: list[str]
) -> None:
    gateway = GatewayProcess(
        "127.0.0.1:1", paired, tmp_path / "gateway.log", gateway_host=host, gateway_internal_host=host
    ).start(wait=False)
    try:
        eventually(lambda: "terminals may post" in gateway.said(), "it serves")
        for one in reached:
            for port, path in ((gateway.port, "/"), (gateway.internal_port, "/livez")):
                with urlopen(f"http://{one}:{port}{path}", timeout=10) as answer:
                    assert answer.status == 200
        with urlopen(f"http://{reached[0]}:{gateway.internal_port}/metrics", timeout=10) as answer:
            assert f'fair_gateway_build_info{{python="{platform.python_version()}",version=' in answer.read().decode()
    finally:
        assert gateway.stop() == 0

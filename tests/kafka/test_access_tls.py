"""Kafka over TLS with passwords: only certificates of the right authority and for the right host are accepted."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import Refused
from schemas.ports import HOST
from streams.kafka.principals import ADMIN
from streams.kafka.topics import admin
from streams.local.kafka import LocalKafka
from tests.support import builders
from tests.support.access import FAIR_FILE, RULES, run, settings_of, variables
from tests.support.workers import WorkerProcess, must_equal_the_oracle, send

pytestmark = pytest.mark.broker


def openssl(directory: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=directory)


def authority(directory: Path, name: str) -> Path:
    """Make an authority; return the path of its certificate, which has its key beside it."""
    openssl(
        directory,
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-addext", "keyUsage=critical,keyCertSign", "-keyout", f"{name}.key", "-out", f"{name}.pem"),
    )
    return directory / f"{name}.pem"


def keystore(directory: Path, signed_by: str, alternative_name: str) -> Path:
    """Make a broker's key and its certificate, signed by an authority, in one PEM file."""
    (directory / "names").write_text(f"subjectAltName={alternative_name}\n")
    openssl(directory, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", "k", "-out", "request")
    openssl(
        directory,
        *("x509", "-req", "-in", "request", "-days", "2", "-extfile", "names", "-out", "c"),
        *("-CA", f"{signed_by}.pem", "-CAkey", f"{signed_by}.key", "-CAcreateserial"),
    )
    made = directory / "broker.pem"
    made.write_text((directory / "k").read_text() + (directory / "c").read_text())
    return made


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    directory = tmp_path_factory.mktemp("certificates")
    authority(directory, "ours")
    authority(directory, "another")
    keystore(directory, "ours", f"IP:{HOST}")
    return directory


@pytest.fixture(scope="module")
def encrypted(certificates: Path) -> Iterator[LocalKafka]:
    properties = {
        "listener.security.protocol.map": "SASL:SASL_SSL,CONTROLLER:SASL_PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates / "ours.pem"),
    }
    with LocalKafka.start(passwords=certificates / "passwords", properties=properties) as kafka:
        assert kafka.settings(ADMIN).security_protocol == "SASL_SSL"
        yield kafka


def test_commands_a_producer_and_a_worker_work_over_tls(encrypted: LocalKafka, tmp_path: Path) -> None:
    assert f"granted: {len(RULES)} of {len(RULES)}" in run(encrypted, ADMIN, "acls", "--apply")
    assert "fair.scans" in run(encrypted, "fairpulse-topics", "topics", "--create")
    send(
        settings_of(encrypted, "fairpulse-simulator"),
        [builders.scan(f"v-{n}", kind="booth", booth="h1-001") for n in range(50)],
    )
    worker = WorkerProcess(
        encrypted.bootstrap_servers, tmp_path / "log", environment=variables(encrypted, "fairpulse-worker")
    )
    try:
        worker.wait_ready()
        worker.wait_events(50)
        must_equal_the_oracle(settings_of(encrypted, "fairpulse-audit"), worker, fair_file=FAIR_FILE)
    finally:
        worker.stop()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [("authority", "unable to get local issuer certificate"), ("host name", "Hostname mismatch")],
)
def test_a_certificate_of_another_authority_or_for_another_host_is_refused_in_one_line(
    encrypted: LocalKafka, certificates: Path, wrong: str, why: str
) -> None:
    server = encrypted.bootstrap_servers
    changed = {
        "authority": {"FAIRPULSE_SSL_CA_FILE": str(certificates / "another.pem")},
        "host name": {"FAIRPULSE_BOOTSTRAP_SERVERS": server.replace(HOST, "localhost")},
    }[wrong]
    for user, command in (("fairpulse-audit", "backfill"), ("fairpulse-simulator", "simulate")):
        (line,) = run(encrypted, user, command, code=1, environment=changed).strip().splitlines()
        assert "no TLS with Kafka at" in line
        assert why in line
        assert "FAIRPULSE_SSL_CA_FILE, and the name in the broker's certificate" in line


async def test_a_client_without_tls_is_refused_in_one_line(encrypted: LocalKafka) -> None:
    open_one = encrypted.settings(ADMIN).model_copy(update={"security_protocol": "SASL_PLAINTEXT", "ssl_ca_file": None})
    with pytest.raises(Refused, match="TLS"):
        async with admin(open_one):
            pass

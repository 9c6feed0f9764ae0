"""A renewed certificate is served without a restart, however its files change; a bad one never replaces a good one."""

import http.client
import json
import os
import pty
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from producers.gateway.tls.certificates import PATIENCE_LOOKS, Certificates
from schemas.ports import HOST
from streams.local.kafka import LocalKafka
from tests.support.certificates import Authority, authority, openssl
from tests.support.gateway import BOOTH, GatewayProcess, Paired, event
from tests.support.workers import eventually

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RSA = ("-newkey", "rsa:2048")


class Files(NamedTuple):
    """A certificate and its key."""

    certificate: bytes
    key: bytes


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("certificates") / "ca")


def made(issuer: Authority, **words: object) -> Files:
    certificate, key = issuer.pair(**words)  # type: ignore[arg-type]
    return Files(certificate.read_bytes(), key.read_bytes())


@pytest.fixture(scope="module")
def old(issuer: Authority) -> Files:
    return made(issuer)


@pytest.fixture(scope="module")
def new(issuer: Authority) -> Files:
    return made(issuer)


@cache
def serial_of(certificate: bytes) -> str:
    """Return the number as openssl reads it."""
    ran = subprocess.run(
        ["openssl", "x509", "-noout", "-serial"], input=certificate, capture_output=True, check=True, timeout=30
    )
    return ran.stdout.decode().strip().removeprefix("serial=").lstrip("0")


def seen_by_a_client(server: ssl.SSLContext) -> str:
    """Return the number of the certificate that a new client is shown, after a whole handshake in memory."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client, peer = trust.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True)
    pending = [client, peer]
    while pending:
        for one in list(pending):
            try:
                one.do_handshake()
                pending.remove(one)
            except ssl.SSLWantReadError:
                continue
    shown = client.getpeercert(binary_form=True)
    assert shown is not None
    return serial_of(ssl.DER_cert_to_PEM_cert(shown).encode())


@pytest.fixture
def folder(tmp_path: Path, old: Files) -> Path:
    """As Kubernetes mounts a secret: files behind a link to a folder of this moment."""
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "tls.crt").write_bytes(old.certificate)
    (tmp_path / "1" / "tls.key").write_bytes(old.key)
    (tmp_path / "now").symlink_to("1")
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).symlink_to(f"now/{name}")
    return tmp_path


def held(folder: Path) -> Certificates:
    return Certificates(folder / "tls.crt", folder / "tls.key", lambda: NOW)


def rename_over(folder: Path, files: Files) -> Iterator[None]:
    for name, content in zip(("tls.crt", "tls.key"), files, strict=True):
        (folder / "beside").write_bytes(content)
        (folder / "beside").replace(folder / name)
    yield


def swap_the_link(folder: Path, files: Files) -> Iterator[None]:
    (folder / "2").mkdir()
    (folder / "2" / "tls.crt").write_bytes(files.certificate)
    (folder / "2" / "tls.key").write_bytes(files.key)
    (folder / "next").symlink_to("2")
    (folder / "next").replace(folder / "now")
    yield


def write_in_halves(folder: Path, files: Files) -> Iterator[None]:
    for name, content in zip(("tls.crt", "tls.key"), files, strict=True):
        (folder / name).write_bytes(content[:100])
        yield
        (folder / name).write_bytes(content)
        yield


def key_first(folder: Path, files: Files) -> Iterator[None]:
    (folder / "tls.key").write_bytes(files.key)
    yield
    (folder / "tls.crt").write_bytes(files.certificate)
    yield


def remove_and_make(folder: Path, files: Files) -> Iterator[None]:
    (folder / "tls.crt").unlink()
    (folder / "tls.key").unlink()
    yield
    (folder / "tls.crt").write_bytes(files.certificate)
    (folder / "tls.key").write_bytes(files.key)
    yield


WAYS: list[Callable[[Path, Files], Iterator[None]]] = [
    rename_over,
    swap_the_link,
    write_in_halves,
    key_first,
    remove_and_make,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("looks", [1, 2, 3], ids="{} looks in between".format)
def test_new_clients_see_the_new_certificate_and_never_a_broken_pair(
    caplog: pytest.LogCaptureFixture,
    folder: Path,
    old: Files,
    new: Files,
    way: Callable[[Path, Files], Iterator[None]],
    looks: int,
) -> None:
    """The gateway looks at any moment of the change."""
    certificates = held(folder)
    assert seen_by_a_client(certificates.context) == serial_of(old.certificate)
    for _ in way(folder, new):
        for _ in range(looks):
            certificates.look()
        assert seen_by_a_client(certificates.context) in {serial_of(old.certificate), serial_of(new.certificate)}
    certificates.look()
    assert seen_by_a_client(certificates.context) == serial_of(new.certificate)
    assert not certificates.is_unusable()
    assert "ERROR" not in {record.levelname for record in caplog.records}, "a renewal under way is not a fault"


def test_a_key_of_another_kind_leaves_nothing_of_the_old_one(issuer: Authority, folder: Path) -> None:
    certificates, files = held(folder), made(issuer, key=RSA)
    list(swap_the_link(folder, files))
    certificates.reload()
    assert seen_by_a_client(certificates.context) == serial_of(files.certificate)


def with_password(issuer: Authority, files: Files) -> bytes:
    (issuer.folder / "plain.key").write_bytes(files.key)
    openssl(issuer.folder, "pkey", "-in", "plain.key", "-aes256", "-passout", "pass:x", "-out", "locked.key")
    return (issuer.folder / "locked.key").read_bytes()


BAD: dict[str, tuple[Callable[[Authority, Files], Files], str]] = {
    "a key of another": (lambda issuer, new: Files(new.certificate, made(issuer).key), "does not belong to the cert"),
    "expired": (lambda issuer, _: made(issuer, until="20260101"), "to 2026-01-01 00:00 UTC, not now"),
    "not valid yet": (lambda issuer, _: made(issuer, since="20270101"), "from 2027-01-01 00:00"),
    "empty": (lambda _issuer, new: Files(b"", new.key), "does not begin with a certificate in PEM"),
    "no key": (lambda _issuer, new: Files(new.certificate, b""), "does not hold a key"),
    "DER": (lambda _issuer, new: Files(ssl.PEM_cert_to_DER_cert(new.certificate.decode()), new.key), "in PEM"),
    "cut": (lambda _issuer, new: Files(new.certificate[:300], new.key), "in PEM"),
    "a password": (lambda issuer, new: Files(new.certificate, with_password(issuer, new)), "without a password"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_pair_is_named_once_with_its_cure_and_the_good_one_stays(
    caplog: pytest.LogCaptureFixture, issuer: Authority, folder: Path, old: Files, new: Files, name: str
) -> None:
    make, said = BAD[name]
    certificates = held(folder)
    list(rename_over(folder, make(issuer, new)))
    for _ in range(3 * PATIENCE_LOOKS):
        certificates.look()
    assert seen_by_a_client(certificates.context) == serial_of(old.certificate)
    assert certificates.is_unusable()
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said in line
    assert "FAIRPULSE_GATEWAY_CERTIFICATE" in line
    list(rename_over(folder, new))
    certificates.look()
    certificates.look()
    assert seen_by_a_client(certificates.context) == serial_of(new.certificate)
    assert not certificates.is_unusable()


def test_a_folder_in_place_of_a_file_is_named_too(caplog: pytest.LogCaptureFixture, folder: Path, old: Files) -> None:
    certificates = held(folder)
    (folder / "tls.crt").unlink()
    (folder / "tls.crt").mkdir()
    certificates.reload()
    assert "the file cannot be read (is a directory)" in caplog.text
    assert seen_by_a_client(certificates.context) == serial_of(old.certificate)


def test_anything_replaces_an_expired_certificate(issuer: Authority, folder: Path) -> None:
    """Both are refused by clients, and the newer one is what the operator wants."""
    list(swap_the_link(folder, made(issuer, until="20250101")))
    certificates, files = held(folder), made(issuer, until="20250201")
    list(rename_over(folder, files))
    certificates.reload()
    assert seen_by_a_client(certificates.context) == serial_of(files.certificate)
    assert certificates.expires_s() == datetime(2025, 2, 1, tzinfo=UTC).timestamp()


@pytest.mark.broker
def test_a_request_under_way_goes_on_while_certificate_and_registry_are_read_again(
    log_of_events: LocalKafka, paired: Paired, issuer: Authority, folder: Path, old: Files, new: Files
) -> None:
    gateway = GatewayProcess(
        log_of_events.bootstrap_servers,
        paired,
        folder / "gateway.log",
        gateway_certificate=str(folder / "tls.crt"),
        gateway_certificate_key=str(folder / "tls.key"),
    ).start(detached=True)
    try:
        trust = ssl.create_default_context(cafile=str(issuer.file))

        def serial() -> str:
            return serial_of(ssl.get_server_certificate((HOST, gateway.port)).encode())

        def requested() -> http.client.HTTPSConnection:
            """Return a connection on which half of a post has been sent."""
            line = http.client.HTTPSConnection(HOST, gateway.port, context=trust, timeout=20)
            line.putrequest("POST", "/v1/events")
            for name, value in {
                "authorization": f"Bearer {paired.of(BOOTH)}",
                "content-type": "application/json",
                "content-length": str(len(body)),
            }.items():
                line.putheader(name, value)
            line.endheaders(body[:50])
            return line

        body = json.dumps(event()).encode()
        assert serial() == serial_of(old.certificate)
        assert gateway.metric("fair_gateway_certificate_expires_timestamp_seconds") == 4039372800  # date -ud 2098-01-01
        line = requested()
        list(swap_the_link(folder, new))
        eventually(lambda: serial() == serial_of(new.certificate), "new connections get the new certificate")
        line.send(body[50:])
        answered = line.getresponse().read()
        assert answered == b'{"accepted":1,"duplicates":0}'
        line.close()

        line = requested()
        (folder / "tls.crt").write_bytes(b"")
        gateway.process.send_signal(signal.SIGHUP)
        eventually(lambda: "files read again" in gateway.said(), "SIGHUP is heard")
        assert "does not begin with a certificate in PEM" in gateway.said()
        assert gateway.metric("fair_gateway_certificate_unusable") == 1
        assert serial() == serial_of(new.certificate)
        line.send(body[50:])
        answered = line.getresponse().read()
        assert answered == b'{"accepted":0,"duplicates":1}'
        line.close()
    finally:
        assert gateway.stop() == 0, gateway.said()


def test_a_gateway_of_a_terminal_ends_in_good_order_when_the_terminal_closes(paired: Paired, tmp_path: Path) -> None:
    """The same signal as the one above: here its terminal is gone, and nobody would ever stop it."""
    gateway = GatewayProcess("127.0.0.1:1", paired, tmp_path / "gateway.log")
    gateway.log.touch()
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        os.dup2(os.open(gateway.log, os.O_WRONLY | os.O_APPEND), 2)
        os.execve(sys.executable, [sys.executable, "-m", "producers", "gateway"], gateway._environment)
    eventually(lambda: "terminals may post" in gateway.said(), "it serves")
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0
    assert "ended in good order" in gateway.said()

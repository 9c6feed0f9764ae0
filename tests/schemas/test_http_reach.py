"""The wrong address of a gateway or worker is answered with what is wrong with it and what to write instead."""

import asyncio
import re
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from producers.terminal.link import Link
from producers.terminal.pairing import told_by
from schemas.errors import Unavailable
from schemas.http_reach import parts_of
from schemas.ports import HOST, free_port
from streams.shown.listing import fetch_report

FOREIGN_WORDS = re.compile(r"aiohttp|urllib|urlopen|Error\b|Errno|Client[A-Z]|\[SSL|_ssl|<|secret")
"""No class of a library, and no password."""


def said(status: int, body: bytes = b"<p>hello</p>") -> bytes:
    return b"HTTP/1.1 %d Words\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body)


@dataclass(frozen=True)
class Case:
    """An address, what is there, and the complaint; `{at}` stands for its host and port, `{program}` for who was asked.

    Attributes:
        there: the bytes that a server answers; empty: it hangs up; None: nothing listens.
        names: of the server's certificate, in the words of openssl; empty without TLS.
    """

    name: str
    there: bytes | None
    complaint: str
    scheme: str = "http"
    host: str = HOST
    names: str = ""


CASES = [
    Case("nothing listens", None, "nothing listens at {at}; check host and port of the {program}"),
    Case("nothing listens, https", None, "nothing listens at {at}; check host and port", scheme="https"),
    Case("https on an http port", said(404), "{at} does not speak TLS; write http://{at}", scheme="https"),
    Case("https, and it hangs up", b"", "write http://{at}; else check host and port", scheme="https"),
    Case("http, and it hangs up", b"", "{at} ends the connection without an HTTP answer; if it speaks TLS"),
    Case("http on an https port", b"", "if it speaks TLS, write https://{at}", names="IP:127.0.0.1"),
    Case("another protocol", b"SSH-2.0-x\r\n", "{at} ends the connection without an HTTP answer"),
    Case("an unknown name", None, "the name gateway.invalid is not known; check host and port", host="gateway.invalid"),
    Case("a web page", said(200), "a web server answers at {at}, but it is not a fairpulse {program} (status 200)"),
    Case("no such page", said(404), "a web server answers at {at}, but it is not a fairpulse {program} (status 404)"),
    Case("JSON of another program", said(200, b"[1]"), "but it is not a fairpulse {program}"),
    Case("not ready", said(503), "the server at {at} is not ready (status 503); try again"),
    Case(
        "its own authority",
        said(200),
        "the authority of {at}'s certificate is not known",
        scheme="https",
        names="IP:127.0.0.1",
    ),
]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # aiohttp, after a failed handshake
@pytest.mark.parametrize("program", ["gateway", "worker"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_wrong_address_is_answered_with_what_is_wrong_and_what_to_write(
    case: Case, program: str, tmp_path: Path
) -> None:
    async with serving(case, tmp_path) as port:
        at = f"{case.host}:{port}"
        with pytest.raises(Unavailable) as refused:
            await ask(program, f"{case.scheme}://{at}")
    complaint = str(refused.value)
    assert case.complaint.format(at=at, program=program) in complaint
    assert refused.value.hint
    assert not FOREIGN_WORDS.search(complaint)


async def test_a_certificate_for_another_name_is_told_from_one_that_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case("", said(200), "", names="DNS:gateway.example")
    async with serving(case, tmp_path) as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        with pytest.raises(Unavailable, match="is for another name; write the name that it is for"):
            await ask("worker", f"https://{HOST}:{port}")  # aiohttp reads the authorities when it is imported


@pytest.mark.parametrize("program", ["gateway", "worker"])
async def test_a_password_in_an_address_is_not_shown(program: str) -> None:
    with pytest.raises(Unavailable) as refused:
        await ask(program, f"http://me:secret@{HOST}:{free_port()}")
    assert not FOREIGN_WORDS.search(str(refused.value))


@pytest.mark.parametrize(
    "text", ["", "gateway", "gateway:80", "ftp://gateway", "http://", "http://a:x", "http://a:99999"]
)
def test_a_text_that_is_not_an_address_is_found_before_anybody_is_asked(text: str) -> None:
    assert parts_of(text) is None
    with pytest.raises(Unavailable, match=r"address is not valid; give it as http://HOST:PORT"):
        fetch_report(text)


async def ask(program: str, url: str) -> None:
    if program == "worker":
        await asyncio.to_thread(fetch_report, url)
        return
    async with Link(url) as link:
        told_by(await link.who_am_i("tf_k_s"), url, "tf_k_s")


@asynccontextmanager
async def serving(case: Case, folder: Path) -> AsyncIterator[int]:
    """Give the port at which the case's server listens, or nothing."""
    if case.there is None:
        yield free_port()
        return
    answer = case.there

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, HOST, ssl=certified(case.names, folder) if case.names else None)
    async with server:
        yield server.sockets[0].getsockname()[1]


def certified(names: str, folder: Path) -> ssl.SSLContext:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=gateway.example"),
            *("-addext", f"subjectAltName={names}", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context

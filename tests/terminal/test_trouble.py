"""Each cause of trouble is named, whether the terminal posts or asks, and mends itself once it is removed."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from producers.terminal import trouble
from producers.terminal.line import Line
from producers.terminal.link import Link
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool
from schemas.ports import HOST, free_port
from tests.support.certificates import Authority, authority
from tests.support.scripted_server import PROBLEM, Hang, Say, ScriptedServer, Step, Store

HTML = {"Content-Type": "text/html"}
NOW_MS = 1_766_000_000_000
"""2025-12-17, within a year of the pairing."""


@dataclass(frozen=True)
class Case:
    """A server, the terminal's clock, and the state of the line that follows from them.

    Attributes:
        answer: of a server, None for nothing that listens.
        certificate: names and dates of its certificate; None without TLS.
        trusted: whether the terminal knows the authority.
        known_ms: the server's clock at the pairing.
    """

    line: Line
    cause: str
    answer: Step | None = field(default_factory=Store)
    certificate: dict[str, str] | None = None
    trusted: bool = True
    address: str = "{url}"
    clock_ms: int = NOW_MS
    known_ms: int = 1_764_000_000_000
    facts: dict[str, str] = field(default_factory=dict)


PAST = {"since": "20200101", "until": "20210101"}
FUTURE = {"since": "20900101", "until": "20980101"}
CASES = {
    "an authority that nobody knows": Case(Line.TROUBLE, "tls_unknown_ca", certificate={}, trusted=False),
    "a certificate that has expired": Case(Line.TROUBLE, "tls_expired", certificate=PAST),
    "a certificate of the future": Case(Line.TROUBLE, "tls_not_yet_valid", certificate=FUTURE),
    "a certificate for another name": Case(
        Line.TROUBLE, "tls_wrong_host", certificate={"names": "DNS:gateway.example"}
    ),
    "a clock in 1970": Case(
        Line.TROUBLE, "clock_wrong", certificate=FUTURE, clock_ms=300_000, facts={"when": "1970-01-01 00:05"}
    ),
    "a clock in 1970, never paired": Case(
        Line.TROUBLE, "clock_wrong", certificate=FUTURE, clock_ms=0, known_ms=0, facts={"when": "1970-01-01 00:00"}
    ),
    "a clock a week before the pairing": Case(
        Line.TROUBLE,
        "clock_wrong",
        certificate=FUTURE,
        clock_ms=1_763_400_000_000,
        facts={"when": "2025-11-17 17:20"},
    ),
    "a clock in 2150": Case(
        Line.TROUBLE,
        "clock_wrong",
        certificate=PAST,
        clock_ms=5_680_281_600_000,
        facts={"when": "2150-01-01 00:00"},
    ),
    "a name that nobody knows": Case(
        Line.OFFLINE,
        "dns",
        address="http://gateway.invalid:1",
        facts={"at": "gateway.invalid:1", "host": "gateway.invalid"},
    ),
    "nothing listens": Case(Line.OFFLINE, "refused", answer=None),
    "silence": Case(Line.OFFLINE, "timeout", answer=Hang()),
    "a login page": Case(Line.TROUBLE, "portal", Say(200, HTML, b"<p>Welcome</p>"), facts={"status": "200"}),
    "a redirect to a login page": Case(Line.TROUBLE, "portal", Say(302, HTML, b""), facts={"status": "302"}),
    "a network that wants a login": Case(Line.TROUBLE, "portal", Say(511, HTML, b""), facts={"status": "511"}),
    "a proxy that wants a password": Case(Line.TROUBLE, "proxy", Say(407, HTML, b""), facts={"status": "407"}),
    "a proxy's 404": Case(Line.TROUBLE, "proxy", Say(404, HTML, b""), facts={"status": "404"}),
    "a proxy's 401": Case(Line.TROUBLE, "proxy", Say(401, HTML, b""), facts={"status": "401"}),
    "a proxy's 403": Case(Line.TROUBLE, "proxy", Say(403, HTML, b""), facts={"status": "403"}),
    "a refused token": Case(Line.REPAIR, "token", Say(401, PROBLEM)),
    "a gateway that is too new": Case(Line.TROUBLE, "program_old", Say(415, PROBLEM), facts={"status": "415"}),
    "a gateway without Kafka": Case(Line.BUSY, "server_not_ready", Say(503, PROBLEM)),
    "a gateway that wants less": Case(Line.BUSY, "asked_to_slow_down", Say(429, PROBLEM)),
}


@pytest.fixture
def own(tmp_path: Path) -> Callable[[], Authority]:
    return lambda: authority(tmp_path / "authority")


@asynccontextmanager
async def troubled(case: Case, own: Callable[[], Authority], spool: Spool) -> AsyncIterator[tuple[Sender, str]]:
    """Give a sender before the server of a case, and the authority of its certificate."""
    server, text = ScriptedServer(free_port()), ""
    if case.certificate is not None:
        issuer = own()
        server.tls, text = issuer.server(**case.certificate), issuer.text
    server.otherwise = case.answer or Store()
    if case.answer is not None:
        await server.up()
    address = case.address.format(url=server.url, port=server.port)
    async with Link(address, authorities=[text] if case.trusted else [], patience_s=2) as link:
        yield Sender(spool, link, lambda: "tf_k_s", clock=lambda: case.clock_ms, known_ms=case.known_ms), text
    if case.answer is not None:
        await server.down()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # aiohttp, after a failed handshake
@pytest.mark.parametrize("asks", [False, True], ids=["posting", "asking"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_each_cause_is_named_with_what_to_do_and_keeps_every_event(
    case: Case, asks: bool, own: Callable[[], Authority], spool: Spool
) -> None:
    spool.save("0199e000-0000-7000-8000-000000000001", "scan", 0, lambda _: b'{"id": "0199e000"}')
    async with troubled(case, own, spool) as (sender, _):
        if asks and isinstance(case.answer, Hang):
            pytest.skip("the scripted server always answers who a terminal is, unless told what to say")
        await (sender._ask() if asks else sender.step())
        status = sender.status
    assert (status.line, status.cause) == (case.line, case.cause)
    assert dict(status.facts) | case.facts == dict(status.facts)
    assert status.trouble
    assert status.problem.hint
    assert spool.totals().pending == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_events_are_sent_as_soon_as_the_authority_is_known(own: Callable[[], Authority], spool: Spool) -> None:
    spool.save("0199e000-0000-7000-8000-000000000001", "scan", 0, lambda _: b'{"id": "0199e000"}')
    case = CASES["an authority that nobody knows"]
    async with troubled(case, own, spool) as (sender, text):
        await sender.step()
        assert sender.status.cause == "tls_unknown_ca"
        sender.link.go_to(sender.link.server, [text])
        assert await sender.step() == 0
        assert (sender.status.line, sender.status.cause) == (Line.ONLINE, "")
    assert (spool.totals().pending, spool.totals().accepted) == (0, 1)


async def test_a_line_that_fails_again_and_again_for_one_cause_is_told_once(spool: Spool) -> None:
    told: list[str] = []
    async with Link(f"http://{HOST}:{free_port()}") as link:
        sender = Sender(spool, link, lambda: "t", told=lambda status: told.append(status.cause))
        for _ in range(3):
            await sender._ask()
    assert told == ["refused"]


PAGE_TEXTS = Path(trouble.__file__).parent / "static" / "texts" / "en.js"


def test_the_page_has_a_text_for_every_cause_and_a_remedy_for_what_people_mend() -> None:
    named = set(re.findall(r'^  "cause\.([a-z_.]+)":', PAGE_TEXTS.read_text(), re.MULTILINE))
    assert {case.cause for case in CASES.values()} | trouble.ANSWERS.keys() <= named
    assert {f"{cause}.do" for cause in trouble.MENDED_BY_PEOPLE} <= named

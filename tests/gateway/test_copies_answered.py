"""A terminal that two machines send as is told so with every answer, and so is the operations room."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client import generate_latest

from producers.gateway.copies import Copies
from schemas.api.terminals import Terminal
from schemas.settings import KafkaSettings
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, ELSEWHERE, GATE, OTHER_BOOTH, Paired, event
from tests.support.gateway_app import GatewayApp, gateway_app

HERE, THERE = "a" * 16, "b" * 16
INSTANCE = {"terminal-instance": HERE}


def hear_two_machines(copies: Copies, terminal: Terminal) -> None:
    """Let two machines send as a terminal for a minute and a half. The one that is THERE was last heard 10 s ago."""
    now = asyncio.get_running_loop().time()
    for ago, instance in ((100, HERE), (99, THERE), (20, HERE), (10, THERE)):
        copies.heard(terminal.terminal_id, instance, now - ago)


@pytest.fixture
async def app(paired: Paired) -> AsyncIterator[GatewayApp]:
    """A gateway without Kafka, at which two machines have been heard as BOOTH and as ELSEWHERE."""
    async with gateway_app(paired) as made:
        for terminal in (BOOTH, ELSEWHERE):
            hear_two_machines(made.gateway.copies, terminal)
        yield made


def seconds_of(headers: Any) -> int | None:
    """Return the value of the header; None without it. It is 10, or more on a slow machine."""
    given = headers.get("terminal-copies")
    return None if given is None else int(given)


@pytest.mark.parametrize(
    ("terminal", "badge_key", "status"),
    [(BOOTH, None, 200), (BOOTH, "not a fingerprint", 400), (ELSEWHERE, None, 403)],
    ids=str,
)
async def test_an_answer_to_who_am_i_tells_of_the_other_machine(
    app: GatewayApp, terminal: Terminal, badge_key: str | None, status: int
) -> None:
    headers = INSTANCE if badge_key is None else {**INSTANCE, "badge-key": badge_key}
    answer = await app.who_am_i(terminal, headers)
    assert answer.status_code == status
    assert 10 <= (seconds_of(answer.headers) or 0) < 600


@pytest.mark.parametrize(("charged", "status"), [(0, 503), (1_000_000, 429)])
async def test_an_answer_that_asks_to_wait_tells_of_the_other_machine(
    app: GatewayApp, charged: int, status: int
) -> None:
    app.gateway.buckets.charge(BOOTH.terminal_id, charged, asyncio.get_running_loop().time())
    answer = await app.post(event(), BOOTH, INSTANCE)
    assert answer.status_code == status
    assert 10 <= (seconds_of(answer.headers) or 0) < 600


@pytest.mark.broker
async def test_every_outcome_of_a_posting_tells_of_the_other_machine(paired: Paired, log_of_events: LocalKafka) -> None:
    kafka = KafkaSettings(bootstrap_servers=log_of_events.bootstrap_servers, partitions=4)
    one, bad = event(), event(data={})
    postings: list[tuple[Any, str, int]] = [
        (one, "application/json", 202),
        ([event(), bad], "application/json", 207),
        ([], "application/json", 400),
        ({**one, "time": "2025-10-25T09:00:01.000Z"}, "application/json", 409),
        ([event()] * 501, "application/json", 413),
        (one, "text/plain", 415),
        (bad, "application/json", 422),
    ]
    async with gateway_app(paired, kafka=kafka) as app:
        app.gateway.supervisor.start()
        try:
            async with asyncio.timeout(60):
                while not app.gateway.supervisor.is_connected:
                    await asyncio.sleep(0.05)
            hear_two_machines(app.gateway.copies, BOOTH)
            for body, kind, status in postings:
                answer = await app.post(body, BOOTH, {**INSTANCE, "content-type": kind})
                assert answer.status_code == status, answer.text
                assert 10 <= (seconds_of(answer.headers) or 0) < 600, status
        finally:
            await app.gateway.supervisor.stop()


QUIET: dict[str, tuple[Terminal, list[tuple[str, str]]]] = {
    "a device that names no instance": (BOOTH, []),
    "an instance that is not 16 hex digits": (BOOTH, [("terminal-instance", HERE.upper())]),
    "two instances in one request": (BOOTH, [("terminal-instance", HERE), ("terminal-instance", THERE)]),
    "a machine that has just come": (BOOTH, [("terminal-instance", "c" * 16)]),
    "another terminal": (GATE, [("terminal-instance", HERE)]),
}


@pytest.mark.parametrize("name", QUIET)
async def test_an_answer_does_not_tell_of_a_copy_without_two_known_machines(
    app: GatewayApp, paired: Paired, name: str
) -> None:
    terminal, headers = QUIET[name]
    token = ("authorization", f"Bearer {paired.of(terminal)}")
    answer = await app.send("GET", "/v1/terminal", [token, *headers])
    assert answer.status_code == 200
    assert seconds_of(answer.headers) is None


async def test_nothing_is_told_without_a_token(app: GatewayApp) -> None:
    answer = await app.send("GET", "/v1/terminal", [("authorization", "Bearer tf_x"), *INSTANCE.items()])
    assert answer.status_code == 401
    assert seconds_of(answer.headers) is None


async def test_the_log_names_the_terminal_once(app: GatewayApp, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        await app.who_am_i(BOOTH, INSTANCE)
    await app.who_am_i(OTHER_BOOTH, INSTANCE)
    [line] = [line for line in caplog.messages if "two machines" in line]
    assert "terminal=stand-1 source=/fairs/small-2025/booths/h1-001/terminals/stand-1 " in line


async def test_only_terminals_with_two_machines_have_a_series(app: GatewayApp) -> None:
    await app.who_am_i(GATE, INSTANCE)
    shown = generate_latest(app.gateway.metrics.registry).decode()
    series = [line for line in shown.splitlines() if line.startswith("fair_gateway_terminal_copies")]
    assert sorted(series) == [
        'fair_gateway_terminal_copies{terminal="stand-1"} 1.0',
        'fair_gateway_terminal_copies{terminal="stand-9"} 1.0',
    ]

"""What was acknowledged is in Kafka: through kill -9, SIGTERM, a frozen Kafka, a revoked token and a flood."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from producers.registry.store import Registry
from schemas.api.terminals import PlaceKind, Terminal
from schemas.ports import HOST
from schemas.settings import KafkaSettings
from schemas.topics import SCANS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, FAIR_ID, GATE, NOW, GatewayProcess, Paired, event, statuses
from tests.support.posting import Tally, terminal_at_work
from tests.support.workers import eventually, read_back

pytestmark = pytest.mark.broker

KILLS = int(os.environ.get("GATEWAY_KILLS", "8"))
"""How often the gateway is killed; more with `GATEWAY_KILLS=100 pytest --timeout 1200`."""
CROWD = [Terminal(f"crowd-{number}", FAIR_ID, PlaceKind.BOOTH, "h1-001") for number in range(8)]

Start = Callable[..., GatewayProcess]


@pytest.fixture
def start(paired: Paired, tmp_path: Path, log_of_events: LocalKafka) -> Iterator[Start]:
    """Return a function that starts a gateway; all are gone after the test."""
    started: list[GatewayProcess] = []
    for terminal in CROWD:
        if terminal.terminal_id not in paired.tokens:
            paired.enrol(terminal)

    def run(*, wait: bool = True, servers: str = "", **settings: str) -> GatewayProcess:
        log = tmp_path / f"gateway-{len(started)}.log"
        started.append(GatewayProcess(servers or log_of_events.bootstrap_servers, paired, log, **settings))
        return started[-1].start(wait=wait)

    yield run
    for one in started:
        if one.runs:
            one.process.send_signal(signal.SIGCONT)
            one.kill()


@asynccontextmanager
async def crowd(gateway: GatewayProcess, *, size: int = 20, pause_s: float = 0.0) -> AsyncIterator[Tally]:
    """Eight terminals post for as long as the block lasts."""
    tally, stop = Tally(), asyncio.Event()
    working = [
        asyncio.create_task(
            terminal_at_work(gateway.port, gateway.paired.of(one), one, tally, size=size, stop=stop, pause_s=pause_s)
        )
        for one in CROWD
    ]
    try:
        yield tally
    finally:
        stop.set()
        await asyncio.gather(*working)


def stored_ids(kafka: LocalKafka) -> set[str]:
    return {json.loads(value)["event_id"] for *_, value in read_back(kafka.bootstrap_servers, SCANS.name) if value}


async def progress(tally: Tally, more: int) -> None:
    """Wait until this number of further events was acknowledged."""
    goal = len(tally.acknowledged) + more
    async with asyncio.timeout(60):
        while len(tally.acknowledged) < goal:
            await asyncio.sleep(0.01)


async def test_nothing_acknowledged_is_lost_when_the_gateway_is_killed_again_and_again(
    start: Start, log_of_events: LocalKafka
) -> None:
    chance = random.Random(20_251_025)
    gateway = start()
    async with crowd(gateway) as tally:
        for _ in range(KILLS):
            await progress(tally, 200)
            await asyncio.sleep(chance.random() * 0.5)  # the instant of the kill, not a synchronisation
            gateway.kill()
            await asyncio.to_thread(gateway.start)
        await progress(tally, 200)
    assert tally.resets > 0
    lost = set(tally.acknowledged) - await asyncio.to_thread(stored_ids, log_of_events)
    assert not lost, f"{len(lost)} of {len(tally.acknowledged)}"


async def test_sigterm_answers_what_is_under_way_and_ends_in_time(start: Start, log_of_events: LocalKafka) -> None:
    gateway = start()
    with socket.create_connection((HOST, gateway.port), timeout=20) as half, crowd_line(gateway) as idle:
        half.sendall(gateway.head(BOOTH, "Content-Length: 1000") + b"[")
        idle.sendall(b"")
        async with crowd(gateway) as tally:
            await progress(tally, 200)
            began = time.monotonic()
            gateway.terminate()
            code = await asyncio.to_thread(gateway.process.wait, 30)
            assert time.monotonic() - began < 15
            assert code == 0, gateway.said()
        said = b""
        try:
            while part := half.recv(4_096):
                said += part
        except ConnectionError:
            pass
    assert statuses(said) == [503]
    assert b'"code":"draining"' in said
    assert set(tally.statuses) <= {202, 503}
    assert "ended in good order" in gateway.said()
    assert not set(tally.acknowledged) - await asyncio.to_thread(stored_ids, log_of_events)


def crowd_line(gateway: GatewayProcess) -> socket.socket:
    return socket.create_connection((HOST, gateway.port), timeout=20)


def test_a_frozen_kafka_is_a_503_with_an_unknown_outcome_and_the_same_bytes_are_taken_later(
    start: Start, paired: Paired
) -> None:
    with LocalKafka.start() as kafka:
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=2)))
        gateway = start(servers=kafka.bootstrap_servers, partitions="2")
        one = event()
        assert gateway.post(event()).status == 202
        kafka.pause()
        answer = gateway.post(one)
        assert (answer.status, answer.code, answer.json["outcome"]) == (503, "kafka_timeout", "unknown")
        assert int(answer.headers["retry-after"]) >= 1
        again = gateway.post(one)
        assert (again.status, again.code, again.json["outcome"]) == (503, "kafka_unavailable", "not_stored")
        assert gateway.get("/readyz")[0] == 503
        assert gateway.get("/livez")[0] == 200
        kafka.resume()
        eventually(lambda: gateway.post(one).status == 202, "the same bytes are taken")
        eventually(lambda: gateway.get("/readyz")[0] == 200, "it is ready again")
        records = [value for *_, value in read_back(kafka.bootstrap_servers, SCANS.name) if value]
        assert sum(one["id"].encode() in value for value in records) >= 1
        assert gateway.stop() == 0


def test_a_gateway_waits_for_a_kafka_that_is_not_there_yet(start: Start) -> None:
    gateway = start(wait=False, servers="127.0.0.1:1")
    eventually(lambda: gateway.get("/livez")[0] == 200, "it is alive")
    status, reasons = gateway.get("/readyz")
    assert (status, reasons) == (503, "kafka has not answered within 10 s\n")
    assert gateway.post(event()).code == "kafka_unavailable"
    assert gateway.stop() == 0


async def test_a_revoked_terminal_is_refused_within_five_seconds_and_both_keys_work_before(
    start: Start, paired: Paired, log_of_events: LocalKafka
) -> None:
    lost = Terminal("lost-1", FAIR_ID, PlaceKind.BOOTH, "h1-001")
    old = paired.enrol(lost)
    gateway = start()
    eventually(lambda: gateway.post(event(lost), lost).status == 202, "the first key works")
    registry = Registry(paired.path)
    new = registry.rotate("lost-1", NOW, None).text()
    eventually(
        lambda: gateway.post(event(lost), lost, headers={"authorization": f"Bearer {new}"}).status == 202,
        "the second key works",
        5,
    )
    assert gateway.post(event(lost), lost, headers={"authorization": f"Bearer {old}"}).status == 202
    registry.revoke("lost-1", NOW)
    registry.close()
    eventually(lambda: gateway.post(event(lost), lost).status == 401, "the old key is refused", 5)
    assert gateway.post(event(lost), lost, headers={"authorization": f"Bearer {new}"}).status == 401


def test_when_the_registry_is_gone_nobody_is_let_in_and_nobody_is_sent_to_pair_again(
    start: Start, paired: Paired, tmp_path: Path
) -> None:
    alone = Paired(tmp_path / "alone.sqlite")
    alone.enrol(BOOTH)
    gateway = start(terminals_file=str(alone.path))
    gateway.paired = alone
    assert gateway.post(event()).status == 202
    hidden = alone.path.rename(tmp_path / "hidden.sqlite")
    eventually(lambda: gateway.post(event()).status == 503, "no terminal is let in", 20)
    answer = gateway.post(event())
    assert (answer.code, answer.json["action"]) == ("registry_unreadable", "resend")
    hidden.rename(alone.path)
    eventually(lambda: gateway.post(event()).status == 202, "it is read again", 20)


def test_a_terminal_that_is_too_fast_waits(start: Start) -> None:
    gateway = start(gateway_rate="1", gateway_burst="40")
    assert gateway.post([event() for _ in range(41)]).status == 202
    answer = gateway.post(event())
    assert (answer.status, answer.code, answer.json["action"]) == (429, "rate", "resend")
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    assert gateway.post(event(GATE), GATE).status == 202


@pytest.mark.parametrize(("body", "status"), [(None, 202), (b"", 400), (b"nonsense", 400)])
def test_a_request_costs_as_much_as_its_events_and_one_if_it_has_none(
    start: Start, body: bytes | None, status: int
) -> None:
    gateway = start(gateway_rate="0.001", gateway_burst="10")
    statuses = [gateway.post(event() if body is None else body).status for _ in range(11)]
    assert statuses == [status] * 10 + [429]


async def test_a_flood_is_answered_503_and_costs_no_memory_and_no_acknowledged_event(
    start: Start, log_of_events: LocalKafka
) -> None:
    """Room for two requests, and eight terminals that do not wait: most are refused, none is lost."""
    gateway = start(gateway_requests="2")
    async with crowd(gateway, size=100) as tally:
        await progress(tally, 5_000)
        before = resident(gateway)
        await progress(tally, 20_000)
        after = resident(gateway)
    assert tally.statuses.get(503, 0) > 10
    assert set(tally.statuses) == {202, 503}
    assert tally.without_retry_after == 0
    assert after - before < 64 * 1024 * 1024
    assert not set(tally.acknowledged) - await asyncio.to_thread(stored_ids, log_of_events)


def resident(gateway: GatewayProcess) -> int:
    """Return the resident memory of a gateway in bytes; 0 where the system does not tell."""
    status = Path(f"/proc/{gateway.process.pid}/status")
    if not status.exists():
        return 0
    return next(int(line.split()[1]) * 1_024 for line in status.read_text().splitlines() if line.startswith("VmRSS"))


def test_beyond_the_most_connections_a_new_one_replaces_one_without_a_token(start: Start) -> None:
    gateway = start(gateway_connections="10")
    lines = [crowd_line(gateway) for _ in range(10)]
    try:
        assert gateway.post(event()).status == 202
    finally:
        for line in lines:
            line.close()


def test_a_taken_port_is_said_in_one_line(start: Start, log_of_events: LocalKafka, paired: Paired) -> None:
    gateway = start()
    second = subprocess.run(
        [
            *(sys.executable, "-m", "producers", "gateway", "--port", str(gateway.port), "--internal-port", "0"),
            *("--bootstrap-servers", log_of_events.bootstrap_servers, "--terminals", str(paired.path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert f"error: port {gateway.port} is taken by another program" in second.stderr
    assert "Traceback" not in second.stderr

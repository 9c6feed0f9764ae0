"""One hostile client at a time, against a real gateway: every other terminal is served, and the gateway stays ready."""

import asyncio
import gzip
import http.client
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.api.http import BODY_MAX_BYTES
from schemas.api.terminals import PlaceKind, Terminal
from schemas.ports import HOST
from streams.local.kafka import LocalKafka
from tests.support.attacks import ATTACKS, Target
from tests.support.gateway import BOOTH, FAIR_ID, GATE, HALL, OTHER_BOOTH, GatewayProcess, Paired, event
from tests.support.posting import Line
from tests.support.workers import eventually

ELSEWHERE = "127.0.0.2"
"""The loopback network has more than one address; this one is not the attacker's."""
POSTS = 10
LINES = 200
"""Connections of an attack; the gateway lets in fewer."""
HELD: dict[str, set[int]] = {
    "stalled (token)": {429},
    "drip (token)": {429},
    "flood (token)": {429},
    "pipelined (token)": {429},
    "batches (token)": {429},
    "refused (token)": {400, 429},
    "large (token)": {400, 413, 422, 429},
    "large gzip (token)": {400, 413, 415, 422, 429},
    "401": {401},
    "401 large": {401},
    "not found": {404},
    "idle": set(),
    "slow heads": {0, 408},
    "churn": set(),
    "handshakes": {400},
    "deaf": set(),
}
"""For each attack what its clients are answered, one of these at least; 0 is a connection that was closed."""


@pytest.fixture(scope="module")
def crowded(
    log_of_events: LocalKafka, paired: Paired, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """A gateway with its own defaults, but for 100 connections, and a rate that a busy machine exceeds as well."""
    process = GatewayProcess(
        log_of_events.bootstrap_servers,
        paired,
        tmp_path_factory.mktemp("crowded") / "gateway.log",
        gateway_rate="20",
        gateway_burst="60",
        gateway_connections="100",
        gateway_requests="200",
    ).start()
    yield process
    assert process.stop() == 0, process.said()
    assert "because of a bug" not in process.said()
    assert "Traceback" not in process.said()


@pytest.mark.parametrize("name", ATTACKS)
async def test_the_others_are_served_while_one_is_hostile(crowded: GatewayProcess, name: str) -> None:
    target = Target(crowded.port, crowded.paired.of(BOOTH), BOOTH)
    kept = Line(crowded.port, crowded.paired.of(GATE))
    assert (await kept.post(json.dumps(event(GATE)).encode()))[0] == 202
    stop = asyncio.Event()
    attack = asyncio.create_task(ATTACKS[name].work(target, stop, most=LINES))
    try:
        while HELD[name] and not HELD[name] & set(target.statuses):
            await asyncio.sleep(0.05)
        for _ in range(POSTS):
            assert (await kept.post(json.dumps(event(GATE)).encode()))[0] == 202, "same address, kept connection"
            fresh = Line(crowded.port, crowded.paired.of(HALL), ELSEWHERE)
            assert (await fresh.post(json.dumps(event(HALL)).encode()))[0] == 202, "new connection, other address"
            fresh.close()
        assert await asyncio.to_thread(crowded.get, "/readyz") == (200, "ready\n")
        assert not attack.done()
    finally:
        stop.set()
        await attack
        kept.close()


async def test_a_party_over_its_share_is_told_of(crowded: GatewayProcess) -> None:
    """Once in the log, and in the metrics by the registry's id."""
    target = Target(crowded.port, crowded.paired.of(BOOTH), BOOTH)
    stop = asyncio.Event()
    attack = asyncio.create_task(ATTACKS["stalled (token)"].work(target, stop))
    while 429 not in target.statuses:
        await asyncio.sleep(0.05)
    assert await asyncio.to_thread(crowded.metric, "fair_gateway_terminal_over_share", terminal=BOOTH.terminal_id) == 1
    assert await asyncio.to_thread(crowded.metric, "fair_gateway_over_share_total", resource="memory") > 0
    stop.set()
    await attack
    told = [line for line in crowded.said().splitlines() if "over its share" in line and "resource=memory" in line]
    assert len(told) == 1
    assert f"terminal={BOOTH.terminal_id}" in told[0]


def test_a_compressed_body_is_charged_as_unpacked_and_fits_when_it_is_alone(crowded: GatewayProcess) -> None:
    body = gzip.compress(json.dumps([event(OTHER_BOOTH), event(OTHER_BOOTH)]).encode().ljust(BODY_MAX_BYTES))

    def status() -> int:
        return crowded.post(body, OTHER_BOOTH, headers={"content-encoding": "gzip"}).status

    assert status() == 202
    target = Target(crowded.port, crowded.paired.of(OTHER_BOOTH), OTHER_BOOTH)
    with socket.create_connection((HOST, crowded.port)) as stalled:
        stalled.sendall(target.head(BODY_MAX_BYTES) + bytes(BODY_MAX_BYTES // 2))
        eventually(lambda: status() == 429, "both together are over the share")
    eventually(lambda: status() == 202, "the other one is gone")


def test_one_nat_with_three_hundred_terminals_gets_in_where_there_is_room_for_a_hundred(
    crowded: GatewayProcess,
) -> None:
    """All connect before any of them posts, keep their connections, and never try again."""
    fleet = [Terminal(f"nat-{number}", FAIR_ID, PlaceKind.BOOTH, "h1-001") for number in range(300)]
    for one in fleet:
        crowded.paired.enrol(one)
    eventually(lambda: crowded.metric("fair_gateway_keys") >= len(fleet), "the registry was read again")
    lines = [http.client.HTTPConnection(HOST, crowded.port, timeout=60) for _ in fleet]

    def post(number: int) -> int:
        body = json.dumps(event(fleet[number]))
        head = {"authorization": f"Bearer {crowded.paired.of(fleet[number])}", "content-type": "application/json"}
        lines[number].request("POST", "/v1/events", body, head)
        answer = lines[number].getresponse()
        answer.read()
        return answer.status

    try:
        for line in lines:
            line.connect()
        with ThreadPoolExecutor(50) as threads:
            assert list(threads.map(post, range(300))) == [202] * 300
    finally:
        for line in lines:
            line.close()

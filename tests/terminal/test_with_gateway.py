"""Terminal, gateway and Kafka together: events that terminals call sent are in the topics, once for each action."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from producers.play.fleet import HttpSink, terminals_of
from producers.play.simulator.emission import BadRecord
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from producers.terminal.deal_form import DealForm
from producers.terminal.line import Line
from producers.terminal.link import Link
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool
from producers.terminal.terminal import BoothTerminal
from schemas.codes import InteractionKind
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, GatewayProcess, Paired
from tests.support.terminals import BADGE, FAIR, pair
from tests.support.workers import read_back

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def kafka() -> Iterator[LocalKafka]:
    with LocalKafka.start() as running:
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=running.bootstrap_servers, partitions=4)))
        yield running


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Paired:
    registry = Paired(tmp_path_factory.mktemp("registry") / "terminals.sqlite")
    for terminal in (BOOTH, *terminals_of(FAIR)):
        registry.enrol(terminal)
    return registry


@pytest.fixture(scope="module")
def gateway(kafka: LocalKafka, enrolled: Paired, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    log = tmp_path_factory.mktemp("gateway") / "gateway.log"
    process = GatewayProcess(kafka.bootstrap_servers, enrolled, log).start()
    yield process
    if process.runs:
        process.stop()


async def stored(kafka: LocalKafka) -> Counter[str]:
    """Return how often each event is in Kafka, by terminal and id."""
    found: Counter[str] = Counter()
    for topic in EVENT_TOPICS:
        for _, _, _, _, value in await asyncio.to_thread(read_back, kafka.bootstrap_servers, topic.name):
            event = json.loads(value or b"{}")
            found[f"{event['terminal_id']} {event['event_id']}"] += 1
    return found


async def drained(terminal: BoothTerminal, gateway: GatewayProcess, enrolled: Paired, **options: object) -> Sender:
    async with Link(f"http://127.0.0.1:{gateway.port}") as link:
        sender = Sender(terminal.spool, link, lambda: enrolled.of(BOOTH), **options)  # type: ignore[arg-type]
        await sender.drain()
        return sender


@pytest.fixture
def terminal(folder: Path, gateway: GatewayProcess, enrolled: Paired) -> Iterator[BoothTerminal]:
    server = f"http://127.0.0.1:{gateway.port}"
    pair(folder, server, enrolled.of(BOOTH), terminal_id=BOOTH.terminal_id, source=BOOTH.source)
    made = BoothTerminal(Spool(folder))
    yield made
    made.spool.close()


async def test_all_three_kinds_of_events_are_accepted_as_the_terminal_makes_them(
    terminal: BoothTerminal, gateway: GatewayProcess, enrolled: Paired, kafka: LocalKafka
) -> None:
    saved = [
        terminal.scan(BADGE),
        terminal.scan(None),
        terminal.interact("x-e1", InteractionKind.LEAD_CAPTURED, badge=BADGE),
        terminal.deal(DealForm(partner="ACME", country="JP", amount="10.50", currency="EUR")),
    ]
    sender = await drained(terminal, gateway, enrolled)
    assert sender.status.line is Line.ONLINE
    assert (terminal.spool.totals().accepted, terminal.spool.totals().rejected) == (4, 0)
    there = await stored(kafka)
    assert [there[f"{BOOTH.terminal_id} {one.event_id}"] for one in saved] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "clock_ms", [0, 1_761_380_000_000 + 86_400_000, 5_680_281_600_000], ids=["1970", "day", "2150"]
)
async def test_a_scan_is_not_refused_for_a_wrong_clock(
    terminal: BoothTerminal, gateway: GatewayProcess, enrolled: Paired, kafka: LocalKafka, clock_ms: int
) -> None:
    wrong = BoothTerminal(terminal.spool, clock=lambda: clock_ms)
    saved = wrong.scan(BADGE)
    await drained(terminal, gateway, enrolled, clock=lambda: clock_ms + 1_000)
    assert terminal.spool.totals().accepted == 1
    assert (await stored(kafka))[f"{BOOTH.terminal_id} {saved.event_id}"] == 1


async def test_a_reused_id_with_other_content_goes_to_the_drawer_and_the_first_one_counts(
    terminal: BoothTerminal, gateway: GatewayProcess, enrolled: Paired, folder: Path
) -> None:
    saved = terminal.scan(BADGE)
    await drained(terminal, gateway, enrolled)
    terminal.spool.save(
        saved.event_id, "scan", 0, lambda _: json.dumps(
            {
                "specversion": "1.0", "id": saved.event_id, "source": BOOTH.source, "type": "fair.visitor.scanned.v1",
                "time": "2025-10-25T08:00:00Z", "data": {"scan_kind": "booth", "badge_role": "media"},
            }
        ).encode(), once=False,
    )  # fmt: skip
    await drained(terminal, gateway, enrolled)
    ((_, _, _, _, reason, _, _),) = terminal.spool.rows(1, 10)
    assert reason == "event_id_conflict"


async def test_a_gateway_that_is_killed_in_the_middle_loses_nothing(
    tmp_path: Path, gateway: GatewayProcess, enrolled: Paired, kafka: LocalKafka
) -> None:
    stream = [
        one
        for one in islice(emissions(FAIR, scenario_named("fair_day"), seed=5), 3_000)
        if not isinstance(one.fact, BadRecord) and b'"fair.deal.' not in one.value
    ]
    tokens = {one: enrolled.of(one) for one in terminals_of(FAIR)}
    sink = HttpSink(f"http://127.0.0.1:{gateway.port}", tokens, tmp_path)
    async with sink:
        for number, one in enumerate(stream):
            await sink.send(one)
            if number in (500, 1_500):
                gateway.kill()
                await asyncio.to_thread(gateway.start)
    assert (sink.acknowledged, sink.rejected, sink.left_out) == (len(stream), 0, 0)
    ids = {f"{json.loads(one.value)['terminal_id']} {one.event_id}" for one in stream}
    assert ids <= (await stored(kafka)).keys()

"""Bad networks, between terminal and gateway or between gateway and Kafka: what terminals saved arrives."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest

from producers.play.fleet import HttpSink, terminals_of
from producers.play.simulator.emission import BadRecord, Emission
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from schemas.ports import HOST, free_port
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.gateway import GatewayProcess, Paired
from tests.support.proxy import Mood, Proxy
from tests.support.terminals import FAIR
from tests.support.workers import read_back

pytestmark = [
    pytest.mark.broker,
    pytest.mark.timeout(400),
    # Connections that the proxy has broken are closed by the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

EACH_S = 3.0
"""How long each mood lasts: what is tested is the time after it, not this."""
MOODS = {
    "slow": Mood(latency_s=0.8),
    "cut": Mood(cut_after=1_500),
    "swallowed": Mood(swallow=True),
    "silent": Mood(silent=True),
}


class Line:
    """Terminals, a gateway and Kafka, with a proxy between two of them."""

    def __init__(self, stack: ExitStack, home: Path, where: str) -> None:
        port = free_port()
        self.proxy = Proxy(port, port=free_port({port}))
        between = {"advertised.listeners": f"PLAINTEXT://{HOST}:{self.proxy.port}"} if where == "kafka" else {}
        if where == "kafka":
            stack.enter_context(self.proxy)
        self.kafka = stack.enter_context(LocalKafka.start(port=port if where == "kafka" else None, properties=between))
        servers = f"{HOST}:{self.proxy.port}" if where == "kafka" else self.kafka.bootstrap_servers
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=servers, partitions=4)))
        self.servers = servers
        self.enrolled = Paired(home / "terminals.sqlite")
        for terminal in terminals_of(FAIR):
            self.enrolled.enrol(terminal)
        self.gateway = GatewayProcess(servers, self.enrolled, home / "gateway.log").start()
        stack.callback(self.gateway.stop)
        self.address = f"http://{HOST}:{self.gateway.port}"
        if where == "wifi":
            self.proxy = stack.enter_context(Proxy(self.gateway.port))
            self.address = f"http://{HOST}:{self.proxy.port}"

    def stored(self) -> dict[str, int]:
        """Return how often each event is in Kafka."""
        found: dict[str, int] = {}
        for topic in EVENT_TOPICS:
            for *_, value in read_back(self.servers, topic.name):
                event_id = json.loads(value or b"{}")["event_id"]
                found[event_id] = found.get(event_id, 0) + 1
        return found


@pytest.fixture(params=["wifi", "kafka"])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Line]:
    with ExitStack() as stack:
        yield Line(stack, tmp_path, request.param)


def scans(count: int) -> list[Emission]:
    stream = islice(emissions(FAIR, scenario_named("fair_day"), seed=6), count)
    return [one for one in stream if not isinstance(one.fact, BadRecord) and b'"fair.deal.' not in one.value]


def test_whatever_the_network_does_every_saved_event_arrives(line: Line, tmp_path: Path) -> None:
    stream = scans(1_200)
    share = len(stream) // (len(MOODS) + 1)

    async def play() -> HttpSink:
        tokens = {one: line.enrolled.of(one) for one in terminals_of(FAIR)}
        sink = HttpSink(line.address, tokens, tmp_path / "spools", patience_s=180)
        async with sink:
            for number, mood in enumerate(MOODS.values()):
                await asyncio.to_thread(line.proxy.be, mood)
                for one in stream[number * share : (number + 1) * share]:
                    await sink.send(one)
                await asyncio.sleep(EACH_S)
            await asyncio.to_thread(line.proxy.reset)
            await asyncio.to_thread(line.proxy.heal)
            for one in stream[len(MOODS) * share :]:
                await sink.send(one)
        return sink

    sink = asyncio.run(play())
    assert (sink.acknowledged, sink.rejected, sink.left_out) == (len(stream), 0, 0)
    assert set(sink.statuses) <= {0, 202, 408, 503}
    assert line.proxy.done["delayed"] > 0
    assert line.proxy.done["cut"] > 0
    assert line.proxy.done["swallowed"] > 0
    stored = line.stored()
    assert {one.event_id for one in stream} <= stored.keys()
    assert "Traceback" not in line.gateway.said()

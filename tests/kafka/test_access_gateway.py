"""A gateway accepts no events that it may no longer write to Kafka."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from producers.topics import TopicInspector
from schemas.cures import JUDGE
from schemas.topics import ALL_TOPICS, EVENT_TOPICS, TERMINALS
from streams.kafka.cluster import Cluster
from streams.kafka.connections import admin
from streams.kafka.exporter import topic_findings
from streams.kafka.principals import ADMIN, Rule
from streams.local.kafka import LocalKafka
from tests.support.access import RULES, rules_of, run, settings_of, variables, without
from tests.support.gateway import GatewayProcess, Paired, event
from tests.support.workers import eventually

pytestmark = pytest.mark.broker
GATEWAY = "fairpulse-gateway"
SCANS = Rule(GATEWAY, "Topic", "fair.scans", prefixed=False, operation="Write")
COUNTED = [topic for topic in ALL_TOPICS if topic is not TERMINALS]
"""The topics whose number of partitions the settings say."""
DENIED = f"Kafka denies {GATEWAY} Write on topic fair.scans"


@pytest.fixture
def gateway(guarded: LocalKafka, paired: Paired, tmp_path: Path) -> Iterator[GatewayProcess]:
    process = GatewayProcess(
        guarded.bootstrap_servers, paired, tmp_path / "gateway.log", variables(guarded, GATEWAY)
    ).start()
    yield process
    assert process.stop() == 0, process.said()
    assert "Traceback" not in process.said()


def test_a_gateway_that_may_no_longer_write_says_so_takes_nothing_and_comes_back_by_itself(
    guarded: LocalKafka, gateway: GatewayProcess
) -> None:
    assert SCANS in RULES
    assert gateway.post(event()).status == 202
    kept = event()
    with without(guarded, [SCANS]):
        eventually(lambda: gateway.post(kept).status == 503, "a post is refused")
        for _ in range(20):
            answer = gateway.post(kept)
            assert (answer.status, "retry-after" in answer.headers) == (503, True), answer
        assert gateway.get("/readyz")[0] == 503
        assert f"MISSING  {SCANS.text()}" in run(guarded, ADMIN, "acls", "--check", code=1)
        assert gateway.post(kept).status == 503
    eventually(lambda: gateway.post(kept).status == 202, "a post is accepted again")
    eventually(lambda: gateway.get("/readyz")[0] == 200, "the gateway is ready again")
    lines = [line for line in gateway.said().splitlines() if DENIED in line]
    assert len(lines) == 1, gateway.said()
    assert "fairpulse acls --apply" in lines[0]


def test_a_gateway_to_which_nobody_posts_notices_too(guarded: LocalKafka, gateway: GatewayProcess) -> None:
    with without(guarded, [SCANS]):
        eventually(lambda: gateway.get("/readyz")[0] == 503, "the gateway is not ready")
        eventually(lambda: DENIED in gateway.said(), "the log names the right")
    eventually(lambda: gateway.get("/readyz")[0] == 200, "the gateway is ready again")


async def test_without_the_right_to_see_settings_partitions_are_checked_all_the_same(guarded: LocalKafka) -> None:
    kafka = settings_of(guarded, "fairpulse-simulator")
    inspector = TopicInspector(kafka)
    assert await inspector.look(EVENT_TOPICS) == []
    assert "fairpulse-simulator DescribeConfigs on topic fair." in str(inspector.denied)
    assert "`fairpulse acls --apply`" in str(inspector.denied)
    await inspector.close()
    other = TopicInspector(kafka.model_copy(update={"partitions": kafka.partitions + 1}))
    assert {(one.setting, one.cure) for one in await other.look(EVENT_TOPICS)} == {("partitions", JUDGE)}
    await other.close()


def test_the_exporter_shows_numbers_of_partitions_also_without_the_right_to_see_settings(guarded: LocalKafka) -> None:
    user = "fairpulse-kafka-exporter"
    kafka = settings_of(guarded, user)
    other = kafka.model_copy(update={"partitions": kafka.partitions + 1})
    told: set[str] = set()

    async def looked() -> set[tuple[str, str]]:
        async with admin(other) as client:
            return {(one.topic, one.setting) for one in await topic_findings(client, other, Cluster((), (), 0.0), told)}

    with without(guarded, rules_of(user, "Topic", "DescribeConfigs")):
        eventually(lambda: bool(asyncio.run(looked())) and bool(told), "the right is gone")
        assert asyncio.run(looked()) == {(topic.name, "partitions") for topic in COUNTED}
        denied = sorted(told)
        assert denied
        assert all("DescribeConfigs on topic fair." in one for one in denied)
    eventually(lambda: len(asyncio.run(looked())) == len(COUNTED), "the right is back")
    assert sorted(told) == denied, "each is told once"

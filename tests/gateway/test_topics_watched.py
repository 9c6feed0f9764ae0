"""While a topic is not as declared, a gateway takes no event; once it is corrected, it takes them again by itself."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from aiokafka.admin import NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from prometheus_client import generate_latest

from producers.gateway import supervisor, topic_watch
from producers.gateway.internal import internal_app
from producers.gateway.topic_watch import TopicWatch
from schemas.cures import CORRECT, CORRECT_COMPACTED, CREATE, JUDGE
from schemas.kafka_topics import look_at_topics
from schemas.partitioning import partition_of
from schemas.settings import KafkaSettings
from schemas.times import wall_ms
from schemas.topics import DEALS, INTERACTIONS, RECORDED_TOPICS, REJECTED, SCANS, Topic, key_of
from schemas.wire import decode_strict
from streams.kafka.topics import admin, ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.gateway import Paired, event
from tests.support.gateway_app import GatewayApp, gateway_app
from tests.support.workers import read_back

pytestmark = pytest.mark.broker

PARTITIONS = 4

Change = Callable[[KafkaSettings, Topic], Awaitable[None]]


@pytest.fixture(scope="module")
def local() -> Iterator[LocalKafka]:
    """A Kafka whose topics the tests of this file change and correct."""
    with LocalKafka.start() as kafka:
        asyncio.run(ensure_topics(settings_of(kafka)))
        yield kafka


def settings_of(kafka: LocalKafka) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=PARTITIONS)


def more_partitions(count: int) -> Change:
    async def change(kafka: KafkaSettings, topic: Topic) -> None:
        async with admin(kafka) as client:
            await client.create_partitions({topic.name: NewPartitions(count)})

    return change


def made_with(count: int) -> Change:
    async def change(kafka: KafkaSettings, topic: Topic) -> None:
        await deleted(kafka, topic)
        await ensure_topics(kafka.model_copy(update={"partitions": count}), (topic,))

    return change


async def deleted(kafka: KafkaSettings, topic: Topic) -> None:
    async with admin(kafka) as client:
        await client.delete_topics([topic.name])
        while topic.name in await client.list_topics():
            await asyncio.sleep(0.05)


def set_to(name: str, value: str) -> Change:
    async def change(kafka: KafkaSettings, topic: Topic) -> None:
        settings = {**topic.config(), name: value}
        async with admin(kafka) as client:
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, settings)])

    return change


async def corrected(kafka: KafkaSettings, topic: Topic) -> None:
    await set_to("cleanup.policy", "delete")(kafka, topic)


async def made_anew(kafka: KafkaSettings, topic: Topic) -> None:
    await made_with(PARTITIONS)(kafka, topic)


async def created(kafka: KafkaSettings, topic: Topic) -> None:
    await ensure_topics(kafka, (topic,))


@dataclass(frozen=True)
class Fault:
    """A change that nobody should make, what the gateway says of it, and its cure."""

    topic: Topic
    change: Change
    setting: str
    says: str
    correct: Change = corrected
    cure: str = CORRECT


def beside(count: int, topic: Topic) -> Fault:
    says = f"topic {topic.name} has {count} partitions, not {PARTITIONS}; {JUDGE}"
    change = more_partitions(count) if count > PARTITIONS else made_with(count)
    return Fault(topic, change, "partitions", says, made_anew, JUDGE)


def wrongly(topic: Topic, name: str, value: str, cure: str = CORRECT) -> Fault:
    says = f"topic {topic.name} has {name}={value}, not {topic.config()[name]}; {cure}"
    return Fault(topic, set_to(name, value), name, says, cure=cure)


FAULTS = {
    "partitions added to scans": beside(6, SCANS),
    "partitions added to interactions": beside(6, INTERACTIONS),
    "partitions added to deals": beside(6, DEALS),
    "scans made anew with fewer": beside(2, SCANS),
    "scans made anew with more": Fault(
        SCANS, made_with(12), "partitions", f"topic fair.scans has 12 partitions, not 4; {JUDGE}", made_anew, JUDGE
    ),
    "dead letters made anew with fewer": Fault(
        REJECTED,
        made_with(2),
        "partitions",
        f"topic fair.rejected has 2 partitions, fewer than 4; {CREATE}",
        more_partitions(PARTITIONS),
        CREATE,
    ),
    "deals deleted": Fault(DEALS, deleted, "missing", f"topic fair.deals does not exist; {CREATE}", created, CREATE),
    "compacted": wrongly(DEALS, "cleanup.policy", "compact", CORRECT_COMPACTED),
    "kept for a minute": wrongly(SCANS, "retention.ms", "60000"),
    "kept to a size": wrongly(SCANS, "retention.bytes", "1000000"),
    "times of producers": wrongly(INTERACTIONS, "message.timestamp.type", "CreateTime"),
    "small records only": wrongly(SCANS, "max.message.bytes", "1000"),
    "dead letters compacted": wrongly(REJECTED, "cleanup.policy", "compact"),
}


@dataclass
class Running:
    """A gateway that watches its topics; `stored` are the ids that it has acknowledged."""

    app: GatewayApp
    internal: httpx.AsyncClient
    stored: set[str] = field(default_factory=set)

    async def post(self) -> tuple[int, str]:
        """Post a scan; return status and code."""
        one = event()
        answer = await self.app.post(one)
        if answer.status_code == 202:
            self.stored.add(one["id"])
            return 202, ""
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["outcome"] == "not_stored" or answer.json()["code"] == "kafka_timeout"
        return answer.status_code, answer.json()["code"]

    async def until(self, status: int, code: str) -> None:
        async with asyncio.timeout(30):
            while (await self.post()) != (status, code):
                await asyncio.sleep(0.05)

    async def until_said(self, line: str) -> None:
        """Wait until /readyz is 503 and has a line: a topic that is being made anew is missing for a moment."""
        async with asyncio.timeout(30):
            while (said := await self.readiness())[0] != 503 or f"{line}\n" not in said[1]:
                await asyncio.sleep(0.05)

    async def readiness(self) -> tuple[int, str]:
        answer = await self.internal.get("/readyz")
        return answer.status_code, answer.text

    async def until_ready(self) -> None:
        await self.until(202, "")
        assert await self.readiness() == (200, "ready\n")

    def findings(self) -> list[str]:
        text = generate_latest(self.app.gateway.metrics.registry).decode()
        return [line for line in text.splitlines() if line.startswith("fair_topic_findings{")]


@asynccontextmanager
async def running(paired: Paired, kafka: KafkaSettings, *, watched: bool = True) -> AsyncIterator[Running]:
    async with gateway_app(paired, kafka=kafka) as app:
        transport = httpx.ASGITransport(app=internal_app(app.gateway))
        async with httpx.AsyncClient(transport=transport, base_url="http://internal") as internal:
            app.gateway.supervisor.start()
            tasks = [asyncio.create_task(app.gateway.doorkeeper.watch())]
            if watched:
                tasks.append(asyncio.create_task(app.gateway.topics.watch()))
            try:
                yield Running(app, internal)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await app.gateway.supervisor.stop()


@pytest.fixture(autouse=True)
def as_declared(local: LocalKafka) -> Iterator[None]:
    """After a test that ended early, put the topics right: the tests behind it would fail as well."""
    yield
    asyncio.run(put_right(settings_of(local)))


async def put_right(kafka: KafkaSettings) -> None:
    async with admin(kafka) as client:
        wrong = {one.topic for one in await look_at_topics(client, kafka, RECORDED_TOPICS)}
    for topic in RECORDED_TOPICS:
        if topic.name in wrong:
            await made_anew(kafka, topic)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look as often as a test can wait for."""
    monkeypatch.setattr(topic_watch, "LOOK_S", 0.2)
    monkeypatch.setattr(topic_watch, "WRONG_S", 0.2)


def places(kafka: KafkaSettings) -> dict[str, tuple[int, bytes]]:
    """Return partition and value of each scan in Kafka, by its id."""
    read = ((partition, value) for _, partition, _, _, value in read_back(kafka, SCANS.name) if value)
    return {decode_strict(value).event_id: (partition, value) for partition, value in read}


async def must_be_in_place(kafka: KafkaSettings, stored: set[str]) -> None:
    """Fail if an acknowledged scan is not in Kafka, or not in the partition of its key among the declared ones."""
    found = await asyncio.to_thread(places, kafka)
    assert stored <= found.keys()
    for one in stored:
        partition, value = found[one]
        assert partition == partition_of(key_of(decode_strict(value)), PARTITIONS)


@pytest.mark.parametrize("name", FAULTS)
async def test_while_a_topic_is_wrong_no_event_is_taken_and_the_cure_helps(
    local: LocalKafka, paired: Paired, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "producers")
    kafka, fault = settings_of(local), FAULTS[name]
    metric = f'fair_topic_findings{{setting="{fault.setting}",severity="wrong",topic="{fault.topic.name}"}} 1.0'
    async with running(paired, kafka) as before:
        await before.until_ready()
        await fault.change(kafka, fault.topic)
        await before.until(503, "topics_wrong")
        async with running(paired, kafka) as after:
            await after.until(503, "topics_wrong")
            for one in (before, after):
                await one.until_said(fault.says)
                assert metric in one.findings()
            assert fault.says.endswith(fault.cure)
            told = [line for line in caplog.messages if line.startswith("no event is taken while a topic is wrong")]
            gone = f"topic {fault.topic.name} does not exist"  # for a moment, while it is being made anew
            assert (
                len({line for line in told if fault.topic.name in line and (gone in fault.says or gone not in line)})
                == 1
            )
            assert not after.stored
            if fault.correct is made_anew and fault.topic is SCANS:
                if name.startswith("partitions added"):
                    await must_be_in_place(kafka, before.stored)
                before.stored.clear()  # this cure deletes them; `fairpulse record` and `replay` would bring them back
            await fault.correct(kafka, fault.topic)
            for one in (before, after):
                await one.until_ready()
                assert not one.findings()
            await must_be_in_place(kafka, before.stored | after.stored)
    assert any(line.startswith("the topics are right again") for line in caplog.messages)


async def test_between_two_looks_a_delivery_notices_another_number_of_partitions_itself(
    local: LocalKafka, paired: Paired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "METADATA_S", 0.2)
    kafka = settings_of(local)
    async with running(paired, kafka, watched=False) as gateway:
        await gateway.until(202, "")
        await more_partitions(PARTITIONS + 1)(kafka, SCANS)
        await gateway.until(503, "topics_wrong")
        assert gateway.app.gateway.topics.wrong is None
        await must_be_in_place(kafka, gateway.stored)
    await made_anew(kafka, SCANS)


async def test_dead_letters_may_have_more_partitions(local: LocalKafka, paired: Paired) -> None:
    kafka = settings_of(local)
    await more_partitions(PARTITIONS + 2)(kafka, REJECTED)
    async with running(paired, kafka) as gateway:
        await gateway.until_ready()
        assert (await gateway.app.post(event(data={}))).status_code == 422
        assert not gateway.findings()
    await made_anew(kafka, REJECTED)


async def test_a_risk_is_told_and_events_are_taken(
    local: LocalKafka, paired: Paired, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "producers")
    kafka = settings_of(local).model_copy(update={"replication_factor": 3})
    async with running(paired, kafka) as gateway:
        await gateway.until_ready()
        findings = {f'setting="copies",severity="risk",topic="{topic.name}"' for topic in RECORDED_TOPICS}
        assert {line.partition("{")[2].partition("}")[0] for line in gateway.findings()} == findings
        shown = gateway.app.gateway.metrics.registry.get_sample_value("fair_topics_checked_timestamp_seconds")
        assert shown == gateway.app.gateway.topics.checked_at
        assert shown == pytest.approx(wall_ms() / 1_000, abs=60)
    told = [line for line in caplog.messages if line.startswith("a topic is at risk")]
    assert len(told) == len(set(told)) == len(findings)


async def test_a_look_that_kafka_does_not_answer_changes_nothing(
    local: LocalKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = settings_of(local)
    watch, never = TopicWatch(kafka), TopicWatch(kafka)
    await set_to("retention.ms", "60000")(kafka, SCANS)
    assert await watch.look()
    before, checked_at = watch.findings, watch.checked_at
    assert before[0].setting == "retention.ms"
    local.pause()
    try:
        with monkeypatch.context() as patched:
            patched.setattr("producers.topics.ANSWER_S", 0.5)
            async with asyncio.timeout(30):
                assert await watch.look()
                assert not await never.look()
    finally:
        local.resume()
    assert watch.findings == before
    assert watch.checked_at == checked_at
    assert never.checked_at is None
    await corrected(kafka, SCANS)
    assert await watch.look()
    assert not watch.findings
    await watch.close()
    await never.close()

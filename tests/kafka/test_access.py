"""In a Kafka with passwords and access rules, a principal can use its own rights and no others."""

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from schemas.errors import Refused
from schemas.kafka_access import client_arguments
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS
from streams.kafka.cluster import look
from streams.kafka.principals import ADMIN
from streams.kafka.topics import admin, ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.access import rules_of, run, without

pytestmark = pytest.mark.broker


def test_rules_are_granted_once_and_nothing_is_missing_or_too_much(guarded: LocalKafka) -> None:
    assert "granted: 0 of" in run(guarded, ADMIN, "acls", "--apply")
    assert " 0 missing, 0 too many" in run(guarded, ADMIN, "acls", "--check")


async def test_the_exporter_sees_every_partition_of_ours_and_of_kafkas_groups_and_reads_none(
    guarded: LocalKafka,
) -> None:
    settings = guarded.settings("fairpulse-kafka-exporter")
    async with admin(settings) as client, AIOKafkaConsumer(**client_arguments(settings)) as consumer:
        seen = (await look(client, consumer)).partitions
        names = {topic.name for topic in ALL_TOPICS}
        assert names <= {one.topic for one in seen}
        assert all(one.current is not None for one in seen)
        consumer.assign([TopicPartition("fair.scans", 0)])
        consumer.seek(TopicPartition("fair.scans", 0), 0)
        with pytest.raises(TopicAuthorizationFailedError):
            await consumer.getmany(timeout_ms=10_000)


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("gateway", "fairpulse-small-x"),
        ("worker", "fair.scans"),
        ("audit", "fair.scans"),
        ("topics", "fair.scans"),
        ("record", "fair.rejected"),
        ("simulator", "fair.rejected"),
    ],
)
async def test_a_principal_cannot_write_topics_that_are_not_its_own(guarded: LocalKafka, user: str, topic: str) -> None:
    producer = AIOKafkaProducer(**client_arguments(guarded.settings(f"fairpulse-{user}")))
    await producer.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"x")
    finally:
        await producer.stop()


@pytest.mark.parametrize("user", ["gateway", "simulator", "kafka-exporter"])
async def test_those_that_only_write_or_describe_events_cannot_read_them(guarded: LocalKafka, user: str) -> None:
    consumer = AIOKafkaConsumer(**client_arguments(guarded.settings(f"fairpulse-{user}")), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition("fair.scans", 0)])
        consumer.seek(TopicPartition("fair.scans", 0), 0)
        with pytest.raises(TopicAuthorizationFailedError):
            await consumer.getmany(timeout_ms=10_000)
    finally:
        await consumer.stop()


async def test_a_wrong_password_an_unknown_user_and_nobody_are_refused_in_one_line(guarded: LocalKafka) -> None:
    good = guarded.settings(ADMIN)
    wrong = KafkaSettings(
        bootstrap_servers=good.bootstrap_servers,
        security_protocol="SASL_PLAINTEXT",
        sasl_username=ADMIN,
        sasl_password="wrong",  # type: ignore[arg-type]
    )
    nobody = wrong.model_copy(update={"sasl_username": "nobody"})
    for who in (wrong, nobody):
        with pytest.raises(Refused, match=f"refused the name or password of {who.principal}"):
            async with admin(who):
                pass
    with pytest.raises(Refused, match="ANONYMOUS"):
        async with admin(KafkaSettings(bootstrap_servers=good.bootstrap_servers)):
            pass


async def test_a_missing_right_is_named_with_the_remedy(guarded: LocalKafka) -> None:
    with pytest.raises(Refused, match=r"denies fairpulse-audit .*fair\.\S+ .*fairpulse acls --apply"):
        await ensure_topics(guarded.settings("fairpulse-audit"))


def test_a_worker_that_may_not_be_in_its_group_says_so_and_does_not_start(guarded: LocalKafka) -> None:
    with without(guarded, rules_of("fairpulse-worker", "Group", "Read")):
        said = run(guarded, "fairpulse-worker", "worker", "--port", "0", code=1)
        assert "denies fairpulse-worker Read on group" in said
        assert "MISSING  fairpulse-worker Read on group" in run(guarded, ADMIN, "acls", "--check", code=1)

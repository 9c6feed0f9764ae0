"""Topics and keys: what a record's key is decides where its badge or deal is counted, for the life of a fair."""

from datetime import timedelta
from typing import get_args

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2

from schemas.events import DealEvent, Event, ExhibitInteraction, VisitorScan
from schemas.topics import (
    ALL_TOPICS,
    DEALS,
    EVENT_TOPICS,
    INTERACTIONS,
    PARTITIONS,
    RECORD_MAX_BYTES,
    REJECTED,
    SCANS,
    Topic,
    journal_topic,
    key_of,
    topic_of,
)
from tests.support.builders import amended, cancelled, deal, scan, touch

# Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2
KAFKA_MURMUR2 = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}

WRAPPING = 4_096
"""Bytes that a dead letter may add to the record it wraps: reason, place, headers."""


def partition_of(key: bytes) -> int:
    partition: int = DefaultPartitioner()(key, list(range(8)), list(range(8)))
    return partition


@pytest.mark.parametrize(("key", "signed"), KAFKA_MURMUR2.items())
def test_our_client_hashes_a_key_as_apache_kafka_does(key: bytes, signed: int) -> None:
    assert murmur2(key) & 0xFFFF_FFFF == signed & 0xFFFF_FFFF


@pytest.mark.parametrize(("key", "signed"), KAFKA_MURMUR2.items())
def test_a_key_lies_in_the_partition_that_apache_kafka_chooses(key: bytes, signed: int) -> None:
    assert partition_of(key) == (signed & 0x7FFF_FFFF) % 8


def test_the_partitions_of_real_keys_are_pinned_for_the_life_of_a_fair() -> None:
    keys = [b"0123456789abcdef0123456789abcdef", b"deal-1", b"terminal-1", b"g1-lane-2"]
    assert [partition_of(key) for key in keys] == [1, 0, 2, 2]


def test_events_are_keyed_by_badge_or_deal_and_without_a_badge_by_terminal() -> None:
    badge = "ab" * 16
    assert key_of(scan(badge, terminal="t-1")) == badge.encode()
    assert key_of(scan(None, kind="booth", terminal="t-1")) == b"t-1"
    assert key_of(touch(badge, terminal="t-1")) == badge.encode()
    assert key_of(touch(None, terminal="t-1")) == b"t-1"
    assert key_of(deal("d-1", terminal="t-1")) == b"d-1"
    assert key_of(amended("d-1", revision=2)) == b"d-1"
    assert key_of(cancelled("d-1", revision=3)) == b"d-1"


def test_all_revisions_of_a_deal_meet_in_one_partition() -> None:
    history: list[Event] = [deal("d-1"), amended("d-1", revision=2), cancelled("d-1", revision=3)]
    assert len({(topic_of(event).name, partition_of(key_of(event))) for event in history}) == 1


def test_a_badge_lies_in_the_same_partition_of_both_topics_it_appears_in() -> None:
    assert key_of(scan("ada")) == key_of(touch("ada"))


def test_every_event_type_has_exactly_one_topic() -> None:
    built: list[Event] = [scan("ada"), touch("ada"), deal("d-1"), amended("d-1"), cancelled("d-1")]
    assert {type(event) for event in built} == {VisitorScan, ExhibitInteraction, *get_args(DealEvent)}
    assert {type(event) for event in built} == set(get_args(Event))
    assert [topic_of(event) for event in built] == [SCANS, INTERACTIONS, DEALS, DEALS, DEALS]


def test_topic_names_are_unique_and_ours() -> None:
    names = [topic.name for topic in ALL_TOPICS]
    assert len(set(names)) == len(names)
    assert all(name.startswith("fair.") for name in names)
    assert REJECTED not in EVENT_TOPICS


@pytest.mark.parametrize("topic", [*ALL_TOPICS, journal_topic("group-journal-changelog")], ids=lambda t: t.name)
def test_every_topic_says_what_it_is_for_who_writes_and_who_reads(topic: Topic) -> None:
    assert topic.description.endswith(".")
    assert topic.key
    assert topic.producers
    assert topic.consumers


@pytest.mark.parametrize("topic", [*ALL_TOPICS, journal_topic("group-journal-changelog")], ids=lambda t: t.name)
def test_no_topic_loses_records_by_their_own_time_by_size_or_by_compaction(topic: Topic) -> None:
    config = topic.config()
    assert config["message.timestamp.type"] == "LogAppendTime"
    assert config["cleanup.policy"] == "delete"
    assert config["retention.bytes"] == "-1"


@pytest.mark.parametrize("topic", ALL_TOPICS, ids=lambda t: t.name)
def test_events_outlive_the_fair_by_thirty_days(topic: Topic) -> None:
    assert topic.retention is not None
    assert topic.retention >= timedelta(days=35)
    assert int(topic.config()["retention.ms"]) == topic.retention // timedelta(milliseconds=1)


def test_the_journal_is_kept_for_ever() -> None:
    journal = journal_topic("group-journal-changelog")
    assert journal.name == "group-journal-changelog"
    assert journal.config()["retention.ms"] == "-1"


def test_an_event_topic_takes_the_largest_event() -> None:
    for topic in EVENT_TOPICS:
        assert int(topic.config()["max.message.bytes"]) > RECORD_MAX_BYTES + WRAPPING


def test_the_dead_letters_take_whatever_an_event_topic_took_in_base64_with_its_wrapping() -> None:
    largest = max(topic.max_message_bytes for topic in EVENT_TOPICS)
    in_base64 = (largest + 2) // 3 * 4
    assert int(REJECTED.config()["max.message.bytes"]) >= in_base64 + WRAPPING


def test_the_default_partition_count_is_not_changed_by_accident() -> None:
    assert PARTITIONS == 8

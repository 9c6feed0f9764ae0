"""A badge's events share one partition, whichever client wrote them; a dead letter goes beside the refused record."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Event, type_of
from schemas.partitioning import murmur2, partition_of
from schemas.topics import (
    ALL_TOPICS,
    EVENT_CLASSES,
    EVENT_TOPICS,
    REJECTED,
    Topic,
    journal_topic,
    key_of,
    named_key,
    partitioner_of,
    topic_of,
)
from schemas.wire import decode_strict
from tests.support.builders import KAFKAS_HASHES
from tests.support.examples import example


@pytest.mark.parametrize(("text", "number"), KAFKAS_HASHES)
def test_it_is_the_hash_of_kafkas_own_tests(text: str, number: int) -> None:
    assert murmur2(text.encode()) == number % 2**32


@given(st.binary(max_size=80), st.integers(1, 100))
def test_every_key_goes_where_the_other_producers_send_it(key: bytes, partitions: int) -> None:
    numbers = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, numbers, numbers)


@pytest.mark.parametrize("kind", EVENT_CLASSES, ids=type_of)
@pytest.mark.parametrize("name", ["minimal", "full"])
def test_the_key_that_a_value_names_is_the_key_of_its_event(kind: type[Event], name: str) -> None:
    raw = example(kind, name)
    event = decode_strict(raw)
    assert named_key(topic_of(event).name, raw) == key_of(event)


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{}", b"no JSON", b'{"badge_ref": 7}', b'{"terminal_id": null}'])
def test_a_value_that_cannot_be_an_event_names_no_key(value: bytes | None) -> None:
    assert named_key("fair.scans", value) is None


JOURNAL = journal_topic("group-journal-changelog")
MURMUR2 = "murmur2 of the key bytes, as Kafka's Java client"


@pytest.mark.parametrize("topic", EVENT_TOPICS, ids=lambda topic: topic.name)
@given(st.binary(max_size=80), st.integers(1, 100), st.none() | st.integers(0, 99))
def test_an_event_lies_where_its_key_says(topic: Topic, key: bytes, partitions: int, about: int | None) -> None:
    assert topic.partitioner.text == MURMUR2
    assert topic.partitioner.choose(key, partitions, about) == partition_of(key, partitions)


@pytest.mark.parametrize("topic", [REJECTED, JOURNAL], ids=lambda topic: topic.name)
@given(st.binary(max_size=80), st.integers(0, 99))
def test_a_record_about_another_one_lies_beside_it(topic: Topic, key: bytes, about: int) -> None:
    assert topic.partitioner.choose(key, 100, about) == about


@given(st.binary(max_size=80))
def test_the_letter_of_a_posted_event_lies_where_its_key_says(key: bytes) -> None:
    assert REJECTED.partitioner.choose(key, 100, None) == partition_of(key, 100)


def test_the_declaration_says_so_in_words() -> None:
    assert REJECTED.partitioner.text == (
        f"of a refused record: its own; of a mark: that of its letter; of a posted event: {MURMUR2}"
    )
    assert JOURNAL.partitioner.text == "the partition of the folded chunk"


def test_a_topic_is_asked_by_its_name_and_one_that_nobody_declared_goes_by_key() -> None:
    assert [partitioner_of(topic.name) for topic in ALL_TOPICS] == [topic.partitioner for topic in ALL_TOPICS]
    assert partitioner_of("somebody.elses").text == MURMUR2

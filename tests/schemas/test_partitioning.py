"""A badge's events share one partition, whichever client wrote them; a dead letter goes beside the refused record."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from schemas.partitioning import murmur2, partition_of
from schemas.topics import ALL_TOPICS, EVENT_TOPICS, REJECTED, Topic, journal_topic, partitioner_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ],
)
def test_it_is_the_hash_of_kafkas_own_tests(text: str, number: int) -> None:
    assert murmur2(text.encode()) == number % 2**32


@given(st.binary(max_size=80), st.integers(1, 100))
def test_every_key_goes_where_the_other_producers_send_it(key: bytes, partitions: int) -> None:
    numbers = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, numbers, numbers)


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

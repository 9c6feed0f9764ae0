"""The recount judges by a murmur2 of its own where events must be stored; one event in two partitions counts once."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Event
from schemas.fair.file import example_fair_path
from schemas.topics import topic_of
from schemas.wire import encode
from streams.audit.recount.oracle import Oracle, StoredRecord
from streams.audit.recount.placing import Placing, java_murmur2
from tests.support import builders
from tests.support.builders import KAFKAS_HASHES, LATENESS

SMALL = example_fair_path("small")
COUNTS = {"fair.scans": 4, "fair.interactions": 4, "fair.deals": 4}
DEALS = {"d-1": 3, "d-2": 3, "d-3": 2, "d-4": 3}
"""Of four partitions, that of each deal."""


@pytest.mark.parametrize(("text", "number"), KAFKAS_HASHES)
def test_it_is_the_hash_of_kafkas_own_tests(text: str, number: int) -> None:
    assert java_murmur2(text.encode()) == number % 2**32


@given(st.text(min_size=1, max_size=80), st.integers(1, 100))
def test_a_deal_is_astray_everywhere_but_where_other_clients_put_it(deal_id: str, partitions: int) -> None:
    numbers = list(range(partitions))
    right = DefaultPartitioner()(deal_id.encode(), numbers, numbers)
    placing = Placing({"fair.deals": partitions})
    astray = [placing.is_astray("fair.deals", number, {"deal_id": deal_id}) for number in numbers]
    assert astray == [number != right for number in numbers]


def test_a_topic_whose_key_the_recount_does_not_know_is_named_with_the_remedy() -> None:
    with pytest.raises(LookupError, match=r"the key of fair.umbrellas; in streams/audit/recount/placing.py add it"):
        Placing({}).is_astray("fair.umbrellas", 0, {})


def stored(event: Event, partition: int) -> StoredRecord:
    return (topic_of(event).name, partition, 0, None, encode(event))


def found(oracle: Oracle) -> tuple[int, int, int]:
    """Return how many events counted, came again, and were misplaced."""
    kpis, of = oracle.kpis(), frozenset({("topic", "fair.deals")})
    refused = kpis["rejected_events"].get("fair", {}).get(of | {("reason", "misplaced")}, 0)
    parts = [kpis[name].get("fair", {}).get(of, 0) for name in ("events", "duplicate_events")]
    return parts[0], parts[1], refused  # type: ignore[return-value]  # none is a histogram


@pytest.mark.parametrize(
    ("counts", "expected"),
    [(COUNTS, (4, 0, 12)), ({}, (4, 12, 0)), ({"fair.deals": 0}, (4, 12, 0)), ({"fair.scans": 4}, (4, 12, 0))],
)
def test_an_event_in_every_partition_counts_once_and_elsewhere_it_is_refused_if_their_number_is_known(
    counts: dict[str, int], expected: tuple[int, int, int]
) -> None:
    events = [builders.deal(name) for name in DEALS]
    oracle = Oracle(SMALL, LATENESS, counts)
    for partition in range(4):
        oracle.read(stored(event, partition) for event in events)
    assert found(oracle) == expected


def test_the_partitions_of_four_deals_are_those_of_kafka() -> None:
    events = {name: builders.deal(name) for name in DEALS}
    for name, right in DEALS.items():
        assert found(Oracle(SMALL, LATENESS, COUNTS).read([stored(events[name], right)])) == (1, 0, 0)

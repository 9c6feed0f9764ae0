"""Where reading of an event partition starts after a rebalance, and how fetched records become chunks."""

from dataclasses import replace

import pytest

from schemas.errors import MustStop
from streams.worker.chunks import JOURNAL_RECORDS, Chunk, FetchedTo, Reading, chunk_of, cut_journal
from tests.support.still_kafka import EVENTS, records


def reading(last: int | None = None, most: int = 3) -> Reading:
    """Return the reading of a partition whose state has applied everything up to an offset."""
    return Reading(frozenset({EVENTS.topic}), most, lambda _: last)


def cut(where: Reading, *offsets: int) -> list[tuple[int, list[int]]]:
    """Return for each chunk the offset that it follows, and its offsets."""
    return [
        (follows, [record.offset for record in part]) for follows, part in where.cut(EVENTS, records(EVENTS, *offsets))
    ]


def test_a_partition_is_read_where_its_own_state_ends() -> None:
    assert reading(last=41).start(EVENTS, earliest=0) == 42
    assert reading(last=41).start(EVENTS, earliest=42) == 42


def test_a_partition_without_state_is_read_from_offset_0_or_not_at_all() -> None:
    assert reading().start(EVENTS, earliest=0) == 0
    with pytest.raises(MustStop, match=r"fair\.scans\[0\] begins at offset 7: older records are gone"):
        reading().start(EVENTS, earliest=7)


def test_records_that_are_gone_before_they_were_applied_are_named() -> None:
    with pytest.raises(MustStop, match="from offset 42 on are gone before they were read"):
        reading(last=41).start(EVENTS, earliest=50)


def test_a_partition_yields_nothing_before_its_start_is_known() -> None:
    where = reading()
    assert cut(where, 0, 1) == []
    where.reads_from(EVENTS, 0)
    assert cut(where, 0, 1) == [(0, [0, 1])]


def test_a_long_run_becomes_several_chunks_that_follow_each_other() -> None:
    where = reading(most=3)
    where.reads_from(EVENTS, 10)
    assert cut(where, *range(10, 17)) == [(10, [10, 11, 12]), (13, [13, 14, 15]), (16, [16])]


def test_a_chunk_follows_the_one_before_across_a_gap_in_the_log() -> None:
    where = reading()
    where.reads_from(EVENTS, 0)
    assert cut(where, 0, 1) + cut(where, 5, 6) == [(0, [0, 1]), (2, [5, 6])]


def test_a_chunk_behind_a_lost_one_does_not_follow_the_state() -> None:
    where = reading()
    where.reads_from(EVENTS, 0)
    lost = cut(where, 0, 1)
    [(follows, _)] = cut(where, 2, 3)
    assert lost
    assert follows == 2, "the agent, whose state ends before 0, sees that 0 and 1 are missing"


def test_records_fetched_once_more_after_a_seek_are_cut_away() -> None:
    where = reading()
    where.reads_from(EVENTS, 2)
    assert cut(where, 0, 1, 2, 3) == [(2, [2, 3])]
    assert cut(where, 0, 1) == []


def test_journal_records_are_handed_on_with_any_hole_that_they_have() -> None:
    run = records(EVENTS, *range(5, 5 + JOURNAL_RECORDS), 2_000)
    chunks = list(cut_journal(run, FetchedTo(3, 2_003, 2_003)))
    assert [(chunk.follows, len(chunk.records), chunk.end) for chunk in chunks] == [
        (3, JOURNAL_RECORDS, 5 + JOURNAL_RECORDS),
        (5 + JOURNAL_RECORDS, 1, 2_003),
    ]


def test_offsets_without_a_journal_record_are_handed_on_too() -> None:
    assert list(cut_journal([], FetchedTo(7, 9, 9))) == [Chunk(7, [], (), 9)]
    assert list(cut_journal([], FetchedTo(9, 9, 9))) == []


def test_the_rest_of_a_run_is_dropped_once_its_partition_is_read_from_elsewhere() -> None:
    where = reading(most=2)
    where.reads_from(EVENTS, 0)
    chunks = where.cut(EVENTS, records(EVENTS, *range(6)))
    assert next(chunks)[0] == 0
    where.reads_from(EVENTS, 0)
    assert list(chunks) == []


@pytest.mark.parametrize(
    ("last", "reached", "lag"),
    [
        (None, FetchedTo(0, 0, 0), 0),
        (3, FetchedTo(0, 4, 9), 5),
        (3, FetchedTo(0, 9, 9), 0),  # markers of transactions, or what aborted ones left
        (2, FetchedTo(0, 9, 9), 6),  # the last record before them is not in the state yet
        (3, FetchedTo(0, 4, 4), 0),
        (499, FetchedTo(0, 500, 100), -400),
    ],
)
def test_the_lag_counts_offsets_that_are_not_in_the_state(last: int | None, reached: FetchedTo, lag: int) -> None:
    where = reading(last)
    where.reads_from(EVENTS, 0 if last is None else max(4, last + 1))
    where.reached(EVENTS, reached)
    assert where.lag(EVENTS) == lag


def test_a_client_that_went_back_on_its_own_is_noticed() -> None:
    where = reading(last=499)
    where.reads_from(EVENTS, 500)
    assert where.reached(EVENTS, FetchedTo(500, 500, 500))
    assert not where.reached(EVENTS, FetchedTo(500, 0, 100))


def test_a_fetch_that_was_thrown_away_is_noticed_even_if_nothing_comes_after_it() -> None:
    where = reading(last=4)
    assert where.missed(EVENTS, FetchedTo(0, 9, 9)) is None, "it is not known yet where it is read"
    where.reads_from(EVENTS, 5)
    assert where.missed(EVENTS, FetchedTo(5, 9, 9)) is None
    assert where.missed(EVENTS, FetchedTo(9, 9, 9)) == 5, "the fetch from 5 to 9 was not passed on"
    for _ in where.cut(EVENTS, records(EVENTS, 5, 6, 7)):
        where.taken(EVENTS, FetchedTo(5, 9, 9))
    assert where.missed(EVENTS, FetchedTo(9, 9, 9)) is None, "8 is the marker of a transaction"
    assert where.missed(EVENTS, FetchedTo(12, 15, 15)) == 8
    where.stop(EVENTS)
    assert where.missed(EVENTS, FetchedTo(12, 15, 15)) is None


def test_a_chunk_holds_offset_and_value_of_each_record_and_knows_their_headers() -> None:
    run = [replace(one, headers=(("ce_id", one.value),)) for one in records(EVENTS, 4, 5, 9)]
    chunk = chunk_of(3, run)
    assert (chunk.follows, chunk.records) == (3, [(4, b"4"), (5, b"5"), (9, b"9")])
    assert [chunk.headers_at(offset) for offset in (4, 9)] == [(("ce_id", b"4"),), (("ce_id", b"9"),)]

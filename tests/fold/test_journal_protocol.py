"""The journal under attack: several writers, delayed appends, crashes, partitions that move, zombies that append.

Every recovery must equal the fold of a prefix of the events: nothing lost, nothing doubled.
"""

import secrets
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from schemas.admission import admission
from schemas.errors import InvalidEvent, MustStop
from schemas.fair.file import example_fair_path, load_fair
from schemas.topics import SCANS
from schemas.witness import witness_of
from streams.audit.recount.oracle import Oracle
from streams.fold.engine import Engine
from streams.fold.journal import PartitionJournal, confirm
from streams.fold.state import WRITER_BYTES
from tests.support import builders
from tests.support.streams_of import ENGINE

EVENTS = [
    (offset, builders.scan(f"p{offset % 5}", at=f"11:{offset:02d}", event_id=builders.numbered_id(900 + offset)))
    for offset in range(40)
]


def counted(journal: PartitionJournal) -> int:
    """Return how many events a state has counted."""
    return sum(journal.state.fair.get("events", {}).values())


class Writer:
    """A worker with one partition. It folds from where its state ends, and may be slow to append."""

    def __init__(self, log: list[bytes]) -> None:
        self.journal = recovered(log)
        self.journal.start_writing(secrets.token_bytes(WRITER_BYTES))
        self.in_flight: list[tuple[int, bytes, int]] = []
        self.alive = True


def recovered(log: list[bytes]) -> PartitionJournal:
    """Return a journal that has read the whole log."""
    journal = PartitionJournal(ENGINE)
    for offset, raw in enumerate(log):
        journal.read(offset, raw)
    return journal


class JournalMachine(RuleBasedStateMachine):
    """One partition, one log, and the workers that the rules create."""

    writers: Bundle[Any] = Bundle("writers")

    @initialize()
    def begin(self) -> None:
        self.log: list[bytes] = []
        self.confirmed = -1
        self.reader = PartitionJournal(ENGINE)

    @rule(target=writers)
    def a_worker_gets_the_partition_and_reads_the_journal(self) -> Writer:
        return Writer(self.log)

    @rule(writer=writers, size=st.integers(1, 5))
    def it_folds_a_chunk_and_sends_the_record(self, writer: Writer, size: int) -> None:
        start = writer.journal.state.upto.get(SCANS.name, -1) + 1
        chunk = EVENTS[start : start + size]
        if writer.alive and chunk:
            delta = ENGINE.fold(writer.journal.state, SCANS.name, chunk)  # type: ignore[arg-type]
            expected, raw = writer.journal.write(delta)
            writer.in_flight.append((expected, raw, delta.last))

    @rule(writer=writers)
    def its_oldest_record_is_stored(self, writer: Writer) -> None:
        if writer.in_flight:
            expected, raw, last = writer.in_flight.pop(0)
            self.log.append(raw)
            if not writer.alive:
                return  # a record that was on its way when its writer died
            try:
                confirm(expected, len(self.log) - 1)
            except MustStop:
                writer.alive = False
            else:
                self.confirmed = max(self.confirmed, last)

    @rule(writer=writers)
    def its_records_under_way_are_lost_and_it_stops(self, writer: Writer) -> None:
        writer.in_flight.clear()
        writer.alive = False

    @rule(writer=consumes(writers))
    def it_dies_and_what_is_under_way_may_still_arrive(self, writer: Writer) -> None:
        writer.alive = False
        for _, raw, _ in writer.in_flight[:1]:
            self.log.append(raw)

    @rule()
    def a_standby_reads_on(self) -> None:
        for offset in range(self.reader.next_offset, len(self.log)):
            self.reader.read(offset, self.log[offset])

    @invariant()
    def every_recovery_is_a_prefix_of_the_events_each_counted_once(self) -> None:
        if not hasattr(self, "log"):
            return
        fresh = recovered(self.log)
        upto = fresh.state.upto.get(SCANS.name, -1)
        assert counted(fresh) == upto + 1
        assert len(fresh.state.seen) == upto + 1
        assert upto >= self.confirmed, "a confirmed chunk is not in the recovered state"

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.a_standby_reads_on()
            assert self.reader.state == recovered(self.log).state


TestJournalProtocol = JournalMachine.TestCase
TestJournalProtocol.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def two_writers_after_the_same_record() -> list[bytes]:
    """Return a log in which a zombie and its successor both continue the same record, with the same events."""
    zombie = Writer([])
    heir = Writer([])
    log = []
    for writer in (zombie, heir):
        delta = ENGINE.fold(writer.journal.state, SCANS.name, EVENTS[:3])  # type: ignore[arg-type]
        log.append(writer.journal.write(delta)[1])
    return log


def test_of_two_records_that_continue_the_same_one_the_first_in_the_log_counts() -> None:
    log = two_writers_after_the_same_record()
    assert counted(recovered(log)) == 3


def test_a_record_that_continues_an_ignored_one_is_ignored_too() -> None:
    zombie, heir = Writer([]), Writer([])
    log = []
    for writer, chunks in ((zombie, [EVENTS[:3]]), (heir, [EVENTS[:2], EVENTS[2:6]])):
        for chunk in chunks:
            delta = ENGINE.fold(writer.journal.state, SCANS.name, chunk)  # type: ignore[arg-type]
            log.append(writer.journal.write(delta)[1])
    assert counted(recovered(log)) == 3, "the successor's second record builds on its first, which did not count"
    assert recovered(log).state.upto == {SCANS.name: 2}


def test_without_the_chain_the_same_log_counts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    log = two_writers_after_the_same_record()
    real = PartitionJournal.read

    def believing(self: PartitionJournal, offset: int, raw: bytes) -> bool:
        self.seq, self._writer = 0, bytes(8)
        return real(self, offset, raw)

    monkeypatch.setattr(PartitionJournal, "read", believing)
    assert counted(recovered(log)) == 6


def three_records() -> list[bytes]:
    """Return the log of one writer."""
    writer = Writer([])
    for at in range(3):
        delta = ENGINE.fold(writer.journal.state, SCANS.name, EVENTS[at : at + 1])  # type: ignore[arg-type]
        writer.in_flight.append((*writer.journal.write(delta), delta.last))
    return [raw for _, raw, _ in writer.in_flight]


@pytest.mark.parametrize("kept", [{1, 2}, {2}, {0, 2}])
def test_a_record_whose_predecessor_was_removed_stops_the_reader(kept: set[int]) -> None:
    journal = PartitionJournal(ENGINE)
    with pytest.raises(MustStop, match="a hole before offset"):  # noqa: PT012 - any of the records may be the one
        for offset, raw in enumerate(three_records()):
            if offset in kept:
                journal.read(offset, raw)


@pytest.mark.parametrize("offsets", [(1, 2, 3), (0, 2, 5), (0, 1, 4)])
def test_offsets_without_a_record_are_no_hole_while_the_chain_goes_on(offsets: tuple[int, ...]) -> None:
    journal = PartitionJournal(ENGINE)
    assert all(journal.read(offset, raw) for offset, raw in zip(offsets, three_records(), strict=True))
    journal.pass_to(9)
    assert (counted(journal), journal.next_offset) == (3, 9)


def test_a_writer_that_failed_between_two_appends_leaves_a_record_that_does_not_count() -> None:
    first, _, third = three_records()
    journal = recovered([first, third])
    assert (counted(journal), journal.next_offset) == (1, 2)


def test_bytes_that_are_not_a_journal_record_stop_the_reader() -> None:
    with pytest.raises(MustStop, match="does not hold a journal record"):
        PartitionJournal(ENGINE).read(0, b"nonsense")


def test_an_append_with_another_offset_stops_the_writer() -> None:
    confirm(7, 7)
    with pytest.raises(MustStop, match="another worker writes this journal"):
        confirm(7, 9)
    with pytest.raises(MustStop, match="not the one that was read"):
        confirm(7, 3)


def test_sums_that_outgrow_64_bits_are_journalled_and_read_back() -> None:
    most = 2**53 - 1
    deals = [builders.deal(f"huge-{n}", value=most, binding=True, currency="EUR") for n in range(1_100)]
    writer = Writer([])
    for chunk in (deals, [builders.cancelled(f"huge-{n}") for n in range(1_100)]):
        start = writer.journal.state.upto.get("fair.deals", -1) + 1
        delta = ENGINE.fold(writer.journal.state, "fair.deals", list(enumerate(chunk, start)))
        writer.in_flight.append((*writer.journal.write(delta), delta.last))
        assert recovered([raw for _, raw, _ in writer.in_flight]).state == writer.journal.state
    first = recovered([writer.in_flight[0][1]])
    assert first.state.fair["contract_value"] == {"finance|EUR": 1_100 * most}


def test_the_largest_deal_that_is_admitted_is_journalled_and_a_larger_one_is_refused_also_by_the_oracle(
    tmp_path: Path,
) -> None:
    text = example_fair_path("small").read_text(encoding="utf-8")
    file = tmp_path / "fair.yaml"
    file.write_text(text.replace("KWD: {2025-10-24: 2.8125}", "KWD: {2025-10-24: 999999999}"), encoding="utf-8")
    fair = load_fair(file)
    # One dinar is a billion euros: a fils is 99,999,999.9 cents.
    most = (2**63 - 1) * 10 // 999_999_999
    largest, larger = (
        builders.deal(f"d-{value}", value=value, binding=True, currency="KWD") for value in (most, most + 1)
    )
    admission(fair)(largest)
    with pytest.raises(InvalidEvent, match="value_minor"):
        admission(fair)(larger)
    engine = Engine(fair, builders.LATENESS)
    journal = PartitionJournal(engine)
    journal.start_writing(b"writer-1")
    journal.write(engine.fold(journal.state, "fair.deals", [(0, largest)]))
    oracle = Oracle(file, builders.LATENESS).read(builders.records([largest, larger])).kpis()
    assert oracle["rejected_events"]["fair"] == {frozenset({("topic", "fair.deals"), ("reason", "bad_value")}): 1}
    [counted] = oracle["contract_value_reported"]["fair"].values()
    assert journal.state.fair["contract_value_reported"] == {"finance": counted}


def test_a_journal_is_recognised_by_older_records_too_once_newer_ones_were_appended_to_a_log_that_replaced_it() -> None:
    journal = PartitionJournal(Engine(load_fair(example_fair_path("small")), builders.LATENESS))
    assert journal.witnesses == ()
    times = [1_000, 2_000, 3_000, 20_000, 21_000]
    for offset, time_ms in enumerate(times):
        journal.stored(offset, time_ms, b"key", b"record")
    there = {witness_of(offset, time_ms, b"key", b"record") for offset, time_ms in enumerate(times)}
    assert set(journal.witnesses) <= there
    assert [one.offset for one in journal.witnesses] == [0, 3, 4]

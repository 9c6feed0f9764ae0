"""Streams of small-fair events for property tests, and ways to fold them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair
from streams.audit.recount.oracle import StoredRecord
from streams.fold.decoding import Decoding
from streams.fold.engine import Engine
from streams.fold.journal import PartitionJournal
from tests.support import builders
from tests.support.builders import LATENESS

FAIR_FILE = example_fair_path("small")
FAIR = load_fair(FAIR_FILE)
ENGINE = Engine(FAIR, LATENESS)
PARTITIONS = 2

OPENS = datetime.fromisoformat("2025-10-25T09:00:00+02:00")
WHO = st.sampled_from(["ada", "bob", "cy", "dee", "eve"])
ROLE = st.sampled_from(["visitor_professional", "visitor_public", "exhibitor_staff", "media"])
COUNTRY = st.sampled_from(["DE", "NO", "JP", None])
TERMINAL = st.sampled_from(["t-1", "t-2"])
DELAY_S = st.sampled_from([0, 0, 0, 1, 40, 600, 5_400])
OFFSET_MS = st.sampled_from([0, 0, 0, -2_500, 900_000])
MINUTES = st.integers(-30, 1_700)


@st.composite
def times(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the times at which an event happens and arrives, and the time of its terminal's clock."""
    at = OPENS + timedelta(minutes=draw(MINUTES), milliseconds=draw(st.integers(0, 59_999)))
    return {
        "at": at,
        "received": at + timedelta(seconds=draw(DELAY_S)),
        "clock_offset_ms": draw(OFFSET_MS),
        "terminal": draw(TERMINAL),
    }


@st.composite
def scans(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(["entry", "entry", "exit", "zone_in", "zone_out", "booth", "session"]))
    who = draw(WHO if kind in ("entry", "exit") else st.one_of(WHO, st.none()))
    words = {"badge_role": draw(ROLE), "residence_country": draw(COUNTRY)}
    if kind in ("entry", "exit"):
        words["gate"] = draw(st.sampled_from(["north", "goods"]))
    if kind == "zone_out":
        words["dwell_ms"] = draw(st.sampled_from([None, 60_000, 60_001, 1_000_000, 9_000_000]))
    if draw(st.integers(0, 9)) == 0:
        words |= {"result": "denied", "reason": "unpaid"}
    words = {name: value for name, value in words.items() if value is not None}
    return builders.scan(who, kind, **words, **draw(times()))


@st.composite
def touches(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(["demo_started", "lead_captured", "lead_captured", "question_asked"]))
    exhibit, exhibitor = draw(st.sampled_from([("night-train", "e3"), ("x-e1", "e1"), ("x-e2", "e2")]))
    who = draw(st.one_of(WHO, st.none()))
    return builders.touch(who, kind, exhibit=exhibit, exhibitor=exhibitor, **draw(times()))


@st.composite
def annulments(draw: st.DrawFn) -> Event:
    gate = draw(st.sampled_from([{}, {}, {"gate_id": "north"}, {"gate_id": "south"}]))
    kind = draw(st.sampled_from(["fair.visitor.scanned.v1", "fair.exhibit.interaction.v1"]))
    return builders.annulled(draw(st.one_of(WHO, st.none())), target_type=kind, **gate, **draw(times()))


@st.composite
def deals(draw: st.DrawFn) -> Event:
    deal_id, when = draw(st.sampled_from(["d-1", "d-2"])), draw(times())
    form = draw(st.sampled_from(["signed", "amended", "amended", "cancelled"]))
    if form == "cancelled":
        return builders.cancelled(deal_id, draw(st.integers(2, 4)), **when)
    words = {
        "value": draw(st.sampled_from([None, 0, 1, 333, 10_001])),
        "currency": draw(st.sampled_from(["EUR", "JPY", "KWD"])),
        "binding": draw(st.booleans()),
        "stage": draw(st.sampled_from(["intent", "contract"])),
        "outcome_kind": draw(st.sampled_from(["transaction", "investment", "first_launch"])),
        "section": draw(st.sampled_from(["finance", "travel"])),
        "signed": draw(st.sampled_from(["10:00", "2025-10-26 11:00", "2025-10-20 08:00"])),
    }
    if draw(st.booleans()):
        words["term_months"] = draw(st.sampled_from([12, 13, 36]))
    if form == "signed":
        return builders.deal(deal_id, **words, **when)
    return builders.amended(deal_id, draw(st.integers(2, 4)), **words, **when)


@st.composite
def fair_records(draw: st.DrawFn, most: int = 40) -> list[StoredRecord]:
    """Draw raw records as stored in Kafka: partitioned by key, with copies, and some that are not events."""
    place, ends = DefaultPartitioner(), dict[tuple[str, int], int]()
    made: list[StoredRecord] = []
    for event in draw(
        st.lists(st.one_of(scans(), scans(), touches(), annulments(), deals()), min_size=1, max_size=most)
    ):
        topic, _, _, key, value = builders.record(event)
        assert key is not None
        partition = place(key, list(range(PARTITIONS)), list(range(PARTITIONS)))
        for raw in [value] * draw(st.sampled_from([1, 1, 1, 2])) + draw(st.sampled_from([[], [], [], [b"{"]])):
            offset = ends[topic, partition] = ends.get((topic, partition), -1) + 1
            made.append((topic, partition, offset, key, raw))
    return made


Parsed = tuple[int, Event | InvalidEvent]


def parsed(records: Iterable[StoredRecord], fair: Fair = FAIR) -> dict[tuple[int, str], list[Parsed]]:
    """Decode records and sort them by partition and topic, in order of offset."""
    decoding, logs = Decoding(fair), dict[tuple[int, str], list[Parsed]]()
    for topic, partition, offset, _, value in records:
        logs.setdefault((partition, topic), []).append((offset, decoding.one(topic, value)))
    return logs


def folded(records: Sequence[StoredRecord], choose: Any) -> tuple[dict[int, PartitionJournal], dict[int, list[bytes]]]:
    """Fold records in chunks and an interleaving of topics that `choose` picks; return journals and their logs.

    `choose(n)` returns a number from 0 to n - 1.
    """
    logs = parsed(records)
    journals = {number: PartitionJournal(ENGINE) for number in range(PARTITIONS)}
    written: dict[int, list[bytes]] = {number: [] for number in range(PARTITIONS)}
    for journal in journals.values():
        journal.start_writing(b"writer-1")
    while logs:
        partition, topic = sorted(logs)[choose(len(logs))]
        log = logs[partition, topic]
        chunk = [log.pop(0) for _ in range(1 + choose(min(6, len(log))))]
        if not log:
            del logs[partition, topic]
        journal = journals[partition]
        _, raw = journal.write(ENGINE.fold(journal.state, topic, chunk))
        written[partition].append(raw)
    return journals, written

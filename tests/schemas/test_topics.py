"""Topics and keys: what a record's key is decides where its badge or deal is counted, for the life of a fair."""

from dataclasses import KW_ONLY, MISSING, fields, replace
from datetime import timedelta
from typing import Annotated, Literal, get_args, get_type_hints

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2
from pydantic.dataclasses import dataclass

from schemas import events, topics
from schemas.api.terminals import PlaceKind
from schemas.events import (
    STRICT,
    BadgeRegistered,
    DealTerms,
    Event,
    ExhibitInteraction,
    ScanAnnulled,
    VisitorScan,
    type_of,
)
from schemas.fair.file import example_fair_path
from schemas.ids import BadgeRef
from schemas.topics import (
    ALL_TOPICS,
    BADGE_CODES,
    BADGES,
    DEALS,
    EVENT_CLASSES,
    EVENT_TOPICS,
    INTERACTIONS,
    PARTITIONS,
    RECORD_MAX_BYTES,
    RECORDED_TOPICS,
    REJECTED,
    SCANS,
    TERMINALS,
    UNRESOLVED,
    Topic,
    homes_of,
    journal_topic,
    key_of,
    topic_of,
    topic_of_type,
)
from schemas.wire import encode
from streams.audit.recount import rules
from streams.audit.recount.fair import OracleFair
from tests.support.builders import amended, annulled, cancelled, deal, scan, touch
from tests.support.examples import example_event

# Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2
KAFKA_MURMUR2 = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}

DECLARED = {one.name: one for one in vars(topics).values() if isinstance(one, Topic) and one.events}
"""By name, every topic with events that schemas/topics.py declares, also one that was left out of EVENT_TOPICS."""

COMMON = ("event_id", "fair_id", "terminal_id", "occurred_at", "received_at")
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


@pytest.mark.parametrize("partitions", [1, 2, 8, 100])
@pytest.mark.parametrize("target", [scan("ada"), scan(None, "booth"), touch("ada"), touch(None)])
def test_an_annulment_lies_in_the_partition_number_of_its_target_with_a_badge_and_without(
    target: VisitorScan | ExhibitInteraction, partitions: int
) -> None:
    annulment = annulled(target.badge_ref, target=target.event_id, target_type=target.type, terminal=target.terminal_id)
    places = [topic_of(event).partitioner.choose(key_of(event), partitions, None) for event in (annulment, target)]
    assert places[0] == places[1]


@pytest.mark.parametrize("kind", [VisitorScan, ExhibitInteraction])
def test_what_may_be_annulled_are_scans_and_interactions(kind: type[Event]) -> None:
    assert annulled(target_type=type_of(kind)).target_type == type_of(kind)
    assert get_args(get_type_hints(ScanAnnulled)["target_type"]) == (type_of(VisitorScan), type_of(ExhibitInteraction))


def test_every_class_of_events_has_exactly_one_topic() -> None:
    """A class is an event if it has a type; what several share (the terms of deals) bears none."""
    declared = [one for one in vars(events).values() if isinstance(one, type) and issubclass(one, Event)]
    for kind in declared:
        homes = [topic.name for topic in DECLARED.values() if kind in topic.events]
        bears_type = any(field.name == "type" for field in fields(kind))
        assert len(homes) == bears_type, f"schemas/topics.py: name {kind.__name__} in `events` of exactly one topic"
    for kind in EVENT_CLASSES:
        assert kind in declared
        assert topic_of(example_event(kind)).events.count(kind) == 1
    assert topic_of(scan("ada")) is SCANS
    assert topic_of(annulled("ada")) is SCANS
    assert topic_of(touch("ada")) is INTERACTIONS
    assert {topic_of(one).name for one in (deal("d-1"), amended("d-1"), cancelled("d-1"))} == {DEALS.name}


def test_every_topic_of_events_is_folded() -> None:
    left = DECLARED.keys() - {topic.name for topic in EVENT_TOPICS}
    assert not left, f"schemas/topics.py: add {sorted(left)} to EVENT_TOPICS"


@pytest.mark.parametrize("kind", [kind for kind in EVENT_CLASSES if kind is not BadgeRegistered])
def test_every_class_of_events_says_where_it_may_be_posted(kind: type[Event]) -> None:
    assert kind.posted_at, f"schemas/events.py: give {kind.__name__} its `posted_at`, the places that may post it"
    assert kind.posted_at <= set(PlaceKind)


def test_no_terminal_says_who_somebody_is() -> None:
    assert BadgeRegistered.posted_at == frozenset()


def test_an_event_that_names_no_place_may_be_posted_nowhere() -> None:
    assert Event.posted_at == frozenset()


@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_the_topic_of_a_type_is_that_of_its_events(kind: type[Event]) -> None:
    assert topic_of_type(type_of(kind)) is topic_of(example_event(kind))


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("fair.deal.signed.v2", DEALS),
        ("fair.deal.dreamt.v1", DEALS),
        ("fair.visitor.teleported.v9", SCANS),
        ("fair.scan.annulled.v2", SCANS),
        ("fair.exhibit.interaction", INTERACTIONS),
        ("fair.weather.changed.v1", None),
        ("fair.deals", None),
        ("fair", None),
        ("deal.signed.v1", None),
        ("", None),
    ],
)
def test_a_type_that_nobody_knows_belongs_to_its_family_if_it_has_one(name: str, topic: Topic | None) -> None:
    assert topic_of_type(name) is topic


@dataclass(frozen=True, slots=True, config=STRICT)
class Kept(Event):
    """A kind of event that may leave a field null, but has no default for it."""

    _: KW_ONLY
    type: Literal["fair.test.kept.v1"] = "fair.test.kept.v1"
    badge_ref: BadgeRef | None
    place: Annotated[str | None, "a place"]
    seq: int = 0


@dataclass(frozen=True, slots=True, config=STRICT)
class Again(Event):
    """A class that has the type of another one."""

    _: KW_ONLY
    type: Literal["fair.visitor.scanned.v1"] = "fair.visitor.scanned.v1"


@dataclass(frozen=True, slots=True, config=STRICT)
class Misnamed(Event):
    """A class whose default is not the type that it takes."""

    _: KW_ONLY
    type: Literal["fair.test.kept.v2"] = "fair.test.kept.v1"  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, config=STRICT)
class Untyped(Event):
    """A class whose type may be any text."""

    _: KW_ONLY
    type: str = "fair.test.kept.v1"


@pytest.mark.parametrize(
    ("event", "key", "fault"),
    [
        (VisitorScan, ("booth",), r"VisitorScan needs the fields .* schemas/topics\.py"),
        (VisitorScan, ("terminal_id", "badge_ref"), "VisitorScan needs the fields"),
        (VisitorScan, ("badge_ref",), "the last one never null"),
        (Kept, ("badge_ref",), "the last one never null"),
        (Kept, ("terminal_id", "place"), "the last one never null"),
        (VisitorScan, (), r"a topic needs a key; .* schemas/topics\.py"),
        (DealTerms, ("deal_id",), r"DealTerms has no type; .* schemas/events\.py"),
        (Misnamed, ("terminal_id",), "Misnamed has no type"),
        (Untyped, ("terminal_id",), "Untyped has no type"),
    ],
)
def test_an_event_that_cannot_lie_in_a_topic_is_refused_at_declaration(
    event: type[Event], key: tuple[str, ...], fault: str
) -> None:
    with pytest.raises(TypeError, match=rf"^fair\.scans: .*{fault}"):
        replace(SCANS, events=(event,), key=key)


def test_every_key_that_a_topic_may_declare_gives_each_event_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = replace(SCANS, events=(Kept,), key=("badge_ref", "seq"))
    monkeypatch.setattr(topics, "_TOPIC_OF", {Kept: declared})
    common = {name: getattr(scan("ada"), name) for name in COMMON}
    assert key_of(Kept(**common, badge_ref=None, place=None, seq=0)) == b"0"
    assert key_of(Kept(**common, badge_ref="ab" * 16, place=None, seq=7)) == b"ab" * 16


@pytest.mark.parametrize(
    "declared",
    [
        (SCANS, replace(SCANS, name="fair.again")),
        (replace(SCANS, events=(VisitorScan, VisitorScan)),),
        (SCANS, replace(SCANS, name="fair.again", events=(Again,), key=("terminal_id",))),
        (SCANS, SCANS),
    ],
    ids=["in two topics", "twice in one", "two classes of one type", "a topic twice"],
)
def test_a_kind_of_event_has_one_home(declared: tuple[Topic, ...]) -> None:
    with pytest.raises(TypeError, match=r"^fair\.visitor\.scanned\.v1 is declared twice, .* schemas/topics\.py"):
        homes_of(declared)


def test_a_key_is_told_in_words() -> None:
    assert DEALS.key_text == "deal_id"
    assert SCANS.key_text == "badge_ref, or terminal_id where that is null"
    assert REJECTED.key_text.startswith("<topic>-<partition>-<offset> of the refused record; ")


@pytest.mark.parametrize("topic", EVENT_TOPICS, ids=lambda topic: topic.name)
def test_the_recount_knows_every_type_of_a_topic_by_a_list_of_its_own(topic: Topic) -> None:
    """It shares nothing with the product, so a new kind of event is written down there a second time."""
    known, ours = rules.TYPES.get(topic.name, {}).keys(), {type_of(kind) for kind in topic.events}
    assert not ours - known, (
        f"streams/audit/recount/rules.py: TYPES[{topic.name!r}] needs the fields of {sorted(ours - known)}, "
        "read off the class in schemas/events.py"
    )
    assert not known - ours, (
        f"streams/audit/recount/rules.py: take {sorted(known - ours)} out of TYPES[{topic.name!r}], "
        "or name its class in `events` of the topic in schemas/topics.py"
    )


@pytest.mark.parametrize(("topic", "kind"), [(topic.name, kind) for topic in EVENT_TOPICS for kind in topic.events])
def test_the_recount_knows_every_field_of_a_type_and_which_must_be_there(topic: str, kind: type[Event]) -> None:
    ours = {field.name: field.default is MISSING for field in fields(kind) if field.name not in {"type", "_"}}
    known = {name: needed for name, needed, _ in rules.TYPES.get(topic, {}).get(type_of(kind), ())}
    apart = sorted(name for name in ours.keys() | known.keys() if ours.get(name) != known.get(name))
    assert not apart, (
        f"streams/audit/recount/rules.py: the fields {apart} of {type_of(kind)} are not those of {kind.__name__} "
        "in schemas/events.py: each stands in both, and is `needed` if it has no default"
    )


def test_the_recount_knows_no_topic_that_is_gone() -> None:
    gone = rules.TYPES.keys() - DECLARED.keys()
    assert not gone, f"streams/audit/recount/rules.py: take {sorted(gone)} out of TYPES"


def test_the_recount_names_a_topic_that_it_was_not_told_of_and_where_to_add_it() -> None:
    fair = OracleFair.read(example_fair_path("small"))
    for raw in (b"", b"{}", encode(scan("ada"))):
        with pytest.raises(
            LookupError, match=r"topic fair\.raincoats; in streams/audit/recount/rules\.py add it to TYPES"
        ):
            rules.read_event("fair.raincoats", raw, fair)


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
def test_no_topic_loses_records_by_their_own_time_by_size_or_by_compaction_but_the_codes_on_badges(
    topic: Topic,
) -> None:
    config = topic.config()
    assert config["message.timestamp.type"] == "LogAppendTime"
    assert config["cleanup.policy"] == ("compact" if topic is BADGE_CODES else "delete")
    assert config["retention.bytes"] == "-1"


def test_only_what_must_be_erasable_is_compacted() -> None:
    assert [topic for topic in ALL_TOPICS if topic.compacted] == [BADGE_CODES]


def test_codes_that_were_erased_are_gone_within_a_day_and_are_in_no_recording() -> None:
    assert int(BADGE_CODES.config()["max.compaction.lag.ms"]) <= timedelta(days=1) // timedelta(milliseconds=1)
    assert [topic.name for topic in ALL_TOPICS if "max.compaction.lag.ms" in topic.config()] == [BADGE_CODES.name]
    assert BADGE_CODES not in RECORDED_TOPICS


@pytest.mark.parametrize("topic", [one for one in RECORDED_TOPICS if one is not BADGES], ids=lambda t: t.name)
def test_events_outlive_the_fair_by_thirty_days(topic: Topic) -> None:
    assert topic.retention is not None
    assert topic.retention >= timedelta(days=35)
    assert int(topic.config()["retention.ms"]) == topic.retention // timedelta(milliseconds=1)


def test_journal_registers_and_waiting_events_are_kept_for_ever() -> None:
    journal = journal_topic("group-journal-changelog")
    assert journal.name == "group-journal-changelog"
    for topic in (journal, TERMINALS, BADGES, BADGE_CODES, UNRESOLVED):
        assert topic.config()["retention.ms"] == "-1"


def test_the_registry_has_one_order_and_is_in_no_recording() -> None:
    assert TERMINALS.partitions_of(12) == 1
    assert TERMINALS in ALL_TOPICS
    assert TERMINALS not in RECORDED_TOPICS


def test_an_event_topic_takes_the_largest_event() -> None:
    for topic in EVENT_TOPICS:
        assert int(topic.config()["max.message.bytes"]) > RECORD_MAX_BYTES + WRAPPING


def test_the_dead_letters_take_whatever_an_event_topic_took_in_base64_with_its_wrapping() -> None:
    largest = max(topic.max_message_bytes for topic in EVENT_TOPICS)
    in_base64 = (largest + 2) // 3 * 4
    assert int(REJECTED.config()["max.message.bytes"]) >= in_base64 + WRAPPING


def test_the_default_partition_count_is_not_changed_by_accident() -> None:
    assert PARTITIONS == 8

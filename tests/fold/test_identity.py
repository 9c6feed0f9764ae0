"""Every event has its own key, and numbers that do not fit into a key are refused instead of being mixed up."""

from datetime import timedelta

import pytest

from schemas.errors import MustStop
from schemas.events import Event
from schemas.topics import EVENT_TOPICS, topic_of
from streams.fold import identity
from streams.fold.engine import Engine
from streams.fold.identity import KEY_BYTES, MOST_MEMBERS, TOPIC_NUMBERS, check_members, numbered
from streams.fold.journal import PartitionJournal
from streams.fold.state import PartitionState
from tests.support import builders
from tests.support.streams_of import FAIR

HIGHEST = "ffffffff-ffff-8fff-bfff-ffffffffffff"


def keys_of(*events: Event) -> set[int]:
    engine, state = Engine(FAIR, timedelta(seconds=30)), PartitionState()
    for offset, event in enumerate(events):
        engine.apply(state, engine.fold(state, topic_of(event).name, [(offset, event)]))
    return state.seen


def test_the_same_id_from_another_terminal_or_topic_is_another_event() -> None:
    low, high = builders.numbered_id(1), HIGHEST
    events = [
        make(event_id=event_id, terminal=terminal)
        for event_id in (low, high)
        for terminal in ("t-1", "t-2")
        for make in (builders.scan, builders.touch, builders.deal)
    ]
    assert len(keys_of(*events)) == len(events) == 12
    assert len(keys_of(*events, *events)) == 12


def test_a_key_of_the_highest_terminal_topic_and_event_still_fits_its_bytes_in_the_journal() -> None:
    assert KEY_BYTES == 20
    topic = 2**identity.TOPIC_BITS - 1
    key = ((MOST_MEMBERS - 1) << identity.TERMINAL_SHIFT) | (topic << identity.EVENT_ID_BITS) | (2**128 - 1)
    assert key == 2 ** (8 * KEY_BYTES) - 1


def test_topics_beyond_the_room_of_a_key_are_refused() -> None:
    assert len(numbered(map(str, range(64)))) == 64
    with pytest.raises(MustStop, match=r"65 event topics do not fit into the 6 bits .* raise TOPIC_BITS"):
        numbered(map(str, range(65)))
    assert list(TOPIC_NUMBERS) == [topic.name for topic in EVENT_TOPICS]


def test_members_beyond_the_room_of_a_key_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_members(MOST_MEMBERS)
    with pytest.raises(MustStop, match=r"more than 67,108,864 persons, terminals and meetings.* more partitions"):
        check_members(MOST_MEMBERS + 1)
    monkeypatch.setattr(identity, "MOST_MEMBERS", 3)
    three = [builders.scan("ada"), builders.scan("bob")]  # two badges, one terminal
    assert len(keys_of(*three)) == 2
    with pytest.raises(MustStop, match="more than 3 persons"):
        keys_of(*three, builders.scan("cy"))


def test_keys_come_back_from_the_journal_as_they_went_in() -> None:
    engine = Engine(FAIR, timedelta(seconds=30))
    writer, reader = PartitionJournal(engine), PartitionJournal(engine)
    writer.start_writing(b"writer-1")
    events = [builders.touch("ada", event_id=HIGHEST, terminal=f"t-{number}") for number in range(300)]
    reader.read(*writer.write(engine.fold(writer.state, "fair.interactions", list(enumerate(events)))))
    assert reader.state.seen == writer.state.seen
    assert len(reader.state.seen) == 300

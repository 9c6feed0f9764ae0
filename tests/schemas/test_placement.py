"""Where an event belongs follows from its own key alone, and is remembered without growing for ever."""

import pytest

from schemas import placement
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.file import example_fair_path, load_fair
from schemas.partitioning import partition_of
from schemas.placement import homes
from schemas.topics import EVENT_TOPICS, key_of, topic_of
from schemas.wire import MISPLACED, encode
from streams.fold.decoding import Decoding
from tests.support import builders

FAIR = load_fair(example_fair_path("small"))
COUNTS = {topic.name: 8 for topic in EVENT_TOPICS}
EVENTS: dict[str, Event] = {
    "scan": builders.scan("ada"),
    "anonymous scan": builders.scan(None, "booth", terminal="door-1"),
    "interaction": builders.touch("ada"),
    "anonymous interaction": builders.touch(None, terminal="screen-1"),
    "annulment": builders.annulled("ada"),
    "deal": builders.deal("d-1"),
    "amendment": builders.amended("d-1"),
    "cancellation": builders.cancelled("d-1"),
}


def refusals(event: Event, counts: dict[str, int], places: list[int | None]) -> list[str]:
    """Return why the fold refuses an event in each of these partitions; empty where it takes it."""
    decoding, topic = Decoding(FAIR, counts), topic_of(event).name
    judged = [decoding.one(topic, encode(event), place) for place in places]
    return [one.reason if isinstance(one, InvalidEvent) else "" for one in judged]


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_is_taken_in_the_partition_of_its_key_and_in_no_other(kind: str) -> None:
    home = partition_of(key_of(EVENTS[kind]), 8)
    assert homes(COUNTS)[topic_of(EVENTS[kind]).name](EVENTS[kind]) == home
    expected = ["" if place == home else MISPLACED for place in range(8)]
    assert refusals(EVENTS[kind], COUNTS, list(range(8))) == expected


@pytest.mark.parametrize("kind", EVENTS)
def test_nothing_is_judged_where_the_number_of_partitions_or_the_place_is_not_known(kind: str) -> None:
    topic = topic_of(EVENTS[kind]).name
    assert refusals(EVENTS[kind], {}, [*range(8), None]) == [""] * 9
    assert refusals(EVENTS[kind], COUNTS | {topic: 0}, [*range(8)]) == [""] * 8
    assert refusals(EVENTS[kind], COUNTS, [None]) == [""]


def test_an_event_that_is_refused_anyway_keeps_its_reason() -> None:
    event = builders.scan("ada", gate="nowhere")
    assert refusals(event, COUNTS, list(range(8))) == ["unknown_place"] * 8


def test_what_is_remembered_is_bounded_and_right(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, int] = {}
    monkeypatch.setattr(placement, "MOST_KEYS", 3)
    home = placement.Home(EVENT_TOPICS[0], 8, kept)
    for number in [*range(10), *range(10)]:
        event = builders.deal(f"d-{number}")
        assert home(event) == partition_of(key_of(event), 8)
        assert len(kept) <= 3

"""A terminal posts only for the place where it stands, with any kind of event and any field that names a place."""

import json
from collections.abc import Iterator
from dataclasses import KW_ONLY, fields, replace
from itertools import product
from typing import Any, ClassVar, Literal

import pytest
from pydantic.dataclasses import dataclass

from producers.gateway.events.envelope import open_event
from producers.gateway.events.reading import read_posting
from producers.gateway.events.scope import check_scope
from producers.gateway.events.stamping import PLACE_FIELDS, stamp
from schemas.api.terminals import PlaceKind, Terminal
from schemas.errors import InvalidEvent
from schemas.events import STRICT, DealRevision, Event, VisitorScan
from schemas.fair.file import example_fair_path, load_fair
from schemas.ids import BoothId, GateId, HallId
from schemas.topics import EVENT_CLASSES
from tests.support import builders
from tests.support.examples import example_event
from tests.support.gateway import BOOTH, DESK, GATE, HALL, event

FAIR = load_fair(example_fair_path("small"))
PLACES = {"booth_id": ("h1-001", "h2-001"), "gate_id": ("north", "goods"), "hall_id": ("h1", "h2")}
"""By field: the place where our terminals stand (the booth in that hall), and another one."""
OWN = {
    PlaceKind.BOOTH: {"booth_id": "h1-001", "hall_id": "h1"},
    PlaceKind.GATE: {"gate_id": "north"},
    PlaceKind.HALL: {"hall_id": "h1"},
    PlaceKind.DESK: {},
}
"""The places that an event may name, by the place of its terminal."""
COMMON = ("event_id", "fair_id", "terminal_id", "occurred_at", "received_at")
KINDS = {PlaceKind.BOOTH: "booth", PlaceKind.GATE: "entry", PlaceKind.HALL: "zone_in", PlaceKind.DESK: "session"}
OF_THE_BOOTH = {"deal_id": "h1-001.d-1", "meeting_id": "e1.m-1", "exhibitor_id": "e1"}


@dataclass(frozen=True, slots=True, config=STRICT)
class Seen(Event):
    """A kind of event that does not exist yet."""

    posted_at: ClassVar[frozenset[PlaceKind]] = frozenset(PlaceKind)

    _: KW_ONLY
    type: Literal["fair.test.seen.v1"] = "fair.test.seen.v1"
    booth_id: BoothId | None = None
    gate_id: GateId | None = None
    hall_id: HallId | None = None


def sample(kind: type[Event], terminal: Terminal) -> dict[str, Any]:
    """Return the fields of an event of a kind that the terminal may post, without its place."""
    if kind is Seen:
        one: Event = Seen(**{name: getattr(builders.scan(), name) for name in COMMON})
    elif kind is VisitorScan:
        one = builders.scan(kind=KINDS[terminal.place])
    else:
        one = example_event(kind)
    given = {field.name: getattr(one, field.name) for field in fields(one)}
    given |= dict.fromkeys(PLACES.keys() & given.keys())
    return given | {name: value for name, value in OF_THE_BOOTH.items() if name in given}


def cases() -> Iterator[Any]:
    """Yield every kind of event at every terminal that may post it, with each of its places, own and other."""
    for kind, terminal in product((*EVENT_CLASSES, Seen), (BOOTH, GATE, HALL, DESK)):
        names = {field.name for field in fields(kind)} & PLACES.keys()
        if terminal.place in kind.posted_at:
            for name, at in product(sorted(names), (0, 1)):
                yield pytest.param(
                    kind, terminal, name, PLACES[name][at], id=f"{kind.__name__} {terminal.place} {name} {at}"
                )


@pytest.mark.parametrize(("kind", "terminal", "name", "place"), list(cases()))
def test_an_event_names_its_terminals_place_or_the_hall_of_its_booth_and_no_other(
    kind: type[Event], terminal: Terminal, name: str, place: str
) -> None:
    event = kind(**{**sample(kind, terminal), name: place})
    of_the_whole_fair = terminal is DESK and issubclass(kind, DealRevision)
    if OWN[terminal.place].get(name) == place or of_the_whole_fair:
        check_scope(event, terminal, FAIR)
        return
    with pytest.raises(InvalidEvent) as refused:
        check_scope(event, terminal, FAIR)
    assert (refused.value.reason, refused.value.field) == ("out_of_scope", name)


@pytest.mark.parametrize("terminal", [BOOTH, GATE, HALL, DESK], ids=lambda one: one.place)
def test_an_event_that_names_no_place_is_taken(terminal: Terminal) -> None:
    for kind in (*EVENT_CLASSES, Seen):
        if terminal.place in kind.posted_at:
            check_scope(kind(**sample(kind, terminal)), terminal, FAIR)


@pytest.mark.parametrize(
    ("terminal", "target_type", "taken"),
    [
        (BOOTH, "fair.visitor.scanned.v1", True),
        (BOOTH, "fair.exhibit.interaction.v1", True),
        (GATE, "fair.visitor.scanned.v1", True),
        (GATE, "fair.exhibit.interaction.v1", False),
        (HALL, "fair.visitor.scanned.v1", True),
        (HALL, "fair.exhibit.interaction.v1", False),
        (DESK, "fair.visitor.scanned.v1", True),
        (DESK, "fair.exhibit.interaction.v1", False),
    ],
    ids=lambda value: value.place if isinstance(value, Terminal) else str(value),
)
def test_a_terminal_takes_back_only_what_is_posted_at_its_place(
    terminal: Terminal, target_type: str, taken: bool
) -> None:
    annulment = builders.annulled("ada", target_type=target_type)
    if taken:
        check_scope(annulment, terminal, FAIR)
        return
    with pytest.raises(InvalidEvent) as refused:
        check_scope(annulment, terminal, FAIR)
    assert (refused.value.reason, refused.value.field) == ("out_of_scope", "target_type")


def test_a_booth_says_nothing_of_another_booths_meeting() -> None:
    meeting = builders.meeting("e3.m-1", exhibitor="e3")
    with pytest.raises(InvalidEvent) as refused:
        check_scope(meeting, BOOTH, FAIR)
    assert (refused.value.reason, refused.value.field) == ("out_of_scope", "exhibitor_id")
    check_scope(meeting, DESK, FAIR)


@pytest.mark.parametrize("terminal", [BOOTH, DESK], ids=lambda one: one.place)
def test_a_meeting_whose_stored_id_reads_as_that_of_another_exhibitor_is_refused(terminal: Terminal) -> None:
    fair = replace(FAIR, exhibitors={**FAIR.exhibitors, "e1.x": FAIR.exhibitors["e1"]})
    check_scope(builders.meeting("e1.y.m-1", exhibitor="e1"), terminal, fair)
    with pytest.raises(InvalidEvent) as refused:
        check_scope(builders.meeting("e1.x.m-1", exhibitor="e1"), terminal, fair)
    assert (refused.value.reason, refused.value.field) == ("out_of_scope", "meeting_id")


def posted_meeting(terminal: Terminal, meeting_id: str, exhibitor: str) -> str:
    """Return the id under which a meeting is stored."""
    data = {"meeting_id": meeting_id, "step": "held", "exhibitor_id": exhibitor}
    posted = event(terminal, type="fair.meeting.changed.v1", data=data)
    posting = read_posting(json.dumps(posted).encode(), terminal, "2025-10-25T09:00:00.000Z")
    return str(stamp(open_event(posting.items[0], terminal.source), posting).fields["meeting_id"])


@pytest.mark.parametrize(
    ("terminal", "meeting_id", "exhibitor", "stored"),
    [
        (BOOTH, "m-1", "e1", "e1.m-1"),
        (DESK, "m-1", "e1", "e1.m-1"),
        (BOOTH, "m-1", "e2", "e2.m-1"),
        (DESK, "m-1", "e2", "e2.m-1"),
        (Terminal("t", "small-2025", PlaceKind.BOOTH, "h2-001"), "m-1", "e3", "e3.m-1"),
        (BOOTH, "e1.m-1", "e1", "e1.m-1"),
        (DESK, "e1.m-1", "e1", "e1.m-1"),
        (BOOTH, "e2.m-1", "e1", "e1.e2.m-1"),
    ],
)
def test_a_meeting_is_stored_under_its_exhibitor_wherever_it_is_posted(
    terminal: Terminal, meeting_id: str, exhibitor: str, stored: str
) -> None:
    assert posted_meeting(terminal, meeting_id, exhibitor) == stored


def test_the_table_has_every_field_that_names_a_terminals_place() -> None:
    assert PLACES.keys() == set(PLACE_FIELDS.values())

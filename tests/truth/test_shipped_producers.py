"""Every KPI of people can be fed by the programs that the product ships, without the simulator.

People are imported from lines of a registration system. Terminals of all places save what happens, and the gateway
reads their posts, as it does at a fair.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from producers.badges.book import Book
from producers.badges.change import Change, change_of, event_of
from producers.badges.rows import PersonRow, RowJudge
from producers.badges.tables import FileLine
from producers.gateway.events.badge_codes import BadgeCodes
from producers.gateway.events.intake import Intake
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import read_posting
from producers.terminal.terminal import BoothTerminal
from schemas.api.terminals import PlaceKind, Terminal
from schemas.codes import DenyReason, InteractionKind, MeetingStep, ScanKind, ScanResult, SourceType
from schemas.fair.model import Fair
from schemas.times import epoch_ms, instant_text
from schemas.topics import key_of, topic_of
from schemas.wire import encode
from streams.kpis import badges, booths, funnel, gates, halls, meetings, quality, visits
from tests.support.builders import FAIR, FIRST_DAY, SECOND_DAY
from tests.support.terminals import paired
from tests.truth.playing import Found, Play, Raw, fair_file, fair_in, folded, recounted, stored

KEY = b"thirty-two bytes make a badge key"
FED = (
    *(kpi for module in (gates, visits, booths, funnel, meetings, badges, halls) for kpi in module.KPIS),
    quality.TEST_EVENTS,
    quality.SCANS_BY_SOURCE,
)
"""The KPIs of people."""
OTHERS = {
    "unregistered_badges": "events of unknown badges wait in fair.unresolved, as fair_unresolved_events shows; only "
    "programs that write to Kafka themselves feed it, and the moment before a worker has read a registration"
}
"""KPIs that a shipped gateway keeps at zero, and why."""


@dataclass
class Venue:
    """A fair with a register: what the import wrote, and what the gateway stored."""

    folder: Path
    fair: Fair
    book: Book = field(default_factory=Book)
    records: list[Raw] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.intake = Intake(self.fair, Remembered(1_000), BadgeCodes(KEY, self.fair.badge_codes), self.book)

    def register(self, **values: str) -> None:
        """Import a line of the registration system."""
        row = RowJudge(self.fair, KEY).judge(FileLine(1, values, 1))
        assert isinstance(row, PersonRow), row
        change = change_of(row, self.book)
        assert isinstance(change, Change), change
        assert change.registration is not None
        now = datetime.fromisoformat(f"{FIRST_DAY}T06:00:00Z")
        event = event_of(change.person, change.registration, self.fair.fair_id, now)
        self.book.take_badge(event)
        self.book.take_codes(change.person, change.worn)
        self.records.append((topic_of(event).name, key_of(event), encode(event)))

    def at(self, place: PlaceKind, place_id: str, when: str, act: Callable[[BoothTerminal], Any], **more: Any) -> None:
        """Let somebody use a terminal, and post what it saved."""
        name = f"{place}-{len(self.records)}"
        enrolled = Terminal(name, FAIR, place, place_id, **more)
        where = {"terminal_id": name, "place": str(place), "place_id": place_id, "source": enrolled.source}
        now = epoch_ms(datetime.fromisoformat(when))
        terminal = paired(self.folder / name, fair=self.fair, clock=lambda: now, **where)
        act(terminal)
        bodies = [json.loads(one.body) for one in terminal.spool.oldest(1_000, 10**9)]
        terminal.spool.close()
        arrived = instant_text(datetime.fromisoformat(when))
        judged = self.intake.judge(read_posting(json.dumps(bodies).encode(), enrolled, arrived))
        assert {str(fate.outcome) for fate in judged.fates} == {"accepted"}, judged.fates
        self.records += [(one.topic, one.key, one.value) for one in judged.records]


def of_a_gate(terminal: BoothTerminal) -> None:
    for code in ("CODE-ADA", "CODE-BOB", "CODE-SUE"):
        terminal.scan(code)
    terminal.scan("CODE-MEG", result=ScanResult.DENIED)
    terminal.scan("CODE-MEG", forced=True, read_by=SourceType.MANUAL)
    terminal.scan("CODE-BOB", kind=ScanKind.EXIT)
    terminal.scan("CODE-FOREIGN", result=ScanResult.DENIED, reason=DenyReason.UNKNOWN_BADGE)


def of_a_hall(terminal: BoothTerminal) -> None:
    terminal.scan("CODE-ADA")
    terminal.scan("CODE-BOB")
    terminal.scan("CODE-ADA", kind=ScanKind.ZONE_OUT)


def of_a_booth(terminal: BoothTerminal) -> None:
    terminal.scan("CODE-ADA")
    for kind in (InteractionKind.DEMO_STARTED, InteractionKind.LEAD_CAPTURED):
        terminal.interact("x-e1", kind, badge="CODE-ADA")
    terminal.meeting("m-1", MeetingStep.INVITED)


def of_a_desk(terminal: BoothTerminal) -> None:
    terminal.scan("CODE-BOB")
    for step in (MeetingStep.INVITED, MeetingStep.HELD):
        terminal.meeting("m-1", step, exhibitor="e1")
    terminal.meeting("m-1", MeetingStep.INVITED, exhibitor="e2")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, Found]:
    file = fair_file(register=True)
    venue = Venue(tmp_path_factory.mktemp("terminals"), fair_in(file))
    pro = {"role": "visitor", "class": "professional"}
    venue.register(person="1", country="FR", codes="CODE-ADA", **pro)
    venue.register(person="2", role="visitor", codes="CODE-BOB", **{"class": "public"})
    venue.register(person="3", role="exhibitor_staff", exhibitor="e1", codes="CODE-SUE")
    venue.register(person="4", role="media", codes="CODE-MEG")
    venue.at(PlaceKind.GATE, "north", f"{FIRST_DAY}T08:00:00Z", of_a_gate)
    venue.at(PlaceKind.HALL, "h1", f"{FIRST_DAY}T08:10:00Z", of_a_hall)
    venue.at(PlaceKind.BOOTH, "h1-001", f"{FIRST_DAY}T08:20:00Z", of_a_booth)
    venue.at(PlaceKind.BOOTH, "h1-001", f"{FIRST_DAY}T08:22:00Z", lambda booth: booth.scan("CODE-ADA"))
    venue.at(PlaceKind.DESK, "", f"{FIRST_DAY}T08:30:00Z", of_a_desk)
    venue.at(PlaceKind.GATE, "north", f"{FIRST_DAY}T08:40:00Z", lambda gate: gate.scan("CODE-ADA"), test=True)
    venue.at(PlaceKind.GATE, "north", f"{SECOND_DAY}T10:00:00Z", lambda gate: gate.scan("CODE-ADA"))
    play = Play(stored(venue.records, 2), 2, 7)
    return folded(file, play), recounted(file, play)


@pytest.mark.parametrize("name", [kpi.name for kpi in FED if kpi.name not in OTHERS])
def test_a_kpi_of_people_is_fed_by_shipped_programs(played: tuple[Found, Found], name: str) -> None:
    shown, recount = (found[name] for found in played)
    assert any(shown.values()), f"{name} is 0 in all windows: no shipped program writes what it counts"
    assert {window: cells for window, cells in shown.items() if cells} == {
        window: cells for window, cells in recount.items() if cells
    }


def test_the_numbers_of_this_fair_are_those_that_a_person_counts(played: tuple[Found, Found]) -> None:
    shown, _ = played
    assert shown["visits"]["fair"] == {"": 3}
    assert shown["unique_visitors"]["fair"] == {"": 2}
    assert shown["attendance"][FIRST_DAY] == {"": 3}
    assert shown["international_visitors"]["fair"] == {"": 1}
    assert shown["funnel"]["fair"] == {"step=visit": 2, "step=booth": 1, "step=exhibit": 1, "step=lead": 1}
    assert shown["meetings"]["fair"] == {"step=invited": 2, "step=held": 1}, "e1 and e2 have one each"
    assert shown["scans_by_source"][FIRST_DAY] == {"source=qr": 10, "source=manual": 1}
    assert shown["gate_denials"][FIRST_DAY] == {
        "gate=north, reason=unstated": 1,
        "gate=north, reason=unknown_badge": 1,
    }
    assert shown["test_events"]["fair"] == {"topic=fair.scans": 1}
    assert shown["registered_badges"]["fair"] == {
        "role=visitor_professional": 1,
        "role=visitor_public": 1,
        "role=exhibitor_staff": 1,
        "role=media": 1,
    }

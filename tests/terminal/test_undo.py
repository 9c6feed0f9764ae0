"""The last scan or interaction can be taken back for a minute, as an event of its own."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from producers.terminal.cli import terminal as command
from producers.terminal.deal_form import DealForm
from producers.terminal.spool import Saved, Spool
from producers.terminal.terminal import BoothTerminal
from schemas.codes import AnnulReason, InteractionKind, ScanKind
from schemas.errors import InvalidEvent
from tests.support.terminals import BADGE, pair, paired

NOW_MS = 1_761_380_000_000
ID = "0199a000-0000-7000-8000-0000000000{:02d}"


class Clock:
    """A clock that is set by hand, in ms."""

    now = NOW_MS

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def terminal(folder: Path, clock: Clock) -> Iterator[BoothTerminal]:
    made = paired(folder, clock=clock)
    yield made
    made.spool.close()


def posted(terminal: BoothTerminal) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in terminal.spool.oldest(100, 10**6)]


def test_an_annulment_is_an_event_of_its_own(terminal: BoothTerminal, clock: Clock) -> None:
    scan = terminal.scan(BADGE)
    clock.now += 5_000
    undo = terminal.annul(scan.event_id)
    assert posted(terminal)[1] == {
        "specversion": "1.0",
        "id": undo.event_id,
        "source": "/fairs/small-2025/booths/h1-001/terminals/t-1",
        "type": "fair.scan.annulled.v1",
        "time": "2025-10-25T08:13:25.000Z",
        "datacontenttype": "application/json",
        "data": {
            "terminal_seq": 2,
            "terminal_epoch": terminal.paired.epoch,
            "capture": "online",
            "target": scan.event_id,
            "target_type": "fair.visitor.scanned.v1",
            "badge_ref": BADGE,
            "why": "mistake",
            "booth_id": "h1-001",
        },
    }


ACTIONS: dict[str, tuple[Callable[[BoothTerminal], Saved], str, str | None]] = {
    "a scan": (lambda box: box.scan(BADGE), "fair.visitor.scanned.v1", BADGE),
    "a scan without a badge": (lambda box: box.scan(None), "fair.visitor.scanned.v1", None),
    "an interaction": (
        lambda box: box.interact("x-e1", InteractionKind.DEMO_STARTED, badge=BADGE),
        "fair.exhibit.interaction.v1",
        BADGE,
    ),
    "a lead": (
        lambda box: box.interact("x-e1", InteractionKind.LEAD_CAPTURED, badge=BADGE),
        "fair.exhibit.interaction.v1",
        BADGE,
    ),
}


@pytest.mark.parametrize(("action", "of_type", "badge"), ACTIONS.values(), ids=ACTIONS.keys())
def test_scans_and_interactions_can_be_taken_back(
    terminal: BoothTerminal, action: Callable[[BoothTerminal], Saved], of_type: str, badge: str | None
) -> None:
    target = action(terminal)
    terminal.annul(target.event_id, why=AnnulReason.WRONG_CHOICE)
    data = posted(terminal)[1]["data"]
    assert (data["target"], data["target_type"]) == (target.event_id, of_type)
    assert (data.get("badge_ref"), data["why"]) == (badge, "wrong_choice")


@pytest.mark.parametrize(
    ("place", "place_id", "kind"),
    [("gate", "north", ScanKind.ENTRY), ("hall", "h1", ScanKind.ZONE_OUT), ("desk", "", None)],
)
def test_a_scan_at_every_place_can_be_taken_back(
    folder: Path, place: str, place_id: str, kind: ScanKind | None
) -> None:
    source = f"/fairs/small-2025/{place}s/{place_id}/terminals/t-1"
    terminal = paired(folder, place=place, place_id=place_id, source=source)
    terminal.annul(terminal.scan(BADGE, kind=kind).event_id)
    data = posted(terminal)[1]["data"]
    assert {name: data[name] for name in data if name.endswith("_id")} == (
        {f"{place}_id": place_id} if place_id else {}
    )
    terminal.spool.close()


@pytest.mark.parametrize(("later_ms", "word"), [(60_000, None), (60_001, "undo_too_late"), (-1, "undo_too_late")])
def test_a_scan_can_be_taken_back_for_a_minute(
    terminal: BoothTerminal, clock: Clock, later_ms: int, word: str | None
) -> None:
    scan = terminal.scan(BADGE)
    clock.now += later_ms
    if word is None:
        terminal.annul(scan.event_id)
        return
    with pytest.raises(InvalidEvent) as refused:
        terminal.annul(scan.event_id)
    assert refused.value.word == word
    assert terminal.spool.last_seq() == 1


def test_only_the_last_event_can_be_taken_back_and_only_once(terminal: BoothTerminal) -> None:
    first, second = terminal.scan(BADGE), terminal.scan("cd" * 16)
    with pytest.raises(InvalidEvent) as refused:
        terminal.annul(first.event_id)
    assert refused.value.word == "undo_not_last"
    terminal.annul(second.event_id)
    for target in (second, first):
        with pytest.raises(InvalidEvent):
            terminal.annul(target.event_id)
    assert terminal.spool.last_seq() == 3


def test_a_deal_is_not_taken_back(terminal: BoothTerminal) -> None:
    scan = terminal.scan(BADGE)
    deal = terminal.deal(DealForm(partner="ACME", country="JP"))
    for target in (deal, scan):
        with pytest.raises(InvalidEvent):
            terminal.annul(target.event_id)


def test_the_same_id_is_the_same_annulment_also_after_something_else_was_saved(terminal: BoothTerminal) -> None:
    scan = terminal.scan(BADGE)
    first = terminal.annul(scan.event_id, event_id=ID.format(1))
    terminal.scan("cd" * 16)
    assert terminal.annul(scan.event_id, event_id=ID.format(1)) == first
    assert terminal.spool.last_seq() == 3


def test_a_badge_whose_scan_was_taken_back_can_be_scanned_at_once(terminal: BoothTerminal) -> None:
    terminal.annul(terminal.scan(BADGE).event_id)
    assert not terminal.scan(BADGE).again


def test_a_scan_can_be_taken_back_after_a_restart_of_the_program(folder: Path, clock: Clock) -> None:
    first = paired(folder, clock=clock)
    scan = first.scan(BADGE)
    first.spool.close()
    second = BoothTerminal(Spool(folder), clock=clock)
    second.annul(scan.event_id)
    assert [event["type"] for event in posted(second)] == ["fair.visitor.scanned.v1", "fair.scan.annulled.v1"]
    second.spool.close()


def test_the_command_takes_the_last_event_back(folder: Path) -> None:
    pair(folder, "http://127.0.0.1:1")

    def run(*words: str) -> tuple[int, str]:
        ended = CliRunner().invoke(command, ["--folder", str(folder), *words])
        return ended.exit_code, ended.output

    assert run("undo")[0] != 0
    assert run("scan", BADGE)[0] == 0
    code, said = run("undo", "--why", "wrong_badge")
    assert (code, said.split()[:2]) == (0, ["saved", "2"])
    assert run("undo")[0] != 0
    spool = Spool(folder)
    assert json.loads(spool.oldest(9, 10**6)[1].body)["data"]["why"] == "wrong_badge"
    spool.close()


AGAIN: dict[str, Callable[[BoothTerminal, str], Saved]] = {
    "undo": lambda terminal, name: terminal.annul(name, event_id=name),
    "interaction": lambda terminal, name: terminal.interact("x-e1", InteractionKind.LEAD_CAPTURED, event_id=name),
    "deal": lambda terminal, name: terminal.deal(DealForm(partner="ACME", country="JP"), event_id=name),
}


@pytest.mark.parametrize("deed", AGAIN.values(), ids=AGAIN)
def test_the_id_of_a_scan_is_refused_for_an_event_of_another_kind(
    terminal: BoothTerminal, deed: Callable[[BoothTerminal, str], Saved]
) -> None:
    scan = terminal.scan(BADGE, event_id=ID.format(7))
    with pytest.raises(InvalidEvent, match="another event has this id") as refused:
        deed(terminal, scan.event_id)
    assert refused.value.word == "event_id_conflict"
    assert terminal.spool.last_seq() == 1

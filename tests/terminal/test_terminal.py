"""The library: saving a scan, an interaction, a deal; wrong clocks; refusals and their reasons."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from producers.terminal.clock import new_event_id, writable
from producers.terminal.deal_form import DealForm
from producers.terminal.spool import Spool
from producers.terminal.terminal import BoothTerminal
from schemas.codes import DealStage, InteractionKind, ScanKind
from schemas.errors import InvalidEvent, InvalidSettings
from schemas.times import epoch_ms, instant_text
from tests.support.terminals import BADGE, pair, paired

DAY_MS = 86_400_000
NOW_MS = 1_761_380_000_000


@pytest.fixture
def make(folder: Path) -> Iterator[Callable[..., BoothTerminal]]:
    made: list[BoothTerminal] = []

    def terminal(**options: Any) -> BoothTerminal:
        made.append(paired(folder, **options))
        return made[-1]

    yield terminal
    for one in made:
        one.spool.close()


def posted(terminal: BoothTerminal) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in terminal.spool.oldest(1_000, 10**9)]


def test_a_scan_is_saved_as_the_gateway_wants_it(make: Callable[..., BoothTerminal]) -> None:
    terminal = make(clock=lambda: NOW_MS)
    saved = terminal.scan(BADGE)
    (event,) = posted(terminal)
    assert event == {
        "specversion": "1.0",
        "id": saved.event_id,
        "source": "/fairs/small-2025/booths/h1-001/terminals/t-1",
        "type": "fair.visitor.scanned.v1",
        "time": "2025-10-25T08:13:20.000Z",
        "datacontenttype": "application/json",
        "data": {
            "terminal_seq": 1,
            "terminal_epoch": terminal.paired.epoch,
            "capture": "online",
            "source_type": "qr",
            "scan_kind": "booth",
            "badge_ref": BADGE,
            "badge_role": "visitor_professional",
            "result": "accepted",
            "forced": False,
            "booth_id": "h1-001",
        },
    }


def test_a_badge_code_becomes_a_pseudonym_and_is_never_stored(make: Callable[..., BoothTerminal], folder: Path) -> None:
    watch = iter((0.0, 60.0))
    terminal = make(badge_key=b"key of the fair", elapsed=lambda: next(watch))
    terminal.scan("VISITOR-4711\n")
    terminal.scan(" VISITOR-4711")
    first, second = (event["data"]["badge_ref"] for event in posted(terminal))
    assert first == second != BADGE
    assert len(first) == 32
    terminal.spool._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert b"4711" not in (folder / "spool.sqlite3").read_bytes()


@pytest.mark.parametrize("code", ["", "two words", "\x1b[0m", "é", "x" * 200])
def test_a_code_that_is_not_a_badge_is_refused_without_being_echoed(
    make: Callable[..., BoothTerminal], code: str
) -> None:
    terminal = make(badge_key=b"k")
    with pytest.raises(InvalidEvent, match="badge") as refused:
        terminal.scan(code)
    assert code.strip() == "" or code not in str(refused.value)
    assert terminal.spool.last_seq() == 0


def test_without_a_key_only_pseudonyms_can_be_scanned(make: Callable[..., BoothTerminal]) -> None:
    with pytest.raises(InvalidEvent, match="FAIRPULSE_BADGE_KEY"):
        make().scan("VISITOR-4711")


def test_a_booth_makes_no_gate_scans_and_knows_its_exhibits(make: Callable[..., BoothTerminal]) -> None:
    terminal = make()
    with pytest.raises(InvalidEvent, match="kind"):
        terminal.scan(BADGE, kind=ScanKind.ENTRY)
    with pytest.raises(InvalidEvent, match="exhibit"):
        terminal.interact("night-train", InteractionKind.DEMO_STARTED)
    terminal.interact("x-e2", InteractionKind.LEAD_CAPTURED, badge=BADGE)
    (event,) = posted(terminal)
    assert (event["data"]["exhibit_id"], event["data"]["exhibitor_id"]) == ("x-e2", "e2")


def test_a_deal_is_one_revision_with_both_parties(make: Callable[..., BoothTerminal]) -> None:
    terminal = make()
    terminal.deal(DealForm(partner="ACME", country="JP", amount="1,250,000.5", currency="EUR"))
    terminal.deal(DealForm(partner="ACME", country="DE", stage=DealStage.MOU))
    first, second = (event["data"] for event in posted(terminal))
    assert (first["value_minor"], first["currency"], first["binding"]) == (125_000_050, "EUR", True)
    assert [party["org_id"] for party in first["parties"]] == ["e1", "ACME"]
    assert (first["trade_direction"], second["trade_direction"]) == ("export", "domestic")
    assert (second["binding"], second["value_basis"], "value_minor" in second) == (False, "undisclosed", False)
    assert first["deal_id"] != second["deal_id"]


CLOCKS = {
    "a day fast": [NOW_MS + DAY_MS] * 3,
    "a day slow": [NOW_MS - DAY_MS] * 3,
    "in 1970": [0, 5_000, 61_000],
    "before 1970": [-5_000, -4_000, -3_000],
    "in 2150": [5_680_281_600_000] * 3,
    "running backwards": [NOW_MS, NOW_MS - 3_600_000, NOW_MS - 7_200_000],
    "standing still": [NOW_MS] * 3,
}


@pytest.mark.parametrize("readings", CLOCKS.values(), ids=CLOCKS.keys())
def test_a_wrong_clock_loses_nothing_and_keeps_the_order(
    make: Callable[..., BoothTerminal], readings: list[int]
) -> None:
    left = iter(readings)
    terminal = make(clock=lambda: next(left))
    ids = [terminal.scan(f"{number:032x}").event_id for number, _ in enumerate(readings)]
    assert len(set(ids)) == len(readings)
    events = posted(terminal)
    assert [event["id"] for event in events] == ids
    assert [event["data"]["terminal_seq"] for event in events] == [1, 2, 3]


def test_a_clock_in_1970_keeps_its_differences(make: Callable[..., BoothTerminal]) -> None:
    happened, sent = 5_000, 65_000
    assert epoch_ms(writable(sent)) - epoch_ms(writable(happened)) == 60_000
    assert instant_text(writable(happened)) == "2000-01-01T00:00:05.000Z"


def test_event_ids_are_unique_uuids_of_version_7() -> None:
    ids = {new_event_id(NOW_MS) for _ in range(10_000)}
    assert len(ids) == 10_000
    assert all(one[14] == "7" and one[19] in "89ab" for one in ids)


def test_pairing_again_keeps_the_spool_and_another_terminal_gets_no_part_of_it(
    make: Callable[..., BoothTerminal], folder: Path
) -> None:
    terminal = make()
    terminal.scan(BADGE)
    pair(folder, "https://gateway.example", token="tf_new_token")
    assert terminal.spool.totals().pending == 1
    with pytest.raises(InvalidSettings, match="another terminal"):
        pair(
            folder, "https://gateway.example", terminal_id="t-2", source="/fairs/small-2025/booths/h1-001/terminals/t-2"
        )


def test_a_terminal_that_was_never_paired_says_what_to_do(folder: Path) -> None:
    spool = Spool(folder)
    with pytest.raises(InvalidSettings, match="terminal pair"):
        BoothTerminal(spool)
    spool.close()

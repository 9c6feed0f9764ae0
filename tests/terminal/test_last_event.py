"""The note of the last event, for undo: true after a restart, and gone when it is not needed."""

from pathlib import Path

import pytest

from producers.terminal.last_event import NOTE, LastEvent
from producers.terminal.spool import Spool

SCAN = "fair.visitor.scanned.v1"
BADGE = "5eca" * 8


def scanned(spool: Spool, name: str, at_ms: int = 1_000) -> LastEvent:
    last = LastEvent(name, SCAN, BADGE, "scan", at_ms)
    spool.save(name, "scan", at_ms, lambda _: b"{}", undo=last)
    return last


def test_the_last_event_is_known_after_a_restart(folder: Path) -> None:
    first = Spool(folder)
    scanned(first, "a")
    last = scanned(first, "b")
    first.close()
    again = Spool(folder)
    assert again.last_event() == last
    again.close()


def test_an_event_that_cannot_be_undone_takes_the_place_of_the_one_before(spool: Spool) -> None:
    scanned(spool, "a")
    spool.save("b", "annulment", 1_000, lambda _: b"{}")
    assert spool.last_event() is None


def test_a_repeated_id_does_not_become_the_last_event_again(spool: Spool) -> None:
    scanned(spool, "a")
    last = scanned(spool, "b")
    scanned(spool, "a")
    assert spool.last_event() == last


def test_an_event_that_was_not_saved_leaves_the_note_as_it_was(spool: Spool) -> None:
    def broken(seq: int) -> bytes:
        raise ValueError(seq)

    last = scanned(spool, "a")
    with pytest.raises(ValueError, match="2"):
        spool.save("b", "scan", 0, broken, undo=LastEvent("b", SCAN, None, "scan", 0))
    assert spool.last_event() == last


@pytest.mark.parametrize(("later_ms", "there"), [(0, True), (60_000, True), (60_001, False), (-1, False)])
def test_the_pseudonym_is_forgotten_after_a_minute(spool: Spool, folder: Path, later_ms: int, there: bool) -> None:
    scanned(spool, "a")
    spool.forget_last_event(1_000 + later_ms)
    assert (spool.last_event() is not None) is there
    scanned(spool, "b")
    spool.settle(1_000 + later_ms, delivered=[1])
    assert (spool.last_event() is not None) is there
    spool._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert (BADGE.encode() in (folder / "spool.sqlite3").read_bytes()) is there


def test_a_note_that_is_damaged_counts_as_forgotten(spool: Spool) -> None:
    for value in ("", "{", "[]", "{}", '{"event_id":"a"}', "null"):
        spool.set_notes({NOTE: value})
        assert spool.last_event() is None

"""Every error of the disk or of SQLite, at any call, is one kind of trouble with a cause and a true sentence."""

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from producers.terminal import drawer
from producers.terminal.pairing import Pairing
from producers.terminal.spool import Refusal, Spool
from producers.terminal.spool_trouble import SpoolTrouble, trouble_of
from producers.terminal.terminal import BoothTerminal
from tests.support.terminals import pair

CALLS: dict[str, Callable[[Spool], object]] = {
    "save": lambda spool: spool.save("z", "scan", 0, lambda _: b"{}"),
    "oldest": lambda spool: spool.oldest(10, 999),
    "settle": lambda spool: spool.settle(0, delivered=[1], refused=[Refusal(2, "x")]),
    "totals": lambda spool: spool.totals(),
    "last_seq": lambda spool: spool.last_seq(),
    "note": lambda spool: spool.note("pairing"),
    "pairing": Pairing.load,
    "terminal": BoothTerminal,
    "set_notes": lambda spool: spool.set_notes({"a": "b"}),
    "rows": lambda spool: spool.rows(1, 10),
    "last_event": lambda spool: spool.last_event(),
    "drawer": drawer.entries,
    "send_again": drawer.send_again,
    "exported": drawer.exported,
    "forget": lambda spool: drawer.forget(spool, [3]),
}


def opened(folder: Path) -> Spool:
    pair(folder, "http://127.0.0.1:1")
    spool = Spool(folder, ballast_bytes=0)
    for name in "abc":
        spool.save(name, "scan", 0, lambda _: b"{}")
    spool.settle(0, refused=[Refusal(3, "bad_value")])
    return spool


def sqlite_error(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("it says so")
    error.sqlite_errorcode = getattr(sqlite3, name)
    return error


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("SQLITE_CORRUPT", "spool_damaged"),
        ("SQLITE_NOTADB", "spool_damaged"),
        ("SQLITE_FORMAT", "spool_damaged"),
        ("SQLITE_CONSTRAINT", "spool_damaged"),
        ("SQLITE_MISMATCH", "spool_damaged"),
        ("SQLITE_ERROR", "spool_damaged"),
        ("SQLITE_CORRUPT_INDEX", "spool_damaged"),
        ("SQLITE_FULL", "disk_full"),
        ("SQLITE_IOERR", "disk"),
        ("SQLITE_IOERR_FSYNC", "disk"),
        ("SQLITE_READONLY", "disk"),
        ("SQLITE_CANTOPEN", "disk"),
        ("SQLITE_PERM", "disk"),
        ("SQLITE_BUSY", "disk"),
        ("SQLITE_LOCKED", "disk"),
    ],
)
def test_an_error_of_sqlite_has_one_cause(name: str, cause: str) -> None:
    trouble = trouble_of(sqlite_error(name), "the event was not saved")
    assert trouble.cause == cause
    assert str(trouble).startswith("the event was not saved: ")
    assert trouble.hint
    assert ("safe" in str(trouble)) is False


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EIO, "disk"),
        (errno.EROFS, "disk"),
        (errno.EACCES, "disk"),
    ],
)
def test_an_error_of_the_system_has_one_cause(number: int, cause: str) -> None:
    assert trouble_of(OSError(number, os.strerror(number)), "x").cause == cause


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE events",
        "DROP TABLE notes",
        "DROP TABLE totals",
        "DELETE FROM totals",
        "UPDATE totals SET bytes = 'x', accepted = x'00'",
        "UPDATE sqlite_sequence SET seq = 'nonsense'",
        f"UPDATE sqlite_sequence SET seq = {2**63 - 1}",
        "UPDATE sqlite_sequence SET seq = 1",
        "UPDATE events SET body = 7, event_id = x'ff', kind = 1, saved_ms = 'x'",
        "UPDATE events SET kind = CAST(x'ff' AS TEXT), event_id = CAST(x'ff' AS TEXT), reason = x'00'",
        "UPDATE notes SET value = x'00ff'",
        "UPDATE notes SET value = '{'",
        "UPDATE notes SET value = CAST(x'ff' AS TEXT)",
    ],
)
def test_no_damage_ends_in_anything_but_named_trouble(
    folder: Path, damage: str, call: Callable[[Spool], object]
) -> None:
    spool = opened(folder)
    spool._database.execute(damage)
    try:
        call(spool)
    except SpoolTrouble as trouble:
        assert trouble.cause == "spool_damaged"  # noqa: PT017 - a call that does not touch the damage succeeds
    finally:
        spool.close()


def test_a_folder_that_cannot_be_written_is_a_disk_that_does_not_work(folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file")
    with pytest.raises(SpoolTrouble) as trouble:
        Spool(folder)
    assert trouble.value.cause == "disk"


def test_a_ballast_that_cannot_be_written_is_not_called_a_full_disk(spool: Spool, folder: Path) -> None:
    (folder / "ballast").unlink()
    (folder / "ballast.new").mkdir()
    with pytest.raises(SpoolTrouble) as trouble:
        spool.save("a", "scan", 0, lambda _: b"{}")
    assert trouble.value.cause == "disk"

"""A damaged spool is named, never called empty; what can be read of it is saved, and is sent."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from producers.terminal.fresh_spool import MARGIN
from producers.terminal.instance import epoch_of
from producers.terminal.link import Link
from producers.terminal.pairing import Pairing
from producers.terminal.repair import Repaired, repair
from producers.terminal.repair_cli import lines_of, ranges
from producers.terminal.salvage import is_sound
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool
from producers.terminal.spool_trouble import SpoolTrouble
from producers.terminal.terminal import BoothTerminal
from tests.support.damaged import EVENTS, PAGE, cut, flip, random_flip, used_folder
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import pair

FLIPS = 200


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, tuple[Path, dict[int, bytes]]]:
    """A folder without a log and one with it, and the bytes of what must not be lost."""
    home = tmp_path_factory.mktemp("used")
    return {log: (home / f"log-{log}", used_folder(home / f"log-{log}", log=log)) for log in (False, True)}


def kept_in(folder: Path) -> tuple[dict[int, bytes], int]:
    """Return the bytes of what waits or is in the drawer of a spool, and its highest number; the spool must open."""
    spool = Spool(folder)
    try:
        return {one.seq: one.body for one in [*spool.oldest(999, 10**9), *spool.rows(1, 999)]}, spool.last_seq()
    finally:
        spool.close()


def opens(folder: Path) -> tuple[tuple[dict[int, bytes], int] | None, str]:
    """Return what an undamaged spool keeps, or the cause of its trouble."""
    try:
        return kept_in(folder), ""
    except SpoolTrouble as trouble:
        return None, trouble.cause


def spool_of(folder: Path) -> Path:
    return folder / "spool.sqlite3"


def log_of(folder: Path) -> Path:
    return folder / "spool.sqlite3-wal"


def page(number: int, content: bytes) -> Callable[[Path], None]:
    def overwrite(folder: Path) -> None:
        with spool_of(folder).open("r+b") as file:
            file.seek((number - 1) * PAGE)
            file.write(content)

    return overwrite


def a_folder_in_its_place(folder: Path) -> None:
    spool_of(folder).unlink()
    spool_of(folder).mkdir()


WHOLE: dict[str, Callable[[Path], None]] = {
    "the header": page(1, b"\xff" * 100),
    "the first page, with the schema": page(1, Random(1).randbytes(PAGE)),
    "not a database": page(1, b"GIF89a"),
    "a schema of somebody else": lambda folder: spool_of(folder).write_bytes(
        spool_of(folder).read_bytes().replace(b"TABLE events", b"TABLE evenst", 1)
    ),
}
"""Damage to a file without a log that leaves every event."""

LOST: dict[str, Callable[[Path], None]] = {
    "empty": lambda folder: spool_of(folder).write_bytes(b""),
    "removed": lambda folder: spool_of(folder).unlink(),
    "a folder": a_folder_in_its_place,
    "all zeros": lambda folder: spool_of(folder).write_bytes(bytes(spool_of(folder).stat().st_size)),
    "text": lambda folder: spool_of(folder).write_text("no database\n" * 5_000),
}


def copied(used: dict[bool, tuple[Path, dict[int, bytes]]], folder: Path, *, log: bool) -> dict[int, bytes]:
    source, kept = used[log]
    shutil.copytree(source, folder)
    return kept


def told(folder: Path) -> SpoolTrouble:
    with pytest.raises(SpoolTrouble) as trouble:
        Spool(folder)
    return trouble.value


def mended(folder: Path) -> Repaired:
    done = repair(folder)
    assert done is not None
    assert repair(folder) is None, "a second time there is nothing to do"
    return done


@pytest.mark.parametrize("log", [False, True])
def test_a_sound_spool_is_left_as_it_is(used: dict, folder: Path, log: bool) -> None:  # type: ignore[type-arg]
    copied(used, folder, log=log)
    before = {one.name: one.read_bytes() for one in folder.iterdir() if not one.name.endswith("-shm")}
    assert repair(folder) is None
    assert {name: (folder / name).read_bytes() for name in before} == before


@pytest.mark.parametrize("damage", WHOLE.values(), ids=WHOLE)
def test_damage_that_leaves_the_events_loses_none(
    used: dict,
    folder: Path,
    damage: Callable[[Path], None],  # type: ignore[type-arg]
) -> None:
    kept = copied(used, folder, log=False)
    damage(folder)
    trouble = told(folder)
    assert (trouble.cause, "fairpulse terminal repair" in trouble.hint) == ("spool_damaged", True)
    assert "safe" not in str(trouble), "nobody knows what is safe"
    done = mended(folder)
    assert kept_in(folder) == (kept, EVENTS)
    assert (done.waiting, done.rejected, done.lost, done.unknown, done.guessed) == (88, 2, (), (), False)
    assert done.paired
    spool = Spool(folder)
    assert Pairing.load(spool)
    assert (spool.totals().accepted, spool.totals().saved) == (30, EVENTS)
    spool.close()
    assert done.kept == folder / "spool.sqlite3.damaged-1"


@pytest.mark.parametrize("damage", LOST.values(), ids=LOST)
def test_a_spool_that_is_lost_whole_is_never_taken_for_a_new_one(
    used: dict,
    folder: Path,
    damage: Callable[[Path], None],  # type: ignore[type-arg]
) -> None:
    copied(used, folder, log=False)
    damage(folder)
    assert told(folder).cause == "spool_damaged"
    done = mended(folder)
    assert not done.paired
    assert kept_in(folder) == ({}, 0)
    assert "lost: nothing could be read" in lines_of(done)
    assert "pair again" in lines_of(done)[-1]


@pytest.mark.parametrize("where", [0, 12, 20, 32, 60, 32 + 4_120 * 3 + 2_000], ids=str)
def test_a_damaged_log_is_not_passed_over_and_its_events_are_saved(
    used: dict,
    folder: Path,
    where: int,  # type: ignore[type-arg]
) -> None:
    kept = copied(used, folder, log=True)
    flip(log_of(folder), where, 4, Random(where))
    assert told(folder).cause == "spool_damaged", "SQLite itself would open it without a word"
    done = mended(folder)
    rows, last = kept_in(folder)
    assert rows.items() >= kept.items()
    assert last == EVENTS + MARGIN, "the last number cannot be known, so some are passed over"
    assert done.guessed


def zeroed(folder: Path, *tables: str) -> None:
    """Overwrite the first page of each table, as found in the schema of the file."""
    database = sqlite3.connect(spool_of(folder))
    found = dict(database.execute("SELECT name, rootpage FROM sqlite_schema"))
    database.close()
    for table in tables:
        page(found[table], b"\xa5" * PAGE)(folder)


@pytest.mark.parametrize(
    ("lost", "same_epoch"),
    [(["totals"], True), (["sqlite_sequence"], False), (["sqlite_sequence", "events"], False)],
    ids=str,
)
def test_numbers_that_may_be_given_twice_get_a_new_epoch(
    used: dict,
    folder: Path,
    lost: list[str],
    same_epoch: bool,  # type: ignore[type-arg]
) -> None:
    copied(used, folder, log=False)
    spool = Spool(folder)
    before = epoch_of(spool)
    spool.close()
    zeroed(folder, *lost)
    done = mended(folder)
    spool = Spool(folder)
    after = epoch_of(spool)
    spool.close()
    assert (before == after, done.guessed) == (same_epoch, not same_epoch)
    assert ("in a new epoch" in " ".join(lines_of(done))) is not same_epoch


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_of_a_cut_file_the_part_that_is_there_is_saved_and_the_rest_is_named(
    used: dict,
    folder: Path,
    share: float,  # type: ignore[type-arg]
) -> None:
    kept = copied(used, folder, log=False)
    length = int(spool_of(folder).stat().st_size * share)
    content = spool_of(folder).read_bytes()[:length]
    cut(folder, length)
    assert told(folder).cause == "spool_damaged"
    done = mended(folder)
    rows, last = kept_in(folder)
    readable = {seq for seq, body in kept.items() if body in content}
    assert rows.keys() >= readable
    assert all(rows[seq] == kept[seq] for seq in rows)
    assert {*done.lost, *done.unknown} >= {*kept} - {*rows}
    assert last >= EVENTS


@pytest.mark.parametrize("log", [False, True])
def test_whatever_bytes_are_damaged_nothing_that_can_be_read_is_lost(
    used: dict,
    tmp_path: Path,
    log: bool,  # type: ignore[type-arg]
) -> None:
    for seed in range(FLIPS // 2):
        folder = tmp_path / str(seed)
        kept = copied(used, folder, log=log)
        what = random_flip(folder, Random(seed))
        content = spool_of(folder).read_bytes()
        content += log_of(folder).read_bytes() if log else b""
        opened, cause = opens(shutil.copytree(folder, tmp_path / f"{seed}-opened"))
        if opened is None:
            assert cause == "spool_damaged", what
        else:
            assert (opened[0].keys(), opened[1]) == (kept.keys(), EVENTS), f"{what}: opened, and not what was saved"
        done = repair(folder)
        assert done is not None or opened is not None, what
        rows, last = kept_in(folder)
        assert last >= EVENTS, what
        missing = kept.keys() - rows.keys()
        assert not [seq for seq in missing if kept[seq] in content], what
        assert done is None or missing <= {*done.lost, *done.unknown}, what
        shutil.rmtree(folder)


async def test_a_repaired_spool_sends_everything(used: dict, folder: Path, server: ScriptedServer) -> None:  # type: ignore[type-arg]
    kept = copied(used, folder, log=False)
    page(1, b"\xff" * 100)(folder)
    mended(folder)
    spool = Spool(folder)
    async with Link(server.url) as link:
        await Sender(spool, link, lambda: "t").drain()
    assert {event["data"]["terminal_seq"] for event in server.events.values()} == kept.keys() - {40, 41}
    assert spool.totals().pending == 0
    spool.close()


def test_a_repair_that_is_cut_off_goes_on(used: dict, folder: Path) -> None:  # type: ignore[type-arg]
    kept = copied(used, folder, log=True)
    flip(log_of(folder), 12, 4, Random(1))
    spool_of(folder).rename(folder / "spool.sqlite3.damaged-1")
    assert told(folder).cause == "spool_damaged"
    mended(folder)
    assert kept_in(folder)[0].items() >= kept.items()
    assert (folder / "spool.sqlite3.damaged-1-wal").exists()


def test_a_second_damage_keeps_both_damaged_files(used: dict, folder: Path) -> None:  # type: ignore[type-arg]
    kept = copied(used, folder, log=False)
    for number in (1, 2):
        page(1, b"\xff" * 100)(folder)
        assert mended(folder).kept == folder / f"spool.sqlite3.damaged-{number}"
    assert kept_in(folder) == (kept, EVENTS)


def test_a_program_that_still_has_the_damaged_file_open_saves_nothing_into_it(folder: Path) -> None:
    pair(folder, "http://127.0.0.1:1")
    spool = Spool(folder)
    spool.save("a", "scan", 0, lambda _: b'{"id":"a"}')
    shutil.copytree(folder, folder.with_name("copy"))
    spool_of(folder).rename(folder / "gone")
    with pytest.raises(SpoolTrouble, match="removed or replaced"):
        spool.save("b", "scan", 0, lambda _: b'{"id":"b"}')
    spool.close()


def test_an_event_whose_bytes_are_damaged_goes_to_the_drawer(used: dict, folder: Path) -> None:  # type: ignore[type-arg]
    kept = copied(used, folder, log=False)
    content = spool_of(folder).read_bytes()
    flip(spool_of(folder), content.index(kept[50]), 1, Random(3))
    flip(spool_of(folder), 0, 4, Random(3))
    mended(folder)
    spool = Spool(folder)
    (one,) = [row for row in spool.rows(1, 99) if row.seq == 50]
    assert (one.reason, is_sound(one)) == ("damaged", False)
    spool.close()


def test_numbers_are_told_as_ranges() -> None:
    assert ranges([3, 4, 5, 7, 9, 10]) == "3-5, 7, 9-10"
    assert ranges(range(0, 60, 2)).endswith("38 and 10 more ranges")


@pytest.mark.parametrize(
    ("name", "text", "paired"),
    [
        ("pairing", "{", False),
        ("pairing", "{}", False),
        ("card", "[]", False),
        ("card", "{}", False),
        ("version", "x", True),
    ],
)
def test_a_terminal_whose_pairing_is_garbled_can_be_paired_again(
    folder: Path, name: str, text: str, paired: bool
) -> None:
    pair(folder, "http://127.0.0.1:1")
    spool = Spool(folder)
    spool.save("a", "scan", 0, lambda _: b'{"id":"a"}')
    spool.set_notes({name: text})
    spool.close()
    done = mended(folder)
    assert (done.paired, done.waiting, done.guessed) == (paired, 1, False)
    pair(folder, "http://127.0.0.1:1")
    spool = Spool(folder)
    assert BoothTerminal(spool)
    assert spool.totals().pending == 1
    spool.close()

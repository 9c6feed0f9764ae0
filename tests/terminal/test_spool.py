from pathlib import Path
from sqlite3 import connect

import pytest

from producers.terminal.drawer import forget
from producers.terminal.spool import REMEMBERED, Refusal, Saved, Spool, SpoolFull


def put(spool: Spool, name: str, size: int = 100) -> Saved:
    return spool.save(name, "scan", 0, lambda seq: f"{seq}:".encode().ljust(size, b"x"))


def test_an_event_that_was_saved_is_there_after_the_file_is_opened_again(folder: Path) -> None:
    first = Spool(folder)
    saved = put(first, "a")
    first.close()
    again = Spool(folder)
    assert [(one.seq, one.event_id) for one in again.oldest(10, 1_000)] == [(saved.seq, "a")]
    again.close()


def test_saved_waits_until_the_bytes_are_on_the_disk_itself(spool: Spool, folder: Path) -> None:
    put(spool, "a")
    assert spool._database.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connect(folder / "spool.sqlite3").execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_sequence_numbers_go_up_by_one_and_are_never_used_again(folder: Path) -> None:
    spool = Spool(folder)
    numbers = [put(spool, name).seq for name in "abc"]
    spool.settle(0, delivered=numbers)
    spool._database.execute("DELETE FROM events")
    spool.close()
    spool = Spool(folder)
    assert numbers == [1, 2, 3]
    assert put(spool, "d").seq == 4
    assert spool.last_seq() == 4
    spool.close()


def test_a_body_that_cannot_be_made_leaves_no_gap(spool: Spool) -> None:
    def broken(seq: int) -> bytes:
        raise ValueError

    put(spool, "a")
    with pytest.raises(ValueError):  # noqa: PT011 - our own
        spool.save("b", "scan", 0, broken)
    assert put(spool, "c").seq == 2


def test_the_oldest_come_first_within_count_and_size(spool: Spool) -> None:
    for name in "abcde":
        put(spool, name)
    assert [one.event_id for one in spool.oldest(3, 10_000)] == ["a", "b", "c"]
    assert [one.event_id for one in spool.oldest(5, 210)] == ["a", "b"]
    assert [one.event_id for one in spool.oldest(5, 1)] == ["a"], "one event always goes"


def test_the_same_id_is_the_same_event_while_it_waits_and_after_it_was_sent(spool: Spool) -> None:
    first = put(spool, "a")
    assert put(spool, "a") == first
    spool.settle(0, delivered=[first.seq])
    assert put(spool, "a") == first
    assert spool.totals().saved == 1


def test_what_is_saved_is_always_somewhere(spool: Spool) -> None:
    numbers = [put(spool, f"e{number}").seq for number in range(10)]
    spool.settle(0, delivered=numbers[:3], duplicates=numbers[3:5], refused=[Refusal(numbers[5], "bad_value")])
    spool.settle(0, delivered=numbers[:3])
    totals = spool.totals()
    assert (totals.accepted, totals.duplicates, totals.rejected, totals.pending) == (3, 2, 1, 4)
    assert totals.saved == 10 == spool.last_seq()


def test_a_rejected_event_stays_with_its_bytes_and_its_reason_until_it_is_exported(spool: Spool) -> None:
    saved = put(spool, "a")
    spool.settle(5, refused=[Refusal(saved.seq, "unknown_place", "no such booth")])
    ((seq, name, _, _, reason, detail, body),) = spool.rows(1, 10)
    assert (seq, name, reason, detail) == (saved.seq, "a", "unknown_place", "no such booth")
    assert body.startswith(b"1:")
    spool.settle(6, delivered=[saved.seq])
    assert spool.totals().rejected == 1, "the drawer is not emptied by a late answer"
    assert forget(spool, [saved.seq], lambda: 7) == 1
    assert (spool.totals().rejected, spool.totals().exported, spool.totals().bytes) == (0, 1, 0)


def test_a_full_spool_says_so_keeps_what_it_has_and_takes_more_after_sending(folder: Path) -> None:
    spool = Spool(folder, cap_bytes=350)
    numbers = [put(spool, name).seq for name in "abc"]
    with pytest.raises(SpoolFull, match="not saved"):
        put(spool, "d")
    assert [one.event_id for one in spool.oldest(9, 9_999)] == ["a", "b", "c"]
    spool.settle(0, delivered=numbers[:1])
    assert put(spool, "d").seq == 4
    spool.close()


def test_delivered_events_leave_no_badge_behind_and_their_ids_are_forgotten_in_time(spool: Spool, folder: Path) -> None:
    badge = b"5eca" * 8
    for number in range(REMEMBERED + 20):
        saved = spool.save(str(number), "scan", 0, lambda _: badge)
        spool.settle(0, delivered=[saved.seq])
    spool._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert badge not in (folder / "spool.sqlite3").read_bytes()
    assert spool._database.execute("SELECT count(*) FROM events").fetchone() == (REMEMBERED,)
    assert spool.totals().accepted == REMEMBERED + 20


def test_only_the_owner_can_read_a_spool(spool: Spool, folder: Path) -> None:
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "spool.sqlite3").stat().st_mode & 0o077 == 0

"""Which changes of the registry count, and how two registries become one."""

from dataclasses import replace

import pytest

from producers.registry.chain import Stored, doubtful, judge, replayed
from producers.registry.mark import START, TopicMark
from producers.registry.rows import Rows, in_parts, knows_all_of, merged
from schemas.api.terminals import PlaceKind
from schemas.errors import Unavailable
from schemas.registry_changes import (
    VERSION,
    BadgeKeyRow,
    ChangedRows,
    KeyRow,
    RegistryChange,
    TerminalRow,
    change_text,
    read_change,
)

STAND = TerminalRow("stand-1", "f", PlaceKind.BOOTH, "h1-001", 1)
KEY = KeyRow("k0000001", "stand-1", "ab" * 32, 1)
TOLD = BadgeKeyRow("f", "0123456789abcdef", "stand-1", 1)


def change(follows: int, *rows: TerminalRow, **words: object) -> bytes:
    made = RegistryChange(VERSION, "0" * 32, follows, "enrol", 1, ChangedRows(rows))
    return change_text(replace(made, **words))  # type: ignore[arg-type]


def topic(*values: bytes) -> list[Stored]:
    return [Stored(offset, value) for offset, value in enumerate(values)]


def test_the_first_that_continues_the_last_change_counts_and_later_ones_do_not() -> None:
    records = topic(change(-1), change(0), change(0), b"nonsense", change(1), change(1), b"")
    judged, mark = judge(START, records)
    assert [one.change is not None for one in judged] == [True, True, False, False, True, False, False]
    assert [one.ignored for one in judged if one.change is None] == [
        "too_late", "not_a_change", "too_late", "not_a_change",
    ]  # fmt: skip
    assert (mark.position, mark.head) == (7, 4)


@pytest.mark.parametrize("cut", range(7))
def test_a_reader_that_stops_in_between_finds_the_same(cut: int) -> None:
    records = topic(change(-1), change(0), change(0), b"nonsense", change(1), change(1), change(4))
    _, mark = judge(START, records[:cut])
    assert judge(mark, records[cut:])[1] == judge(START, records)[1]


LATER = change(0).replace(b'"version":1', b'"version":2')
UNCLEAR = change(0, STAND).replace(b'"place":"booth"', b'"place":"moon"')
NONE = Stored(1, b"", is_there=False)


@pytest.mark.parametrize(
    ("second", "stops"),
    [
        (Stored(1, change(0)), ""),
        (Stored(1, change(-1)), "too_late"),
        (Stored(1, b"nonsense"), "too_late"),
        (Stored(1, b'{"version": 1, "new": true}'), "too_late"),
        (Stored(1, b'{"version": 2, "something": "of other software"}'), "too_late"),
        (Stored(1, UNCLEAR), "the record at offset 1 of the topic fair.terminals is of a later version"),
        (Stored(1, LATER), "the record at offset 1 of the topic fair.terminals is of a later version"),
        (NONE, "lacks the record at offset 1; it must be kept for ever"),
    ],
    ids=["counted", "too late", "text", "JSON", "of others", "a change to another version", "a later version", "none"],
)
def test_a_change_counts_as_the_record_lets_it_that_it_continues(second: Stored, stops: str) -> None:
    """A record that was compacted away, or the marker of a transaction, leaves an offset without one."""
    records = [Stored(0, change(-1)), second, Stored(2, change(1)), Stored(3, change(0)), Stored(4, change(3))]
    if " " in stops:
        with pytest.raises(Unavailable, match=stops):
            judge(START, records)
        if second.value == LATER:  # nobody gets beyond it
            return
        _, mark = judge(START, records[:2])
        assert doubtful(mark, records[2:]) == [1]
        with pytest.raises(Unavailable, match=stops):
            judge(mark, records[2:], [second])
        return
    judged, whole = judge(START, records)
    assert [one.ignored for one in judged][2:] == ([None, "too_late", "too_late"] if not stops else [stops, None, None])
    for cut in range(5):
        _, mark = judge(START, records[:cut])
        asked = [records[one] for one in doubtful(mark, records[cut:])]
        assert judge(mark, records[cut:], asked)[1] == whole


def test_an_offset_without_a_record_is_passed_over_if_no_change_continues_it() -> None:
    judged, mark = judge(START, [Stored(0, change(-1)), NONE, Stored(2, change(0))])
    assert [(one.change is not None, one.ignored) for one in judged] == [(True, None), (False, None), (True, None)]
    assert (mark.position, mark.head) == (3, 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"follows":-1', b'"follows":-2'),
        (b'"follows":-1', b'"follows":"-1"'),
        (b'"command":"enrol"', b'"command":"x\\ny"'),
        (b'"place":"booth"', b'"place":"moon"'),
        (b'"terminal_id":"stand-1"', b'"terminal_id":"a b"'),
        (b'"enrolled_ms":1', b'"enrolled_ms":-1'),
        (b'"enrolled_ms":1', b'"enrolled_ms":253402300800000'),  # the year 10000
        (b'"change_id":"0', b'"change_id":"X'),
        (b'"rows":', b'"row":'),
        (b'"version":1,"change_id"', b'"version":2,"something"'),  # of other software
    ],
)
def test_a_change_is_checked_when_it_is_read(old: bytes, new: bytes) -> None:
    good = change(-1, STAND)
    assert read_change(good).rows.terminals == (STAND,)
    assert old in good
    [judged], _ = judge(START, topic(good.replace(old, new)))
    assert judged.ignored == "not_a_change"


def rows(*made: TerminalRow | KeyRow | BadgeKeyRow, forgotten: str = "") -> Rows:
    taken = Rows().take(
        ChangedRows(
            tuple(one for one in made if isinstance(one, TerminalRow)),
            tuple(one for one in made if isinstance(one, KeyRow)),
            tuple(one for one in made if isinstance(one, BadgeKeyRow)),
        )
    )
    return taken.take(ChangedRows(forgotten=("f",))) if forgotten else taken


GONE, DEAD = replace(STAND, revoked_ms=9), replace(KEY, revoked_ms=9)
OTHER = KeyRow("k0000002", "stand-1", "cd" * 32, 2)
MOVED = replace(STAND, place_id="h2-001")
THEIRS = replace(TOLD, fingerprint="f" * 16)


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (rows(), rows(STAND, KEY, TOLD), rows(STAND, KEY, TOLD)),
        (rows(STAND, KEY), rows(), rows(STAND, KEY)),
        (rows(GONE, DEAD), rows(STAND, KEY), rows(GONE, DEAD)),
        (rows(STAND, KEY), rows(GONE, DEAD), rows(GONE, DEAD)),
        (rows(GONE, DEAD), rows(STAND, OTHER), rows(GONE, DEAD, replace(OTHER, revoked_ms=9))),
        (rows(STAND, DEAD, OTHER), rows(GONE, DEAD), rows(STAND, DEAD, OTHER)),  # paired again since
        (rows(STAND, KEY), rows(STAND, OTHER), rows(STAND, KEY, OTHER)),
        (rows(STAND, KEY), rows(MOVED, OTHER), rows(STAND, KEY)),
        (rows(STAND, KEY), rows(STAND, replace(KEY, digest="ef" * 32)), rows(STAND, KEY)),
        (rows(), rows(KEY), rows()),  # a token of no terminal
        (rows(TOLD), rows(THEIRS), rows(TOLD)),
        (rows(TOLD, forgotten="f"), rows(TOLD), rows()),
        (rows(TOLD, forgotten="f"), rows(THEIRS), rows(THEIRS)),
    ],
)
def test_what_one_lacks_is_added_and_a_revocation_that_either_knows_stands(
    first: Rows, second: Rows, both: Rows
) -> None:
    found = merged(first, second)
    assert (found.rows.terminals, found.rows.keys, found.rows.badge_keys) == (
        both.terminals,
        both.keys,
        both.badge_keys,
    )


@pytest.mark.parametrize(
    ("second", "known"),
    [
        (rows(), True),
        (rows(STAND, KEY), True),
        (rows(STAND), True),
        (rows(GONE, DEAD), False),
        (rows(STAND, KEY, OTHER), False),
        (rows(MOVED), False),
        (rows(STAND, replace(KEY, digest="ef" * 32)), False),
        (rows(STAND, KEY, TOLD), False),
    ],
)
def test_a_file_with_anything_more_than_the_topic_is_not_overwritten(second: Rows, known: bool) -> None:
    assert knows_all_of(rows(STAND, KEY), second) is known


def test_a_large_change_comes_in_parts_with_whole_terminals() -> None:
    stands = tuple(replace(STAND, terminal_id=f"t-{number}") for number in range(2_500))
    keys = tuple(replace(KEY, kid=f"{n:08}", terminal_id=one.terminal_id) for one in stands for n in range(2))
    parts = list(in_parts(ChangedRows(stands, keys, (TOLD,), ("g",))))
    assert [len(part.terminals) for part in parts] == [1_000, 1_000, 500]
    assert [(part.badge_keys, part.forgotten) for part in parts[1:]] == [((), ())] * 2
    for part in parts:
        assert {row.terminal_id for row in part.keys} == {row.terminal_id for row in part.terminals}
    assert sum((part.keys for part in parts), ()) == keys
    assert len(change_text(replace(read_change(change(-1)), rows=parts[0]))) < 1_000_000


def test_what_a_topic_has_is_what_its_changes_left() -> None:
    there, mark = replayed(
        topic(change(-1, STAND), change(0, rows=ChangedRows((), (KEY,), (TOLD,))), change(0, GONE), change(1, GONE))
    )
    assert there == rows(GONE, KEY, TOLD)
    assert mark == TopicMark(4, 3, mark.digest)

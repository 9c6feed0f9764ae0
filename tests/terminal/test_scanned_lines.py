"""Lines from a scanner: whatever bytes come, the good scans before and after are there."""

from io import BytesIO
from pathlib import Path

import pytest

from producers.terminal.scanned_lines import LINE_BYTES, lines_from
from producers.terminal.spool import Spool
from schemas.errors import InvalidEvent
from tests.support.terminals import BADGE, pair
from tests.terminal.test_commands import run_bytes

OTHER = "cd" * 16


def read(content: bytes) -> list[tuple[int, str]]:
    """Return number and text of each line, `-` for one that cannot be a code."""
    return [
        (number, "-" if isinstance(line, InvalidEvent) else line.strip())
        for number, line in lines_from(BytesIO(content))
    ]


@pytest.mark.parametrize(
    ("odd", "found"),
    [
        (b"caf\xe9", "-"),
        (b"\x00", "-"),
        (b"ab\x00cd", "-"),
        (b"\xff\xfea\x00b\x00", "-"),
        (b"\xed\xa0\x80", "-"),
        (b"x" * 1_000_000, "-"),
        (b"x" * LINE_BYTES, "-"),
        (b"x" * (LINE_BYTES + 1), "-"),
        (b"x" * (LINE_BYTES - 1), "x" * (LINE_BYTES - 1)),
        ("\N{GREEK SMALL LETTER ALPHA}".encode(), "\N{GREEK SMALL LETTER ALPHA}"),
        (b"\x1b[31m", "\x1b[31m"),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_odd_line_is_one_line(odd: bytes, found: str, end: bytes) -> None:
    if odd == b"x" * (LINE_BYTES - 1) and end == b"\r\n":
        odd, found = odd[1:], found[1:]
    assert read(b"one" + end + odd + end + b"three" + end) == [(1, "one"), (2, found), (3, "three")]
    assert read(b"one" + end + odd) == [(1, "one"), (2, found)]


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\n  \n\t"])
def test_blank_lines_are_not_scans(content: bytes) -> None:
    assert read(content) == []


def test_blank_lines_count_in_the_numbers() -> None:
    assert read(b"\n\none\n\ntwo") == [(3, "one"), (5, "two")]


async def test_the_scans_around_an_odd_line_are_saved_and_it_is_told_by_its_number(folder: Path) -> None:
    pair(folder, "http://127.0.0.1:1")
    secret = b"caf\xe9-4711"
    content = b"\n".join([BADGE.encode(), secret, b"\x00", b"x" * 1_000_000, OTHER.encode()])
    code, said, complained = await run_bytes(folder, "scan", given=content)
    assert code == 0
    assert [line.split()[:2] for line in said.splitlines()] == [["saved", "1"], ["saved", "2"]]
    assert [line.partition(": not saved: ")[0] for line in complained.splitlines()] == ["line 2", "line 3", "line 4"]
    assert "4711" not in complained
    assert "Traceback" not in complained
    spool = Spool(folder)
    assert spool.totals().pending == 2
    spool.close()

"""A scan becomes one badge code, or a refusal with a word for what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.badges.bursts import read_burst
from schemas.badges.format import BadgeFormat
from schemas.badges.reading import read_code
from schemas.badges.refusals import REFUSALS
from schemas.errors import InvalidEvent
from tests.support.badge_codes import BADGE, CHECKED, NO, PLAIN, PSEUDONYMS, ROWS, STARRED, Row

MADE_ELSEWHERE = {"badge_no_key"}
"""Words that need the terminal's key, see tests/terminal."""


def outcome(row: Row) -> tuple[str, dict[str, str]]:
    """Return the code and no facts, or the word of the refusal and its facts."""
    try:
        return read_code(row.typed, row.form), {}
    except InvalidEvent as refused:
        return refused.word, dict(refused.facts)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_was_typed_is_one_code_or_is_named(row: Row) -> None:
    assert outcome(row) == (row.expected, row.facts)


@pytest.mark.parametrize("row", [row for row in ROWS if row.expected not in REFUSALS], ids=lambda row: row.name)
def test_a_code_that_was_read_is_read_as_itself(row: Row) -> None:
    assert read_code(row.expected, row.form) == row.expected


@pytest.mark.parametrize("row", [row for row in ROWS if row.expected in REFUSALS], ids=lambda row: row.name)
def test_a_refusal_names_badge_and_remedy_on_one_line_and_does_not_repeat_the_code(row: Row) -> None:
    with pytest.raises(InvalidEvent) as refused:
        read_code(row.typed, row.form)
    text = str(refused.value)
    assert text.startswith("badge: ")
    assert refused.value.hint
    assert (refused.value.field, refused.value.reason) == ("badge", "bad_value")
    assert "\n" not in text
    assert "{" not in text
    code = row.typed.strip()
    assert len(code) < 7 or code not in text


def test_each_word_is_in_the_table_and_each_row_has_a_name_of_its_own() -> None:
    assert {row.expected for row in ROWS} & set(REFUSALS) == set(REFUSALS) - MADE_ELSEWHERE
    assert len({row.name for row in ROWS}) == len(ROWS)


@given(
    st.lists(st.text() | st.sampled_from(["]C1", "*", BADGE, "\x1d", "https://", "\udcff"]), max_size=6).map("".join),
    st.sampled_from((NO, PLAIN, CHECKED, STARRED, PSEUDONYMS)),
)
def test_whatever_is_typed_is_refused_with_a_word_or_is_a_code_that_is_read_as_itself(
    typed: str, form: BadgeFormat | None
) -> None:
    (found,) = read_burst([typed], form)
    if isinstance(found, InvalidEvent):
        assert found.word in REFUSALS
    else:
        assert found.isascii()
        assert " " not in found
        assert 1 <= len(found) <= 128
        assert read_code(found, form) == found


def test_what_is_far_too_long_for_any_code_is_refused_without_delay() -> None:
    for part in ("]C1", "*", "a.", "https", "ab@", "x"):
        assert isinstance(read_burst([part * 1_000_000], PLAIN)[0], InvalidEvent)
        assert isinstance(read_burst([part * 1_000_000], NO)[0], InvalidEvent)


VCARD = ["BEGIN:VCARD", "VERSION:3.0", "N:Lovelace;Ada", "FN:Ada Lovelace", "TEL:+49301234", "END:VCARD"]
BURSTS = {
    "a business card of six lines is one refusal": (PLAIN, VCARD, ["badge_vcard"]),
    "a business card without a format too": (NO, VCARD, ["badge_vcard"]),
    "a business card without its first line": (NO, VCARD[1:], ["badge_vcard"]),
    "a badge code inside a business card is not a badge": (
        PLAIN, [*VCARD[:3], "CIF26-000417", "END:VCARD"], ["badge_vcard"],
    ),
    "two badges are two codes": (PLAIN, ["CIF26-000417\r", "cif26-000418\r"], ["CIF26-000417", "CIF26-000418"]),
    "two badges without a format too": (NO, ["A-1", "A-2"], ["A-1", "A-2"]),
    "the same badge twice is the same code twice": (PLAIN, ["CIF26-000417"] * 2, ["CIF26-000417"] * 2),
    "a badge, then a link": (PLAIN, ["CIF26-000417", "https://qr.example"], ["CIF26-000417", "badge_url"]),
    "a link, then a badge": (PLAIN, ["https://qr.example", "CIF26-000417"], ["badge_url", "CIF26-000417"]),
    "lines in a row that are not badges are one refusal": (
        PLAIN, ["Fair", "Street 1", "CIF26-000417", "10115 Berlin"], ["badge_prefix", "CIF26-000417", "badge_blank"],
    ),
    "of several refusals the one that names the code counts": (NO, ["x y", "WIFI:S:Fair;;"], ["badge_wifi"]),
    "without a format one bad line refuses all": (NO, ["A-1", "Ada Lovelace"], ["badge_blank"]),
    "a transfer of money": (NO, ["BCD", "002", "1", "SCT", "BPOTBEB1"], ["badge_payment"]),
    "empty lines do not count": (PLAIN, ["", "CIF26-000417", "\r\n", ""], ["CIF26-000417"]),
    "only empty lines": (PLAIN, ["", "\r\n"], ["badge_empty"]),
    "no lines": (NO, [], ["badge_empty"]),
}  # fmt: skip


@pytest.mark.parametrize(("form", "lines", "expected"), BURSTS.values(), ids=BURSTS)
def test_a_burst_is_its_codes_and_refusals_in_their_order(form: None, lines: list[str], expected: list[str]) -> None:
    assert [one if isinstance(one, str) else one.word for one in read_burst(lines, form)] == expected

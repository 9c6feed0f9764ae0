"""The fair file's block on badge codes and its decimal mark: what they become, and which combinations are refused."""

import re

import pytest
from click.testing import CliRunner

import schemas.fair.cli
from schemas.badges.check_characters import CheckKind
from schemas.badges.format import BadgeFormat, CodeCase
from schemas.codes import DecimalMark
from schemas.errors import InvalidFairFile
from schemas.fair.cli import summary
from schemas.fair.file import EXAMPLES, example_fair_path, load_fair, parse_fair
from streams.fold.meaning import fingerprint
from streams.kpis.catalogue import ALL_KPIS

SMALL = example_fair_path("small").read_text(encoding="utf-8")
LINE = SMALL.count("\n") + 1


def with_line(line: str) -> str:
    return f"{SMALL}{line}\n"


def refusal(line: str) -> str:
    with pytest.raises(InvalidFairFile) as refused:
        parse_fair(with_line(line), "small.yaml")
    return str(refused.value)


def test_a_block_becomes_a_format_with_its_defaults() -> None:
    fair = parse_fair(with_line("badge_codes: {prefix: CIF26-, alphabet: digits, length: 6}"), "small.yaml")
    assert fair.badge_codes == BadgeFormat("CIF26-", "digits", 6, CheckKind.NONE, CodeCase.FOLDED)
    exact = "badge_codes: {alphabet: '0123456789abcdef', length: 32, case: exact}"
    assert parse_fair(with_line(exact), "small.yaml").badge_codes == BadgeFormat(
        "", "0123456789abcdef", 32, CheckKind.NONE, CodeCase.EXACT
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_shipped_fair_takes_every_code_and_a_decimal_point(name: str) -> None:
    fair = load_fair(example_fair_path(name))
    assert (fair.badge_codes, fair.decimal_mark) == (None, DecimalMark.POINT)


def test_the_blocks_that_the_small_fair_shows_as_comments_can_be_written_so() -> None:
    fair = parse_fair(re.sub("(?m)^# (?=badge_codes: |decimal_mark: )", "", SMALL), "small.yaml")
    assert fair.badge_codes == BadgeFormat("CIF26-", "alphanumeric", 6, CheckKind.MOD_37_36)
    assert fair.decimal_mark is DecimalMark.COMMA


def test_badge_codes_and_decimal_mark_do_not_change_the_meaning_of_numbers() -> None:
    before = parse_fair(SMALL, "small.yaml")
    after = parse_fair(with_line("badge_codes: {alphabet: digits, length: 6}\ndecimal_mark: comma"), "small.yaml")
    assert before != after
    assert fingerprint(before, ALL_KPIS, 0) == fingerprint(after, ALL_KPIS, 0)


FIELDS = {
    "length: 0": ("length", "must be a number of characters from 1 to 64, after the prefix; write e.g. length: 6"),
    "length: 65": ("length", "must be a number of characters from 1 to 64, after the prefix; write e.g. length: 6"),
    "prefix: 'CIF 26'": ("prefix", "must be up to 64 printable characters of ASCII without blanks; write e.g. prefix"),
    "prefix: \u0421IF26-": ("prefix", "must be up to 64 printable characters of ASCII without blanks; write e.g."),
    "alphabet: ''": ("alphabet", "must be digits, alphanumeric (digits and capital letters), or the characters them"),
    "alphabet: '0 1'": ("alphabet", "must be digits, alphanumeric (digits and capital letters), or the characters th"),
    "alphabet: letters": ("alphabet", "is neither digits nor alphanumeric; for other letters, write them in alphab"),
    "alphabet: numeric": ("alphabet", "is neither digits nor alphanumeric; for other letters, write them in alphab"),
    "alphabet: 0-9A-F": ("alphabet", "has a range, which is not understood; write digits, alphanumeric or every"),
    "alphabet: '01234567890'": ("alphabet", "has a character twice; write each once"),
    "alphabet: '0123;'": ("alphabet", "has a semicolon, which separates codes in the file of the registration system"),
    "prefix: 'A;'": ("prefix", "has a semicolon, which separates codes in the file of the registration system"),
    "alphabet: 0123abcABC": ("alphabet", "has a letter both small and capital, which case: folded cannot tell apart"),
    "check: mod_36": ("check", "must be one of none, mod_37_36, mod_37_2, mod_11_2, mod_97_10, luhn; write e.g."),
    "case: lower": ("case", "must be one of folded, exact; write e.g. case: folded"),
    "check: mod_37_36": ("check", "may be a letter, and the alphabet has digits only; write e.g. check: mod_97_10"),
    "check: mod_37_2": ("check", "may be a letter, and the alphabet has digits only; write e.g. check: mod_97_10"),
    "check: luhn, alphabet: alphanumeric": ("check", "counts digits only; change the alphabet, or write check: none"),
    "check: mod_11_2, alphabet: alphanumeric": ("check", "counts digits only; change the alphabet, or write check"),
    "check: mod_37_36, alphabet: 0123ABC-": ("check", "counts digits and capital letters only; change the alphabet"),
    "check: mod_37_2, alphabet: 01ab, case: exact": ("check", "counts digits and capital letters only; change the"),
    "check: luhn, length: 1": ("length", "leaves no room beside the check characters; write at least 2"),
    "check: mod_97_10, length: 2": ("length", "leaves no room beside the check characters; write at least 3"),
}


@pytest.mark.parametrize(("given", "named"), FIELDS.items(), ids=FIELDS)
def test_what_cannot_be_or_does_not_fit_together_is_refused_with_line_and_remedy(
    given: str, named: tuple[str, str]
) -> None:
    fields = [one for one in ("alphabet: digits", "length: 6") if one.split(":")[0] not in given]
    field, what = named
    told = refusal(f"badge_codes: {{{', '.join((*fields, given))}}}")
    assert told.startswith(f"small.yaml line {LINE}: badge_codes.{field}: {what}")


def test_the_block_needs_alphabet_and_length_and_takes_no_other_field() -> None:
    assert "badge_codes.length: is missing; write e.g. length: 6" in refusal("badge_codes: {alphabet: digits}")
    assert 'unknown field "suffix"' in refusal("badge_codes: {alphabet: digits, length: 6, suffix: X}")
    assert "decimal_mark: must be one of point, comma; write e.g. decimal_mark: comma" in refusal("decimal_mark: ','")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("decimal_mark: comma", "amounts     are typed with a decimal comma"),
        (
            "badge_codes: {prefix: CIF26-, alphabet: alphanumeric, length: 8, check: mod_37_36}",
            "badges      CIF26- and 8 digits and capital letters, checked by mod_37_36; small letters are capitals",
        ),
        (
            "badge_codes: {alphabet: digits, length: 13, case: exact}",
            "badges      13 digits; small and capital letters differ\n            warning: the code of a product",
        ),
    ],
)
def test_check_shows_how_the_block_is_understood(line: str, shown: str) -> None:
    assert shown in summary(parse_fair(with_line(line), "small.yaml"))


def test_the_example_is_printed_with_the_comments() -> None:
    said = CliRunner().invoke(schemas.fair.cli.fair, ["example"])
    assert "# badge_codes: {" in said.output

"""Check characters keep misread and foreign codes out: ten thousand of each kind, drawn with a seed."""

import random
from collections.abc import Callable, Iterator
from string import ascii_uppercase, digits

import pytest

from schemas.badges.check_characters import CHECKS, CheckKind
from schemas.badges.format import BadgeFormat
from schemas.badges.reading import read_code
from schemas.errors import InvalidEvent
from tests.support.badge_codes import FOREIGN

MANY = 10_000
FORMS = {
    CheckKind.MOD_37_36: BadgeFormat("CIF26-", "alphanumeric", 8, CheckKind.MOD_37_36),
    CheckKind.MOD_37_2: BadgeFormat("CIF26-", "alphanumeric", 8, CheckKind.MOD_37_2),
    CheckKind.MOD_11_2: BadgeFormat("CIF26-", "digits", 8, CheckKind.MOD_11_2),
    CheckKind.MOD_97_10: BadgeFormat("CIF26-", "digits", 9, CheckKind.MOD_97_10),
    CheckKind.LUHN: BadgeFormat("CIF26-", "digits", 8, CheckKind.LUHN),
}
KNOWN = {
    CheckKind.MOD_37_36: ("A12425GABC1234002", "M"),  # python-stdnum
    CheckKind.MOD_37_2: ("G123489654321", "Y"),  # python-stdnum, a number of a blood donation (ISBT 128)
    CheckKind.MOD_11_2: ("000000021694233", "X"),  # ORCID's example of an identifier with X
    CheckKind.MOD_97_10: ("5493001KJTIIGC8Y1R", "12"),  # a legal entity identifier (ISO 17442)
    CheckKind.LUHN: ("7992739871", "3"),  # ISO/IEC 7812-1
}
forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@pytest.mark.parametrize("check", KNOWN)
def test_check_characters_are_those_of_known_codes(check: CheckKind) -> None:
    code, known = KNOWN[check]
    assert CHECKS[check].made(code) == known
    form = BadgeFormat("", "alphanumeric", len(code + known), check)
    assert read_code((code + known).lower(), form) == code + known


def good(form: BadgeFormat) -> Iterator[str]:
    """Yield ten thousand codes of the form, the same at every run."""
    chance, check = random.Random(1), CHECKS[form.check]
    letters = sorted(form.characters)
    for _ in range(MANY):
        body = "".join(chance.choices(letters, k=form.length - check.width))
        yield f"{form.prefix}{body}{check.made(body)}"


def replaced(form: BadgeFormat) -> Iterator[str]:
    """Yield codes with one character that is another one, anywhere in the code."""
    chance, letters = random.Random(2), sorted(form.characters)
    for code in good(form):
        place = chance.randrange(len(code))
        other = chance.choice([one for one in letters if one != code[place]])
        yield code[:place] + other + code[place + 1 :]


def swapped(form: BadgeFormat) -> Iterator[str]:
    """Yield codes with two neighbours after the prefix that have changed places and differ."""
    chance = random.Random(3)
    for code in good(form):
        places = [one for one in range(len(form.prefix), len(code) - 1) if code[one] != code[one + 1]]
        place = chance.choice(places)
        yield code[:place] + code[place + 1] + code[place] + code[place + 2 :]


def foreign(form: BadgeFormat) -> Iterator[str]:
    """Yield other codes, each of a random kind: products, links, cards, other fairs, cut, long and doubled codes."""
    chance, letters = random.Random(4), ascii_uppercase + digits
    known = [row.typed for row in FOREIGN]

    def some(least: int, most: int) -> str:
        return "".join(chance.choices(letters, k=chance.randint(least, most)))

    for code in good(form):
        number = "".join(chance.choices(digits, k=12))
        yield chance.choice(
            (
                number + str(-sum((1, 3)[place % 2] * int(one) for place, one in enumerate(number)) % 10),
                f"https://{some(3, 12)}.example/{some(0, 20)}",
                chance.choice(known),
                f"CIF25-{some(form.length, form.length)}",
                code[: chance.randrange(len(code))],
                code[chance.randint(1, len(code)) :],
                code + chance.choice(letters),
                code * 2,
                some(1, 40),
            )
        )


def accepted(codes: Iterator[str], form: BadgeFormat) -> int:
    return sum(is_taken(code, form) for code in codes)


def is_taken(code: str, form: BadgeFormat) -> bool:
    try:
        read_code(code, form)
    except InvalidEvent:
        return False
    return True


@forms
def test_of_ten_thousand_good_codes_none_is_refused(form: BadgeFormat) -> None:
    assert [read_code(f"]C1{code.lower()}\r", form) for code in good(form)] == list(good(form))


@forms
@pytest.mark.parametrize("wrong", [replaced, foreign])
def test_of_ten_thousand_codes_with_one_character_replaced_and_of_ten_thousand_foreign_ones_none_is_a_badge(
    form: BadgeFormat, wrong: Callable[[BadgeFormat], Iterator[str]]
) -> None:
    assert accepted(wrong(form), form) == 0


@pytest.mark.parametrize(
    ("check", "most"),
    [(CheckKind.MOD_37_36, 100), (CheckKind.MOD_37_2, 0), (CheckKind.MOD_11_2, 0), (CheckKind.MOD_97_10, 0)],
)
def test_of_ten_thousand_codes_with_two_neighbours_swapped_hardly_one_is_a_badge(check: CheckKind, most: int) -> None:
    assert accepted(swapped(FORMS[check]), FORMS[check]) <= most

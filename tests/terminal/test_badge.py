"""From a scan to the pseudonym that leaves the terminal, and the form of badge codes on a terminal's card."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from producers.terminal.badge import badge_ref
from producers.terminal.card import Card, card_of
from producers.terminal.pairing import Pairing, keep
from producers.terminal.spool import Spool
from producers.terminal.terminal import BoothTerminal
from schemas.badges.check_characters import CheckKind
from schemas.badges.format import BadgeFormat, CodeCase
from schemas.badges.key import key_fingerprint
from schemas.codes import DecimalMark
from schemas.errors import InvalidEvent
from schemas.fair.file import example_fair_path, parse_fair
from tests.support.badge_codes import BADGE, NO, PLAIN, PSEUDONYM, PSEUDONYMS
from tests.support.terminals import SAID

KEY = b"0123456789abcdef0123456789abcdef"
SMALL = example_fair_path("small").read_text(encoding="utf-8")
DIGITS = BadgeFormat("", "digits", 32, case=CodeCase.EXACT)


def word(typed: str, key: bytes | None, form: BadgeFormat | None) -> str:
    with pytest.raises(InvalidEvent) as refused:
        badge_ref(typed, key, form)
    return refused.value.word


def test_one_badge_has_one_pseudonym_however_a_scanner_typed_it() -> None:
    expected = hmac.new(KEY, b"CIF26-000417", hashlib.sha256).hexdigest()[:32]
    typed = [BADGE, f"]C1{BADGE}", "cif26-000417", f"*{BADGE}*\r\n"]
    assert {badge_ref(one, KEY, PLAIN) for one in typed} == {expected}


def test_without_a_format_letters_stay_apart_and_a_code_has_the_pseudonym_it_always_had() -> None:
    expected = hmac.new(KEY, b"VISITOR-4711", hashlib.sha256).hexdigest()[:32]
    assert badge_ref("VISITOR-4711\n", KEY, NO) == expected == badge_ref("]Q1VISITOR-4711", KEY, NO)
    assert badge_ref("visitor-4711", KEY, NO) != expected


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize("form", [NO, PSEUDONYMS])
def test_a_pseudonym_stays_as_it_is_where_badges_may_carry_one(form: BadgeFormat | None, key: bytes | None) -> None:
    assert badge_ref(f"]Q1{PSEUDONYM}\r", key, form) == PSEUDONYM


def test_a_code_that_only_looks_like_a_pseudonym_never_leaves_the_terminal() -> None:
    code = "12345678901234567890123456789012"
    assert badge_ref(code, KEY, DIGITS) != code
    assert word(code, None, DIGITS) == "badge_no_key"


@pytest.mark.parametrize(
    ("typed", "form", "expected"),
    [
        (BADGE, PLAIN, "badge_no_key"),
        ("VISITOR-4711", NO, "badge_no_key"),
        (PSEUDONYM.upper(), NO, "badge_caps"),
        ("https://qr.example", NO, "badge_url"),
    ],
)
def test_without_a_key_a_refusal_has_its_word(typed: str, form: BadgeFormat | None, expected: str) -> None:
    assert word(typed, None, form) == expected


FORMATS = {
    "without a check character": "badge_codes: {prefix: CIF26-, alphabet: digits, length: 6}",
    "with one": "badge_codes: {prefix: CIF26-, alphabet: digits, length: 6, check: luhn}",
}
BADGES = {"without a check character": "CIF26-000417", "with one": "CIF26-000414"}
VCARD = ["BEGIN:VCARD", "VERSION:3.0", "N:Lovelace;Ada", "FN:Ada Lovelace", "TEL:+49301234", "END:VCARD"]
NOT_BADGES = [
    *VCARD,
    "4006381333931",
    "]E04006381333931",
    "CIF26-000417" * 11 + "CIF2",
    "x" * 136,
    "https://qr.example",
]


@pytest.mark.parametrize("name", FORMATS)
def test_one_badge_in_three_spellings_is_one_person_and_codes_that_are_not_badges_are_not_saved(
    folder: Path, name: str
) -> None:
    fair = parse_fair(f"{SMALL}{FORMATS[name]}\n", "small.yaml")
    spool = Spool(folder)
    try:
        keep(
            spool,
            Pairing(server="http://127.0.0.1:1", token="t", badge_key=key_fingerprint(KEY), **SAID),
            card_of(fair, "booth", "h1-001"),
        )
        terminal = BoothTerminal(spool, badge_key=KEY)
        for typed in (BADGES[name], f"]C1{BADGES[name]}", BADGES[name].lower()):
            terminal.scan(typed, debounce=False)
        for typed in NOT_BADGES:
            with pytest.raises(InvalidEvent):
                terminal.scan(typed)
        saved = [json.loads(one.body)["data"]["badge_ref"] for one in spool.oldest(100, 10**9)]
    finally:
        spool.close()
    assert saved == [hmac.new(KEY, BADGES[name].encode(), hashlib.sha256).hexdigest()[:32]] * 3


CARD = {
    "fair_name": "Small Services Fair 2025",
    "host_country": "DE",
    "place": "gate",
    "place_id": "north",
    "title": "North gate",
    "exhibitors": [],
    "country": "",
    "section": "",
    "exhibits": [],
    "sections": [],
    "currencies": [],
}
"""A card as the version before wrote it."""

BLOCKS = """
badge_codes: {prefix: CIF26-, alphabet: alphanumeric, length: 8, check: mod_37_2, case: exact}
decimal_mark: comma
"""


def test_a_card_of_the_version_before_is_read_and_has_no_format_and_a_decimal_point() -> None:
    card = Card.read(json.dumps(CARD))
    assert (card.title, card.badge_codes, card.badge_length, card.decimal_mark) == (
        "North gate", None, None, DecimalMark.POINT,
    )  # fmt: skip


@pytest.mark.parametrize(("place", "place_id"), [("booth", "h1-001"), ("gate", "north"), ("hall", "h1"), ("desk", "")])
def test_a_card_of_each_place_carries_format_and_decimal_mark_to_disk_and_back(place: str, place_id: str) -> None:
    card = card_of(parse_fair(SMALL + BLOCKS, "small.yaml"), place, place_id)
    again = Card.read(card.text())
    assert again == card
    assert again.badge_codes == BadgeFormat("CIF26-", "alphanumeric", 8, CheckKind.MOD_37_2, CodeCase.EXACT)
    assert (again.badge_length, again.decimal_mark) == (14, DecimalMark.COMMA)
    assert type(again.decimal_mark) is DecimalMark
    assert type(again.badge_codes.check) is CheckKind

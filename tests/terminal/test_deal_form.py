"""The form of a deal: what is refused and why, what is reviewed, and that what was reviewed is what is stored."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from producers.terminal.card import Card, Choice, Money, card_of
from producers.terminal.deal_event import deal_members
from producers.terminal.deal_form import DealForm, review_of
from producers.terminal.readings import AmountUnit
from producers.terminal.review import DealValue, Review, Reviewed
from producers.terminal.terminal import BoothTerminal
from producers.terminal.web_input import deal_of
from schemas.codes import DecimalMark, OutcomeKind
from schemas.errors import InvalidEvent
from tests.support.terminals import FAIR, paired

CARD = replace(
    card_of(FAIR, "booth", "h1-001"),
    currencies=(Money("CNY", 2), Money("EUR", 2), Money("JPY", 0), Money("KWD", 3)),
    sections=(Choice("finance", "Financial services"),),
    section="finance",
)
FIELDS = {
    "id": "0199e000-0000-7000-8000-000000000001",
    "partner": "ACME",
    "country": "JP",
    "stage": "contract",
    "outcome": "transaction",
    "amount": "1,250",
    "currency": "EUR",
}


@pytest.fixture
def terminal(folder: Path) -> Iterator[BoothTerminal]:
    made = paired(folder)
    yield made
    made.spool.close()


def form(**changes: Any) -> DealForm:
    return DealForm(**{"partner": "ACME", "country": "JP", **changes})


WRONG: list[tuple[dict[str, Any], str, str, dict[str, str]]] = [
    ({"partner": ""}, "partner", "partner_bad", {}),
    ({"partner": "no spaces here"}, "partner", "partner_bad", {}),
    ({"partner": "-acme"}, "partner", "partner_bad", {}),
    ({"partner": "a" * 65}, "partner", "partner_bad", {}),
    ({"partner": "\N{CYRILLIC CAPITAL LETTER A}CME"}, "partner", "partner_bad", {}),
    ({"partner": "\N{FULLWIDTH LATIN CAPITAL LETTER A}CME"}, "partner", "partner_full_width", {}),
    ({"country": ""}, "country", "country_bad", {}),
    ({"country": "XX"}, "country", "country_bad", {}),
    ({"country": "D E"}, "country", "country_bad", {}),
    ({"country": "UK"}, "country", "country_unknown", {"instead": "GB"}),
    ({"country": "uk"}, "country", "country_unknown", {"instead": "GB"}),
    ({"country": "Japan"}, "country", "country_unknown", {"instead": "JP"}),
    ({"country": "\N{FULLWIDTH LATIN CAPITAL LETTER J}P"}, "country", "country_full_width", {}),
    ({"amount": "5"}, "currency", "currency_missing", {"currencies": "CNY, EUR, JPY, KWD"}),
    ({"amount": "5", "currency": "USD"}, "currency", "currency_unknown", {"currencies": "CNY, EUR, JPY, KWD"}),
    ({"amount": "1e9", "currency": "EUR"}, "amount", "amount_not_a_number", {"example": "1,250.00"}),
    ({"amount": "1.5", "currency": "JPY"}, "amount", "amount_whole", {"example": "1,250"}),
    ({"section": "robots"}, "section", "section_missing", {}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "field", "word", "facts"), WRONG)
def test_a_wrong_field_is_named_with_its_reason_and_never_echoed(
    changes: dict[str, Any], field: str, word: str, facts: dict[str, str]
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        deal_members(form(**changes), CARD, "d-1", "2025-10-25T08:00:00.000Z")
    said = refused.value
    assert (said.field, said.word, dict(said.facts)) == (field, word, facts)
    assert said.hint
    assert "no spaces here" not in str(said)


def test_a_gate_signs_no_deals() -> None:
    with pytest.raises(InvalidEvent, match="at a booth or a desk"):
        review_of(form(), card_of(FAIR, "gate", next(iter(FAIR.gates))))


@pytest.mark.parametrize("typed", ["JP", "jp", " Jp ", "\tjP\N{NO-BREAK SPACE}"])
def test_a_country_is_taken_in_any_case_and_with_blanks_around(typed: str) -> None:
    members = deal_members(form(country=typed, partner=" ACME "), CARD, "d-1", "2025-10-25T08:00:00.000Z")
    assert (members["parties"][1]["country"], members["parties"][1]["org_id"]) == ("JP", "ACME")
    assert members["trade_direction"] == "export"


@pytest.mark.parametrize(
    ("changes", "mark", "value"),
    [
        (
            {"amount": "1,250", "currency": "EUR"},
            DecimalMark.POINT,
            DealValue("EUR", 125_000, "EUR 1,250.00", "EUR one thousand two hundred fifty and 00/100"),
        ),
        (
            {"amount": "12,5", "currency": "eur", "language": "de"},
            DecimalMark.COMMA,
            DealValue("EUR", 1_250, "EUR 12,50", "EUR zwölf und 50/100"),
        ),
        (
            {"amount": "1.5", "unit": AmountUnit.WAN, "currency": "CNY", "language": "zh"},
            DecimalMark.POINT,
            DealValue("CNY", 1_500_000, "CNY 15,000.00", "CNY 一万五千又 00/100"),
        ),
        (
            {"amount": "2亿", "currency": "JPY", "language": "zh"},
            DecimalMark.POINT,
            DealValue("JPY", 200_000_000, "JPY 200,000,000", "JPY 二亿"),
        ),
        (
            {"amount": "12.500", "currency": "KWD"},
            DecimalMark.POINT,
            DealValue("KWD", 12_500, "KWD 12.500", "KWD twelve and 500/1000"),
        ),
        ({"amount": "0", "currency": "EUR"}, DecimalMark.POINT, DealValue("EUR", 0, "EUR 0.00", "EUR zero and 00/100")),
        ({"amount": " \N{NO-BREAK SPACE}", "currency": "EUR"}, DecimalMark.POINT, None),
    ],
)
def test_the_review_shows_what_will_be_stored(
    changes: dict[str, Any], mark: DecimalMark, value: DealValue | None
) -> None:
    given, card = form(**changes), replace(CARD, decimal_mark=mark)
    assert review_of(given, card) == Review("ACME", "JP", value)
    members = deal_members(given, card, "d-1", "2025-10-25T08:00:00.000Z")
    stored = (members["value_minor"], members["currency"], members["value_basis"])
    expected = (value.value_minor, value.currency, "total_contract") if value else (None, None, "undisclosed")
    assert stored == expected


def test_the_decimal_mark_is_that_of_the_fair_file() -> None:
    card = card_of(replace(FAIR, decimal_mark=DecimalMark.COMMA), "booth", "h1-001")
    value = review_of(form(amount="1.250,5", currency="EUR"), card).value
    assert value is not None
    assert (value.value_minor, value.digits) == (125_050, "EUR 1.250,50")


def test_a_value_is_refused_if_it_is_not_the_one_that_was_reviewed() -> None:
    """Between review and signing the terminal was paired with a fair file that writes a decimal comma."""
    given = form(amount="12.500", currency="KWD", outcome=OutcomeKind.INVESTMENT)
    before = review_of(given, CARD).read()
    paired_again = replace(CARD, decimal_mark=DecimalMark.COMMA)
    with pytest.raises(InvalidEvent) as refused:
        deal_members(given, paired_again, "d-1", "2025-10-25T08:00:00.000Z", before)
    assert (refused.value.word, dict(refused.value.facts)) == (
        "deal_changed",
        {"one": "KWD 12,500", "other": "KWD 12.500,000"},
    )
    assert deal_members(given, CARD, "d-1", "2025-10-25T08:00:00.000Z", before)["value_minor"] == 12_500


@pytest.mark.parametrize(("amount", "read"), [("", Reviewed(0)), ("0", Reviewed(None))])
def test_zero_and_undisclosed_are_two_values(amount: str, read: Reviewed) -> None:
    with pytest.raises(InvalidEvent) as refused:
        deal_members(form(amount=amount, currency="EUR"), CARD, "d-1", "2025-10-25T08:00:00.000Z", read)
    assert refused.value.word == "deal_not_reviewed"


def test_the_page_gets_a_review_and_sends_back_what_was_reviewed(terminal: BoothTerminal) -> None:
    review = deal_of(terminal, {**FIELDS, "review": True, "language": "de"})
    assert review == {
        "partner": "ACME",
        "country": "JP",
        "value": {
            "currency": "EUR",
            "value_minor": 125_000,
            "digits": "EUR 1,250.00",
            "words": "EUR eintausendzweihundertfünfzig und 00/100",
        },
    }
    assert terminal.spool.last_seq() == 0
    deal_of(terminal, {**FIELDS, "reviewed": 125_000})
    (saved,) = terminal.spool.oldest(10, 10**6)
    assert json.loads(saved.body)["data"]["value_minor"] == 125_000


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "deal_not_reviewed"),
        ({"reviewed": None}, "deal_not_reviewed"),
        ({"reviewed": True}, "deal_not_reviewed"),
        ({"reviewed": "125000"}, "deal_not_reviewed"),
        ({"reviewed": 1_250}, "deal_changed"),
        ({"reviewed": 125_000, "amount": "1,250,000"}, "deal_changed"),
        ({"reviewed": 125_000, "unit": "wan"}, "deal_changed"),
    ],
)
def test_the_page_cannot_sign_another_value_than_the_reviewed_one(
    terminal: BoothTerminal, changes: dict[str, Any], word: str
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        deal_of(terminal, {**FIELDS, **changes})
    assert refused.value.word == word
    assert terminal.spool.last_seq() == 0


def test_an_undisclosed_deal_is_signed_as_reviewed(terminal: BoothTerminal) -> None:
    undisclosed = {**FIELDS, "amount": " "}
    review = deal_of(terminal, {**undisclosed, "review": True, "language": "unheard of"})
    assert review == {"partner": "ACME", "country": "JP", "value": None}
    deal_of(terminal, {**undisclosed, "reviewed": None})
    assert terminal.spool.last_seq() == 1


def test_a_card_from_before_fairs_had_a_decimal_mark_has_a_point() -> None:
    fields = json.loads(replace(CARD, decimal_mark=DecimalMark.COMMA).text())
    assert Card.read(json.dumps(fields)).decimal_mark is DecimalMark.COMMA
    del fields["decimal_mark"]
    assert Card.read(json.dumps(fields)).decimal_mark is DecimalMark.POINT

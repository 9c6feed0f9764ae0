"""Amounts as people type them: what is taken, what is refused, and with which readings. Every value is by hand."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.terminal.amounts import LARGEST, minor_units
from producers.terminal.readings import AmountRules, AmountUnit, amount_text
from schemas.codes import DecimalMark
from schemas.errors import InvalidEvent

POINT, COMMA = DecimalMark.POINT, DecimalMark.COMMA
ONE, WAN, YI = AmountUnit

NBSP, NARROW, THIN = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{THIN SPACE}"
CURLY = "\N{RIGHT SINGLE QUOTATION MARK}"

TAKEN: list[tuple[str, DecimalMark, int, AmountUnit, int]] = [
    # whole numbers and groups
    ("0", POINT, 2, ONE, 0),
    ("0.00", POINT, 2, ONE, 0),
    ("7", POINT, 2, ONE, 700),
    ("1250", POINT, 2, ONE, 125_000),
    ("1,250", POINT, 2, ONE, 125_000),
    ("1.250", COMMA, 2, ONE, 125_000),
    ("1 250", POINT, 2, ONE, 125_000),
    (f"1{NBSP}250", POINT, 2, ONE, 125_000),
    (f"1{NARROW}250{NARROW}000", COMMA, 2, ONE, 125_000_000),
    (f"1 250{NBSP}000{THIN}000", POINT, 2, ONE, 125_000_000_000),
    ("1'250", POINT, 2, ONE, 125_000),
    (f"1{CURLY}250'000", COMMA, 2, ONE, 125_000_000),
    ("1,250,000", POINT, 2, ONE, 125_000_000),
    ("1.250.000", COMMA, 2, ONE, 125_000_000),
    ("  1,250\t", POINT, 2, ONE, 125_000),
    (f"{NBSP}1,250{NARROW}", POINT, 2, ONE, 125_000),
    # the decimal mark
    ("12,50", COMMA, 2, ONE, 1_250),
    ("12.50", POINT, 2, ONE, 1_250),
    ("12.5", POINT, 2, ONE, 1_250),
    ("0.05", POINT, 2, ONE, 5),
    ("0,5", COMMA, 2, ONE, 50),
    ("1,250.00", POINT, 2, ONE, 125_000),
    ("1.250,00", COMMA, 2, ONE, 125_000),
    ("1 250,50", COMMA, 2, ONE, 125_050),
    ("1'250.50", POINT, 2, ONE, 125_050),
    ("1250.5", POINT, 2, ONE, 125_050),
    ("12,345,678.90", POINT, 2, ONE, 1_234_567_890),
    # currencies with other minor digits
    ("12.500", POINT, 3, ONE, 12_500),
    ("12,500", COMMA, 3, ONE, 12_500),
    ("12,500", POINT, 3, ONE, 12_500_000),
    ("1,250.500", POINT, 3, ONE, 1_250_500),
    ("0.001", POINT, 3, ONE, 1),
    ("1,250", POINT, 0, ONE, 1_250),
    ("1 250", COMMA, 0, ONE, 1_250),
    ("1.2345", POINT, 4, ONE, 12_345),
    # units
    ("1.5", POINT, 2, WAN, 1_500_000),
    ("1,5", COMMA, 2, WAN, 1_500_000),
    ("2", POINT, 2, YI, 20_000_000_000),
    ("1.5万", POINT, 2, ONE, 1_500_000),
    ("1.5萬", POINT, 2, ONE, 1_500_000),
    ("2亿", POINT, 2, ONE, 20_000_000_000),
    ("2億", POINT, 0, ONE, 200_000_000),
    ("1.5 wan", POINT, 2, ONE, 1_500_000),
    ("1.5Wan", POINT, 2, ONE, 1_500_000),
    (f"3{NBSP}YI", POINT, 2, ONE, 30_000_000_000),
    ("1.5万", POINT, 2, WAN, 1_500_000),
    ("1,250万", POINT, 2, ONE, 1_250_000_000),
    ("0.125", POINT, 2, WAN, 125_000),
    ("1.2345", POINT, 2, WAN, 1_234_500),
    ("1.234567", POINT, 2, WAN, 1_234_567),
    ("0.00000001", POINT, 0, YI, 1),
    # the largest
    ("90,071,992,547,409.91", POINT, 2, ONE, 9_007_199_254_740_991),
    ("9007199254740991", POINT, 0, ONE, 9_007_199_254_740_991),
    ("9007199254740.991", POINT, 3, ONE, 9_007_199_254_740_991),
]

REFUSED: list[tuple[str, DecimalMark, int, AmountUnit, str, dict[str, str]]] = [
    # two readings
    ("12,50", POINT, 2, ONE, "ambiguous", {"one": "12.50", "other": "1,250"}),
    ("12.50", COMMA, 2, ONE, "ambiguous", {"one": "12,50", "other": "1.250"}),
    ("1,5", POINT, 2, ONE, "ambiguous", {"one": "1.50", "other": "15"}),
    ("12.500", POINT, 2, ONE, "ambiguous", {"one": "12.50", "other": "12,500"}),
    ("12,500", COMMA, 2, ONE, "ambiguous", {"one": "12,50", "other": "12.500"}),
    ("12,505", COMMA, 2, ONE, "one_too_fine", {"one": "12,505", "other": "12.505"}),
    ("12.505", POINT, 3, WAN, "ambiguous", {"one": "125,050", "other": "125,050,000"}),
    ("12.505", POINT, 2, ONE, "one_too_fine", {"one": "12.505", "other": "12,505"}),
    ("12.500", POINT, 0, ONE, "one_too_fine", {"one": "12.5", "other": "12,500"}),
    ("12,5000", POINT, 2, ONE, "ambiguous", {"one": "12.50", "other": "125,000"}),
    ("0,500", POINT, 2, ONE, "ambiguous", {"one": "0.50", "other": "500"}),
    ("007,500", POINT, 2, ONE, "ambiguous", {"one": "7.50", "other": "7,500"}),
    ("1234,567", POINT, 2, ONE, "one_too_fine", {"one": "1,234.567", "other": "1,234,567"}),
    ("1 25", POINT, 2, ONE, "ambiguous", {"one": "1.25", "other": "125"}),
    ("1'25", COMMA, 2, ONE, "ambiguous", {"one": "1,25", "other": "125"}),
    (f"1{NARROW}25", POINT, 2, ONE, "ambiguous", {"one": "1.25", "other": "125"}),
    ("1,250,00", POINT, 2, ONE, "ambiguous", {"one": "1,250", "other": "125,000"}),
    ("1.250.00", POINT, 2, ONE, "ambiguous", {"one": "1,250", "other": "125,000"}),
    ("1 250 5", POINT, 2, ONE, "ambiguous", {"one": "1,250.50", "other": "12,505"}),
    ("1.250,500", POINT, 2, ONE, "ambiguous", {"one": "1,250.50", "other": "1,250,500"}),
    ("1.250", POINT, 2, WAN, "ambiguous", {"one": "12,500", "other": "12,500,000"}),
    ("1.250万", POINT, 2, ONE, "ambiguous", {"one": "12,500", "other": "12,500,000"}),
    ("1,250", COMMA, 2, WAN, "ambiguous", {"one": "12.500", "other": "12.500.000"}),
    ("1.250", POINT, 3, YI, "ambiguous", {"one": "125,000,000", "other": "125,000,000,000"}),
    ("1,5", POINT, 2, WAN, "ambiguous", {"one": "15,000", "other": "150,000"}),
    # the decimal mark of another fair
    ("1.250,00", POINT, 2, ONE, "other_mark", {"one": "1,250", "mark": "."}),
    ("1.250,50", POINT, 2, ONE, "other_mark", {"one": "1,250.50", "mark": "."}),
    ("1,250.00", COMMA, 2, ONE, "other_mark", {"one": "1.250", "mark": ","}),
    ("1 250,50", POINT, 2, ONE, "other_mark", {"one": "1,250.50", "mark": "."}),
    ("1'250.5", COMMA, 2, ONE, "other_mark", {"one": "1.250,50", "mark": ","}),
    ("1.250.000", POINT, 2, ONE, "other_mark", {"one": "1,250,000", "mark": "."}),
    # groups
    ("1,2,3,4", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("1.2.3", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("12,34,567", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("1,00,000.00", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("12.34.567", COMMA, 0, ONE, "groups", {"example": "1.250"}),
    ("1234,567,890", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("1,250 000", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("1 250'000", POINT, 3, ONE, "groups", {"example": "1,250.000"}),
    ("1.250 000", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("1,250.50,00", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("1..5", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("1,,250", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("1  250", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    ("0,0", POINT, 2, ONE, "groups", {"example": "1,250.00"}),
    # zeros in front
    ("007", POINT, 2, ONE, "leading_zero", {"one": "7"}),
    ("00", POINT, 2, ONE, "leading_zero", {"one": "0"}),
    ("00.50", POINT, 2, ONE, "leading_zero", {"one": "0.50"}),
    ("01,250.5", POINT, 2, ONE, "leading_zero", {"one": "1,250.50"}),
    ("0,500,000", POINT, 2, ONE, "leading_zero", {"one": "500,000"}),
    ("05", COMMA, 2, WAN, "leading_zero", {"one": "50.000"}),
    # finer than the currency
    ("12.50", POINT, 0, ONE, "whole", {"example": "1,250"}),
    ("12.0", POINT, 0, ONE, "whole", {"example": "1,250"}),
    ("12.5055", POINT, 2, ONE, "digits", {"digits": "2", "example": "1,250.00"}),
    ("1234.567", POINT, 2, ONE, "digits", {"digits": "2", "example": "1,250.00"}),
    ("1,250.505", POINT, 2, ONE, "digits", {"digits": "2", "example": "1,250.00"}),
    ("0.001", POINT, 2, ONE, "digits", {"digits": "2", "example": "1,250.00"}),
    ("0,12345", COMMA, 4, ONE, "digits", {"digits": "4", "example": "1.250,0000"}),
    ("1.2345678", POINT, 2, WAN, "digits", {"digits": "6", "example": "1,250.00"}),
    ("1.23456", POINT, 0, WAN, "digits", {"digits": "4", "example": "1,250"}),
    # a mark at an end
    ("12.", POINT, 2, ONE, "unfinished", {"example": "1,250.00"}),
    ("12,", POINT, 2, ONE, "unfinished", {"example": "1,250.00"}),
    (".5", POINT, 2, ONE, "unfinished", {"example": "1,250.00"}),
    (",5", COMMA, 2, ONE, "unfinished", {"example": "1.250,00"}),
    ("'5", COMMA, 2, ONE, "unfinished", {"example": "1.250,00"}),
    # signs, exponents, words, currencies
    ("-5", POINT, 2, ONE, "negative", {}),
    ("\N{MINUS SIGN}5", POINT, 2, ONE, "negative", {}),
    ("(5)", POINT, 2, ONE, "negative", {}),
    ("+5", POINT, 2, ONE, "not_a_number", {"example": "1,250.00"}),
    ("5.-", POINT, 2, ONE, "not_a_number", {"example": "1,250.00"}),
    ("1e6", POINT, 2, ONE, "not_a_number", {"example": "1,250.00"}),
    ("1E+6", COMMA, 2, ONE, "not_a_number", {"example": "1.250,00"}),
    ("0x10", POINT, 2, ONE, "not_a_number", {"example": "1,250.00"}),
    ("1_000", POINT, 2, ONE, "not_a_number", {"example": "1,250.00"}),
    ("12,5x", POINT, 2, ONE, "not_a_number", {"example": "1,250.00"}),
    ("1\n250", POINT, 2, ONE, "not_a_number", {"example": "1,250.00"}),
    ("NaN", POINT, 2, ONE, "not_a_number", {"example": "1,250.00"}),
    (".,", POINT, 2, ONE, "not_a_number", {"example": "1,250.00"}),
    ("wan", POINT, 2, ONE, "not_a_number", {"example": "1,250.00"}),
    ("€12", POINT, 2, ONE, "currency", {}),
    ("12 $", POINT, 2, ONE, "currency", {}),
    ("¥1,250", POINT, 2, ONE, "currency", {}),
    ("12元", POINT, 2, ONE, "currency", {}),
    ("EUR 12.50", POINT, 2, ONE, "currency", {}),
    ("12.50eur", POINT, 2, ONE, "currency", {}),
    # an input method is on, other scripts
    ("１２", POINT, 2, ONE, "full_width", {}),  # noqa: RUF001 - the case
    ("12．50", POINT, 2, ONE, "full_width", {}),  # noqa: RUF001 - the case
    ("1，250", POINT, 2, ONE, "full_width", {}),  # noqa: RUF001 - the case
    ("12。5", POINT, 2, ONE, "full_width", {}),
    ("1\N{IDEOGRAPHIC SPACE}250", POINT, 2, ONE, "full_width", {}),
    ("１．５万", POINT, 2, ONE, "full_width", {}),  # noqa: RUF001 - the case
    ("\N{ARABIC-INDIC DIGIT FIVE}", POINT, 2, ONE, "other_digits", {}),
    ("1\N{DEVANAGARI DIGIT TWO}", POINT, 2, ONE, "other_digits", {}),
    ("5½", POINT, 2, ONE, "other_digits", {}),
    ("三", POINT, 2, ONE, "other_digits", {}),
    ("3亿5000万", POINT, 2, ONE, "other_digits", {}),
    # units that contradict each other
    ("1.5万", POINT, 2, YI, "two_units", {"typed": "wan", "chosen": "yi"}),
    ("2 yi", POINT, 2, WAN, "two_units", {"typed": "yi", "chosen": "wan"}),
    # too large
    ("90,071,992,547,409.92", POINT, 2, ONE, "too_large", {"most": "90,071,992,547,409.91"}),
    ("9007199254740992", COMMA, 0, ONE, "too_large", {"most": "9.007.199.254.740.991"}),
    ("900719926", POINT, 2, YI, "too_large", {"most": "90,071,992,547,409.91"}),
    ("9" * 65, POINT, 2, ONE, "too_large", {"most": "90,071,992,547,409.91"}),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "mark", "digits", "unit", "minor"), TAKEN)
def test_an_amount_has_the_value_that_its_person_means(
    typed: str, mark: DecimalMark, digits: int, unit: AmountUnit, minor: int
) -> None:
    assert minor_units(typed, AmountRules(mark=mark, digits=digits, unit=unit)) == minor


@pytest.mark.parametrize(("typed", "mark", "digits", "unit", "word", "facts"), REFUSED)
def test_an_amount_that_is_not_clear_is_refused_with_what_it_may_mean(
    typed: str, mark: DecimalMark, digits: int, unit: AmountUnit, word: str, facts: dict[str, str]
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        minor_units(typed, AmountRules(mark=mark, digits=digits, unit=unit))
    said = refused.value
    assert (said.word, said.field, said.reason) == (f"amount_{word}", "amount", "bad_value")
    assert {name: text for name, text in said.facts.items() if not name.endswith("_words")} == facts
    assert said.hint
    assert "\n" not in str(said)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "twelve and 50/100", "one thousand two hundred fifty"),
        ("de", "zwölf und 50/100", "eintausendzweihundertfünfzig"),
        ("zh", "十二又 50/100", "一千二百五十"),
    ],
)
def test_both_readings_are_said_in_words_too(language: str, one: str, other: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        minor_units("12,50", AmountRules(digits=2, language=language))
    assert (refused.value.facts["one_words"], refused.value.facts["other_words"]) == (one, other)


def rules(**fixed: Any) -> st.SearchStrategy[AmountRules]:
    parts = {"digits": st.integers(0, 4), "mark": st.sampled_from(DecimalMark), "unit": st.sampled_from(AmountUnit)}
    return st.builds(AmountRules, **parts | fixed)


@given(rules(unit=st.just(ONE)), st.integers(0, LARGEST))
def test_an_amount_as_it_is_shown_can_be_typed(given_rules: AmountRules, minor: int) -> None:
    shown = amount_text(minor, given_rules.digits, given_rules.mark)
    assert minor_units(shown, given_rules) == minor


def readings(typed: str, given_rules: AmountRules) -> set[int]:
    """Return every value that a text has if each of its marks may be decimal or between groups, by the grammar."""
    decimal = "." if given_rules.mark is POINT else ","
    exponent = {ONE: 0, WAN: 4, YI: 8}[given_rules.unit] + given_rules.digits
    at = [place for place, one in enumerate(typed) if one in ".,' "]
    found = set()
    for roles in product("dg", repeat=len(at)):
        decimals = [place for place, role in zip(at, roles, strict=True) if role == "d"]
        groups = [place for place, role in zip(at, roles, strict=True) if role == "g"]
        end = decimals[0] if decimals else len(typed)
        fits = (
            len(decimals) <= 1
            and all(typed[place] == decimal for place in decimals)
            and len({typed[place] for place in groups} | {decimal}) <= 2
            and all(typed[place] != decimal for place in groups)
            and all((end - place) % 4 == 0 and place < end for place in groups)
            and (not groups or (1 <= groups[0] <= 3 and len(groups) == (end - 1) // 4))
        )
        whole = "".join(one for one in typed[:end] if one.isdigit())
        fraction = typed[end + 1 :]
        if fits and whole and (whole == "0" or whole[0] != "0") and len(fraction) <= exponent:
            found.add(int(whole + fraction.ljust(exponent, "0")))
    return found


@given(rules(), st.text("012345.,' ", min_size=1, max_size=12))
def test_what_is_taken_has_exactly_one_reading_under_the_grammar(given_rules: AmountRules, typed: str) -> None:
    try:
        value = minor_units(typed, given_rules)
    except InvalidEvent:
        return
    assert readings(typed.strip(), given_rules) == {value}

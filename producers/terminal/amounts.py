"""Reads an amount as a person types it, by one grammar per fair; what can be read in two ways is refused. Pure.

A number is digits, or groups of exactly three with one kind of mark between them: the mark that is not the fair's
decimal mark, a blank, or an apostrophe. It does not begin with a 0 unless that is its only digit before the
decimal mark. The decimal mark has digits on both sides. 万 or 亿, or wan or yi, may follow.
"""

import re
from typing import Final

from producers.terminal.amount_errors import (
    ambiguous,
    bad_groups,
    checked_characters,
    leading_zero,
    not_a_number,
    other_mark,
    too_large,
    too_many_digits,
    two_units,
    unfinished,
)
from producers.terminal.readings import MARKS, ZEROS, AmountReading, AmountRules, AmountUnit
from producers.terminal.typed import BLANKS
from schemas.errors import InvalidEvent

LARGEST: Final = 2**53 - 1
"""Largest value of a deal in minor units."""

LONGEST: Final = 64
"""Characters that are read. No amount needs more."""

_SUFFIX: Final = re.compile(rf"(.*[^{BLANKS}])[{BLANKS}]*(万|萬|wan|亿|億|yi)", re.IGNORECASE | re.DOTALL)
_UNITS: Final = {"万": AmountUnit.WAN, "萬": AmountUnit.WAN, "亿": AmountUnit.YI, "億": AmountUnit.YI}
_ONE_MARK: Final = str.maketrans(dict.fromkeys(BLANKS, " ") | {"\N{RIGHT SINGLE QUOTATION MARK}": "'"})
"""Blanks look alike, and so do apostrophes: each is one kind of mark."""
_MARK: Final = re.compile(r"[.,' ]")


def minor_units(typed: str, rules: AmountRules) -> int:
    """Return a typed amount in minor units, exactly.

    Args:
        typed: not blank.
        rules: the fair's decimal mark, the currency's digits, and the unit that was chosen beside the field.

    Raises:
        InvalidEvent: it is not an amount, can be read in two ways, is finer than the currency, or is above `LARGEST`.
    """
    text = typed.strip()
    if len(text) > LONGEST:
        raise too_large(rules, LARGEST)
    text, unit = _without_unit(text, rules)
    checked_characters(text, rules)
    reading = _read(text.translate(_ONE_MARK), rules, unit)
    amount = reading.times(unit)
    if len(reading.fraction) > rules.digits + ZEROS[unit]:
        raise too_many_digits(rules, rules.digits + ZEROS[unit])
    value = amount.minor_units(rules.digits)
    if value > LARGEST:
        raise too_large(rules, LARGEST)
    return value


def _without_unit(text: str, rules: AmountRules) -> tuple[str, AmountUnit]:
    """Return the text without a unit at its end, and the unit that was typed or chosen."""
    found = _SUFFIX.fullmatch(text)
    if found is None:
        return text, rules.unit
    typed = _UNITS.get(found[2]) or AmountUnit(found[2].lower())
    if rules.unit not in (AmountUnit.ONE, typed):
        raise two_units(typed, rules.unit)
    return found[1], typed


def _read(text: str, rules: AmountRules, unit: AmountUnit) -> AmountReading:
    """Return the one reading of digits and marks by the fair's grammar."""
    runs, marks = _MARK.split(text), _MARK.findall(text)
    decimal = MARKS[rules.mark][0]
    if not any(runs):
        raise not_a_number(rules)
    if not runs[0] or not runs[-1]:
        raise unfinished(rules)
    reading = _reading(runs, marks, decimal)
    if reading is None:
        raise _why_not(runs, marks, rules, unit)
    if marks == [decimal] and _looks_like_a_group(*runs) and (rules.digits != 3 or unit is not AmountUnit.ONE):
        raise ambiguous(reading.times(unit), AmountReading("".join(runs)).times(unit), rules)
    return reading


def _why_not(runs: list[str], marks: list[str], rules: AmountRules, unit: AmountUnit) -> InvalidEvent:
    """Return the error for digits and marks that the fair's grammar does not have."""
    decimal, other = MARKS[rules.mark]
    if not all(runs):
        return bad_groups(rules)
    joined = AmountReading("".join(runs)).times(unit)
    once = len(marks) == 1 and marks != [decimal]
    cut_short = len(marks) > 1 and len(set(marks)) == 1 and _are_groups(runs[:-1]) and len(runs[-1]) != 3
    if once or cut_short:
        return ambiguous(AmountReading("".join(runs[:-1]), runs[-1]).times(unit), joined, rules)
    if (bare := _reading(*_without_zeros(runs, marks, decimal), decimal)) is not None:
        return leading_zero(bare.times(unit), rules)
    if (foreign := _reading(runs, marks, other)) is None:
        return bad_groups(rules)
    if len(foreign.fraction) == 3:
        return ambiguous(foreign.times(unit), joined, rules)
    return other_mark(foreign.times(unit), decimal, rules)


def _reading(runs: list[str], marks: list[str], decimal: str) -> AmountReading | None:
    """Return what runs of digits, and the marks between them, mean with a decimal mark; None if they mean nothing."""
    whole, between, fraction = runs, marks, ""
    if marks and marks[-1] == decimal:
        whole, between, fraction = runs[:-1], marks[:-1], runs[-1]
    grouped = not between or (len(set(between)) == 1 and between[0] != decimal and _are_groups(whole))
    begins_with_zero = whole[0].startswith("0") and whole != ["0"]
    return AmountReading("".join(whole), fraction) if grouped and all(runs) and not begins_with_zero else None


def _are_groups(whole: list[str]) -> bool:
    return 1 <= len(whole[0]) <= 3 and all(len(one) == 3 for one in whole[1:])


def _looks_like_a_group(whole: str, fraction: str) -> bool:
    """Return whether the decimal mark of another fair would make groups of these digits, as in "12.500"."""
    return whole != "0" and _are_groups([whole, fraction])


def _without_zeros(runs: list[str], marks: list[str], decimal: str) -> tuple[list[str], list[str]]:
    """Return runs and marks without the zeros in front of the number."""
    first = runs[0].lstrip("0")
    if not first and marks and marks[0] != decimal:
        return runs[1:], marks[1:]
    return [first or "0", *runs[1:]], marks

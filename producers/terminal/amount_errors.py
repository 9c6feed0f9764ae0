"""Why a typed amount is refused: each kind with its word, and with the amounts that may be meant. Pure."""

import re
from typing import Final

from producers.terminal.readings import AmountReading, AmountRules, AmountUnit, amount_text
from producers.terminal.typed import BLANKS, has_currency, has_full_width, has_other_digits
from schemas.errors import InvalidEvent

_MINUS: Final = ("-", "(", *"\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}")
_PLAIN: Final = re.compile(rf"[0-9.,'\N{{RIGHT SINGLE QUOTATION MARK}}{BLANKS}]*\Z")
_EXAMPLE: Final = 125_000
"""1,250.00 in a currency with two minor digits."""


def checked_characters(text: str, rules: AmountRules) -> None:
    """Refuse a text that has more than digits 0 to 9, decimal marks and marks between groups.

    Raises:
        InvalidEvent: it names the kind of the other characters.
    """
    if has_full_width(text):
        raise _refused("full_width", "it has full-width characters", "switch the input method off, and type it again")
    if text.startswith(_MINUS):
        raise _refused("negative", "a value does not have a minus sign", "leave the sign out")
    if has_currency(text):
        raise _refused("currency", "it has a currency in it", "write the number alone; the currency has its own field")
    if has_other_digits(text):
        raise _refused("other_digits", "it has digits other than 0 to 9", "write it with the digits 0 to 9")
    if not _PLAIN.match(text):
        raise not_a_number(rules)


def not_a_number(rules: AmountRules) -> InvalidEvent:
    """Return the error for a text that is not a number."""
    example = _example(rules)
    return _refused("not_a_number", "it is not a number", f"write it as in {example}", example=example)


def unfinished(rules: AmountRules) -> InvalidEvent:
    """Return the error for a number that begins or ends with a mark: "12.", ".5"."""
    example = _example(rules)
    return _refused(
        "unfinished",
        "digits are missing before its first mark or after its last one",
        f"write it in full, as in {example}",
        example=example,
    )


def bad_groups(rules: AmountRules) -> InvalidEvent:
    """Return the error for groups of other than three digits, or for several kinds of marks between them."""
    example = _example(rules)
    return _refused(
        "groups",
        "its digits are not grouped in threes with one kind of mark",
        f"write it as in {example}, or without marks between groups",
        example=example,
    )


def ambiguous(one: AmountReading, other: AmountReading, rules: AmountRules) -> InvalidEvent:
    """Return the error for a text with two readings, in digits and in words; of bad groups if both are the same.

    The first one may be finer than the currency: it is named, but writing it would be refused as well.
    """
    first, second = one.shown(rules), other.shown(rules)
    if first == second:
        return bad_groups(rules)
    if len(one.fraction.rstrip("0")) > rules.digits:
        return _refused(
            "one_too_fine",
            f"it can be read as {second} ({other.said(rules)}), or as {first}, which is finer than its currency",
            f"write {second}, or round {first}",
            one=first,
            other=second,
            other_words=other.said(rules),
        )
    return _refused(
        "ambiguous",
        f"it can be read in two ways: {first} ({one.said(rules)}) or {second} ({other.said(rules)})",
        f"write {first} or {second}" + ("" if rules.unit is AmountUnit.ONE else f", with {AmountUnit.ONE} as the unit"),
        one=first,
        other=second,
        one_words=one.said(rules),
        other_words=other.said(rules),
    )


def leading_zero(one: AmountReading, rules: AmountRules) -> InvalidEvent:
    """Return the error for a number that begins with a 0 that means nothing: "007"."""
    shown = one.shown(rules)
    return _refused("leading_zero", "it begins with a 0", f"write {shown} if that is meant", one=shown)


def other_mark(one: AmountReading, mark: str, rules: AmountRules) -> InvalidEvent:
    """Return the error for a number with the decimal mark of another fair; `mark` is the right one."""
    shown = one.shown(rules)
    names = {".": "point", ",": "comma"}
    return _refused(
        "other_mark",
        f"this fair writes a decimal {names[mark]}",
        f"write {shown} if that is meant",
        mark=mark,
        one=shown,
    )


def too_many_digits(rules: AmountRules, digits: int) -> InvalidEvent:
    """Return the error for an amount that is finer than the currency; it may have this many digits after the mark."""
    example = _example(rules)
    if digits == 0:
        return _refused("whole", "its currency has no minor digits", f"write it as in {example}", example=example)
    return _refused(
        "digits",
        f"it may have at most {digits} digits after the decimal mark",
        "round it, or choose another currency",
        digits=str(digits),
        example=example,
    )


def too_large(rules: AmountRules, most: int) -> InvalidEvent:
    """Return the error for an amount above the largest one, in minor units."""
    shown = amount_text(most, rules.digits, rules.mark)
    return _refused("too_large", f"it is above {shown}, the most that can be stored", "check its zeros", most=shown)


def two_units(typed: AmountUnit, chosen: AmountUnit) -> InvalidEvent:
    """Return the error for a unit behind the number that is not the one beside the field."""
    return _refused(
        "two_units",
        f"it ends with {typed}, but the unit {chosen} is chosen",
        "write the number alone, or choose the same unit",
        typed=typed,
        chosen=chosen,
    )


def _example(rules: AmountRules) -> str:
    return amount_text(_EXAMPLE * 10**rules.digits // 100, rules.digits, rules.mark)


def _refused(word: str, wrong: str, hint: str, **facts: str) -> InvalidEvent:
    return InvalidEvent("bad_value", f"amount: {wrong}", field="amount", hint=hint, word=f"amount_{word}", facts=facts)

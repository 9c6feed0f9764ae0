"""Whole numbers and amounts in words, in the languages of the page, so that a person sees a wrong number of zeros.

The library num2words is not used: it cannot spell Chinese, and one of its own packages has no wheel.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

_EN_SMALL: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_EN_TENS: Final = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_EN_SCALES: Final = ((10**15, "quadrillion"), (10**12, "trillion"), (10**9, "billion"), (10**6, "million"))

_DE_SMALL: Final = (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn"
).split()
_DE_TENS: Final = "- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()
_DE_SCALES: Final = (
    (10**15, "Billiarde", "Billiarden"),
    (10**12, "Billion", "Billionen"),
    (10**9, "Milliarde", "Milliarden"),
    (10**6, "Million", "Millionen"),
)

_ZH_DIGITS: Final = "零一二三四五六七八九"
_ZH_LARGE: Final = ((10**8, "亿"), (10**4, "万"))
_ZH_SMALL: Final = ((1_000, "千"), (100, "百"), (10, "十"))


def _english(number: int) -> str:
    for size, name in (*_EN_SCALES, (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            count, rest = divmod(number, size)
            return f"{_english(count)} {name}" + (f" {_english(rest)}" if rest else "")
    if number < len(_EN_SMALL):
        return _EN_SMALL[number]
    tens, ones = divmod(number, 10)
    return _EN_TENS[tens] + (f"-{_EN_SMALL[ones]}" if ones else "")


def _german(number: int) -> str:
    parts = []
    for size, one, many in _DE_SCALES:
        count, number = divmod(number, size)
        if count:
            parts.append(f"eine {one}" if count == 1 else f"{_german_below_million(count)} {many}")
    if number or not parts:
        parts.append(_german_below_million(number) + ("s" if number % 100 == 1 else ""))
    return " ".join(parts)


def _german_below_million(number: int) -> str:
    """Return the number as it stands before a noun: "ein", and not "eins", at its end."""
    for size, name in ((1_000, "tausend"), (100, "hundert")):
        if number >= size:
            count, rest = divmod(number, size)
            return _german_below_million(count) + name + (_german_below_million(rest) if rest else "")
    if number < len(_DE_SMALL):
        return _DE_SMALL[number]
    tens, ones = divmod(number, 10)
    return (f"{_DE_SMALL[ones]}und" if ones else "") + _DE_TENS[tens]


def _chinese(number: int) -> str:
    spelled = _chinese_inside(number)
    return spelled.removeprefix("一") if spelled.startswith("一十") else spelled


def _chinese_inside(number: int) -> str:
    """Return the number as it stands behind a larger unit, where ten is "一十"."""
    for size, name in (*_ZH_LARGE, *_ZH_SMALL):
        if number >= size:
            count, rest = divmod(number, size)
            gap = "零" if 0 < rest < size // 10 else ""
            return _chinese_inside(count) + name + gap + (_chinese_inside(rest) if rest else "")
    return _ZH_DIGITS[number]


_SPELLERS: Final[Mapping[str, tuple[Callable[[int], str], str]]] = MappingProxyType(
    {"en": (_english, " and "), "de": (_german, " und "), "zh": (_chinese, "又 ")}
)
"""By language: how to spell a number, and what stands between it and a fraction."""

LANGUAGES: Final = tuple(_SPELLERS)
"""The languages that can be spelled, as codes of ISO 639-1."""


def spelled(number: int, language: str) -> str:
    """Return a whole number from 0 to below 10^18 in words of one of `LANGUAGES`.

    English has no "and" between the words: "one hundred one". That word stands before a fraction alone.
    """
    return _SPELLERS[language][0](number)


def amount_in_words(whole: int, fraction: str, language: str) -> str:
    """Return an amount in words, its fraction in digits: "twelve and 50/100".

    Args:
        whole: from 0 to below 10^18.
        fraction: the digits after the decimal mark, "50"; empty if the currency has none.
        language: one of `LANGUAGES`.
    """
    joint = _SPELLERS[language][1]
    return spelled(whole, language) + (f"{joint}{fraction}/{10 ** len(fraction)}" if fraction else "")

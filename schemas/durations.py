"""Lengths of time as people write them: `30s`, `5m`, `1h30m`, `500ms`, a number of seconds, ISO 8601."""

import re
from datetime import timedelta
from typing import Final

MOST: Final = timedelta(days=3_650)
"""The longest that a setting may be; a fair lasts days."""

_UNITS: Final = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
"""In the order in which they are written."""

_NUMBER: Final = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_PLAIN: Final = re.compile(_NUMBER)
_PARTS: Final = re.compile("".join(f"(?:({_NUMBER}){unit})?" for unit in _UNITS))
_ISO: Final = re.compile(
    rf"P(?:({_NUMBER})D)?(?:T(?=[0-9])(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?", re.IGNORECASE
)


class BadDuration(ValueError):
    """Says what is wrong with a text that is not a duration, as the end of a sentence, without the text."""


def duration(text: str) -> timedelta:
    """Return the length of time that a text means; it is negative after a minus sign.

    Raises:
        BadDuration: it means none, or one longer than `MOST`.
    """
    bare = text.strip()
    sign = -1 if bare.startswith("-") else 1
    found = _found(bare.removeprefix("-"))
    if found is None:
        raise BadDuration(_why_not(bare))
    if found > MOST:
        raise BadDuration(f"is longer than {duration_text(MOST)}")
    return sign * found


def duration_text(value: timedelta) -> str:
    """Return a length of time as it is typed, in the largest units that fit: 30s, 10m, 1h30m, 500ms, 0s."""
    if value < timedelta(0):
        return f"-{duration_text(-value)}"
    text, rest = "", value
    for unit, length in _UNITS.items():
        count, rest = divmod(rest, length)
        text += f"{count}{unit}" if count else ""
    if rest:  # less than a millisecond is left
        return f"{value / _UNITS['ms']:g}ms"
    return text or "0s"


def _found(text: str) -> timedelta | None:
    if _PLAIN.fullmatch(text):
        return float(text) * _UNITS["s"]
    for form, units in ((_PARTS, tuple(_UNITS)), (_ISO, ("d", "h", "m", "s"))):
        matched = form.fullmatch(text)
        if matched and any(matched.groups()):
            parts = zip(matched.groups(), units, strict=True)
            return sum((float(number) * _UNITS[unit] for number, unit in parts if number), timedelta(0))
    return None


def _why_not(text: str) -> str:
    if not text:
        return "is empty"
    together = "".join(text.split())
    if together != text and _found(together.removeprefix("-")) is not None:
        return "has a blank inside"
    if text in _UNITS:
        return "has no number before its unit"
    if re.fullmatch(rf"-?(?:{_NUMBER}[A-Za-z]+)+", text):
        return f"has a unit that is not one of {', '.join(_UNITS)}, or units out of that order"
    if re.fullmatch(r"-?[0-9]{10,}(?:\.[0-9]*)?[a-z]*", text):
        return f"is longer than {duration_text(MOST)}"
    return "is not a length of time"

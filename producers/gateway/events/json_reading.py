"""Strict JSON as plain values: each text is parsed once, no number is too long, and there are not too many values.

Parsing is one step, which holds up all other requests. So the values are counted before it, and a long number is cut
before it: each byte is looked at a few times, and nothing is done once per value.
"""

import re
from typing import Any, Final

import jiter

VALUES_MAX: Final = 200
"""Most values that a body may have for each event, texts and numbers and containers alike.

The largest event has 224: itself, 9 attributes, 32 extensions, 22 fields, and 32 parties with 4 fields each. A body has
no room for 500 of these: the densest good one has about 86,500 values of the 100,000 that it may have, so no good batch
is refused. A usual event has 20 to 40."""
CONTAINERS_MAX: Final = 40
"""Most objects and lists that a body may have for each event: the largest event has 35, a usual one 2 to 11."""
ALONE: Final = 10
"""The data of one event in base64 may have the values of this many: an event with too many is refused by its name."""
DIGITS_MAX: Final = 309
"""Most digits before the point: a number with more is beyond all floats, and its cost grows by the square."""

_MARK: Final = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8; it says nothing and is skipped (RFC 8259, 8.1)."""
_NO_MARKS: Final = bytes(set(range(256)) - set(b'",[{'))
"""Bytes that begin no value and no text. Without them, what is between two quotes is mostly nothing."""
_ZEROS: Final = bytes.maketrans(b"123456789", b"0" * 9)
_TOO_LONG: Final = b"0" * (DIGITS_MAX + 1)
_NUMBER: Final = re.compile(rb"([0-9]++)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_AFTER_POINT: Final = (b".", b"e", b"E", b"+", b"e-", b"E-")
"""Endings of what stands before a fraction or an exponent."""
_BEYOND: Final = b"1e999"
"""An infinity, for jiter."""


class TooManyValues(ValueError):
    """A JSON text has more values than its events can have."""


def parsed(body: bytes, events: int = ALONE) -> Any:
    """Return the values in a body. A number of too many digits becomes an infinity, so its event is refused.

    Args:
        body: the JSON text.
        events: how many events it may have, by which its values are limited.

    Raises:
        TooManyValues: it has more; it was not parsed.
        ValueError: it is not JSON, or has a key twice.
    """
    if _has_too_many(body, events):
        raise TooManyValues
    bounded = _bounded(body.removeprefix(_MARK))
    return jiter.from_json(bounded, catch_duplicate_keys=True, allow_inf_nan=False, cache_mode="none")


def _has_too_many(body: bytes, events: int) -> bool:
    """Return whether a body has too many values. Commas and brackets in texts do not count.

    Every value follows a comma or begins its container, so the two bound them. Every value has at most a key and a
    text, thus four quotes.
    """
    values, containers = events * VALUES_MAX, events * CONTAINERS_MAX
    if _is_within(body, values, containers):
        return False
    bare = body.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _NO_MARKS)
    if bare.count(b'"') > 4 * values:
        return True
    return not _is_within(b"".join(bare.split(b'"')[::2]), values, containers)


def _is_within(text: bytes, values: int, containers: int) -> bool:
    begun = text.count(b"[") + text.count(b"{")
    return begun <= containers and begun + text.count(b",") <= values


def _bounded(body: bytes) -> bytes:
    """Return a body in which each number of too many digits is an infinity. Digits in texts stay as they are."""
    digits = body.translate(_ZEROS)
    at, done, copied, in_text = digits.find(_TOO_LONG), 0, 0, False
    parts: list[bytes] = []
    while at >= 0:
        in_text ^= _quotes(body[done:at]) % 2 == 1
        number = _NUMBER.match(body, at)
        assert number is not None, "it begins with a digit"
        done = number.end(1)
        is_before_point = not body.endswith(_AFTER_POINT, max(at - 2, 0), at)
        if not in_text and is_before_point and not number[0].startswith(b"0"):
            parts += body[copied:at], _BEYOND
            done = copied = number.end()
        at = digits.find(_TOO_LONG, done)
    return b"".join((*parts, body[copied:])) if parts else body


def _quotes(text: bytes) -> int:
    """Return the number of quotes that begin or end a text."""
    return text.replace(rb"\\", b"").replace(rb"\"", b"").count(b'"')

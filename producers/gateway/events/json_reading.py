"""Strict JSON as plain values: each text is parsed once, and no number is too long."""

import re
from typing import Any, Final

import jiter

_MARK: Final = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8; it says nothing and is skipped (RFC 8259, 8.1)."""
DIGITS_MAX: Final = 4_300
"""Most digits before the point that jiter reads in a number."""
_TEXTS_AND_NUMBERS: Final = re.compile(
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|-?([0-9]++)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?', re.DOTALL
)
"""A text without an end extends to the end of the body, so that each byte is looked at only once."""


def parsed(body: bytes) -> Any:
    """Return the values in a body. A number too long for jiter becomes an infinity, so its event is refused.

    Raises:
        ValueError: it is not JSON, or has a key twice.
    """
    body = body.removeprefix(_MARK)
    try:
        return jiter.from_json(body, catch_duplicate_keys=True, allow_inf_nan=False, cache_mode="none")
    except ValueError as error:
        if "number out of range" not in str(error):
            raise
    bounded = _TEXTS_AND_NUMBERS.sub(_bounded, body)
    return jiter.from_json(bounded, catch_duplicate_keys=True, allow_inf_nan=False, cache_mode="none")


def _bounded(found: re.Match[bytes]) -> bytes:
    digits = found[1] or b""
    return b"1e999" if len(digits) > DIGITS_MAX and not digits.startswith(b"0") else found[0]

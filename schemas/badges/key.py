"""The badge key of a fair: all terminals of a fair need the same one, or one visitor counts as several people."""

import hmac
from typing import Final
from unicodedata import category

from schemas.errors import InvalidSettings

LEAST_BYTES: Final = 32
"""A shorter key can be guessed, and with it the codes behind the pseudonyms."""

MAKE_ONE: Final = "make one for all terminals of the fair with `openssl rand -hex 32`"

SET_KEY: Final = "set FAIRPULSE_BADGE_KEY to the fair's badge key, or FAIRPULSE_BADGE_KEY_FILE to its file"

_FINGERPRINTED: Final = b"fairpulse badge key"
"""Never a badge code, because it has blanks: so a fingerprint is not a part of the pseudonym of any badge."""


def without_line_end(text: str) -> str:
    """Return the key of a file or variable: a line end at its end and a byte order mark are not part of it."""
    return text.removeprefix("\ufeff").rstrip("\r\n")


def key_problem(text: str) -> str:
    """Return what is wrong with a badge key, without repeating it; empty if nothing is."""
    key = without_line_end(text)
    if not key.strip():
        return "is empty" if not key else "has blanks only"
    if "\n" in key or "\r" in key:
        return "has more than one line"
    if any(category(one) in ("Cc", "Cs") for one in key):  # Cs: bytes that are not UTF-8
        return "has a character that cannot be printed"
    if key != key.strip():
        return "begins or ends with a blank"
    if (length := len(key.encode())) < LEAST_BYTES:
        return f"has {length} bytes, and needs at least {LEAST_BYTES}"
    return ""


def checked_key(text: str) -> bytes:
    """Return the badge key from the text of a variable or file: at least 32 bytes, in UTF-8.

    Raises:
        InvalidSettings: what is wrong with it. The key is not repeated.
    """
    if problem := key_problem(text):
        raise InvalidSettings(f"the badge key {problem}", hint=MAKE_ONE)
    return without_line_end(text).encode()


def key_fingerprint(key: bytes) -> str:
    """Return 16 hex digits that tell two badge keys apart, and from which nobody can find the key."""
    return hmac.digest(key, _FINGERPRINTED, "sha256")[:8].hex()

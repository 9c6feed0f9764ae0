"""Instants as the oracle reads them: RFC 3339 text, and milliseconds since 1970."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_INSTANT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:[0-5]\d)", re.ASCII).fullmatch


def is_instant(value: Any) -> bool:
    """Return whether a value is the text of an instant."""
    return type(value) is str and to_instant(value) is not None


def to_instant(text: str) -> datetime | None:
    """Return the instant in UTC, or None if the text is not an RFC 3339 time of the years 2000-2099."""
    if not _INSTANT(text):
        return None
    try:
        instant = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None
    return instant if instant.year // 100 == 20 else None


def epoch_ms(text: str) -> int:
    """Return the milliseconds since 1970 of a time that was already checked, rounded down."""
    return (datetime.fromisoformat(text) - _EPOCH) // _MS

"""Instants as text, and as whole milliseconds."""

from datetime import UTC, datetime, tzinfo
from time import time_ns
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

INSTANT_PATTERN = (
    r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$"
)
"""RFC 3339 with an explicit offset, years 2000-2099. Without it, pydantic also takes "1700000000"."""

INSTANT_WORDS = "a time like 2025-09-10T09:00:00.000+08:00, in the years 2000-2099 in UTC"
"""How to write an instant, for people."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FIRST, AFTER_LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""The same years in UTC: an offset must not move an instant into a year that we can write but not read again."""


class _Instant:
    """Text of `INSTANT_PATTERN`, then a datetime that knows its offset; digits past microseconds are cut.

    In Python it is a datetime from the start, so that `dataclasses.replace(event, received_at=...)` works.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        instant = core_schema.datetime_schema(strict=False, tz_constraint="aware", ge=FIRST, lt=AFTER_LAST)
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema([core_schema.str_schema(pattern=INSTANT_PATTERN), instant]),
            python_schema=core_schema.chain_schema([core_schema.is_instance_schema(datetime), instant]),
            serialization=core_schema.plain_serializer_function_ser_schema(instant_text, when_used="json"),
        )


Instant = Annotated[datetime, _Instant()]
"""A point in time with a known offset."""


def instant_text(instant: datetime) -> str:
    """Return the instant as RFC 3339 in UTC with milliseconds, the only format that we write."""
    text = instant.isoformat("T", "milliseconds")
    if not text.endswith("+00:00"):
        text = instant.astimezone(UTC).isoformat("T", "milliseconds")
    return text[:-6] + "Z"


def epoch_ms(instant: datetime) -> int:
    """Return whole milliseconds since 1970-01-01T00:00Z, rounded down; exact, no float in between."""
    since = instant - EPOCH
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


def venue_ms(time: datetime | str, zone: tzinfo) -> int:
    """Return a time that a person gave, in milliseconds since 1970; one without an offset is the venue's local time.

    Raises:
        ValueError: the text is not an ISO 8601 time.
    """
    moment = datetime.fromisoformat(time) if isinstance(time, str) else time
    return epoch_ms(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def wall_ms() -> int:
    """Return this machine's wall clock in whole milliseconds since 1970."""
    return time_ns() // 1_000_000


def from_epoch_ms(milliseconds: int) -> datetime:
    """Return the instant in UTC; the inverse of `epoch_ms`."""
    seconds, rest = divmod(milliseconds, 1_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1_000)

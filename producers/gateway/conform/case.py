"""The form of a case of the suite: which request it is, and what must come back. Cases themselves are in `cases`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from typing_extensions import override

from schemas.api.http import BATCH_TYPE, EVENTS_PATH, JSON_TYPE, SINGLE_TYPE

OWN: Final = "{token}"
"""Stands in a header for the token of the terminal."""


class Mode(StrEnum):
    """How events stand in a request, by the HTTP binding of CloudEvents and, in the last two, without it."""

    NO_EVENT = "no event"
    STRUCTURED = "structured"
    BATCH = "batch"
    BINARY = "binary"
    OBJECT = "JSON object"
    ARRAY = "JSON array"


class Framing(StrEnum):
    """How a body is sent."""

    LENGTH = "with Content-Length"
    CHUNKED = "in chunks"
    EXPECTING = "after 100 Continue"
    HALF = "only half of it"


CONTENT_TYPES: Final[Mapping[Mode, str]] = {
    Mode.STRUCTURED: SINGLE_TYPE,
    Mode.BATCH: BATCH_TYPE,
    Mode.BINARY: JSON_TYPE,
    Mode.OBJECT: JSON_TYPE,
    Mode.ARRAY: JSON_TYPE,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """An answer that is right.

    Attributes:
        status: of the answer.
        code: of the problem; empty below 400.
        errors: the code that each entry in `errors`, or each rejected one of `results`, must have; empty for any.
        offset_ms: bounds of `clock_offset_ms`; None if it does not matter.
    """

    status: int
    code: str = ""
    errors: str = ""
    offset_ms: tuple[int, int] | None = None

    @override
    def __str__(self) -> str:
        """Return it in words."""
        inner = f" ({self.errors})" if self.errors else ""
        return f"{self.status} {self.code}".rstrip() + inner


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request of the suite.

    Attributes:
        name: the same in every version, for machines.
        sends: what is special about it.
        expects: the answers that are right.
        client: what a client does with that answer.
        events: the kinds of its events, in `cases.CHANGES`.
        count: how often they are repeated, each time as new events.
        again: the case whose first event is sent again, with the changes; empty for new events.
        headers: beside those of every request; `{token}`, `{hour_ago}` in a value stand for what they say. An empty
            value takes the header out.
        body: sent in place of events.
        before: bytes before the body.
        bytes: blanks are added up to this size.
        times: how often it is sent, over one connection.
        advice: whether another answer is worth a note and no more: devices work nevertheless.
    """

    name: str
    sends: str
    expects: tuple[Expected, ...]
    client: str
    method: str = "POST"
    path: str = EVENTS_PATH
    mode: Mode = Mode.STRUCTURED
    events: tuple[str, ...] = ("scan",)
    count: int = 1
    again: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    before: bytes = b""
    bytes: int = 0
    gzip: bool = False
    framing: Framing = Framing.LENGTH
    times: int = 1
    advice: bool = False

"""The first stage, from a request to a Posting: its body is limited in size and parsed once.

It takes strict JSON with a limited number of events. The next stages check the events themselves, one by one.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import jiter

from schemas.api.http import EVENT_MAX_BYTES, EVENTS_MAX
from schemas.api.terminals import Terminal

DIGITS_MAX: Final = 4_300
"""Most digits before the point that jiter reads in a number."""
_TEXTS_AND_NUMBERS: Final = re.compile(
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|-?([0-9]++)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?', re.DOTALL
)
"""A text without an end extends to the end of the body, so that each byte is looked at only once."""


@dataclass(frozen=True, slots=True)
class Posting:
    """Events as they were posted, with terminal and time. Their content is not checked yet.

    Attributes:
        items: the events as plain values: at least one, at most `EVENTS_MAX`.
        is_array: whether they came as an array; a single event may also come alone.
        terminal: who posted them, by its token.
        source: the address that each of them must name.
        received: the server's clock, as it is written into every event.
        clock_offset_ms: server clock minus terminal clock.
        attempt: the parts of a written event that differ when it is posted again.
    """

    items: list[Any]
    is_array: bool
    terminal: Terminal
    source: str
    received: str
    clock_offset_ms: int
    attempt: tuple[bytes, bytes]

    def lasting(self, written: bytes) -> bytes:
        """Return a written event without the parts that differ when it is posted again."""
        received_at, clock_offset_ms = self.attempt
        return written.replace(received_at, b"", 1).replace(clock_offset_ms, b"", 1)


class UnreadableBody(Exception):
    """The body as a whole is not a posting.

    Attributes:
        code: the code of the problem.
        alone: whether the request was announced as one event, so that it has no halves.
    """

    def __init__(self, code: str, *, alone: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.alone = alone


def read_posting(
    body: bytes, terminal: Terminal, received: str, clock_offset_ms: int = 0, *, batch: bool | None = None
) -> Posting:
    """Return what was posted.

    Args:
        body: of the request.
        terminal: who posted it.
        received: the server's clock, RFC 3339.
        clock_offset_ms: server clock minus terminal clock.
        batch: whether it must be an array; None takes either.

    Raises:
        UnreadableBody: it is empty, is not JSON, has a key twice, or has no events or too many.
    """
    if not body:
        raise UnreadableBody("no_body")
    try:
        value = _parsed(body)
    except ValueError as error:
        text, alone = str(error), batch is False
        if "duplicate key" in text:
            raise UnreadableBody("duplicate_key", alone=alone) from None
        raise UnreadableBody("too_deep" if "recursion limit" in text else "not_json", alone=alone) from None
    is_array = isinstance(value, list)
    if not isinstance(value, dict | list) or batch is (not is_array):
        raise UnreadableBody("wrong_shape")
    items = value if isinstance(value, list) else [value]
    if not items:
        raise UnreadableBody("no_events")
    if len(items) > EVENTS_MAX:
        raise UnreadableBody("too_many_events")
    if len(items) == 1 and len(body) > EVENT_MAX_BYTES:
        raise UnreadableBody("event_too_large")
    attempt = f',"received_at":"{received}"'.encode(), f',"clock_offset_ms":{clock_offset_ms}'.encode()
    return Posting(items, is_array, terminal, terminal.source, received, clock_offset_ms, attempt)


def _parsed(body: bytes) -> Any:
    """Return the values in a body. A number too long for jiter becomes an infinity, so its event is refused.

    Raises:
        ValueError: it is not JSON, or has a key twice.
    """
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

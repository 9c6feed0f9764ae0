"""The first stage, from a request to a Posting: its body is unpacked, limited in size and parsed once.

It takes strict JSON with a limited number of events. The next stages check the events themselves, one by one.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from producers.gateway.events.bounds import plain_json
from producers.gateway.events.codings import NotGzip, codings_in, unpacked
from producers.gateway.events.envelope import WrongEnvelope, open_event
from producers.gateway.events.json_reading import TooManyValues, parsed
from producers.gateway.events.media import Announced, announced
from producers.gateway.http.heading import Heading
from schemas.api.http import DATA_BASE64, EVENT_MAX_BYTES, EVENTS_MAX
from schemas.api.terminals import Terminal


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
        kept: what was posted, for its dead letter: the body, or one event in structured JSON; empty if nothing was.
    """

    def __init__(self, code: str, *, alone: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.alone = alone
        self.kept = b""


_ANY: Final = Announced()


def _free(_: int) -> None:
    """Charge nothing."""


def read_request(
    heading: Heading,
    body: bytes,
    terminal: Terminal,
    received: str,
    clock_offset_ms: int = 0,
    charge: Callable[[int], None] = _free,
) -> Posting:
    """Return what was posted, by the head of a request and its body.

    Args:
        heading: of the request.
        body: as it was received.
        terminal: who posted it.
        received: the server's clock, RFC 3339.
        clock_offset_ms: server clock minus terminal clock.
        charge: called with the number of bytes that a compressed body takes more once it is unpacked; may refuse.

    Raises:
        RequestRefused: its content type or coding is not taken (415), or it is too large once unpacked (413).
        UnreadableBody: its body is not a posting.
    """
    codings, head = codings_in(heading), announced(heading)
    try:
        body = unpacked(body, codings, charge)
        return read_posting(body, terminal, received, clock_offset_ms, head)
    except NotGzip:
        error = UnreadableBody("not_gzip", alone=head.is_alone)
    except UnreadableBody as unreadable:
        error = unreadable
    error.kept = _kept(body, head)
    raise error


def read_posting(
    body: bytes, terminal: Terminal, received: str, clock_offset_ms: int = 0, head: Announced = _ANY
) -> Posting:
    """Return what was posted.

    Args:
        body: of the request.
        terminal: who posted it.
        received: the server's clock, RFC 3339.
        clock_offset_ms: server clock minus terminal clock.
        head: what the head of the request says of the body.

    Raises:
        UnreadableBody: it is empty, is not JSON, has a key twice or too many values, or has no events or too many.
    """
    if not body:
        raise UnreadableBody("no_body", alone=head.is_alone)
    try:
        value = parsed(body, EVENTS_MAX)
    except ValueError as error:
        raise UnreadableBody(_reason(error), alone=head.is_alone) from None
    if head.attributes is not None:
        value = {**head.attributes, "data": value}
    is_array = isinstance(value, list)
    if not isinstance(value, dict | list) or head.is_batch is (not is_array):
        raise UnreadableBody("wrong_shape")
    items = value if isinstance(value, list) else [value]
    if not items:
        raise UnreadableBody("no_events")
    if len(items) > EVENTS_MAX:
        raise UnreadableBody("too_many_events")
    if len(items) == 1 and len(body) > EVENT_MAX_BYTES and _is_enveloped(items[0], terminal):
        raise UnreadableBody("event_too_large")
    attempt = f',"received_at":"{received}"'.encode(), f',"clock_offset_ms":{clock_offset_ms}'.encode()
    return Posting(items, is_array, terminal, terminal.source, received, clock_offset_ms, attempt)


def _is_enveloped(item: Any, terminal: Terminal) -> bool:
    """Return whether an event is a CloudEvent. One that is not is refused for that: a final 413 would lose it."""
    try:
        open_event(item, terminal.source)
    except WrongEnvelope:
        return False
    return True


def _kept(body: bytes, head: Announced) -> bytes:
    if head.attributes is None:
        return body
    return plain_json({**head.attributes, DATA_BASE64: base64.b64encode(body).decode()})


def _reason(error: ValueError) -> str:
    if isinstance(error, TooManyValues):
        return "too_many_fields"
    text = str(error)
    if "duplicate key" in text:
        return "duplicate_key"
    return "too_deep" if "recursion limit" in text else "not_json"

"""The gateway's HTTP interface: CloudEvents in, receipts and problems out."""

from dataclasses import KW_ONLY
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, StringConstraints
from pydantic.dataclasses import dataclass

from schemas.api.terminals import PlaceKind
from schemas.codes import BadgeRole, DenyReason
from schemas.events import fields_of, type_of
from schemas.ids import BadgeRef
from schemas.topics import EVENT_CLASSES, RECORD_MAX_BYTES

EVENTS_PATH: Final = "/v1/events"
TERMINAL_PATH: Final = "/v1/terminal"
BADGES_PATH: Final = "/v1/badges"
BADGE_CHECK_PATH: Final = "/v1/badge-check"
DRY_RUN: Final = "dry_run"
"""The one parameter of a query: `true` for an import that is only tried."""
OPENAPI_PATH: Final = "/openapi.json"
BATCH_TYPE: Final = "application/cloudevents-batch+json"
SINGLE_TYPE: Final = "application/cloudevents+json"
SENT_AT: Final = "Sent-At"
"""Header with the terminal's clock when it sends: the server compares it with its own."""
CLOCK_OFFSET: Final = "Clock-Offset"
"""Header with server clock minus terminal clock in whole ms, as the terminal measured it with `GET /v1/terminal`."""
CLOCK_OFFSET_PATTERN: Final = r"^-?[0-9]{1,12}$"
REQUEST_ID: Final = "Request-Id"
"""Header with the terminal's id for a request; the answer repeats it if it matches the pattern."""
REQUEST_ID_PATTERN: Final = r"^[A-Za-z0-9._-]{1,64}$"
BADGE_KEY: Final = "Badge-Key"
"""Header of `GET /v1/terminal` with the fingerprint of the terminal's badge key; the first of a fair is kept."""
TERMINAL_INSTANCE: Final = "Terminal-Instance"
"""Header with what tells a terminal from a copy of its folder, 16 lower-case hex digits."""
TERMINAL_COPIES: Final = "Terminal-Copies"
"""Header of an answer to a terminal that two machines send as: seconds since the other one was heard."""
HEX_PATTERN: Final = r"^[0-9a-f]{16}$"
"""Pattern of the headers Badge-Key and Terminal-Instance."""
SIMULATED_TIME: Final = "Simulated-Time"
"""Header with the time of a simulated fair. Only a gateway whose clock is set to `simulated` reads it."""
JSON_TYPE: Final = "application/json"
PROBLEM_TYPE: Final = "application/problem+json"

EVENT_MAX_BYTES: Final = RECORD_MAX_BYTES
"""Largest posted event: the limit of a stored event, and the size that CloudEvents asks everybody to accept."""
BODY_MAX_BYTES: Final = 1_048_576
"""Largest body of a request."""
EVENTS_MAX: Final = 500
"""Most events in a request."""
FIELDS_MAX: Final = 64
"""Most fields in an object of an event: three times what the largest event has."""
BODY_DEADLINE_S: Final = 10.0
"""A body that takes longer to arrive is refused."""
HEADERS_MAX_BYTES: Final = 16_384
"""Largest size of request line and headers together."""
HEADERS_MAX: Final = 64
"""Most headers of a request."""

SERVER_FIELDS: Final = frozenset(
    {"event_id", "fair_id", "terminal_id", "occurred_at", "received_at", "clock_offset_ms", "test", "type"}
)
"""Fields of a stored event that are never in `data`: the server sets them, or they are CloudEvents attributes."""

BADGE_CODE: Final = "badge_code"
"""A field of `data` that no stored event has: the code on a badge, at a fair with a register of badges."""
BADGE_CODE_MAX: Final = 7_089
"""Most characters of it: those of the longest QR code."""
POSTED_CLASSES: Final = tuple(kind for kind in EVENT_CLASSES if kind.posted_at)
"""The kinds of events that terminals post. Registrations come another way."""
TYPES_WITH_BADGE: Final = frozenset(type_of(kind) for kind in POSTED_CLASSES if fields_of(kind, BadgeRef))
"""The types of events that are posted with a badge."""

STRICT: Final = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

Printable = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,256}$")]
"""Printable ASCII without spaces: no control characters, no look-alikes, nothing that changes the text direction."""

ID_MAX: Final = 256
"""Most characters of a posted `id`."""
DATA_BASE64: Final = "data_base64"
"""The member of an event whose data is in base64 (CloudEvents JSON format, 3.1.1)."""
EXTENSIONS_MAX: Final = 32
"""Most extension attributes of an event."""
EXTENSION_MAX_BYTES: Final = 1_024
"""Most bytes of an extension that is a text."""
EXTENSION_PATTERN: Final = r"^[a-z0-9]{1,64}$"
"""Pattern of the name of an extension."""
INTEGER_MAX: Final = 2**53 - 1
"""Largest number that every JSON reader keeps as it is."""
TIME_PATTERN: Final = (
    r"^(?:1999|20[0-9]{2}|2100)-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)"
    r"(?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""RFC 3339 in full. An offset can move a time at the turn of the century into our years."""
SAFE_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/#-]{0,127}$"
"""Pattern of a posted `id` that an answer repeats."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=1_024, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
"""A text of a CloudEvent: no control characters (1.0.2, type system)."""


@dataclass(frozen=True, slots=True, config=ConfigDict({**STRICT, "extra": "ignore"}))
class CloudEvent:
    """An event as a terminal posts it: CloudEvents 1.0, structured. Any other member is an extension."""

    _: KW_ONLY
    specversion: Literal["1.0"]
    id: Annotated[str, StringConstraints(min_length=1, max_length=ID_MAX)]
    """Made once by the terminal, the same on every retry and for no other event; a UUID of version 7 is recommended."""
    source: Printable
    """The terminal's own address, as `GET /v1/terminal` gives it."""
    type: Annotated[str, StringConstraints(max_length=64)]
    time: Annotated[str, StringConstraints(max_length=64, pattern=TIME_PATTERN)]
    """The terminal's clock when it happened, RFC 3339."""
    data: dict[str, Any]
    datacontenttype: Annotated[str, StringConstraints(max_length=256)] | None = JSON_TYPE
    """JSON: `application/json`, or a type that ends with `+json`. Parameters are ignored."""
    subject: Text | None = None
    dataschema: Text | None = None
    """Accepted and passed on; it is never fetched."""


class Outcome(StrEnum):
    """The outcome of one event. Every outcome is final."""

    ACCEPTED = "accepted"
    """Kafka has it, acknowledged by all replicas in sync."""
    DUPLICATE = "duplicate"
    """It was accepted before, with the same content."""
    REJECTED = "rejected"
    """It will never be accepted as it is; the organiser has a copy."""


@dataclass(frozen=True, slots=True, config=STRICT)
class EventResult:
    """The outcome of the event at an index of the batch. `id` is as posted, left out if it is not safe to repeat."""

    _: KW_ONLY
    index: int
    outcome: Outcome
    id: str | None = None
    pointer: str | None = None
    """JSON pointer to the wrong part of the request."""
    code: str | None = None
    message: str | None = None
    schema: str | None = None
    """URI reference of the schema that describes the wrong part, relative to the address of this request."""
    word: str | None = None
    """Says more than `code`, in a word of a closed list, for a text in another language: why a code is not a badge."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Receipt:
    """Answers 202 and 207: how many events are safe, and how many were rejected. Only 207 has the last two members.

    Attributes:
        accepted: events that are in Kafka since now.
        duplicates: events that were accepted before, with the same content.
        rejected: events that will never be accepted as they are.
        results: the outcome of each event, in the order of the request.
    """

    accepted: int
    duplicates: int
    rejected: int | None = None
    results: list[EventResult] | None = None


class Action(StrEnum):
    """What the terminal must do now."""

    DELETE = "delete"
    """The events are safe: delete them."""
    SORT = "delete_accepted_and_drawer_rejected"
    """Delete accepted and duplicate events. Set rejected ones aside and tell the staff."""
    DRAWER = "drawer"
    """Set the events aside, do not send them again, and tell the staff."""
    BISECT = "bisect"
    """Send each half separately. After 413 set a single event aside; after 400 keep it and tell the maintainer."""
    RESEND = "resend"
    """Keep the events and send the same bytes again, after Retry-After."""
    REPAIR = "keep_and_pair_again"
    """Keep the events, stop sending, show that the terminal must be paired again."""
    ALERT = "keep_and_alert"
    """Keep the events, stop sending, tell the maintainer of the terminal's software."""


@dataclass(frozen=True, slots=True, config=STRICT)
class ProblemError:
    """The error of one event. It names fields, never values."""

    _: KW_ONLY
    index: int
    pointer: str
    code: str
    message: str
    schema: str
    """URI reference of the schema that describes the wrong part, relative to the address of this request."""
    id: str | None = None
    word: str | None = None
    """Says more than `code`, in a word of a closed list, for a text in another language: why a code is not a badge."""


@dataclass(frozen=True, slots=True, config=STRICT)
class LineError:
    """An error of a line of an import, counted from 1. It repeats at most a mistyped word."""

    line: int
    message: str


@dataclass(frozen=True, slots=True, config=STRICT)
class Problem:
    """Every answer from 400 on (RFC 9457)."""

    _: KW_ONLY
    type: str
    """urn:fairpulse:problem:<code>"""
    title: str
    status: int
    detail: str
    instance: str
    """urn:uuid that names this request on both sides."""
    code: str
    retryable: bool
    """Whether sending the same bytes again can succeed."""
    action: Action
    outcome: Literal["not_stored", "unknown"] = "not_stored"
    """`unknown`: Kafka may have stored some of the events. Send them again in either case."""
    retry_after_ms: int | None = None
    rejected: int | None = None
    errors: list[ProblemError] | None = None
    """In the order of the events: one for each event of the request in 409 and 422, for each that is wrong in 400."""
    lines: list[LineError] | None = None
    """The first errors of an import, by line. `rejected` is the number of all lines that are wrong."""


@dataclass(frozen=True, slots=True, config=STRICT)
class ImportReceipt:
    """Answers an import: how many persons are new, changed, as they were, older than the register, or left out."""

    _: KW_ONLY
    new: int
    changed: int
    unchanged: int
    older: int
    erased: int = 0
    """Persons who were erased. They are left out."""
    dry_run: bool = False
    """Whether nothing was written."""


@dataclass(frozen=True, slots=True, config=STRICT)
class BadgeQuestion:
    """Asks about a badge, by one of the two."""

    _: KW_ONLY
    badge_code: Annotated[str, StringConstraints(max_length=BADGE_CODE_MAX)] | None = None
    """The code on the badge, as the scanner read it."""
    badge_ref: BadgeRef | None = None
    """The pseudonym that a terminal with the badge key computes from the code."""


@dataclass(frozen=True, slots=True, config=STRICT)
class BadgeAnswer:
    """Whether the register has a badge, and why a gate turns it away."""

    _: KW_ONLY
    known: bool
    role: BadgeRole | None = None
    """Left out for an unknown badge."""
    denied: DenyReason | None = None
    """Left out if nothing speaks against it; `revoked` for a badge that was replaced by another one."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Limits:
    """The limits of a request, and of a terminal's rate."""

    event_bytes: int
    request_bytes: int
    request_events: int
    events_per_second: float
    burst_events: int


@dataclass(frozen=True, slots=True, config=STRICT)
class TerminalInfo:
    """Answer to GET /v1/terminal: who am I."""

    _: KW_ONLY
    fair_id: str
    terminal_id: str
    place: PlaceKind
    place_id: str | None = None
    test: bool = False
    """Whether the terminal is for tests: its events are taken and stored, and count nowhere."""
    source: str
    """The value of `source` in every event."""
    received_at: str
    """The server's clock when the request's headers had arrived."""
    answered_at: str
    """The server's clock when this answer was written."""
    server_time: str
    """The same as `answered_at`."""
    clock_offset_ms: int
    """Server clock minus terminal clock, by the headers of this request: what a post would add to its times."""
    limits: Limits
    dedupe_horizon: Literal["fair"] = "fair"
    """How long an event id is remembered by the stream: the whole fair."""
    token_expires_at: str | None = None
    badge_key: str | None = None
    """Fingerprint of the fair's badge key, as the first terminal told it; null if none has."""
    fair_file: str
    """Fingerprint of the gateway's fair file. With another one, events that were refused before may be accepted."""
    gateway_version: str
    """Version of the gateway's software. A newer one may know types of events that were refused before."""

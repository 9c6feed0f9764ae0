"""The answers of the gateway in its OpenAPI document, each with an example."""

from collections.abc import Mapping
from typing import Final

from schemas.api.http import (
    BODY_DEADLINE_S,
    BODY_MAX_BYTES,
    EVENT_MAX_BYTES,
    EVENTS_MAX,
    HEADERS_MAX,
    HEADERS_MAX_BYTES,
    JSON_TYPE,
    PROBLEM_TYPE,
    TERMINAL_COPIES,
    Action,
)
from schemas.api.portable import Json

_REF: Final = "#/components/schemas/"
_RESENT: Final = frozenset({408, 429, 500, 503})
_WHEN: Final[Mapping[int, tuple[str, str]]] = {
    400: (
        "NotReadable",
        (
            "No JSON, no CloudEvents, or no events: the client's software is at fault. Keep the events and tell its "
            "maintainer; `action` says whether to look for the wrong event first."
        ),
    ),
    401: ("NoToken", "The token is missing, unknown, revoked or expired: keep the events, get a new token."),
    403: ("OtherFair", "The terminal is enrolled for another fair: keep the events, get another token."),
    404: ("NotFound", "There is no such resource; query strings are not accepted."),
    405: ("WrongMethod", "The resource has other methods, see `Allow`."),
    408: ("Late", f"The body did not arrive whole within {BODY_DEADLINE_S:g} s: send it again."),
    409: ("Conflict", "Every id belongs to an earlier event, which counts: set these events aside, tell the staff."),
    413: (
        "TooLarge",
        (
            f"Over {EVENTS_MAX} events, {BODY_MAX_BYTES} bytes, or {EVENT_MAX_BYTES} bytes per event: send each half "
            "separately; set a single event aside."
        ),
    ),
    415: (
        "WrongMediaType",
        (
            "Another content type, or a Content-Encoding other than gzip: the client's software is at fault. Keep the "
            "events and tell its maintainer."
        ),
    ),
    422: ("Rejected", "Every event was rejected, for good: set them aside, tell the staff."),
    429: ("TooFast", "The terminal is too fast: keep the events, wait for `Retry-After`."),
    431: ("HeadersTooLarge", f"Headers of more than {HEADERS_MAX_BYTES // 1024} KiB or {HEADERS_MAX} lines."),
    500: ("Fault", "The gateway has a fault: keep the events, send the same bytes again."),
    503: (
        "Unavailable",
        "No room, no Kafka, or a topic is wrong (`topics_wrong`): keep the events, send the same bytes again.",
    ),
}
"""Every status from 400 on: the name of the answer, when it is sent, and what the terminal does then."""
_COPIES: Final[Json] = {
    "description": "Another machine sends as this terminal: seconds since it was heard, at most 600.",
    "schema": {"type": "integer", "format": "int32", "minimum": 0},
}
_WAIT: Final[Json] = {
    "description": "Seconds to wait.",
    "required": True,
    "schema": {"type": "integer", "format": "int32", "minimum": 1},
}
_ALLOW: Final[Json] = {"description": "The methods.", "required": True, "schema": {"type": "string"}}

_ID: Final = "0199313c-a801-7c4e-9d31-5b8f20c1e601"
_ERROR: Final[Json] = {
    "index": 1,
    "id": _ID,
    "pointer": "/1/data/residence_country",
    "code": "bad_value",
    "message": "/data/residence_country: the value is not valid; write two capital letters such as DE",
    "schema": "../openapi.json#/components/schemas/VisitorScanData",
}
_EXAMPLES: Final[Mapping[int, Json]] = {
    400: {
        "type": "urn:fairpulse:problem:not_json",
        "title": "Not JSON",
        "status": 400,
        "detail": "The body is not JSON in UTF-8. Send each half separately. Keep an event that is refused alone, and "
        "tell the maintainer.",
        "instance": "urn:uuid:5e0a1c9e-5b0e-4d5e-9c1e-2f6a3b7c8d90",
        "code": "not_json",
        "retryable": False,
        "action": Action.BISECT.value,
        "outcome": "not_stored",
    },
    422: {
        "type": "urn:fairpulse:problem:rejected",
        "title": "Every event was rejected",
        "status": 422,
        "detail": "No event can be accepted as it is. Set all of them aside and tell the staff.",
        "instance": "urn:uuid:5e0a1c9e-5b0e-4d5e-9c1e-2f6a3b7c8d90",
        "code": "rejected",
        "retryable": False,
        "action": Action.DRAWER.value,
        "outcome": "not_stored",
        "rejected": 1,
        "errors": [{**_ERROR, "index": 0, "pointer": "/0/data/residence_country"}],
    },
    503: {
        "type": "urn:fairpulse:problem:kafka_unavailable",
        "title": "Kafka is unavailable",
        "status": 503,
        "detail": "Kafka does not answer. Keep the events and send the same bytes again; nothing is lost.",
        "instance": "urn:uuid:5e0a1c9e-5b0e-4d5e-9c1e-2f6a3b7c8d90",
        "code": "kafka_unavailable",
        "retryable": True,
        "action": Action.RESEND.value,
        "outcome": "not_stored",
        "retry_after_ms": 2_345,
    },
}
_STORED: Final[Json] = {"accepted": 2, "duplicates": 0}
_SORTED: Final[Json] = {
    "accepted": 1,
    "duplicates": 0,
    "rejected": 1,
    "results": [
        {"index": 0, "id": "0199313c-a804-7c4e-9d31-5b8f20c1e604", "outcome": "accepted"},
        {**_ERROR, "outcome": "rejected"},
    ],
}
_IMPORTED: Final[Json] = {"new": 2, "changed": 1, "unchanged": 4_117, "older": 0, "erased": 0, "dry_run": False}
_BADGE: Final[Json] = {"known": True, "role": "visitor_professional", "denied": "revoked"}
_TERMINAL: Final[Json] = {
    "fair_id": "ciftis-2025",
    "terminal_id": "h1-a01-t1",
    "place": "booth",
    "place_id": "h1-a01",
    "test": False,
    "source": "/fairs/ciftis-2025/booths/h1-a01/terminals/h1-a01-t1",
    "received_at": "2025-09-10T01:12:03.501Z",
    "answered_at": "2025-09-10T01:12:03.502Z",
    "server_time": "2025-09-10T01:12:03.502Z",
    "clock_offset_ms": -20,
    "limits": {
        "event_bytes": EVENT_MAX_BYTES,
        "request_bytes": BODY_MAX_BYTES,
        "request_events": EVENTS_MAX,
        "events_per_second": 200.0,
        "burst_events": 2_000,
    },
    "dedupe_horizon": "fair",
    "fair_file": "894411fbd3d0c440",
    "gateway_version": "0.1.0",
}


def problem_answers(*statuses: int) -> dict[str, Json]:
    """Return the answers of an operation by status."""
    return {str(status): {"$ref": f"#/components/responses/{_WHEN[status][0]}"} for status in statuses}


def answers() -> dict[str, Json]:
    """Return all answers by name. 202 and 207 have one schema: some generators read every 2xx by the first one's."""
    return {
        "Stored": _good("Every event is in Kafka, stored now or earlier: delete them.", "Receipt", _STORED),
        "Sorted": _good(
            "Some events were rejected, for good: set those aside. The others are in Kafka: delete them.",
            "Receipt",
            _SORTED,
        ),
        "Imported": _good("Kafka has all persons; with `dry_run`, it would.", "ImportReceipt", _IMPORTED),
        "Badge": _good("What the register says of the badge.", "BadgeAnswer", _BADGE),
        "Terminal": _good("The terminal that the token belongs to.", "TerminalInfo", _TERMINAL),
        **{_WHEN[status][0]: _problem(status) for status in _WHEN},
    }


def _good(description: str, model: str, example: Json) -> Json:
    content = {JSON_TYPE: {"schema": {"$ref": _REF + model}, "examples": {model: {"value": example}}}}
    return {"description": description, "headers": {TERMINAL_COPIES: _COPIES}, "content": content}


def _problem(status: int) -> Json:
    headers: Json = {TERMINAL_COPIES: _COPIES}
    if status in _RESENT:
        headers["Retry-After"] = _WAIT
    if status == 405:
        headers["Allow"] = _ALLOW
    content: Json = {"schema": {"$ref": _REF + "Problem"}}
    if status in _EXAMPLES:
        content["examples"] = {_EXAMPLES[status]["code"]: {"value": _EXAMPLES[status]}}
    return {"description": _WHEN[status][1], "headers": headers, "content": {PROBLEM_TYPE: content}}

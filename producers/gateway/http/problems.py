"""Every answer from 400 on: its text, and what the terminal must do. No answer repeats any input."""

import secrets
from dataclasses import dataclass, replace
from typing import Final, Literal

from schemas.api.http import (
    BODY_MAX_BYTES,
    EVENT_MAX_BYTES,
    EVENTS_MAX,
    HEADERS_MAX,
    HEADERS_MAX_BYTES,
    Action,
    LineError,
    Problem,
    ProblemError,
)

FINAL: Final = frozenset({202, 207, 409, 413, 422})
"""Statuses after which a client deletes its events or sets them aside; it keeps them after any other."""
RETRYABLE: Final = frozenset({408, 429, 500, 503})
"""Statuses after which the same bytes may succeed."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem.

    Attributes:
        retry_after_s: shortest wait of the terminal. Up to as much is added at random, so that not all return at once.
    """

    code: str
    status: int
    title: str
    detail: str
    action: Action
    outcome: Literal["not_stored", "unknown"] = "not_stored"
    retry_after_s: float | None = None


def _same(*kinds: ProblemKind) -> dict[str, ProblemKind]:
    return {kind.code: kind for kind in kinds}


_KEEP = "Keep the events and send the same bytes again; nothing is lost."
_PAIR = "Keep all events, stop sending, and show the staff that the terminal must be paired again."
_PROGRAM = "The terminal's software is at fault. Keep all events and tell its maintainer."
_HALVES = "Send each half of the batch separately; if a single event is refused, set it aside and tell the staff."
_SEARCH = "Send each half separately. Keep an event that is refused alone, and tell the maintainer."

KINDS: Final = _same(
    ProblemKind("no_body", 400, "No body", f"The request has no body. {_PROGRAM}", Action.ALERT),
    ProblemKind("not_json", 400, "Not JSON", f"The body is not JSON in UTF-8. {_SEARCH}", Action.BISECT),
    ProblemKind("duplicate_key", 400, "Duplicate key", f"An object has the same key twice. {_SEARCH}", Action.BISECT),
    ProblemKind("too_deep", 400, "Nested too deeply", f"There are too many nested levels. {_SEARCH}", Action.BISECT),
    ProblemKind(
        "too_many_fields",
        400,
        "Too many fields",
        f"There are more fields and items than {EVENTS_MAX} events can have. {_SEARCH}",
        Action.BISECT,
    ),
    ProblemKind(
        "wrong_shape",
        400,
        "Wrong shape",
        f"Send an object or an array, as the content type says. {_PROGRAM}",
        Action.ALERT,
    ),
    ProblemKind("no_events", 400, "No events", f"The batch is empty. {_PROGRAM}", Action.ALERT),
    ProblemKind(
        "not_a_cloudevent",
        400,
        "Not a CloudEvent",
        f"`errors` names what is wrong around the data of each event. Nothing was stored. {_SEARCH}",
        Action.BISECT,
    ),
    ProblemKind("not_gzip", 400, "Not gzip", f"The body is not what Content-Encoding says. {_PROGRAM}", Action.ALERT),
    ProblemKind(
        "body_cut",
        408,
        "Body cut off",
        f"The connection ended before the body did. {_KEEP}",
        Action.RESEND,
        retry_after_s=1,
    ),
    ProblemKind("not_http", 400, "Not HTTP", f"This is not an HTTP/1.1 request. {_PROGRAM}", Action.ALERT),
    ProblemKind(
        "badge_key_malformed",
        400,
        "Malformed badge key",
        f"There must be one Badge-Key header: the key's fingerprint, 16 lower-case hex digits. {_PROGRAM}",
        Action.ALERT,
    ),
    ProblemKind(
        "token_missing", 401, "No token", f"Send one header `Authorization: Bearer tf_...`. {_PAIR}", Action.REPAIR
    ),
    ProblemKind(
        "token_malformed",
        401,
        "Malformed token",
        f"There must be one Authorization header, with one token. {_PAIR}",
        Action.REPAIR,
    ),
    ProblemKind(
        "token_unknown", 401, "Token refused", f"The token is unknown, revoked or expired. {_PAIR}", Action.REPAIR
    ),
    ProblemKind(
        "badges_token",
        401,
        "Token refused",
        "This is not the token of the registration system. Nothing was imported; ask the organiser for it.",
        Action.ALERT,
    ),
    ProblemKind(
        "no_register",
        404,
        "No register of badges",
        "This fair has no register of badges: it counts by what is printed on a badge.",
        Action.ALERT,
    ),
    ProblemKind(
        "badges_unreadable",
        422,
        "Not a list of persons",
        "Nothing was imported: send JSON lines, or CSV with a header, in UTF-8. Set the list aside and tell the staff.",
        Action.DRAWER,
    ),
    ProblemKind(
        "badges_refused",
        422,
        "Lines were refused",
        "Nothing was imported. `lines` says what is wrong: correct those lines, or set them aside and tell the staff.",
        Action.DRAWER,
    ),
    ProblemKind(
        "not_a_question",
        400,
        "Not a question about a badge",
        f"Send a JSON object with the one member `badge_code` or `badge_ref`. {_PROGRAM}",
        Action.ALERT,
    ),
    ProblemKind(
        "not_a_badge",
        422,
        "Not a badge",
        "No badge of this fair has such a code: see `errors`. Scan again, or set it aside and tell the staff.",
        Action.DRAWER,
    ),
    ProblemKind(
        "not_here",
        403,
        "Not at this place",
        "Only terminals at gates and at the doors of halls may ask about badges.",
        Action.ALERT,
    ),
    ProblemKind("wrong_fair", 403, "Wrong fair", f"The terminal is enrolled for another fair. {_PAIR}", Action.REPAIR),
    ProblemKind(
        "no_such_resource",
        404,
        "No such resource",
        f"There is nothing at this path. Query strings are not accepted. {_PROGRAM}",
        Action.ALERT,
    ),
    ProblemKind("method", 405, "Wrong method", f"See the Allow header. {_PROGRAM}", Action.ALERT),
    ProblemKind(
        "body_late",
        408,
        "Body too slow",
        f"The body did not arrive in time. {_KEEP}",
        Action.RESEND,
        retry_after_s=1,
    ),
    ProblemKind(
        "event_id_conflict",
        409,
        "Another event has this id",
        "Each of these ids belongs to an earlier event, which counts. Set these events aside and tell the staff.",
        Action.DRAWER,
    ),
    ProblemKind(
        "body_too_large",
        413,
        "Request too large",
        f"A request may have at most {BODY_MAX_BYTES} bytes. {_HALVES}",
        Action.BISECT,
    ),
    ProblemKind(
        "too_many_events",
        413,
        "Too many events",
        f"A request may have at most {EVENTS_MAX} events. {_HALVES}",
        Action.BISECT,
    ),
    ProblemKind(
        "event_too_large",
        413,
        "Event too large",
        f"An event may have at most {EVENT_MAX_BYTES} bytes. {_HALVES}",
        Action.BISECT,
    ),
    ProblemKind(
        "media_type",
        415,
        "Wrong content type",
        "Send CloudEvents as JSON in UTF-8, plain or as gzip. The header Accept-Post or Accept-Encoding of this answer "
        f"says which header of the request is wrong, and what it may be. {_PROGRAM}",
        Action.ALERT,
    ),
    ProblemKind(
        "rejected",
        422,
        "Every event was rejected",
        "No event can be accepted as it is. Set all of them aside and tell the staff.",
        Action.DRAWER,
    ),
    ProblemKind(
        "rate", 429, "Too fast", f"The terminal sends faster than allowed. {_KEEP}", Action.RESEND, retry_after_s=1
    ),
    ProblemKind(
        "share",
        429,
        "Too much at once",
        f"The terminal holds more connections, requests or bytes under way than its share. {_KEEP}",
        Action.RESEND,
        retry_after_s=1,
    ),
    ProblemKind(
        "headers_too_large",
        431,
        "Headers too large",
        f"Headers may have at most {HEADERS_MAX_BYTES // 1024} KiB and {HEADERS_MAX} lines. {_PROGRAM}",
        Action.ALERT,
    ),
    ProblemKind("bug", 500, "Internal error", f"The gateway has a bug. {_KEEP}", Action.RESEND, "unknown", 5),
    ProblemKind("busy", 503, "Too busy", f"Too many requests are under way. {_KEEP}", Action.RESEND, retry_after_s=1),
    ProblemKind(
        "draining", 503, "Restarting", f"This gateway is about to stop. {_KEEP}", Action.RESEND, retry_after_s=1
    ),
    ProblemKind(
        "registry_unreadable",
        503,
        "Tokens cannot be checked",
        f"The registry of terminals cannot be read. {_KEEP}",
        Action.RESEND,
        retry_after_s=5,
    ),
    ProblemKind(
        "registry_unwritable",
        503,
        "Badge key cannot be kept",
        "The registry of terminals cannot be written; the gateway's log says why. Pair later; events are not affected.",
        Action.RESEND,
        retry_after_s=5,
    ),
    ProblemKind(
        "register_unready",
        503,
        "Badges cannot be looked up",
        f"The gateway is still reading the register of badges, or has another badge key. {_KEEP}",
        Action.RESEND,
        retry_after_s=2,
    ),
    ProblemKind(
        "key_unproven",
        403,
        "Badge key not proven",
        "Nothing was imported. Send a list that names a person whom the register has.",
        Action.ALERT,
    ),
    ProblemKind(
        "register_changed",
        503,
        "Others changed the register",
        "Some lines cannot be taken any more, and the others were imported. Send the same list again: the answer then "
        "says which lines they are.",
        Action.RESEND,
        retry_after_s=1,
    ),
    ProblemKind(
        "topics_wrong",
        503,
        "A topic is wrong",
        f"A topic in Kafka is not as it must be; the gateway's log says what to do. {_KEEP}",
        Action.RESEND,
        retry_after_s=5,
    ),
    ProblemKind(
        "kafka_unavailable",
        503,
        "Kafka is unavailable",
        f"Kafka does not answer. {_KEEP}",
        Action.RESEND,
        retry_after_s=2,
    ),
    ProblemKind(
        "kafka_timeout",
        503,
        "Not confirmed",
        f"Kafka did not confirm in time. {_KEEP}",
        Action.RESEND,
        "unknown",
        2,
    ),
)
"""All kinds of problems, by code."""


class RequestRefused(Exception):
    """A request ends with this problem.

    Attributes:
        kind: of the problem. A 400 about a single event asks for no halves.
        retry_after_s: replaces the kind's own.
        allow: the methods that the path has, for 405.
        addition: a sentence for this request, in words that are never the client's.
        accept: the header that says what is accepted, for 415.
        errors: of each event, for 422 and 409; of each event that is not a CloudEvent, for 400.
        lines: errors of an import by line.
        rejected: how many lines or events are wrong; by default as many as there are errors of events.
    """

    def __init__(
        self,
        code: str,
        *,
        retry_after_s: float | None = None,
        allow: str = "",
        addition: str = "",
        accept: tuple[bytes, bytes] | None = None,
        errors: list[ProblemError] | None = None,
        alone: bool = False,
        lines: list[LineError] | None = None,
        rejected: int | None = None,
    ) -> None:
        super().__init__(code)
        kind = KINDS[code]
        self.kind = _about_one(kind) if alone and kind.status == 400 else kind
        self.retry_after_s = retry_after_s if retry_after_s is not None else self.kind.retry_after_s
        self.allow = allow
        self.addition = addition
        self.accept = accept
        self.errors = errors
        self.lines = lines
        self.rejected = len(errors) if errors is not None and self.kind.status != 400 else rejected


def problem_of(refusal: RequestRefused, request_id: str) -> Problem:
    """Return the body of the answer.

    Args:
        refusal: why the request ends.
        request_id: a UUID that names this request on both sides.
    """
    kind = refusal.kind
    wait = None
    if refusal.retry_after_s is not None:
        wait = int(1_000 * refusal.retry_after_s * (1 + secrets.randbelow(1_000) / 1_000))
    return Problem(
        type=f"urn:fairpulse:problem:{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=f"{kind.detail} {refusal.addition}".rstrip(),
        instance=f"urn:uuid:{request_id}",
        code=kind.code,
        retryable=kind.status in RETRYABLE,
        action=kind.action,
        outcome=kind.outcome,
        retry_after_ms=wait,
        rejected=refusal.rejected,
        errors=refusal.errors,
        lines=refusal.lines,
    )


def _about_one(kind: ProblemKind) -> ProblemKind:
    """Return the same kind of problem for a request that had one event, so its client is not asked to send halves."""
    return replace(kind, detail=kind.detail.replace(_SEARCH, _PROGRAM), action=Action.ALERT)

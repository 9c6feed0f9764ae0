"""The last stage, from the outcome of a posting to the answer: status, headers and body."""

from typing import Final, NamedTuple

from pydantic import TypeAdapter
from starlette.types import Send

from producers.gateway.events.intake import Judged
from producers.gateway.events.refusing import Fate
from producers.gateway.http.problems import RequestRefused, problem_of
from schemas.api.http import (
    PROBLEM_TYPE,
    REQUEST_ID,
    TERMINAL_COPIES,
    BadgeAnswer,
    EventResult,
    ImportReceipt,
    Problem,
    ProblemError,
    Receipt,
    TerminalInfo,
)

_RECEIPT: Final = TypeAdapter(Receipt)
_PROBLEM: Final = TypeAdapter(Problem)
_INFO: Final = TypeAdapter(TerminalInfo)
_IMPORTED: Final = TypeAdapter(ImportReceipt)
_BADGE: Final = TypeAdapter(BadgeAnswer)
_JSON: Final = (b"content-type", b"application/json")
_NEVER_CACHED: Final = (b"cache-control", b"no-store")

HttpHeader = tuple[bytes, bytes]


class Reply(NamedTuple):
    """An answer, ready to be sent.

    Attributes:
        code: the problem's code; empty below 400.
    """

    status: int
    headers: tuple[HttpHeader, ...]
    body: bytes
    code: str = ""


def reply_to(judged: Judged) -> Reply:
    """Return the answer once every record of a posting is in Kafka.

    Args:
        judged: the posting.

    Raises:
        RequestRefused: every event was rejected, or an event is not a CloudEvent.
    """
    if judged.misread:
        errors = [_error(fate) for fate in judged.misread]
        raise RequestRefused("not_a_cloudevent", errors=errors, alone=judged.events == 1)
    if not judged.rejected:
        return _never_cached(202, _RECEIPT.dump_json(Receipt(judged.accepted, judged.duplicates), exclude_none=True))
    if judged.rejected == judged.events:
        conflict = all(fate.code == "event_id_conflict" for fate in judged.fates)
        errors = [_error(fate) for fate in judged.fates]
        raise RequestRefused("event_id_conflict" if conflict else "rejected", errors=errors)
    results = [_result(fate) for fate in judged.fates]
    body = Receipt(judged.accepted, judged.duplicates, judged.rejected, results)
    return _never_cached(207, _RECEIPT.dump_json(body, exclude_none=True))


def info_reply(info: TerminalInfo) -> Reply:
    """Return the answer to `who am I`."""
    return _never_cached(200, _INFO.dump_json(info))


def import_reply(receipt: ImportReceipt) -> Reply:
    """Return the answer to an import."""
    return _never_cached(200, _IMPORTED.dump_json(receipt))


def badge_reply(answer: BadgeAnswer) -> Reply:
    """Return the answer to a question about a badge."""
    return _never_cached(200, _BADGE.dump_json(answer, exclude_none=True))


def document_reply(document: str) -> Reply:
    """Return a JSON document that its reader may keep."""
    body = document.encode()
    return Reply(200, ((b"cache-control", b"private"), _length(body), _JSON), body)


def options_reply(allow: str, more: tuple[HttpHeader, ...]) -> Reply:
    """Return the answer to OPTIONS: the methods of a path, and more headers."""
    return Reply(204, ((b"allow", allow.encode()), *more), b"")


def problem_reply(refused: RequestRefused, request_id: str, *, close: bool = False) -> Reply:
    """Return a problem as an answer.

    Args:
        refused: why the request ends.
        request_id: a UUID from the gateway.
        close: close the connection afterwards, because the rest of the request was not read.
    """
    problem = problem_of(refused, request_id)
    body = _PROBLEM.dump_json(problem, exclude_none=True)
    headers = [_NEVER_CACHED, _length(body), (b"content-type", PROBLEM_TYPE.encode())]
    if problem.retry_after_ms is not None:
        headers.append((b"retry-after", b"%d" % -(-problem.retry_after_ms // 1_000)))
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refused.accept:
        headers.append(refused.accept)
    if refused.allow:
        headers.append((b"allow", refused.allow.encode()))
    if close:
        headers.append((b"connection", b"close"))
    return Reply(problem.status, tuple(headers), body, problem.code)


async def send_reply(reply: Reply, request_id: str | None, copies_s: float | None, send: Send) -> None:
    """Send an answer.

    Args:
        reply: the answer.
        request_id: the terminal's id for the request, repeated in the answer; None if it sent none.
        copies_s: seconds since another machine was heard that sends as this terminal; None if none was.
        send: ASGI's `send` of this request.
    """
    headers = list(reply.headers)
    if request_id is not None:
        headers.append((REQUEST_ID.lower().encode(), request_id.encode()))
    if copies_s is not None:
        headers.append((TERMINAL_COPIES.lower().encode(), b"%d" % copies_s))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _result(fate: Fate) -> EventResult:
    assert fate.outcome is not None, "every event of a 207 was judged"
    return EventResult(
        index=fate.at,
        id=fate.posted_id,
        outcome=fate.outcome,
        code=fate.code,
        pointer=fate.pointer,
        message=fate.message,
        schema=fate.schema,
        word=fate.word,
    )


def _error(fate: Fate) -> ProblemError:
    return ProblemError(
        index=fate.at,
        id=fate.posted_id,
        pointer=fate.pointer or "",
        code=fate.code or "",
        message=fate.message or "",
        schema=fate.schema or "",
        word=fate.word,
    )


def _never_cached(status: int, body: bytes) -> Reply:
    return Reply(status, (_NEVER_CACHED, _length(body), _JSON), body)


def _length(body: bytes) -> HttpHeader:
    return b"content-length", b"%d" % len(body)

"""Answers as HTTP: status, headers and body, counted."""

from typing import Any, Final

from pydantic import TypeAdapter
from starlette.responses import Response

from producers.gateway.intake import Reading
from producers.gateway.metrics import GatewayMetrics
from producers.gateway.problems import RequestRefused, problem_of
from schemas.http import PROBLEM_TYPE, Outcome, Problem, Receipt, Results, TerminalInfo

_RECEIPT: Final = TypeAdapter(Receipt)
_RESULTS: Final = TypeAdapter(Results)
_PROBLEM: Final = TypeAdapter(Problem)
_INFO: Final = TypeAdapter(TerminalInfo)
JSON: Final = "application/json"
NEVER_CACHED: Final = {"cache-control": "no-store"}


def reading_answer(reading: Reading, metrics: GatewayMetrics) -> Response:
    """Return the answer once every record of a reading is in Kafka.

    Raises:
        RequestRefused: every event was rejected.
    """
    accepted, duplicates = reading.count(Outcome.ACCEPTED), reading.count(Outcome.DUPLICATE)
    rejected = len(reading.results) - accepted - duplicates
    metrics.events.labels("accepted").inc(accepted)
    metrics.events.labels("duplicate").inc(duplicates)
    if not rejected:
        return _json(202, _RECEIPT.dump_json(Receipt(accepted, duplicates)))
    metrics.events.labels("rejected").inc(rejected)
    bad = [result for result in reading.results if result.outcome is Outcome.REJECTED]
    for result in bad:
        metrics.rejected.labels(result.code).inc()
    if rejected == len(reading.results):
        conflict = all(result.code == "event_id_conflict" for result in bad)
        raise RequestRefused("event_id_conflict" if conflict else "rejected", results=bad)
    body = Results(accepted, duplicates, rejected, reading.results)
    return _json(207, _RESULTS.dump_json(body, exclude_none=True))


def info_answer(info: TerminalInfo) -> Response:
    """Return the answer to `who am I`."""
    return _json(200, _INFO.dump_json(info, exclude_none=True))


def refusal_answer(refusal: RequestRefused, request_id: str, *, close: bool = False) -> Response:
    """Return a problem as an answer.

    Args:
        refusal: why the request ends.
        request_id: a UUID of ours.
        close: end the connection after it: the rest of the request was not read.
    """
    problem = problem_of(refusal, request_id)
    headers: dict[str, str] = dict(NEVER_CACHED)
    if problem.retry_after_ms is not None:
        headers["retry-after"] = str(-(-problem.retry_after_ms // 1_000))
    if problem.status == 401:
        headers["www-authenticate"] = "Bearer"
    if refusal.allow:
        headers["allow"] = refusal.allow
    if close:
        headers["connection"] = "close"
    body = _PROBLEM.dump_json(problem, exclude_none=True)
    return Response(body, problem.status, headers, media_type=PROBLEM_TYPE)


def _json(status: int, body: bytes, **headers: Any) -> Response:
    return Response(body, status, {**NEVER_CACHED, **headers}, media_type=JSON)

"""The result of the suite, in words for people and as JSON for machines."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from producers.gateway.conform.case import Case, Mode
from producers.gateway.conform.judging import Who
from producers.gateway.conform.suite import CaseResult

NAME_COLUMNS: Final = 16


@dataclass(slots=True)
class ConformReport:
    """What was found.

    Attributes:
        url: the address that was asked.
        info: the answer to GET /v1/terminal; empty if it did not come.
        offset_ms: server clock minus this machine's clock; None if it was not measured.
        way_ms: how long the measurement was on its way, there and back.
        posted: ids of events that are stored now, by the case that posted them.
    """

    url: str
    info: dict[str, Any] = field(default_factory=dict)
    offset_ms: int | None = None
    way_ms: int = 0
    rows: list[CaseResult] = field(default_factory=list)
    posted: dict[str, list[str]] = field(default_factory=dict)

    @property
    def differing(self) -> int:
        """Number of cases that did not go as expected; those that are worth a note only are left out."""
        return sum(not row.ok and not row.case.advice for row in self.rows)

    def json(self) -> str:
        """Return it as one JSON object."""
        return json.dumps(
            {
                "gateway": self.url,
                "terminal": self.info or None,
                "clock_offset_ms": self.offset_ms,
                "clock_way_ms": self.way_ms,
                "ok": not self.differing,
                "differing": self.differing,
                "cases": [_row(row) for row in self.rows],
                "posted": self.posted,
            },
            ensure_ascii=False,
        )

    def about(self) -> Iterator[str]:
        """Yield lines on who is asked, and what it allows."""
        info = self.info
        yield f"gateway  {self.url}, fair {info.get('fair_id')}"
        yield f"terminal {info.get('terminal_id')} at {info.get('place')} {info.get('place_id') or ''}".rstrip()
        limits = info.get("limits")
        if isinstance(limits, dict):
            yield (
                f"limits   {limits.get('events_per_second')} events per second, {limits.get('burst_events')} at once; "
                f"{limits.get('request_events')} events and {limits.get('request_bytes')} bytes per request"
            )
        if self.offset_ms is not None:
            off = f"{self.offset_ms} ms, to {-(-self.way_ms // 2)} ms"
            yield f"clock    the gateway's minus this machine's: {off}"

    def summary(self) -> Iterator[str]:
        """Yield the last lines."""
        for name, ids in self.posted.items():
            yield f"posted   {name.ljust(NAME_COLUMNS)} {' '.join(ids)}"
        expected = sum(row.ok for row in self.rows)
        noted = len(self.rows) - expected - self.differing
        notes = f", worth a note: {noted}" if noted else ""
        yield f"cases: {len(self.rows)}, as expected: {expected}, differing: {self.differing}{notes}"


def lines_of(row: CaseResult) -> Iterator[str]:
    """Yield the result of a case in a few lines."""
    blank = " " * (NAME_COLUMNS + 9)
    state = "ok" if row.ok else "note" if row.case.advice else "differs"
    yield f"{state:<8} {row.case.name:<{NAME_COLUMNS}}{_sent(row.case)}"
    expected = "" if row.ok else f"; expected {expected_of(row.case)} from the gateway"
    yield f"{blank}{row.answer}{expected}"
    yield f"{blank}a client {_client(row)}"
    if row.remedy:
        yield f"{blank}remedy: {row.remedy}"


def expected_of(case: Case) -> str:
    """Return the answers that are right, in words."""
    return " or ".join(map(str, case.expects))


def counted(cases: Sequence[Case]) -> int:
    """Return how many events will count after these cases, if all goes well."""
    return sum(_stored(case) for case in cases if not case.again)


def _stored(case: Case) -> int:
    match case.expects[0].status:
        case 202:
            return len(case.events) * case.count * case.times
        case 207:
            return 1
        case _:
            return 0


def _client(row: CaseResult) -> str:
    """Return what a client does with the answer that came. One that is not the gateway's settles no event."""
    if row.ok:
        return row.case.client
    if row.answer.who is Who.GATEWAY:
        return "does as the `action` of the answer says; without one it keeps everything"
    return "keeps everything and tries again: only the gateway settles an event"


def _sent(case: Case) -> str:
    mode = case.method if case.mode is Mode.NO_EVENT else f"{case.method} {case.mode.value}"
    return f"{mode}: {case.sends}"


def _row(row: CaseResult) -> dict[str, Any]:
    return {
        "name": row.case.name,
        "method": row.case.method,
        "mode": row.case.mode.value,
        "sends": row.case.sends,
        "expected": [{"status": one.status, "code": one.code or None} for one in row.case.expects],
        "client": row.case.client,
        "answer": {
            "from": row.answer.who.value,
            "status": row.answer.status or None,
            "code": row.answer.code or None,
            "errors": list(row.answer.errors),
            "differs_by": row.answer.what or None,
        },
        "seconds": round(row.took_s, 3),
        "ok": row.ok,
        "note": row.case.advice and not row.ok,
        "remedy": row.remedy or None,
    }

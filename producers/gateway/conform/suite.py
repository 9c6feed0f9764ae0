"""Runs the suite: one case after the other, over real connections. It waits where the gateway asks to."""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from producers.gateway.conform.case import Case, Framing
from producers.gateway.conform.cases import CASES
from producers.gateway.conform.exchange import Answered, SuiteConnection
from producers.gateway.conform.judging import Came, came
from producers.gateway.conform.making import Made, SuiteSender, events_of, made
from producers.gateway.conform.remedies import remedy_of
from producers.terminal.answer_reading import asked_s, object_in
from schemas.http_reach import PORTS
from schemas.times import from_epoch_ms, wall_ms

HALF_S: Final = 8.0
"""How long an answer to half of a body may take: longer than a gateway waits, shorter than a proxy."""
ASKS_MAX: Final = 5
"""How often a request is sent that the gateway asks to send again."""
ASKS_AGAIN: Final = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of a case.

    Attributes:
        remedy: what to do; empty if it is ok.
        took_s: seconds until the answer.
    """

    case: Case
    answer: Came
    ok: bool
    remedy: str
    took_s: float


@dataclass(frozen=True, slots=True)
class GatewayPlace:
    """Where the gateway is.

    Attributes:
        url: as it was given, without a slash at its end.
        tls: how to speak TLS; None for plain HTTP.
    """

    url: str
    tls: ssl.SSLContext | None

    @property
    def host(self) -> str:
        """What the header `Host` says."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """What is put before each path."""
        return urlsplit(self.url).path

    def connection(self, patience_s: float | None = None) -> SuiteConnection:
        """Return a connection that is not made yet."""
        parts = urlsplit(self.url)
        more = {} if patience_s is None else {"patience_s": patience_s}
        return SuiteConnection(parts.hostname or "", parts.port or PORTS[parts.scheme], self.tls, **more)


class Suite:
    """One run of the suite.

    Attributes:
        posted: ids of the events that the gateway has stored, by the case that posted them.
    """

    def __init__(
        self,
        address: GatewayPlace,
        sender: SuiteSender,
        cases: Sequence[Case] = CASES,
        nap: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address, self._sender, self._cases, self._nap = address, sender, cases, nap
        self._first: dict[str, Mapping[str, Any]] = {}
        self.posted: dict[str, list[str]] = {}

    def run(self) -> Iterator[CaseResult]:
        """Yield the result of each case as soon as it is known. Raises OSError if there is no connection."""
        for case in self._cases:
            yield self.answered(case)[0]

    def answered(self, case: Case) -> tuple[CaseResult, Answered | None]:
        """Return the result of a case, and its last answer. Raises OSError if there is no connection."""
        for _ in range(ASKS_MAX):
            request, answers = self._ask(case)
            last = answers[-1] if answers else None
            content = {} if last is None else object_in(last.body)
            answer, ok = came(case, request, answers, content)
            wait_s = 0.0 if last is None else asked_s(last.headers, content, wall_ms() / 1_000)
            if ok or answer.status not in ASKS_AGAIN or not wait_s:
                break
            self._nap(wait_s)
        took_s = 0.0 if last is None else last.took_s
        return CaseResult(case, answer, ok, "" if ok else remedy_of(case.name, answer), took_s), last

    def _ask(self, case: Case) -> tuple[Made, list[Answered | None]]:
        answers: list[Answered | None] = []
        with self._address.connection(HALF_S if case.framing is Framing.HALF else None) as connection:
            for _ in range(case.times):
                now = from_epoch_ms(wall_ms())
                request = self._made(case, now)
                answers.append(connection.ask(request))
                last = answers[-1]
                if last is not None:
                    self._note(case, request, last)
                if last is None or last.is_last:
                    break
        return request, answers

    def _made(self, case: Case, now: datetime) -> Made:
        events = events_of(case, self._sender, now, self._first.get(case.again, {}))
        if case.name not in self._first and events:
            self._first[case.name] = events[0]
        return made(case, self._sender, events, now)

    def _note(self, case: Case, request: Made, answer: Answered) -> None:
        said = object_in(answer.body)
        ids = [one["id"] for one in request.events if "id" in one]
        if answer.status == 207 and isinstance(said.get("results"), list):
            ids = [one["id"] for one in said["results"] if isinstance(one, dict) and one.get("outcome") == "accepted"]
        elif answer.status != 202 or said.get("accepted") == 0:
            ids = []
        if ids:
            self.posted.setdefault(case.name, []).extend(ids)

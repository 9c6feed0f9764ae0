"""The audit as a service: it recounts the topics again and again, and shows how the live numbers differ."""

import logging
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any, Final, cast
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Gauge

from schemas.errors import FairpulseError, Unavailable
from schemas.logs import logger
from streams.audit.ids import ids_of_two
from streams.audit.logs import look
from streams.audit.restated import RestatedGauges
from streams.audit.run import (
    AuditPlan,
    AuditVerdict,
    fairs_seen,
    live_reports,
    must_have_compared,
    oracle_for,
    verdict_of,
)
from streams.audit.sources import Seals, run_topics
from streams.audit.terminals import copied, missing
from streams.history.read_logs import LogLost
from streams.shown.build import show_build
from streams.shown.serving import serving

log = logger(__name__)

PATIENCE_ROUNDS: Final = 3
"""From this many failed rounds in a row on, a failure is logged as a warning, and the last verdict is not shown any
more. Fewer are normal: workers restart."""

MOST_LINES: Final = 20
"""Most differing numbers that a round logs; the others are only counted."""


class Watch:
    """Recounts in rounds. A round reads only the records that came since the last one.

    Args:
        plan: what to audit. The workers' addresses are resolved again in every round, so workers may come and go.
        registry: where the findings are shown.
    """

    def __init__(self, plan: AuditPlan, registry: CollectorRegistry) -> None:
        self._plan = plan
        self._registry = registry
        self._begin()
        self._failed = 0
        self._well = False
        self._since = monotonic()
        waiting = Gauge(
            "fair_audit_waiting_seconds",
            "Seconds since a round last compared all workers, or since the start if none has yet.",
            registry=registry,
        )
        waiting.set_function(lambda: monotonic() - self._since)
        self._success = Gauge(
            "fair_audit_last_success_timestamp_seconds", "When a round last compared all workers.", registry=None
        )

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"fair_audit_{name}", text, registry=None)

        self._differences = gauge("differences", "Numbers of days and the fair that differ from the recomputed ones.")
        self._numbers = gauge("numbers", "Numbers compared in the last round.")
        self._records = gauge("records", "Raw records that the audit has recounted.")
        self._missing = gauge("missing_sequence_numbers", "Sequence numbers of terminals without an accepted event.")
        self._uncounted = gauge("uncounted_offsets", "Offsets that Kafka has and no worker has counted yet.")
        self._of_verdict = (self._differences, self._numbers, self._records, self._missing, self._uncounted)
        self._restated: RestatedGauges | None = None
        self._is_shown = self._has_succeeded = False
        self._behind = 0
        self._found = 0
        self._reused = Gauge(
            "fair_audit_reused_sequence_numbers",
            "Sequence numbers that two machines used as one terminal, in the same epoch.",
            ("terminal",),
            registry=registry,
        )
        self._copied = Counter[str]()
        self._told_ids = set[str]()

    def _begin(self) -> None:
        """Forget what was read: the next round begins with the oldest records."""
        self._oracle = oracle_for(self._plan)
        self._seals: Seals = {}
        self._fairs = fairs_seen(self._plan)

    def round(self) -> AuditVerdict | None:
        """Recount once, and return the verdict; None if the workers do not show the whole fair at the moment.

        If a log is not the one that was read before, the recount begins again in the same round.
        """
        try:
            plan = replace(self._plan, live=resolved(self._plan.live))
            reports = live_reports(plan)
            try:
                self._read(plan, reports)
            except LogLost as changed:
                log.warning("a log has changed, and the recount begins again", error=changed)
                self._withdraw()
                self._reused.clear()
                self._copied.clear()
                self._begin()
                self._read(plan, reports)
            verdict = verdict_of(plan, self._oracle, reports, self._seals)
            if verdict.records:
                must_have_compared(plan, verdict)
        except FairpulseError as error:
            self._well = False
            self._failed += 1
            if self._failed >= PATIENCE_ROUNDS or not isinstance(error, Unavailable):
                self._withdraw()
            level = logging.WARNING if self._failed >= PATIENCE_ROUNDS else logging.INFO
            log.log(level, "audit round failed", error=error, rounds_failed=self._failed, workers=self._plan.live)
            return None
        found = verdict.differences
        if not self._well:
            told = {"numbers": len(verdict.numbers), "records": verdict.records, "rounds_failed": self._failed}
            log.info("audit round succeeded", differences=len(found), workers=plan.live, **told)
        self._well, self._failed = True, 0
        for number in found[:MOST_LINES]:
            where = {"kpi": number.name, "window": number.window, "labels": number.labels}
            log.error("a number differs", **where, live=number.live, recomputed=number.recomputed)
        if len(found) > MOST_LINES:
            log.error("more numbers differ", differences=len(found), shown=MOST_LINES)
        self._show(verdict)
        return verdict

    def _read(self, plan: AuditPlan, reports: Sequence[Mapping[str, Any]]) -> None:
        """Read what is new. Before the first event there is nothing to read, and that the logs are empty is checked."""
        self._behind = look(plan.kafka, plan.fair.fair_id, reports, self._seals).offsets
        run_topics(plan.kafka, reports, self._oracle, lambda _done, _total: None, self._seals, seen=self._fairs)
        if self._behind and not self._seals:
            raise Unavailable("the workers have counted nothing yet, and Kafka has records", hint="audit again later")

    def _show(self, verdict: AuditVerdict) -> None:
        self._differences.set(len(verdict.differences))
        self._numbers.set(len(verdict.numbers))
        self._records.set(verdict.records)
        self._missing.set(missing(self._oracle))
        self._uncounted.set(self._behind)
        self._found = len(verdict.differences)
        if not self._is_shown:  # before a verdict, zero would say that nothing differs
            for one in self._of_verdict:
                self._registry.register(one)
            self._is_shown = True
        self._show_restated(RestatedGauges(self._oracle.restated(), verdict.numbers))
        self._tell_copies()
        self._tell_ids()
        self._success.set_to_current_time()
        if not self._has_succeeded:
            self._registry.register(self._success)
            self._has_succeeded = True
        self._since = monotonic()

    def _withdraw(self) -> None:
        """Show no verdict any more if the last one found nothing: nobody knows whether that still is so.

        Differences that were found stay, so that their alert does.
        """
        if self._is_shown and not self._found:
            for one in self._of_verdict:
                self._registry.unregister(one)
            self._show_restated(None)
            self._is_shown = False

    def _show_restated(self, gauges: RestatedGauges | None) -> None:
        """Show the gauges of a round in place of those before; None: show none any more."""
        if self._restated is not None:
            self._registry.unregister(self._restated)
        if gauges is not None:
            self._registry.register(gauges)
        self._restated = gauges

    def _tell_ids(self) -> None:
        """Log every id that stands for two events once: it explains differences."""
        for terminal, event_id, places in ids_of_two(self._oracle):
            if event_id not in self._told_ids and len(self._told_ids) < MOST_LINES:
                self._told_ids.add(event_id)
                log.error("an event id stands for two events", terminal=terminal, event_id=event_id, places=places)

    def _tell_copies(self) -> None:
        """Show every terminal that two machines send as, and log those that both used more numbers of."""
        found = copied(self._oracle)
        for terminal, numbers in sorted((found - self._copied).items()):
            self._reused.labels(terminal).set(found[terminal])
            log.warning("two machines send as one terminal", terminal=terminal, new=numbers, numbers=found[terminal])
        self._copied = found


def resolved(addresses: Sequence[str]) -> list[str]:
    """Return one address for every machine behind each name, because a service of many workers has one name.

    Raises:
        Unavailable: a name cannot be resolved.
    """
    found: dict[str, None] = {}
    for address in addresses:
        parts = urlsplit(address)
        try:
            hosts = socket.getaddrinfo(parts.hostname, parts.port or 80, socket.AF_INET, socket.SOCK_STREAM)
        except OSError:
            raise Unavailable("the name of a worker cannot be resolved", hint="see --live") from None
        for *_, place in hosts:
            host = cast("str", place[0])
            found[f"{parts.scheme}://{host}:{parts.port or 80}"] = None
    return list(found)


def watch(plan: AuditPlan, host: str, port: int, wait: Callable[[], bool]) -> None:
    """Audit again and again, and show the findings on /metrics.

    Args:
        plan: what to audit.
        host: address of /metrics.
        port: port of /metrics.
        wait: waits for the next round; returns False to end.

    Raises:
        Unavailable: the port is taken.
    """
    registry = CollectorRegistry()
    show_build(registry, "audit")
    watching = Watch(plan, registry)
    with serving(registry, host, port):
        while True:
            watching.round()
            if not wait():
                return

"""The audit as a service: it recounts the topics again and again, and shows how the live numbers differ."""

import logging
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, cast
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Gauge

from schemas.errors import FairpulseError, Unavailable
from schemas.logs import logger
from streams.audit.run import AuditPlan, AuditVerdict, live_reports, oracle_for, verdict_of
from streams.audit.sources import Seals, run_topics
from streams.audit.terminals import copied, missing
from streams.shown.build import show_build
from streams.shown.serving import serving

log = logger(__name__)

PATIENCE_ROUNDS: Final = 3
"""From this many failed rounds in a row on, a failure is logged as a warning. Fewer are normal: workers restart."""

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
        self._oracle = oracle_for(plan)
        self._seals: Seals = {}
        self._failed = 0
        self._well = False

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"fair_audit_{name}", text, registry=registry)

        self._differences = gauge("differences", "Numbers of days and the fair that differ from the recomputed ones.")
        self._numbers = gauge("numbers", "Numbers compared in the last round.")
        self._records = gauge("records", "Raw records that the audit has recounted.")
        self._missing = gauge("missing_sequence_numbers", "Sequence numbers of terminals without an accepted event.")
        self._reused = Gauge(
            "fair_audit_reused_sequence_numbers",
            "Sequence numbers that two machines used as one terminal, in the same epoch.",
            ("terminal",),
            registry=registry,
        )
        self._copied = Counter[str]()
        self._success = gauge("last_success_timestamp_seconds", "When a round last compared all workers.")

    def round(self) -> AuditVerdict | None:
        """Recount once, and return the verdict; None if the workers do not show the whole fair at the moment."""
        try:
            plan = replace(self._plan, live=resolved(self._plan.live))
            reports = live_reports(plan)
            run_topics(plan.kafka, reports, self._oracle, lambda _done, _total: None, self._seals)
        except FairpulseError as error:
            self._well = False
            self._failed += 1
            level = logging.WARNING if self._failed >= PATIENCE_ROUNDS else logging.INFO
            log.log(level, "audit round failed", error=error, rounds_failed=self._failed, workers=self._plan.live)
            return None
        verdict = verdict_of(plan, self._oracle, reports, self._seals)
        found = verdict.differences
        records = sum(seal.records for seal in self._seals.values())
        if not self._well:
            told = {"numbers": len(verdict.numbers), "records": records, "rounds_failed": self._failed}
            log.info("audit round succeeded", differences=len(found), workers=plan.live, **told)
        self._well, self._failed = True, 0
        for number in found[:MOST_LINES]:
            where = {"kpi": number.name, "window": number.window, "labels": number.labels}
            log.error("a number differs", **where, live=number.live, recomputed=number.recomputed)
        if len(found) > MOST_LINES:
            log.error("more numbers differ", differences=len(found), shown=MOST_LINES)
        self._differences.set(len(found))
        self._numbers.set(len(verdict.numbers))
        self._records.set(records)
        self._missing.set(missing(self._oracle))
        self._tell_copies()
        self._success.set_to_current_time()
        return verdict

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

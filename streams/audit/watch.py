"""The audit as a service: the topics recounted again and again, and how far the live numbers are from that."""

import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, cast
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Gauge

from schemas.errors import FairpulseError, Unavailable
from schemas.logs import logger
from streams.audit.run import AuditPlan, AuditVerdict, live_reports, oracle_for, verdict_of
from streams.audit.sources import Seals, run_topics
from streams.shown.serving import serving

log = logger(__name__)

PATIENCE_ROUNDS: Final = 3
"""Rounds in a row that may fail before it is logged as a warning: workers restart."""

MOST_LINES: Final = 20
"""Differing numbers that a round logs; the rest is counted."""


class Watch:
    """Recounts, round by round; a round reads only what came since the one before.

    Args:
        plan: what to audit; its addresses of workers are resolved anew every round, so workers may come and go.
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

        self._differences = gauge("differences", "Numbers of days and the fair that are not what the audit recomputes.")
        self._numbers = gauge("numbers", "Numbers compared in the last round.")
        self._records = gauge("records", "Raw records that the audit has recounted.")
        self._missing = gauge("missing_sequence_numbers", "Numbers that terminals gave to no accepted event.")
        self._success = gauge("last_success_timestamp_seconds", "When the last round ended that compared all workers.")

    def round(self) -> AuditVerdict | None:
        """Recount once; None if the workers do not show the whole fair at the moment."""
        try:
            plan = replace(self._plan, live=resolved(self._plan.live))
            reports = live_reports(plan)
            run_topics(plan.kafka, reports, self._oracle, lambda _done, _total: None, self._seals)
        except FairpulseError as error:
            self._well = False
            self._failed += 1
            level = logging.WARNING if self._failed >= PATIENCE_ROUNDS else logging.INFO
            log.log(level, "no audit now", error=error, rounds_failed=self._failed, workers=self._plan.live)
            return None
        verdict = verdict_of(plan, self._oracle, reports, self._seals)
        found = verdict.differences
        records = sum(seal.records for seal in self._seals.values())
        if not self._well:
            told = {"numbers": len(verdict.numbers), "records": records, "rounds_failed": self._failed}
            log.info("audit works", differences=len(found), workers=plan.live, **told)
        self._well, self._failed = True, 0
        for number in found[:MOST_LINES]:
            where = {"kpi": number.name, "window": number.window, "labels": number.labels}
            log.error("a number differs", **where, live=number.live, recomputed=number.recomputed)
        if len(found) > MOST_LINES:
            log.error("more numbers differ", differences=len(found), shown=MOST_LINES)
        self._differences.set(len(found))
        self._numbers.set(len(verdict.numbers))
        self._records.set(records)
        self._missing.set(sum(one.missing for one in self._oracle.sequences.values()))
        self._success.set_to_current_time()
        return verdict


def resolved(addresses: Sequence[str]) -> list[str]:
    """Return one address for every machine behind each name: a service of many workers has one name.

    Raises:
        Unavailable: a name is not known.
    """
    found: dict[str, None] = {}
    for address in addresses:
        parts = urlsplit(address)
        try:
            hosts = socket.getaddrinfo(parts.hostname, parts.port or 80, socket.AF_INET, socket.SOCK_STREAM)
        except OSError:
            raise Unavailable("the name of a worker is not known", hint="see --live") from None
        for *_, place in hosts:
            host = cast("str", place[0])
            found[f"{parts.scheme}://{host}:{parts.port or 80}"] = None
    return list(found)


def watch(plan: AuditPlan, host: str, port: int, wait: Callable[[], bool]) -> None:
    """Audit again and again and show it on /metrics.

    Args:
        plan: what to audit.
        host: address of /metrics.
        port: its port.
        wait: waits between two rounds; False ends.

    Raises:
        Unavailable: the port is taken.
    """
    registry = CollectorRegistry()
    watching = Watch(plan, registry)
    with serving(registry, host, port):
        while True:
            watching.round()
            if not wait():
                return

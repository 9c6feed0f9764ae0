"""Runs an audit: compares live numbers with those recomputed from the raw records, and writes the files to keep."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from schemas.errors import FairpulseError, InvalidSettings
from schemas.fair.chosen import (
    FairsSeen,
    chosen_fair,
    chosen_fair_file,
    named_fair_file,
    used_fair_file,
)
from schemas.fair.model import Fair
from schemas.recording.inspection import warn_of_part
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings, WorkerSettings
from schemas.times import from_epoch_ms, instant_text, wall_ms
from schemas.version import our_version
from streams.audit.compare import numbers
from streams.audit.evidence import (
    BY_HAND,
    EVIDENCE,
    EXCLUDED,
    NUMBERS,
    evidence_of,
    number_rows,
    sealed,
    write_audit,
)
from streams.audit.ids import id_lines
from streams.audit.logs import Behind, look, uncounted
from streams.audit.recount.oracle import Oracle
from streams.audit.restated import HEADER, restated_lines, restated_rows
from streams.audit.sources import Seals, read_records, run_topics
from streams.audit.table import table_of
from streams.audit.terminals import TERMINALS, missing, terminal_lines, terminal_rows, used_twice
from streams.audit.waiting import Waits, waits_now
from streams.fold.engine import Engine
from streams.history.placed import placed_by
from streams.history.replay import Replay, whole_records
from streams.history.whole_fair import refuse_other_fairs
from streams.shown.answers import Number
from streams.shown.listing import fetch_report


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPlan:
    """What to audit.

    Attributes:
        fair_bytes: the content of the fair file; the oracle reads it by itself.
        live: addresses of all workers. Empty with a recording: it is then compared with today's fold of it.
        recording: where to take the records from; None for Kafka.
        day: a venue-local date; None for all days and the fair.
        folder: where to write evidence, numbers and manifest; None to write nothing.
        at: the time of the audit.
        profile: whose lists of counted and excluded persons are written; None for the fair's own choice.
        used: why this fair file is used, see `used_fair_file`.
    """

    fair: Fair
    fair_bytes: bytes
    kafka: KafkaSettings
    lateness: timedelta
    live: Sequence[str]
    recording: Recording | None = None
    day: str | None = None
    folder: Path | None = None
    at: datetime
    profile: str | None = None
    used: str = "fair file is named"


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """The result of an audit.

    Attributes:
        numbers: all numbers that were compared.
        seals: the records that were read.
        oracle: the oracle, with the evidence.
        uncounted: records that Kafka has and the workers' numbers do not, as they had not come to them yet.
        behind: offsets that Kafka had and the workers' numbers did not, with those that wait for a transaction.
        waits: events that wait for a registration; None at a fair without a register, and for a recording.
    """

    numbers: Sequence[Number]
    seals: Seals
    oracle: Oracle
    uncounted: int = 0
    behind: Behind = field(default_factory=Behind)
    waits: Waits | None = None

    @property
    def records(self) -> int:
        """How many raw records were read."""
        return sum(seal.records for seal in self.seals.values())

    @property
    def differences(self) -> list[Number]:
        """The numbers that differ from the recomputed ones."""
        return [number for number in self.numbers if number.differs]


def audit(plan: AuditPlan, console: Console) -> AuditVerdict:
    """Recompute and compare, with progress on the console.

    Raises:
        Unavailable: a worker or Kafka does not answer, or Kafka no longer holds all records.
        InvalidSettings: the fair has no such day or no such profile.
        FairpulseError: the workers do not show the whole fair, a topic or a log is not what they have counted, or
            there was nothing to compare.
    """
    if plan.day is not None and plan.day not in {str(day.date) for day in plan.fair.days}:
        raise InvalidSettings("--day: the fair has no such day", hint=f"for example {plan.fair.days[0].date}")
    if plan.profile is not None and plan.profile not in plan.fair.profiles:
        known = ", ".join(sorted(plan.fair.profiles))
        raise InvalidSettings("--profile: the fair has no such profile", hint=f"one of {known}")
    oracle = oracle_for(plan)
    behind, left = Behind(), 0
    waits: Waits | None = None
    reports: list[Mapping[str, Any]] = [] if plan.recording is not None and not plan.live else live_reports(plan)
    with Progress(
        "{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    ) as bar:
        task = bar.add_task("recomputing", total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if plan.recording is None:
            behind = look(plan.kafka, plan.fair.fair_id, reports, {})
            seals = run_topics(plan.kafka, reports, oracle, tell, seen=fairs_seen(plan))
            left = uncounted(plan.kafka, reports, behind.ready)
            if plan.fair.badge_register:
                waits = waits_now(plan.kafka)
        else:
            total = sum(part.records for part in plan.recording.header.topics.values())
            counts = placed_by(plan.recording)
            oracle.placing.partitions.update(counts)
            seals = read_records(whole_records(plan.recording), total, oracle, tell)
            warn_of_part(plan.recording)
            if not reports:
                bar.update(task, description="folding")
                reports = [_folded(plan, plan.recording, counts)]
    verdict = verdict_of(plan, oracle, reports, seals)
    return must_have_compared(plan, replace(verdict, uncounted=left, behind=behind, waits=waits))


def must_have_compared(plan: AuditPlan, verdict: AuditVerdict) -> AuditVerdict:
    """Return the verdict. Raises FairpulseError if no event was counted, or none on the plan's day."""
    if not verdict.records:
        raise FairpulseError(
            "nothing was compared: no records were counted yet", hint="audit again when events have come in"
        )
    if not verdict.oracle.seen:
        raise FairpulseError(
            f"nothing was compared: of {verdict.records:,} records none is an event of {plan.fair.fair_id} that counts",
            hint="`fairpulse dead-letters list` counts them by reason",
        )
    if not verdict.numbers:
        raise FairpulseError(
            f"nothing was compared: nobody has counted anything on {plan.day}",
            hint="audit again when events of that day have come in, or leave --day out",
        )
    return verdict


def fairs_seen(plan: AuditPlan) -> FairsSeen:
    """Return what refuses the events of another fair."""
    return FairsSeen(plan.fair.fair_id, plan.used)


def _folded(plan: AuditPlan, recording: Recording, counts: Mapping[str, int]) -> Mapping[str, Any]:
    """Return today's fold of a recording, using the same fair file as the oracle."""
    return Replay(Engine(plan.fair, plan.lateness), lambda: whole_records(recording), counts=counts).final().report


def oracle_for(plan: AuditPlan) -> Oracle:
    """Return an oracle that has not read anything yet."""
    return Oracle(plan.fair_bytes, plan.lateness)


def live_reports(plan: AuditPlan) -> list[Mapping[str, Any]]:
    """Return what the workers show now.

    Raises:
        Unavailable: a worker does not answer.
        FairpulseError: a worker shows another fair.
    """
    reports: list[Mapping[str, Any]] = [fetch_report(url) for url in plan.live]
    refuse_other_fairs(reports, plan.fair.fair_id, plan.used)
    return reports


def verdict_of(plan: AuditPlan, oracle: Oracle, reports: Sequence[Mapping[str, Any]], seals: Seals) -> AuditVerdict:
    """Return the workers' numbers compared with the oracle's, for the plan's day or for all days."""
    compared = [one for one in numbers(oracle, reports) if plan.day in (None, one.window)]
    return AuditVerdict(compared, seals, oracle)


def plan_from(
    recording: Path | None,
    live: Sequence[str],
    day: str | None,
    folder: Path | None,
    lateness: timedelta | None,
    fair_file: Path | None,
    bootstrap_servers: str | None,
    profile: str | None = None,
) -> AuditPlan:
    """Return the plan from the options of the command, or from the environment for options that are left out.

    Raises:
        InvalidSettings: a setting is invalid.
        InvalidRecording: the file is not a recording, or there is no fair file inside and none is named.
    """
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    chosen = named_fair_file(fair_file)
    worker = WorkerSettings.load(allowed_lateness=lateness)
    opened = None if recording is None else Recording(recording)
    return AuditPlan(
        fair=opened.fair(chosen) if opened else chosen_fair(chosen),
        fair_bytes=_fair_bytes(opened, chosen),
        kafka=kafka,
        lateness=worker.allowed_lateness,
        live=live or (() if opened else (worker.address,)),
        recording=opened,
        day=day,
        folder=folder,
        at=from_epoch_ms(wall_ms()),
        profile=profile,
        used=used_fair_file(chosen),
    )


def _fair_bytes(recording: Recording | None, chosen: Path | None) -> bytes:
    if chosen is None and recording is not None:
        return recording.fair_file()
    return chosen_fair_file(chosen).read_bytes()


def keep(plan: AuditPlan, verdict: AuditVerdict) -> Path:
    """Write evidence, numbers and manifest to the plan's folder; return the manifest's path.

    Raises:
        Unavailable: a file cannot be written.
    """
    assert plan.folder is not None
    source = f"recording {plan.recording.path.name}" if plan.recording else f"Kafka {plan.kafka.bootstrap_servers}"
    profile = plan.profile or plan.fair.profile.name
    evidence = evidence_of(verdict.oracle, plan.fair.zone, profile, plan.day)
    manifest = {
        "fair": plan.fair.fair_id,
        "fair_file_sha256": hashlib.sha256(plan.fair_bytes).hexdigest(),
        "recounted_at": instant_text(plan.at),
        "recounted_by": f"fairpulse {our_version()}",
        "day": plan.day or "all",
        "profile": profile,
        "counted_rows": len(evidence.counted),
        "counted_by_profile": evidence.figure,
        "allowed_lateness_s": plan.lateness.total_seconds(),
        "source": source,
        "live": list(plan.live) or "folded from the recording",
        "records": verdict.records,
        "records_not_counted_yet": verdict.uncounted,
        "events_waiting_for_a_registration": None if verdict.waits is None else verdict.waits.events,
        "badges_waiting_for_a_registration": None if verdict.waits is None else verdict.waits.badges,
        "open_transactions": [
            {"topic": one.place[0], "partition": one.place[1], "first_offset": one.offset, "offsets_waiting": count}
            for one, count in sorted(verdict.behind.open.items())
        ],
        "numbers": len(verdict.numbers),
        "differences": len(verdict.differences),
        "ids_of_two_events": len(verdict.oracle.two_keys),
        "sequence_numbers_missing": missing(verdict.oracle),
        "sequence_numbers_used_twice": used_twice(verdict.oracle),
        "partitions": sealed(verdict.seals),
    }
    tables = {
        "counted": (EVIDENCE, evidence.counted),
        "excluded": (EXCLUDED, evidence.excluded),
        "by_hand": (BY_HAND, evidence.by_hand),
        "numbers": (NUMBERS, number_rows(verdict.numbers)),
        "restated": (HEADER, restated_rows(verdict.oracle.restated())),
        "terminals": (TERMINALS, terminal_rows(verdict.oracle)),
    }
    return write_audit(plan.folder, manifest, tables)


def report_lines(verdict: AuditVerdict) -> list[str]:
    """Return the table, numbers that differ (at most 100), what is wrong with terminals, and the totals."""
    found = verdict.differences
    lines = table_of(verdict.numbers)
    lines += [f"DIFFERENT  {number}" for number in found[:100]]
    if len(found) > 100:
        lines.append(f"... and {len(found) - 100:,} more; --out writes all of them to numbers.csv")
    lines += restated_lines(verdict.oracle.restated())
    lines += id_lines(verdict.oracle)
    lines += terminal_lines(verdict.oracle)
    if verdict.uncounted:
        lines.append(f"{verdict.uncounted:,} records in Kafka are not in these numbers yet, and were not recounted")
    lines += verdict.behind.lines()
    if verdict.waits is not None:
        lines.append(verdict.waits.line)
    lines.append(f"{verdict.records:,} records, {len(verdict.numbers):,} numbers, {len(found):,} differences")
    return lines

"""The laws I1 to I6: they hold after every run, whatever was sent and whatever broke.

* I1: each acknowledged record is in the topics, at least as often as it was acknowledged.
* I2: every KPI equals the oracle's, which reads the topics itself and shares no code with the workers.
* I3: every record in the topics is accepted, a duplicate, or refused with a dead letter; and all were acknowledged.
* I4: soon after the fault, lag is 0 and records that were sent after it are counted.

* I6, not silent: a wrong number is never shown while everything looks well, see `silence`.

I5, nothing is counted for a terminal that did not send it: two terminals use the same event id in every workload, and
both events count.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaError

from schemas.topics import REJECTED
from streams.audit.compare import differences
from streams.audit.recount.oracle import StoredRecord
from streams.audit.recount.people import is_test_badge
from streams.audit.recount.rules import read_event
from streams.shown.answers import Number
from tests.campaign.stage import PATIENCE_S, Scene
from tests.campaign.watching import EVENTS, oracle_of, read_logs
from tests.campaign.workloads import PARTITIONS

SLOWER_S = 30.0
"""How much longer to wait for the right numbers when time is up, to tell slow from wrong."""

PARTS = ("events", "duplicate_events", "rejected_events")
"""Every record is in one of these KPIs, or of a test, so they tell how many are lost or double."""


@dataclass
class Verdict:
    """The result of a run.

    Attributes:
        lost: acknowledged records that are not in the topics, or records in them that KPIs leave out.
        double: records that KPIs count more often than the topics hold them.
        recovery_s: from the end of the fault until everything was right; None if it never was.
        destroyed: acknowledged records that the fault itself destroyed in Kafka; the product cannot have them.
        silent: times at which wrong numbers were shown for long while everything looked well; None if nobody looked.
        untold_s: the longest time at which wrong numbers were shown by workers that were all ready.
        problems: what else is wrong, in sentences.
    """

    lost: int = 0
    double: int = 0
    recovery_s: float | None = None
    destroyed: int = 0
    silent: int | None = None
    untold_s: float = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.lost and not self.double and not self.silent and not self.problems


def judge(scene: Scene, patience_s: float = PATIENCE_S) -> Verdict:
    """Let the rest be sent, wait until the numbers are right, and say which are not."""
    verdict = Verdict()
    deadline = scene.fault_over + patience_s
    scene.feed.hurry()
    while not scene.feed.is_done and time.monotonic() < deadline:
        time.sleep(0.02)
    if not scene.feed.is_done:
        said = scene.feed.log.read_text(errors="replace").strip().splitlines()[-1:]
        verdict.problems.append(f"the producer could not send everything: {said}")
    records = _read(scene)
    reports = _settle(scene, records, deadline, verdict)
    _is_all_there(scene, records, verdict)
    _is_all_accounted_for(scene, records, reports, verdict)
    if codes := scene.fleet.unexpected:
        verdict.problems.append(f"workers ended with exit codes {codes}")
    _is_not_silent(scene, verdict)
    return verdict


def _is_not_silent(scene: Scene, verdict: Verdict) -> None:
    """I6: whenever a shown number was not the recount's, a worker was not ready or an alert fired soon."""
    if not hasattr(scene, "beside"):
        return
    try:
        times, in_silence = scene.beside.verdict()
    except RuntimeError as error:
        verdict.problems.append(str(error))
        return
    verdict.silent = len(in_silence)
    verdict.untold_s = max((one.seconds for one in times), default=0)
    verdict.problems += [f"silent for {one.seconds:.1f} s: {one.why}" for one in in_silence]


Reports = Sequence[Mapping[str, Any]]


def _settle(scene: Scene, records: Sequence[StoredRecord], deadline: float, verdict: Verdict) -> Reports:
    """I2 and I4: wait until the KPIs equal the oracle's and lag is 0; return the reports that show it."""
    oracle = oracle_of(scene.fair_file).read(records)
    found: list[Number] = []
    why = "no worker answered"
    end = deadline + (SLOWER_S if deadline - scene.fault_over >= PATIENCE_S else 0)
    while time.monotonic() < end:
        reports = scene.fleet.reports()
        if reports is None:
            why = "a worker does not answer"
        else:
            owned = sorted(number for report in reports for number in report["partitions"])
            found = differences(oracle, reports)
            if owned != list(range(PARTITIONS)):
                why = f"workers own partitions {owned}"
            elif found:
                why = f"{len(found)} cells differ, first {found[0]}"
            elif lag := scene.fleet.lag():
                why = f"lag is {lag:.0f}"
            else:
                verdict.recovery_s = time.monotonic() - scene.fault_over
                if verdict.recovery_s > deadline - scene.fault_over:
                    verdict.problems.append(f"right only after {verdict.recovery_s:.1f} s; before, {why}")
                return reports
        time.sleep(0.1)
    verdict.problems.append(f"never right again: {why}")
    verdict.lost, verdict.double = count(found)
    return []


def count(found: Sequence[Number]) -> tuple[int, int]:
    """Return how many records are lost and how many double, by the KPIs that count records; else count cells."""
    gaps = [
        one.recomputed - one.live
        for one in found
        if isinstance(one.live, int) and isinstance(one.recomputed, int) and one.window == "fair" and one.name in PARTS
    ]
    lost, double = sum(max(0, gap) for gap in gaps), sum(max(0, -gap) for gap in gaps)
    if found and not lost and not double:
        signs = [first(one.recomputed) - first(one.live) for one in found]
        lost, double = sum(sign > 0 for sign in signs), sum(sign <= 0 for sign in signs)
    return lost, double


def first(value: int | tuple[int, ...]) -> int:
    """Return a value's number; of a histogram its count."""
    return value if isinstance(value, int) else value[0]


Sent = tuple[str, bytes | None]
"""Topic and value: a cure may write a record again under another key."""


def _is_all_there(scene: Scene, records: Sequence[StoredRecord], verdict: Verdict) -> None:
    """I1: everything acknowledged is in the topics."""
    there = Counter((topic, value) for topic, _, _, _, value in records)
    sent, kept = Counter[Sent](), Counter[Sent]()
    for number in scene.feed.acknowledged():
        record = scene.workload.records[number]
        sent[record.topic, record.value] += 1
        kept[record.topic, record.value] += number not in scene.destroyed
    missing = sum(max(0, times - there[record]) for record, times in kept.items())
    verdict.destroyed = sum(max(0, times - there[record]) for record, times in sent.items()) - missing
    if missing:
        verdict.lost += missing
        verdict.problems.append(f"{missing} acknowledged records are not in the topics")


def _is_all_accounted_for(scene: Scene, records: Sequence[StoredRecord], reports: Reports, verdict: Verdict) -> None:
    """I3: nothing disappears between the topics and the KPIs; each refused record has its dead letter."""
    submitted, acknowledged = len(scene.workload.records), len(scene.feed.acknowledged())
    if submitted != acknowledged:
        verdict.problems.append(f"{submitted - acknowledged} records were never acknowledged")
    if not reports:
        return
    shown = sum(
        series["value"] for report in reports for name in PARTS for series in report["kpis"][name]["windows"]["fair"]
    )
    oracle = oracle_of(scene.fair_file)
    refused, tests = set(), 0
    for topic, partition, offset, _, value in records:
        event = read_event(topic, value, oracle.fair)
        if isinstance(event, str) or oracle.placing.is_astray(topic, partition, event):
            refused.add(f"{topic}-{partition}-{offset}".encode())
        elif event.get("test") or is_test_badge(event.get("badge_ref")):
            tests += 1  # a KPI of their own has them, without copies
    if shown + tests != len(records):
        verdict.problems.append(f"KPIs account for {shown + tests} of {len(records)} records")
    letters = {key for *_, key, _ in _read(scene, (REJECTED.name,)) if key and not key.startswith(b"redriven")}
    missing = 0 if scene.letters_destroyed else len(refused - letters)
    surplus = 0 if scene.logs_changed else len(letters - refused)
    if missing or surplus:
        verdict.problems.append(f"{missing} dead letters are missing, {surplus} too many")


def _read(scene: Scene, topics: Sequence[str] = EVENTS) -> list[StoredRecord]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            logs = asyncio.run(read_logs(scene.cluster.servers, topics))
        except (KafkaError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return [record for records in logs.values() for record in records]

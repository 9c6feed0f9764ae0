"""The contenders: the task of each, and its figures."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from events import Amount, events, produce
from processes import Bench, Failed, resident_bytes, samples, say
from worker import Group, Journal, Running, finish

from schemas.events import VisitorScan
from schemas.fair.model import Fair
from schemas.topics import INTERACTIONS, PARTITIONS, key_of
from schemas.wire import decoder

PEERS = Path(__file__).with_name("peers")
PREFIX = "bench."
"""Prefix of the topics with only the first records, for slow contenders."""

LATENESS_MS = 30_000
"""Allowed lateness of the first group. Each further group has a millisecond more, and so a journal of its own."""

Figures = dict[str, tuple[float, str]]
"""Value and unit by name."""


@dataclass
class Field:
    """The broker with its records, and the figures so far."""

    bench: Bench
    fair: Fair
    all: Amount
    prefix: Amount
    ends: dict[tuple[str, int], int]
    quix_python: str
    figures: Figures = field(default_factory=dict)
    kpis: dict[int, Any] = field(default_factory=dict)
    """The counts by lateness: the second contender must have the same."""
    empty_bytes: int = 0
    """Resident memory of a worker that is ready and has nothing yet."""

    def note(self, name: str, value: float, unit: str, *, best: Callable[[float, float], float] = max) -> None:
        """Keep a figure; of two measurements, the better one."""
        if name in self.figures:
            value = best(self.figures[name][0], value)
        self.figures[name] = value, unit

    def agree(self, who: str, unique: float, expected: int) -> None:
        """Raise Failed unless a contender found every event once."""
        if unique != expected:
            raise Failed(f"{who} found {unique:.0f} unique events, there are {expected}")

    def agree_on_kpis(self, who: str, lateness_ms: int, kpis: dict[str, Any]) -> None:
        """Raise Failed unless two contenders have the same totals of every KPI, by day and over the fair."""
        totals = {
            name: {window: groups for window, groups in kpi["windows"].items() if window in {"day", "fair"}}
            for name, kpi in kpis.items()
        }
        other = self.kpis.setdefault(lateness_ms, totals)
        wrong = [name for name in totals if totals[name] != other.get(name)]
        if wrong or not totals:
            raise Failed(f"{who} has other totals than the contender before: {', '.join(wrong)}")


def bare_loop(field: Field, lateness_ms: int) -> None:
    """Time the loop that keeps nothing."""
    group = f"bare-{lateness_ms}"
    program = [sys.executable, PEERS / "bare_loop.py", field.bench.servers, group, str(field.all.records)]
    found = field.bench.result([*program, str(lateness_ms)])
    field.agree("bare_loop", found["unique"], field.all.unique)
    field.agree_on_kpis("bare_loop", lateness_ms, found["kpis"])
    field.note("bare_loop_events_per_second", found["records"] / found["seconds"], "events/s")
    for phase in ("decode", "fold"):
        us = found[phase] / found["records"] * 1e6
        field.note(f"bare_loop_{phase}_us_per_event", us, "us", best=min)


def worker(field: Field, lateness_ms: int) -> Group:
    """Time the worker, note the memory and processor time that it took, and check its counts."""
    group = Group(field.bench, field.fair, lateness_ms)
    running = group.launch()
    group.await_ready(running)
    journal = finish(group, field.ends, running)
    # The fold is done: the processor time still includes the last acknowledgement.
    cpu, grown = running.used_cpu, running.grown_bytes
    field.empty_bytes = running.empty_bytes
    shown = samples(running.port)
    unique = sum(value for (name, _), value in shown.items() if name == "fair_worker_remembered_events")
    field.agree("worker", unique, field.all.unique)
    field.agree_on_kpis("worker", lateness_ms, running.kpis())
    rate = journal.rate(field.all.records)
    before = field.figures.get("worker_events_per_second")
    field.note("worker_events_per_second", rate, "events/s")
    if before is None or rate > before[0]:
        _phases(field, shown, rate, cpu)
        field.figures["bytes_per_event"] = grown / unique, "bytes"
        field.figures["journal_bytes_per_event"] = journal.bytes / unique, "bytes"
        field.figures["events_per_journal_record"] = field.all.records / journal.records, "events"
    field.bench.stop(running.process)
    return group


def _phases(field: Field, shown: dict[tuple[str, tuple[str, ...]], float], rate: float, cpu: float) -> None:
    """Note where the time of an event goes.

    `other` is the rest: fetching, Faust, sending, waiting. Waiting for the journal overlaps with the next fold, so it
    is not part of the sum.
    """
    left = 1e6 / rate
    for phase in ("decode", "fold"):
        us = shown["fair_worker_phase_seconds_total", (phase,)] / field.all.records * 1e6
        field.figures[f"{phase}_us_per_event"] = us, "us"
        left -= us
    waited = shown["fair_worker_journal_append_seconds_sum", ()] / field.all.records * 1e6
    field.figures["journal_us_per_event"] = waited, "us"
    field.figures["other_us_per_event"] = left, "us"
    field.figures["cpu_us_per_event"] = cpu / field.all.records * 1e6, "us"


def recovery(field: Field, group: Group) -> None:
    """Start a worker of a group that has folded everything: it reads the journal and nothing else."""
    running = group.launch()
    group.await_ready(running)
    shown = samples(running.port)
    unique = sum(value for (name, _), value in shown.items() if name == "fair_worker_remembered_events")
    field.agree("the recovered worker", unique, field.all.unique)
    field.agree_on_kpis("the recovered worker", group.lateness_ms, running.kpis())
    seconds = shown["fair_worker_recovery_seconds", ()]
    field.note("recovery_seconds", seconds, "s", best=min)
    field.note("recovery_events_per_second", unique / seconds, "events/s")
    # No fetched events on their way here: what it holds is the state.
    held = resident_bytes(running.process.pid) - field.empty_bytes
    field.note("recovered_bytes_per_event", held / unique, "bytes", best=min)
    field.bench.stop(running.process)


def stock_faust(field: Field) -> None:
    """Time Faust without the product, on the first records. It may lose some."""
    program = [sys.executable, PEERS / "stock_faust.py", field.bench.servers, "bench-stock-faust"]
    _peer(field, "stock_faust", [*program, str(field.prefix.records), PREFIX], field.prefix.unique)


def _peer(field: Field, name: str, program: Sequence[str | Path], expected: int) -> None:
    """Time somebody else's program. Its faults are told beside its figure, and end nobody's measurement but its own."""
    try:
        found = field.bench.result(program)
    except Failed as error:
        say(f"{name} gave no figure: {error}")
        return
    unit = rate_unit(found["unique"], expected)
    if found["unique"] != expected:
        say(f"{name}: {unit}")
    field.note(f"{name}_events_per_second", found["records"] / found["seconds"], unit)


def rate_unit(unique: int, expected: int) -> str:
    """Return the unit of a peer's rate, with how many events it lost or counted twice; the table shows both."""
    lost = expected - unique
    if not lost:
        return "events/s"
    return f"events/s, lost {lost:,} of {expected:,}" if lost > 0 else f"events/s, counted {-lost:,} twice"


def quix(field: Field) -> None:
    """Time Quix Streams on the interactions."""
    count = field.all.by_topic[INTERACTIONS.name]
    program = [field.quix_python, PEERS / "quix.py", field.bench.servers, "bench-quix", str(count), INTERACTIONS.name]
    _peer(field, "quix_streams", [*program, field.bench.directory / "quix-state"], count)


def recordings(field: Field) -> None:
    """Time recording, the replay in process and the replay into Kafka. It must run last: it doubles the topics."""
    file = field.bench.directory / "bench.fairrec"
    found = field.bench.result([sys.executable, PEERS / "recordings.py", field.bench.servers, file, str(LATENESS_MS)])
    field.agree("the replay", found["unique"], field.all.unique)
    for name in ("record", "in_process", "to_kafka"):
        label = name if name == "record" else f"replay_{name}"
        field.note(f"{label}_records_per_second", found["records"] / found[f"{name}_s"], "records/s")
    field.note("recording_bytes_per_record", found["bytes"] / found["records"], "bytes")


def two_workers(field: Field, lateness_ms: int) -> None:
    """Time two workers on two cores. The broker must give them time to meet before it deals out partitions."""
    group = Group(field.bench, field.fair, lateness_ms)
    pair = [group.launch(core) for core in (0, 1)]
    for one in pair:
        group.await_ready(one)
    journal: Journal = finish(group, field.ends, *pair)
    unique = 0.0
    for one in pair:
        held = [value for (name, _), value in samples(one.port).items() if name == "fair_worker_remembered_events"]
        unique += sum(held)
        if len(held) != PARTITIONS // 2:
            say(f"two_workers: one of them held {len(held)} partitions, not {PARTITIONS // 2}")
    field.agree("two_workers", unique, field.all.unique)
    field.note("two_workers_events_per_second", journal.rate(field.all.records), "events/s")
    for one in pair:
        field.bench.stop(one.process)


def takeover(field: Field, group: Group) -> None:
    """Kill one of two workers and wait until the other shows everything, and an event from after the kill."""
    pair: list[Running] = []
    for core in (0, 1):
        pair.append(group.launch(core))
        group.await_ready(pair[-1])
    _await(field, pair, field.all.unique)
    time.sleep(3.0)  # the standby copies catch up
    pair[0].process.kill()
    began = time.monotonic()
    fresh = _one_a_partition(field.fair)
    asyncio.run(produce(field.bench.servers, iter([(record, False) for record in fresh]), str, lambda _: None))
    _await(field, pair[1:], field.all.unique + len(fresh))
    field.note("takeover_seconds", time.monotonic() - began, "s", best=min)
    field.bench.stop(pair[1].process)


def _await(field: Field, workers: list[Running], unique: int) -> None:
    """Return when the workers together show all partitions, with this number of events in them."""
    deadline = time.monotonic() + 120
    while True:
        held = [
            value
            for one in workers
            for (name, _), value in samples(one.port).items()
            if name == "fair_worker_remembered_events"
        ]
        if len(held) == PARTITIONS and sum(held) == unique:
            return
        if time.monotonic() > deadline:
            raise Failed(f"workers show {sum(held):.0f} events in {len(held)} partitions, not {unique} in {PARTITIONS}")
        time.sleep(0.1)


def _one_a_partition(fair: Fair) -> list[tuple[str, bytes, bytes]]:
    """Return new scans, with enough badges for every partition to get at least one."""
    decoders: dict[str, Any] = {}
    return [
        record
        for record, again in events(fair, 300, seed=99)
        if not again
        and isinstance(event := decoders.setdefault(record[0], decoder(record[0]))(record[2]), VisitorScan)
        and key_of(event) == record[1]
    ]

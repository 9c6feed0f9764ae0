"""One run of the simulator: stream, sink, ledger, and a clean end however it ends."""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

from producers.play.fleet import HttpSink, terminals_of
from producers.play.pacing import Ending, Pace, Player
from producers.play.progress import ProgressLine
from producers.play.simulator.emission import (
    BadRecord,
    DealFact,
    Emission,
    MeetingFact,
    Passage,
    RegisteredAt,
    Touch,
    is_test,
)
from producers.play.simulator.ledger import Ledger
from producers.play.simulator.scenarios import Scenario
from producers.play.simulator.stream import emissions
from producers.play.sinks import Acknowledged, EventSink, KafkaSink, NowhereSink
from producers.play.status import PlayStage, PlayStatus, told
from producers.records import Record
from producers.registry.sharing import change
from schemas.errors import InvalidSettings
from schemas.fair.model import Fair
from schemas.interrupts import stopping
from schemas.kinds import quoted
from schemas.settings import KafkaSettings
from schemas.times import epoch_ms, from_epoch_ms, venue_ms, wall_ms

BEFORE_OPENING_MS = 300_000
"""The first visitors are let in before the official opening; a play begins with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationPlan:
    """What to simulate and where to send it.

    Attributes:
        kafka: None sends nowhere (a dry run).
        gateway: address of a gateway; events go there over HTTP, from a real terminal each, and not to Kafka.
        registry: file in which those terminals are enrolled for the gateway to know them.
        shared: Kafka in which the registry is shared; None if the file alone is the registry.
        spools: folder of their spools; what waits there is sent first.
        ledger: where to write the ledger; None for nowhere.
        receipt: where to write what the terminals know to have arrived; None for nowhere.
        starts_ms: fair time to begin at, in ms since 1970; None for the beginning of the scenario.
        skip_to_opening: send at once what happens before the gates open, and play from there.
        head_start_min: send at once, straight to Kafka, what happens until this many minutes after the opening, and
            play from there; at most a quarter of the opening hours. None for no head start.
        status: where to write how far it is, see `producers.play.status`; None for nowhere.
    """

    fair: Fair
    scenario: Scenario
    seed: int
    pace: Pace
    kafka: KafkaSettings | None = None
    gateway: str | None = None
    registry: Path | None = None
    shared: KafkaSettings | None = None
    spools: Path = Path("spools")
    ledger: Path | None = None
    receipt: Path | None = None
    starts_ms: int | None = None
    skip_to_opening: bool = False
    head_start_min: float | None = None
    status: Path | None = None


@dataclass(frozen=True, slots=True)
class SimulationEnd:
    """How a run ended; `kinds` counts the acknowledged records by what they were."""

    ending: Ending
    acknowledged: int
    elapsed_s: float
    kinds: Counter[str]


@dataclass(slots=True)
class _Run:
    """One run while it goes on.

    Attributes:
        arrived: topic and id of every event of the fair that was acknowledged, if anybody wants to know their number.
        sink: where records go now; None before the first.
        from_ms: fair time at which the play begins, 0 while it has not begun.
    """

    plan: SimulationPlan
    ledger: Ledger
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    kinds: Counter[str] = field(default_factory=Counter)
    arrived: set[tuple[str, str]] = field(default_factory=set)
    acknowledged: int = 0
    stage: PlayStage = PlayStage.HEAD_START
    sink: EventSink | None = None
    from_ms: int = 0

    def book(self, record: Record) -> None:
        """Note a record that was acknowledged."""
        assert isinstance(record, Emission)
        self.acknowledged += 1
        self.kinds[kind_of(record)] += 1
        wanted = self.plan.receipt is not None or self.plan.status is not None
        # As the KPI of events counts: neither what the register says nor a test is an event of the fair.
        if wanted and not isinstance(record.fact, (BadRecord, RegisteredAt)) and not is_test(record.fact):
            self.arrived.add((record.topic, record.event_id))
        if self.plan.ledger is not None:
            self.ledger.book(record)

    def status(self) -> PlayStatus:
        """Return how far it is."""
        fleet = self.sink if isinstance(self.sink, HttpSink) else None
        sent_ms = self.from_ms if fleet is None else max(self.from_ms, fleet.fair_ms)
        return PlayStatus(
            stage=self.stage,
            events=len(self.arrived),
            waiting=0 if fleet is None else fleet.unanswered(),
            terminals=0 if self.plan.gateway is None else len(terminals_of(self.plan.fair)),
            fair_ms=sent_ms,
            speed=self.plan.pace.speed if self.stage is PlayStage.LIVE else 0,
        )


async def simulate_fair(plan: SimulationPlan) -> SimulationEnd:
    """Send the fair; Ctrl-C ends it early and cleanly, a second one at once.

    The ledger is written however it ends, and holds exactly what was acknowledged.

    Raises:
        Unavailable: Kafka is not there, or did not take a record.
        InvalidSettings: the ledger or the receipt cannot be written.
    """
    run = _Run(plan, Ledger(plan.fair))
    if plan.ledger is not None:
        # Found out now rather than after a day of sending.
        _write(run.ledger, plan.ledger, plan)
    try:
        with stopping(run.stop):
            async with told(plan.status, run.status):
                ending, elapsed_s = await _play(run)
    finally:
        if plan.ledger is not None:
            _write(run.ledger, plan.ledger, plan)
    return SimulationEnd(ending, run.acknowledged, elapsed_s, run.kinds)


async def _play(run: _Run) -> tuple[Ending, float]:
    """Send the head start and then the rest at its pace; return why it ended, and the seconds of the second part."""
    plan, pace = run.plan, run.plan.pace
    stream = emissions(plan.fair, plan.scenario, plan.seed, plan.starts_ms)
    if plan.head_start_min is not None:
        stream, from_ms = await _head_start(run, stream, plan.head_start_min)
        pace = replace(pace, from_ms=from_ms)
    elif plan.skip_to_opening and (first := next(stream, None)) is not None:
        stream = chain((first,), stream)
        pace = replace(pace, from_ms=opening_after(first.at_ms, plan.fair))
    run.from_ms, run.stage = pace.from_ms or 0, PlayStage.OPENING
    if plan.gateway is not None:
        live_from_ms = (pace.from_ms or 0) if pace.speed > 0 else sys.maxsize
        run.sink = await _fleet(plan, plan.gateway, run.book, live_from_ms)
    else:
        run.sink = _straight(run)
    async with run.sink as sink:
        run.stage = PlayStage.LIVE
        with ProgressLine(sink, plan.fair.zone) as line:
            player = Player(sink, pace, line, stop=run.stop)
            ending = await player.play(stream)
        run.stage = PlayStage.SENDING_REST
        await sink.flush()
        if plan.receipt is not None:
            # Before the spools are closed, which takes seconds where there are thousands.
            with _naming("--receipt"):
                plan.receipt.write_text(json.dumps({"events": len(run.arrived), "refused": sink.rejected}) + "\n")
    return ending, player.progress.elapsed_s


async def _head_start(run: _Run, stream: Iterator[Emission], minutes: float) -> tuple[Iterator[Emission], int | None]:
    """Send what comes before the fair has been open for some minutes; return the rest, and when it begins."""
    first = next(stream, None)
    if first is None:
        return iter(()), None
    from_ms = opened_for(minutes, first.at_ms, run.plan.fair)
    rest: list[Emission] = []

    def head() -> Iterator[Emission]:
        for emission in chain((first,), stream):
            if emission.at_ms >= from_ms:
                rest.append(emission)
                return
            yield emission

    async with _straight(run) as sink:
        await Player(sink, Pace(), stop=run.stop).play(head())
    return chain(rest, stream), from_ms


def _straight(run: _Run) -> EventSink:
    """Return the sink that needs no gateway."""
    return NowhereSink(run.book) if run.plan.kafka is None else KafkaSink(run.plan.kafka, run.book)


async def _fleet(plan: SimulationPlan, gateway: str, acknowledged: Acknowledged, live_from_ms: int) -> EventSink:
    """Enrol every terminal of the fair anew and return the sink that sends through them.

    A registration does not come from a terminal, so it goes straight to Kafka.
    """
    assert plan.registry is not None, "terminals are enrolled somewhere"
    now, terminals = from_epoch_ms(wall_ms()), terminals_of(plan.fair)
    made = await change(
        plan.shared, plan.registry, "simulate", lambda registry: registry.enrol_all(terminals, now), create=True
    )
    tokens = {one: token.text() for one, token in made.items()}
    kafka = plan.kafka if plan.fair.badge_register else None
    register = None if kafka is None else partial(KafkaSink, kafka)
    return HttpSink(gateway, tokens, plan.spools, acknowledged, register=register, live_from_ms=live_from_ms)


def kind_of(emission: Emission) -> str:
    """Return what a record is, in two words: topic and kind."""
    match emission.fact:
        case Passage(kind=kind) | Touch(kind=kind):
            return f"{emission.topic} {kind.value}"
        case DealFact(stands=stands, revision=revision):
            return f"{emission.topic} {('signed' if revision == 1 else 'amended') if stands else 'cancelled'}"
        case MeetingFact(step=step):
            return f"{emission.topic} {step.value}"
        case RegisteredAt(revision=revision):
            return f"{emission.topic} {'registered' if revision == 1 else 'corrected'}"
        case BadRecord(reason=reason):
            return f"{emission.topic} refused:{reason}"


def opening_after(fair_ms: int, fair: Fair) -> int | None:
    """Return five minutes before the next opening, in ms since 1970; None if the fair does not open again."""
    return next((ms - BEFORE_OPENING_MS for day in fair.days if (ms := epoch_ms(day.opens_at)) > fair_ms), None)


def opened_for(minutes: float, first_ms: int, fair: Fair) -> int:
    """Return when the fair has been open for some minutes, in ms since 1970.

    It is at most a quarter of the opening hours that are left, so that a short day is not over.

    Args:
        minutes: fair time.
        first_ms: when the first event comes; the day is the one that is open then, or opens next.
        fair: gives the opening hours.
    """
    day = next((day for day in fair.days if epoch_ms(day.closes_at) > first_ms), fair.days[-1])
    opens_ms = max(first_ms, epoch_ms(day.opens_at))
    left_ms = max(0, epoch_ms(day.closes_at) - opens_ms)
    return opens_ms + min(round(minutes * 60_000), left_ms // 4)


def start_of(text: str, fair: Fair) -> int:
    """Return the fair time that `text` names, in ms since 1970: a day's number, a date, or a local date and time.

    Raises:
        InvalidSettings: it names no time on a day of the fair.
    """
    hint = f"give a day from 1 to {len(fair.days)}, or a local time such as {fair.days[0].date}T08:30"
    if re.fullmatch(r"[0-9]{1,3}", text):
        number = int(text)
        if not 1 <= number <= len(fair.days):
            raise InvalidSettings(f"--start: {quoted(text)} is not a day of the fair", hint=hint)
        return epoch_ms(fair.days[number - 1].starts_at)
    try:
        start = venue_ms(text, fair.zone)
    except (ValueError, OverflowError):
        raise InvalidSettings(f"--start: {quoted(text)} is neither a day nor a time", hint=hint) from None
    if not epoch_ms(fair.days[0].starts_at) <= start < epoch_ms(fair.days[-1].ends_at):
        raise InvalidSettings(f"--start: {quoted(text)} lies outside the fair", hint=hint)
    return start


def _write(ledger: Ledger, path: Path, plan: SimulationPlan) -> None:
    with _naming("--ledger"):
        ledger.write(path, seed=plan.seed, scenario=plan.scenario.name)


@contextmanager
def _naming(option: str) -> Iterator[None]:
    """Name the option whose file cannot be written."""
    try:
        yield
    except OSError as error:
        raise InvalidSettings(
            f"{option}: cannot be written ({error.strerror})", hint="name a file in a folder that exists and has room"
        ) from None

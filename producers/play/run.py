"""One run of the simulator: stream, sink, ledger, and a clean end however it ends."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from producers.play.fleet import HttpSink, terminals_of
from producers.play.pacing import Ending, Pace, Player
from producers.play.progress import ProgressLine
from producers.play.simulator.emission import BadRecord, DealFact, Emission, Passage, Touch
from producers.play.simulator.ledger import Ledger
from producers.play.simulator.scenarios import Scenario
from producers.play.simulator.stream import emissions
from producers.play.sinks import Acknowledged, EventSink, KafkaSink, NowhereSink
from producers.records import Record
from producers.registry.store import Registry
from schemas.errors import InvalidSettings
from schemas.fair.model import Fair
from schemas.interrupts import stopping
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
        registry: where those terminals are enrolled for the gateway to know them.
        spools: folder of their spools; what waits there is sent first.
        ledger: where to write the ledger; None for nowhere.
        receipt: where to write what the terminals know to have arrived; None for nowhere.
        starts_ms: fair time to begin at, in ms since 1970; None for the beginning of the scenario.
        skip_to_opening: send at once what happens before the gates open, and play from there.
    """

    fair: Fair
    scenario: Scenario
    seed: int
    pace: Pace
    kafka: KafkaSettings | None = None
    gateway: str | None = None
    registry: Path | None = None
    spools: Path = Path("spools")
    ledger: Path | None = None
    receipt: Path | None = None
    starts_ms: int | None = None
    skip_to_opening: bool = False


@dataclass(frozen=True, slots=True)
class SimulationEnd:
    """How a run ended; `kinds` counts the acknowledged records by what they were."""

    ending: Ending
    acknowledged: int
    elapsed_s: float
    kinds: Counter[str]


async def simulate_fair(plan: SimulationPlan) -> SimulationEnd:
    """Send the fair; Ctrl-C ends it early and cleanly, a second one at once.

    The ledger is written however it ends, and holds exactly what was acknowledged.

    Raises:
        Unavailable: Kafka is not there, or did not take a record.
        InvalidSettings: the ledger or the receipt cannot be written.
    """
    ledger, kinds = Ledger(plan.fair), Counter[str]()
    arrived: set[tuple[str, str]] = set()

    def acknowledged(record: Record) -> None:
        assert isinstance(record, Emission)
        kinds[kind_of(record)] += 1
        if plan.receipt is not None:
            arrived.add((record.topic, record.event_id))
        if plan.ledger is not None:
            ledger.book(record)

    stream = emissions(plan.fair, plan.scenario, plan.seed, plan.starts_ms)
    pace = plan.pace
    if plan.skip_to_opening and (first := next(stream, None)) is not None:
        stream = chain((first,), stream)
        pace = replace(pace, from_ms=opening_after(first.at_ms, plan.fair))
    sink: EventSink
    if plan.gateway is not None:
        live_from_ms = (pace.from_ms or 0) if pace.speed > 0 else sys.maxsize
        sink = _fleet(plan, plan.gateway, acknowledged, live_from_ms)
    elif plan.kafka is None:
        sink = NowhereSink(acknowledged)
    else:
        sink = KafkaSink(plan.kafka, acknowledged)
    if plan.ledger is not None:
        # Found out now rather than after a day of sending.
        _write(ledger, plan.ledger, plan)
    try:
        async with sink:
            with ProgressLine(sink, plan.fair.zone) as line:
                player = Player(sink, pace, line)
                with stopping(player.stop):
                    ending = await player.play(stream)
    finally:
        if plan.ledger is not None:
            _write(ledger, plan.ledger, plan)
    if plan.receipt is not None:
        receipt = json.dumps({"events": len(arrived), "refused": sink.rejected}) + "\n"
        with _naming("--receipt"):
            plan.receipt.write_text(receipt)
    return SimulationEnd(ending, sink.acknowledged, player.progress.elapsed_s, kinds)


def _fleet(plan: SimulationPlan, gateway: str, acknowledged: Acknowledged, live_from_ms: int) -> EventSink:
    """Enrol every terminal of the fair anew and return the sink that sends through them."""
    assert plan.registry is not None, "terminals are enrolled somewhere"
    registry = Registry(plan.registry, create=True)
    try:
        now = from_epoch_ms(wall_ms())
        tokens = {one: token.text() for one, token in registry.enrol_all(terminals_of(plan.fair), now).items()}
    finally:
        registry.close()
    return HttpSink(gateway, tokens, plan.spools, acknowledged, live_from_ms=live_from_ms)


def kind_of(emission: Emission) -> str:
    """Return what a record is, in two words: topic and kind."""
    match emission.fact:
        case Passage(kind=kind) | Touch(kind=kind):
            return f"{emission.topic} {kind.value}"
        case DealFact(stands=stands, revision=revision):
            return f"{emission.topic} {('signed' if revision == 1 else 'amended') if stands else 'cancelled'}"
        case BadRecord(reason=reason):
            return f"{emission.topic} refused:{reason}"


def opening_after(fair_ms: int, fair: Fair) -> int | None:
    """Return five minutes before the next opening, in ms since 1970; None if the fair does not open again."""
    return next((ms - BEFORE_OPENING_MS for day in fair.days if (ms := epoch_ms(day.opens_at)) > fair_ms), None)


def start_of(text: str, fair: Fair) -> int:
    """Return the fair time that `text` names, in ms since 1970: a day's number, a date, or a local date and time.

    Raises:
        InvalidSettings: it names no time on a day of the fair.
    """
    hint = f"give a day from 1 to {len(fair.days)}, or a local time such as {fair.days[0].date}T08:30"
    if re.fullmatch(r"[0-9]{1,3}", text):
        number = int(text)
        if not 1 <= number <= len(fair.days):
            raise InvalidSettings("--start: the fair has no such day", hint=hint)
        return epoch_ms(fair.days[number - 1].starts_at)
    try:
        start = venue_ms(text, fair.zone)
    except ValueError:
        raise InvalidSettings("--start: neither a day nor a time", hint=hint) from None
    if not epoch_ms(fair.days[0].starts_at) <= start < epoch_ms(fair.days[-1].ends_at):
        raise InvalidSettings("--start: lies outside the fair", hint=hint)
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

"""The records of a run: a simulated day at the small fair, with all the mistakes of terminals, drawn from a seed."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from producers.records import RawRecord
from schemas.fair.file import example_fair_path, load_fair

PARTITIONS = 4
"""Partitions of the event topics and the journal."""

FRESH = 30
"""Records kept back until the fault is over: they must show up in the KPIs as well."""

SAME_ID = 0.02
"""Events whose id a second terminal uses too, for an event of its own. Both count."""

JUMPS = (timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1))
"""Jumps of a terminal's clock; a fifth kind goes back to 1970, where no event is believed."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Records in the order in which they are sent, and how fast.

    Attributes:
        rate: records per second until the fault is over; afterwards they are sent as fast as possible.
    """

    name: str
    records: list[RawRecord]
    rate: float

    @property
    def fresh(self) -> int:
        """How many records at the end wait until the fault is over."""
        return min(FRESH, len(self.records) // 4)


def write_fair(path: Path, fair_id: str) -> Path:
    """Write the small fair under another id: its workers then make a group and a journal of their own."""
    text = example_fair_path("small").read_text(encoding="utf-8")
    path.write_text(text.replace("fair_id: small-2025", f"fair_id: {fair_id}", 1), encoding="utf-8")
    return path


def draw(name: str, fair_file: Path, chance: random.Random) -> Workload:
    """Return the workload of that name for the fair; KeyError if there is none."""
    shape, visitors = WORKLOADS[name]
    scenario = replace(
        scenario_named("fair_day"), visitors=visitors, deals=visitors // 2, broken=0.01, resent=0.03, cancelled=0.1
    )
    day = emissions(load_fair(fair_file), scenario, chance.randrange(1 << 30))
    records = [RawRecord(one.topic, one.key, one.value, one.headers) for one in day]
    records = shape(_with_shared_ids(records, chance), chance)
    return Workload(name, records, chance.uniform(350, 550))


def _with_shared_ids(records: Sequence[RawRecord], chance: random.Random) -> list[RawRecord]:
    found: list[RawRecord] = []
    for record in records:
        found.append(record)
        if chance.random() < SAME_ID and (event := _event(record)) is not None:
            first = str(event["terminal_id"])
            event["terminal_id"] = f"{first}-b"
            again = _again(record, event)
            if record.key == first.encode():  # an event without a badge
                again = again._replace(key=f"{first}-b".encode())
            found.append(again)
    return found


def fair_day(records: list[RawRecord], chance: random.Random) -> list[RawRecord]:
    """Send the day as it is."""
    return records


def duplicates(records: list[RawRecord], chance: random.Random) -> list[RawRecord]:
    """Send each record one to five times, minutes of the fair apart."""
    placed = [
        (place + (copy and chance.uniform(3, len(records) / 4)), number, record)
        for place, record in enumerate(records)
        for number, copy in enumerate(range(chance.randint(1, 5)))
    ]
    return [record for *_, record in sorted(placed, key=lambda one: one[:2])]


def shuffled(records: list[RawRecord], chance: random.Random) -> list[RawRecord]:
    """Send the day in random order."""
    chance.shuffle(records)
    return records


def clock_jumps(records: list[RawRecord], chance: random.Random) -> list[RawRecord]:
    """Let the clock of every fifth terminal jump by an hour or a day, or back to 1970, and later jump again."""
    jump_of: dict[str, timedelta | None] = {}
    found: list[RawRecord] = []
    for record in records:
        event = _event(record)
        if event is None:
            found.append(record)
            continue
        terminal = str(event["terminal_id"])
        if terminal not in jump_of or chance.random() < 0.05:
            jump_of[terminal] = chance.choice((*JUMPS, None)) if chance.random() < 0.2 else timedelta()
        jump = jump_of[terminal]
        if jump is None:
            event["occurred_at"] = "1970-01-01T00:00:00.000Z"
        elif jump and isinstance(at := event.get("occurred_at"), str):
            event["occurred_at"] = (datetime.fromisoformat(at) + jump).isoformat(timespec="milliseconds")
        found.append(_again(record, event) if jump != timedelta() else record)
    return found


Shape = Callable[[list[RawRecord], random.Random], list[RawRecord]]

WORKLOADS: dict[str, tuple[Shape, int]] = {
    "fair_day": (fair_day, 105),
    "duplicates": (duplicates, 35),
    "shuffled": (shuffled, 105),
    "clock_jumps": (clock_jumps, 105),
}
"""By name: the change to the day, and the number of visitors for about 2,200 records."""


def _event(record: RawRecord) -> dict[str, object] | None:
    try:
        event = json.loads(record.value)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "terminal_id" in event else None


def _again(record: RawRecord, event: dict[str, object]) -> RawRecord:
    return record._replace(value=json.dumps(event, separators=(",", ":")).encode())

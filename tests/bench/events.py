"""The events for all contenders: one busy hour of the shipped fair, simulated, and equal for equal seeds.

55 % badge scans (gates, hall doors, booths), 43 % interactions, 2 % deals; 60,000 badges, 2,000 terminals; a few booths
draw most people (Pareto). Four events in a thousand are sent twice.
"""

import json
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.codes import DealStage, InteractionKind
from schemas.fair.model import Fair
from schemas.times import instant_text
from schemas.topics import DEALS, INTERACTIONS, SCANS

HOUR_MS = 3_600_000
BADGES, TERMINALS, BOOTHS_PARETO = 60_000, 2_000, 1.2
RESENT = 0.004
SCAN_KINDS = ("entry", "booth", "booth", "booth", "booth", "zone_in", "zone_out", "exit")
ROLES = ("visitor_professional", "visitor_public", "visitor_public", "exhibitor_staff", "media")
COUNTRIES = ("CN", "CN", "CN", "CN", "DE", "FR", "US", "JP", "KR", "AE")

Produced = tuple[str, bytes, bytes]
"""Topic, key and value."""


@dataclass(frozen=True)
class Amount:
    """The numbers of records produced, and of those that are not repetitions, in all and by topic."""

    records: int
    unique: int
    by_topic: dict[str, int]


def events(fair: Fair, count: int, seed: int = 7) -> Iterator[tuple[Produced, bool]]:
    """Yield `count` records in order of arrival, each with whether it repeats an earlier one."""
    chance = Random(seed)
    begins = datetime.combine(fair.days[0].date, time(10), fair.zone).astimezone(UTC)
    gates, halls, sections = list(fair.gates), list(fair.halls), list(fair.sections)
    booths, exhibits = list(fair.booths), list(fair.exhibits.values())
    kinds, stages = [kind.value for kind in InteractionKind], [stage.value for stage in DealStage]
    badges = [f"{chance.getrandbits(128):032x}" for _ in range(BADGES)]
    sent: deque[Produced] = deque(maxlen=5_000)
    for number in range(count):
        if sent and chance.random() < RESENT:
            yield sent[chance.randrange(len(sent))], True
            continue
        happened = begins + timedelta(milliseconds=number * HOUR_MS // count)
        event: dict[str, Any] = {
            "event_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            "fair_id": fair.fair_id,
            "terminal_id": f"t-{chance.randrange(TERMINALS):04d}",
            "terminal_seq": number,
            "occurred_at": instant_text(happened),
            "received_at": instant_text(happened + timedelta(milliseconds=chance.randrange(50, 900))),
            "clock_offset_ms": 5,
        }
        crowd, draw, badge = int(chance.paretovariate(BOOTHS_PARETO) * 5), chance.random(), chance.choice(badges)
        if draw < 0.55:
            topic, key = SCANS.name, badge
            kind = chance.choice(SCAN_KINDS)
            event |= {"type": "fair.visitor.scanned.v1", "scan_kind": kind, "badge_ref": badge}
            event |= {"badge_role": chance.choice(ROLES), "residence_country": chance.choice(COUNTRIES)}
            if kind == "booth":
                event["booth_id"] = booths[crowd % len(booths)]
            elif kind in {"entry", "exit"}:
                event["gate_id"] = chance.choice(gates)
            else:
                event["hall_id"] = chance.choice(halls)
                if kind == "zone_out":
                    event["dwell_ms"] = chance.randrange(8_000_000)
        elif draw < 0.98:
            topic, key = INTERACTIONS.name, badge
            exhibit = exhibits[crowd % len(exhibits)]
            event |= {"type": "fair.exhibit.interaction.v1", "interaction_kind": chance.choice(kinds)}
            event |= {"exhibit_id": exhibit.exhibit_id, "exhibitor_id": exhibit.exhibitor, "badge_ref": badge}
            event["duration_ms"] = chance.randrange(600_000)
        else:
            topic, key = DEALS.name, f"d-{chance.randrange(20_000):05d}"
            event |= {"type": "fair.deal.signed.v1", "deal_id": key, "revision": 1 + number * 5 // count}
            event |= {"outcome_kind": chance.choice(("transaction", "investment")), "stage": chance.choice(stages)}
            event |= {"binding": chance.random() < 0.5, "value_minor": chance.randrange(10**9), "currency": "CNY"}
            event |= {"value_basis": "total_contract", "section": chance.choice(sections)}
            event["parties"] = [
                {"org_id": "o-1", "role": "buyer", "country": "DE"},
                {"org_id": "o-2", "role": "seller", "country": "CN"},
            ]
            event["signed_at"] = event["occurred_at"]
        record = topic, key.encode(), json.dumps(event, separators=(",", ":")).encode()
        sent.append(record)
        yield record, False


async def produce(
    servers: str, records: Iterator[tuple[Produced, bool]], rename: Callable[[str], str], told: Callable[[int], None]
) -> Amount:
    """Write records to Kafka and return their number; `told` is called for every 10,000th."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, linger_ms=20, max_batch_size=262_144)
    await producer.start()
    count = unique = 0
    by_topic: dict[str, int] = {}
    try:
        for (topic, key, value), again in records:
            await producer.send(rename(topic), value, key=key)
            count, unique = count + 1, unique + (not again)
            by_topic[topic] = by_topic.get(topic, 0) + 1
            if count % 10_000 == 0:
                told(count)
        await producer.flush()
    finally:
        await producer.stop()
    return Amount(count, unique, by_topic)

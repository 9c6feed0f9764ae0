"""An audit says how many events wait for a registration: no number has them."""

import asyncio
from dataclasses import replace
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer

from schemas.badges.waiting import WaitingBadges, take_waiting
from schemas.events import Event
from schemas.fair.file import example_fair_path
from schemas.settings import KafkaSettings
from schemas.topics import UNRESOLVED
from schemas.wire import encode
from streams.audit.recount.oracle import Oracle
from streams.audit.run import AuditVerdict, report_lines
from streams.audit.waiting import Waits, waits_now, waits_of
from streams.kafka.topics import admin, create_topics
from tests.support.builders import LATENESS, scan, touch

ADA: Final = scan("ada", role=None)
LATER: Final = scan("ada", role=None, at="12:00")
BOB: Final = touch("bob")
Records = list[tuple[bytes, bytes]]


def event(one: Event) -> tuple[bytes, bytes]:
    return str(getattr(one, "badge_ref", "")).encode(), encode(one)


def mark(one: Event) -> tuple[bytes, bytes]:
    said = f'{{"terminal_id":"{one.terminal_id}","event_id":"{one.event_id}","released_at":"2025-10-25T09:00:00Z"}}'
    return event(one)[0], said.encode()


@pytest.mark.parametrize(
    ("records", "waits"),
    [
        ([], Waits(0, 0)),
        ([event(ADA)], Waits(1, 1)),
        ([event(ADA), event(LATER), event(BOB)], Waits(3, 2)),
        ([event(ADA), event(ADA)], Waits(1, 1)),
        ([event(ADA), event(LATER), event(BOB), mark(ADA)], Waits(2, 2)),
        ([event(ADA), event(BOB), mark(BOB), mark(ADA)], Waits(0, 0)),
        ([(b"x", b"not an event")], Waits(0, 0)),
    ],
    ids=["none", "one", "two badges", "written twice", "one released", "all released", "something else"],
)
def test_what_waits_is_counted_by_event_and_by_badge(records: Records, waits: Waits) -> None:
    waiting = WaitingBadges()
    for key, value in records:
        take_waiting(waiting, key, value)
    assert waits_of(waiting) == waits


@pytest.mark.parametrize(
    ("waits", "line"),
    [
        (None, None),
        (Waits(0, 0), "no event waits for a registration"),
        (Waits(1, 1), "1 event waits for the registration of 1 badge, and"),
        (Waits(1_200, 300), "1,200 events wait for the registration of 300 badges, and"),
    ],
)
def test_the_report_says_it_at_a_fair_with_a_register(waits: Waits | None, line: str | None) -> None:
    oracle = Oracle(example_fair_path("small").read_bytes(), LATENESS)
    lines = report_lines(replace(AuditVerdict([], {}, oracle), waits=waits))
    said = [one for one in lines if "wait" in one and "sequence" not in one]
    assert len(said) == (line is not None)
    assert all(one.startswith(str(line)) for one in said)


@pytest.mark.broker
def test_what_waits_is_read_from_kafka(broker: str) -> None:
    kafka = KafkaSettings.load(bootstrap_servers=broker)

    async def put() -> None:
        async with admin(kafka) as client:
            await create_topics(client, kafka, [UNRESOLVED])
        async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
            for key, value in (event(ADA), event(LATER), event(BOB), mark(ADA)):
                await producer.send_and_wait(UNRESOLVED.name, value, key)

    asyncio.run(put())
    assert waits_now(kafka) == Waits(2, 2)

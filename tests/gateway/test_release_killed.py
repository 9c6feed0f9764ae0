"""A gateway that is killed while it releases an event loses nothing, and the next one releases the same event."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from producers.badges.follower import BadgeFollower
from producers.gateway.register.releasing import Releases
from producers.gateway.supervisor import Supervisor
from producers.records import RawRecord
from schemas.badges.register import encode_spent
from schemas.dead_letters import DeadLetter, read_letter
from schemas.settings import KafkaSettings
from schemas.topics import BADGE_CODES, REJECTED, SCANS, UNRESOLVED
from streams.local.kafka import LocalKafka
from tests.support.gateway import FAIR_ID, NOW
from tests.support.registered import PARTITIONS, hashed, lying_in, person, register

Deliver = Callable[[Sequence[RawRecord]], Awaitable[None]]


class Killed(BaseException):
    """Stands for the end of a gateway."""


async def until(ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not ready():
            await asyncio.sleep(0.02)


async def gateway_until(
    kafka: KafkaSettings, deliver: Callable[[Deliver], Deliver], ready: Callable[[Releases], bool]
) -> None:
    """Follow, watch and release, with some fault in what is delivered, until it is killed or something is true."""
    follower, supervisor = (
        BadgeFollower(kafka, FAIR_ID),
        Supervisor(kafka, topics=[SCANS.name, UNRESOLVED.name, REJECTED.name]),
    )
    releases = Releases(kafka, FAIR_ID, follower.book, lambda: follower.ready, deliver(supervisor.deliver), lambda: NOW)
    supervisor.start()
    await until(lambda: supervisor.is_connected)
    tasks = [asyncio.create_task(follower.follow()), asyncio.create_task(releases.watch())]
    try:
        await until(lambda: tasks[1].done() or ready(releases))
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Killed):
                await task
        await follower.close()
        await supervisor.stop()


def whole(deliver: Deliver) -> Deliver:
    return deliver


def killed_before_the_mark(deliver: Deliver) -> Deliver:
    async def once(records: Sequence[RawRecord]) -> None:
        if records[0].topic == UNRESOLVED.name:
            raise Killed
        await deliver(records)

    return once


def killed_before_the_event(deliver: Deliver) -> Deliver:
    async def once(_: Sequence[RawRecord]) -> None:
        raise Killed

    return once


def waiting_scan(which: str, code: str) -> str:
    return (
        f'{{"event_id":"{which}","fair_id":"{FAIR_ID}","terminal_id":"lane-1","gate_id":"north",'
        '"occurred_at":"2025-10-25T09:00:00.000Z","received_at":"2025-10-25T09:00:00.000Z",'
        f'"type":"fair.visitor.scanned.v1","scan_kind":"entry","badge_ref":"{hashed(code)}"}}'
    )


async def put(kafka: KafkaSettings, *records: RawRecord) -> None:
    supervisor = Supervisor(kafka, topics=[UNRESOLVED.name])
    supervisor.start()
    await until(lambda: supervisor.is_connected)
    await supervisor.deliver(records)
    await supervisor.stop()


@pytest.mark.parametrize(
    ("fault", "times"), [(killed_before_the_event, 1), (killed_before_the_mark, 2)], ids=["before", "between"]
)
async def test_a_gateway_that_is_killed_loses_nothing_and_the_next_one_releases_the_same_event(
    log_of_events: LocalKafka, tmp_path: Path, fault: Callable[[Deliver], Deliver], times: int
) -> None:
    bootstrap, which, code, number = log_of_events.bootstrap_servers, str(uuid4()), f"K-{uuid4()}", str(uuid4())
    kafka = KafkaSettings(bootstrap_servers=bootstrap, partitions=PARTITIONS)
    value = waiting_scan(which, code)
    await put(kafka, RawRecord(UNRESOLVED.name, hashed(code).encode(), value.encode()))
    await register(bootstrap, tmp_path, {"person": number, "role": "media", "codes": [code]})

    await gateway_until(kafka, fault, lambda _: False)
    found = [one for one in await lying_in(bootstrap, UNRESOLVED.name) if one.value.get("event_id") == which]
    assert len(found) == 1, "there is no mark"

    await gateway_until(kafka, whole, lambda releases: bool(releases.waiting.begins()) and not len(releases.waiting))
    stored = [one for one in await lying_in(bootstrap, SCANS.name) if one.value.get("event_id") == which]
    assert [(one.key, one.value["badge_ref"]) for one in stored] == [(person(number), person(number))] * times
    assert len({str(one) for one in stored}) == 1
    marks = [one for one in await lying_in(bootstrap, UNRESOLVED.name) if one.value.get("event_id") == which]
    assert [("released_at" in one.value) for one in marks] == [False, True]


@pytest.mark.parametrize(
    ("fault", "times"), [(killed_before_the_event, 1), (killed_before_the_mark, 2)], ids=["before", "between"]
)
async def test_a_waiting_event_whose_person_was_erased_is_one_dead_letter_also_after_a_kill(
    log_of_events: LocalKafka, fault: Callable[[Deliver], Deliver], times: int
) -> None:
    bootstrap, which, code = log_of_events.bootstrap_servers, str(uuid4()), f"K-{uuid4()}"
    kafka = KafkaSettings(bootstrap_servers=bootstrap, partitions=PARTITIONS)
    key, value = hashed(code).encode(), waiting_scan(which, code)
    await put(kafka, RawRecord(UNRESOLVED.name, key, value.encode()))
    await put(kafka, RawRecord(BADGE_CODES.name, key, encode_spent()))

    await gateway_until(kafka, fault, lambda _: False)
    await gateway_until(kafka, whole, lambda releases: bool(releases.waiting.begins()) and not len(releases.waiting))
    letters = dict[str, list[DeadLetter]]()
    for one in await lying_in(bootstrap, REJECTED.name):
        letter = read_letter(json.dumps(one.value).encode())
        if isinstance(letter, DeadLetter) and which.encode() in (letter.raw or b""):
            letters.setdefault(one.key, []).append(letter)
    ((first, *again),) = letters.values()
    assert (first.topic, first.reason, first.terminal) == ("fair.unresolved", "badge_erased", "lane-1")
    assert again == [first] * (times - 1)
    assert first.raw == value.encode()
    assert not [one for one in await lying_in(bootstrap, SCANS.name) if one.value.get("event_id") == which]
    marks = [one for one in await lying_in(bootstrap, UNRESOLVED.name) if one.value.get("event_id") == which]
    assert [("released_at" in one.value) for one in marks] == [False, True]

"""A fair with a register of badges: its file, its key, imports, and the records of its topics."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from producers.badges.importing import planned, write
from producers.badges.place import RegisterPlace
from schemas.badges.register import code_hash, person_ref
from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings

KEY = "the badge key of the tests, which is long enough"
PARTITIONS = 4


def fair_with_register(folder: Path) -> Path:
    """Write the file of a fair like `small` that has a register, and return it."""
    path = folder / "registered.yaml"
    small = example_fair_path("small").read_text(encoding="utf-8")
    path.write_text(f"{small}\nbadge_register: yes\n", encoding="utf-8")
    return path


def hashed(code: str) -> str:
    """Return the hash of a code at this fair."""
    return code_hash(KEY.encode(), code)


def person(number: str, *, test: bool = False) -> str:
    """Return the reference of a person at this fair."""
    return person_ref(KEY.encode(), number, test=test)


class Lying(NamedTuple):
    """A record of a topic, its value as plain JSON."""

    partition: int
    key: str
    value: dict[str, Any]
    headers: dict[str, str]


async def lying_in(bootstrap_servers: str, topic: str) -> list[Lying]:
    """Return all records of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(topic, one) for one in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_beginning()
        ends, found = await consumer.end_offsets(places), list[Lying]()
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [
                    Lying(
                        one.partition,
                        one.key.decode(),
                        json.loads(one.value or b"{}"),
                        {name: value.decode() for name, value in one.headers},
                    )
                    for one in records
                ]
        return found
    finally:
        await consumer.stop()


def in_topic(bootstrap_servers: str, topic: str, event_id: str) -> list[Lying]:
    """Return the records of a topic that are about an event."""
    found = asyncio.run(lying_in(bootstrap_servers, topic))
    return [one for one in found if one.value.get("event_id") == event_id]


async def register(bootstrap_servers: str, folder: Path, *rows: Mapping[str, object]) -> None:
    """Import persons, as `fairpulse badges import` does."""
    path = folder / "persons.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers, partitions=PARTITIONS)
    place = RegisterPlace(load_fair(fair_with_register(folder)), KEY.encode(), kafka)
    plan = await planned(place, path, lambda _: None)
    assert not plan.problems, plan.problems
    await write(place, plan, lambda: datetime.now(UTC), lambda _: None)  # noqa: TID251 - as the command does

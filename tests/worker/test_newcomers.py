"""A worker looks for the home of an event only where its badge is new, and refuses all the same exactly what is astray.

No Kafka: chunks go in, dead letters and the state come out.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from schemas.dead_letters import DeadLetter, read_letter
from schemas.errors import InvalidEvent, MustStop
from schemas.events import Event
from schemas.fair.file import example_fair_path, load_fair
from schemas.partitioning import partition_of
from schemas.topics import EVENT_TOPICS, key_of, topic_of
from schemas.wire import decoder, encode
from streams.fold.engine import Engine
from streams.fold.journal import PartitionJournal
from streams.fold.windows import fair_values
from streams.kpis.quality import EVENTS
from streams.shown.health import Health
from streams.worker.agent import Folding
from streams.worker.appended import Appended
from streams.worker.chunks import Chunk
from streams.worker.rejects import RejectLimit
from tests.support import builders

PARTITIONS = 3
FAIR = load_fair(example_fair_path("small"))
NAMES = ("ada", "ben", "cem", "dua", "eva", None)
DOORS = ("door-1", "door-2", "door-3")


class InMemory:
    """A `Folding` whose journal and dead letters are kept here."""

    def __init__(self, limit: int = 0) -> None:
        engine = Engine(FAIR, builders.LATENESS)
        self.journals = {number: PartitionJournal(engine) for number in range(PARTITIONS)}
        for journal in self.journals.values():
            journal.start_writing(b"00000001")
        self.letters: list[DeadLetter] = []
        self._stored = dict.fromkeys(self.journals, -1)
        self._folding = Folding(
            engine=engine,
            partitions={topic.name: PARTITIONS for topic in EVENT_TOPICS},
            journal_of=self.journals.get,
            append=self._append,
            bury=self._bury,
            read_from=self._read_from,
            limit=RejectLimit(limit),
            health=Health(CollectorRegistry()),
        )

    async def _append(self, partition: int, key: bytes, value: bytes) -> Appended:
        self._stored[partition] += 1
        return Appended(self._stored[partition], 0)

    async def _bury(self, about: int, key: bytes, value: bytes) -> Appended:
        letter = read_letter(value)
        assert isinstance(letter, DeadLetter)
        assert letter.partition == about
        self.letters.append(letter)
        return Appended(0, 0)

    async def _read_from(self, tp: TP, offset: int) -> None:
        raise AssertionError("nothing is missing")

    async def take(self, topic: str, partition: int, records: list[tuple[int, bytes | None]]) -> None:
        """Fold a chunk to its end."""
        appending = await self._folding.take(TP(topic, partition), Chunk(records[0][0], records))
        assert appending is not None
        await appending


def some_events(chance: Random) -> list[Event]:
    """Return events of few badges, doors and deals, so that most come again and again."""
    events: list[Event] = []
    for _ in range(chance.randrange(1, 60)):
        who, door = chance.choice(NAMES), chance.choice(DOORS)
        deal = f"d-{chance.randrange(3)}"
        events.append(
            chance.choice(
                (
                    lambda who=who, door=door: builders.scan(who, "booth", terminal=door),
                    lambda who=who, door=door: builders.touch(who, terminal=door),
                    lambda who=who: builders.annulled(who or "ada"),
                    lambda deal=deal: builders.deal(deal, event_id=builders.numbered_id(chance.randrange(10**6))),
                    lambda deal=deal: builders.amended(deal, revision=chance.randrange(2, 9)),
                )
            )()
        )
    return events


@pytest.mark.parametrize("seed", range(40))
def test_exactly_the_events_that_are_astray_are_refused_however_the_log_is_cut_into_chunks(seed: int) -> None:
    chance = Random(seed)
    logs: dict[tuple[str, int], list[tuple[int, bytes | None]]] = {}
    astray, at_home, broken = set(), dict[tuple[str, int], int](), 0
    for event in some_events(chance):
        topic, home = topic_of(event).name, partition_of(key_of(event), PARTITIONS)
        place = (topic, home if chance.random() < 0.7 else chance.randrange(PARTITIONS))
        log = logs.setdefault(place, [])
        if chance.random() < 0.1:
            log.append((len(log), b"not an event"))
            broken += 1
        if place[1] == home:
            at_home[place] = at_home.get(place, 0) + 1
        else:
            astray.add((*place, len(log)))
        log.append((len(log), encode(event)))

    async def fold() -> InMemory:
        worker = InMemory()
        waiting = list(logs)
        begun = dict.fromkeys(waiting, 0)
        while waiting:
            place = chance.choice(waiting)
            end = begun[place] + chance.randrange(1, 8)
            await worker.take(*place, logs[place][begun[place] : end])
            begun[place] = end
            waiting = [place for place in waiting if begun[place] < len(logs[place])]
        return worker

    worker = asyncio.run(fold())
    letters = [(one.reason, (one.topic, one.partition, one.offset)) for one in worker.letters]
    assert {place for reason, place in letters if reason == "misplaced"} == astray
    assert len(letters) == len(astray) + broken
    for (topic, partition), count in at_home.items():
        assert fair_values(worker.journals[partition].state, EVENTS)[(topic,)] == count
    for number, journal in worker.journals.items():
        members = {name for place, log in logs.items() if place[1] == number for name in members_of(place, log)}
        assert journal.state.numbers.keys() == members


def test_many_events_in_a_wrong_partition_do_not_end_a_worker_and_many_broken_records_do() -> None:
    scans = [encode(builders.scan(None, "booth", terminal="door-1")) for _ in range(20)]
    home = partition_of(b"door-1", PARTITIONS)

    async def take(records: list[bytes]) -> InMemory:
        worker = InMemory(limit=10)
        await worker.take("fair.scans", (home + 1) % PARTITIONS, list(enumerate(records)))
        return worker

    worker = asyncio.run(take(scans))
    assert [one.reason for one in worker.letters] == ["misplaced"] * 20
    with pytest.raises(MustStop, match="20 records in a row were refused"):
        asyncio.run(take([b"not an event"] * 20))


def members_of(place: tuple[str, int], log: list[tuple[int, bytes | None]]) -> Iterator[str]:
    """Yield the badges and terminals of the events that are at home."""
    for _, raw in log:
        with suppress(InvalidEvent):
            event = decoder(place[0])(raw)
            if partition_of(key_of(event), PARTITIONS) == place[1]:
                yield event.terminal_id
                if who := getattr(event, "badge_ref", None):
                    yield who

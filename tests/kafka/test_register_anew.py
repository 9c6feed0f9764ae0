"""Codes of the register that are not whole in Kafka are named. After the cure, those of erased persons stay spent."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka.admin import NewPartitions

from producers.badges.book import Book
from producers.badges.follower import read_book
from producers.badges.writing import opened_writer
from producers.gateway.events.resolving import resolve
from producers.records import RawRecord
from schemas.badges.register import code_hash
from schemas.cures import REGISTER_ANEW, REGISTER_PART_ANEW
from schemas.settings import KafkaSettings
from schemas.topics import BADGE_CODES
from streams.kafka.topics import admin
from streams.local.kafka import LocalKafka
from tests.support.builders import FAIR as FAIR_ID
from tests.support.builders import scan
from tests.support.fairpulse import fairpulse
from tests.support.logs import PARTITIONS, configure, drop_before
from tests.support.register import KEY, code, fair_file
from tests.support.topics import delete_topics
from tests.support.workers import read_back

pytestmark = pytest.mark.broker

PERSONS = {"ada": 1, "bob": 2, "cem": 3, "dan": 4}
ERASED = ("ada", "dan")


@dataclass
class Organiser:
    """The commands of an organiser, and what Kafka has of the register."""

    servers: str
    folder: Path

    def run(self, *words: str, code: int = 0) -> str:
        file = str(fair_file(self.folder))
        told = {"partitions": str(PARTITIONS), "fair_file": file, "badge_key": KEY.decode()}
        return fairpulse(self.servers, *words, code=code, **told)

    def import_persons(self, persons: dict[str, int], *words: str, code_: int = 0) -> str:
        path = self.folder / "persons.csv"
        lines = [f"{person},media,DE,{code(number)}" for person, number in persons.items()]
        path.write_text("\n".join(["person,role,country,codes", *lines, ""]))
        return self.run("badges", "import", str(path), *words, code=code_)

    def marks(self) -> list[tuple[bytes, bytes]]:
        """Return what the cure saves: the lines of the topic with its word, as key and value.

        Kafka's tools print and read key, tab and value with these options. A Kafka that is started here does not have
        the tools.
        """
        topic = f"--bootstrap-server SERVER --topic {BADGE_CODES.name}"
        assert f"kafka-console-consumer.sh {topic} --from-beginning --timeout-ms 10000 --property print.key=true |" in (
            REGISTER_ANEW
        )
        assert f"kafka-console-producer.sh {topic} --property parse.key=true < MARKS" in REGISTER_ANEW
        (word,) = re.findall(r"[|] grep (\w+) > MARKS", REGISTER_ANEW)
        kept = []
        for _, _, _, key, value in read_back(self.servers, BADGE_CODES.name):
            line = (key or b"null") + b"\t" + (b"null" if value is None else value)
            if word.encode() in line:
                found, _, said = line.partition(b"\t")
                kept.append((found, said))
        return kept

    def write(self, marks: list[tuple[bytes, bytes]]) -> None:
        async def put() -> None:
            async with opened_writer(self.kafka) as writer:
                await writer.write(RawRecord(BADGE_CODES.name, key, value) for key, value in marks)

        asyncio.run(put())

    def book(self) -> Book:
        return asyncio.run(read_book(self.kafka, FAIR_ID))

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self.servers, partitions=PARTITIONS)


def more_partitions(servers: str) -> None:
    async def add() -> None:
        async with admin(KafkaSettings(bootstrap_servers=servers)) as client:
            await client.create_partitions({BADGE_CODES.name: NewPartitions(PARTITIONS + 1)})

    asyncio.run(add())


def head_gone(servers: str) -> None:
    """Delete the first records, as Kafka does in a topic whose policy was changed for a while."""
    configure(servers, BADGE_CODES.name, {**BADGE_CODES.config(), "cleanup.policy": "delete"})
    drop_before(servers, BADGE_CODES.name, 1)
    configure(servers, BADGE_CODES.name, BADGE_CODES.config())


CAUSES: dict[str, tuple[Callable[[str], None], str, str]] = {
    "partitions added": (more_partitions, f"has {PARTITIONS + 1} partitions, not {PARTITIONS}", REGISTER_ANEW),
    "head gone": (head_gone, "begins at offset 1: older records are gone", REGISTER_PART_ANEW),
}


@pytest.mark.parametrize("cause", ["partitions added", pytest.param("head gone", marks=pytest.mark.long)])
def test_codes_that_are_not_whole_are_named_and_those_of_erased_persons_are_spent_after_the_cure(
    cause: str, tmp_path: Path
) -> None:
    spoil, says, cure = CAUSES[cause]
    with LocalKafka.start() as local:
        organiser = Organiser(local.bootstrap_servers, tmp_path)
        organiser.run("topics", "--create")
        organiser.import_persons(PERSONS)
        for person in ERASED:
            organiser.run("badges", "erase", "--person", person, "--yes")
        spoil(organiser.servers)
        checked = organiser.run("topics", "--check", code=1)
        assert re.search(rf"WRONG .*{BADGE_CODES.name}.* {re.escape(says)}; {re.escape(cure)}\n", checked)

        marks = organiser.marks()
        assert len(marks) == len(ERASED), "two codes are spent"
        asyncio.run(delete_topics(organiser.servers, BADGE_CODES.name))
        organiser.run("topics", "--create")
        organiser.write(marks)
        assert "erased 2" in organiser.import_persons(PERSONS)
        assert BADGE_CODES.name not in "".join(
            line for line in organiser.run("topics", "--check").splitlines() if not line.startswith("OK")
        )

        refused = organiser.import_persons({"eve": PERSONS["ada"]}, code_=1)
        assert "code 1 was on the badge of a person who was erased" in refused
        book = organiser.book()
        late = [resolve(scan(role=None, badge_ref=code_hash(KEY, code(one))), book) for one in PERSONS.values()]
        assert [one.erased for one in late] == [True, False, False, True]
        assert [one.waits for one in late] == [False] * len(PERSONS)

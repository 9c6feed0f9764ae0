"""An event in a wrong partition is refused by every reader alike, and counts once after a redrive or a replay.

Every row is an event with a badge, a deal or a terminal of its own. So the numbers are the rows, counted by hand: of
each kind, two of five events lie where they belong, and five when all is put right. One of them was stored twice.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from aiokafka import AIOKafkaProducer
from click import Command
from click.testing import CliRunner

from producers.play.pacing import Pace
from producers.play.replay import ReplayPlan, replay
from producers.records import record_of
from schemas.dead_letters import DeadLetter, record_letter
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.fair.file import example_fair_path, load_fair
from schemas.kafka_access import client_arguments
from schemas.partitioning import partition_of
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from schemas.topics import RECORDED_TOPICS, key_of, topic_of
from schemas.wire import encode
from streams.audit.cli import audit
from streams.history.backfill_run import backfill_kafka, backfill_recording
from streams.history.kpis_then import kpis_then
from streams.history.letters import DeadLetters, read_letters
from streams.history.letters_cli import dead_letters
from streams.history.reading import Span
from streams.history.recorder import record
from streams.history.replay import Kpis, Replay
from streams.local.kafka import LocalKafka
from tests.support import builders
from tests.support.builders import FIRST_DAY, LATENESS
from tests.support.workers import WorkerProcess, eventually, must_equal_the_oracle

pytestmark = pytest.mark.broker
SMALL = example_fair_path("small")
PARTITIONS, OTHER = 4, 3

Make = Callable[[str], Event]
KINDS: dict[str, Make] = {
    "scan": builders.scan,
    "interaction": builders.touch,
    "deal": lambda name: builders.deal(name, value=100_00, binding=True),
    "annulment": builders.annulled,
    "anonymous scan": lambda name: builders.scan(None, "booth", terminal=name),
}
Places = Callable[[bytes, int], Mapping[int, bytes | None]]
"""Returns the partitions in which an event is stored, each with the record's key, given its own key and partition."""

CASES: dict[str, Places] = {
    "by CRC32, as librdkafka": lambda key, _: {crc32(key) % PARTITIONS: key},
    "at random": lambda key, home: {(home + 2) % PARTITIONS: key},
    "without a key, at random": lambda _, home: {(home + 1) % PARTITIONS: None},
    "in two partitions": lambda key, home: {home: key, (home + 1) % PARTITIONS: key},
    "without a key, in the right one": lambda _, home: {home: None},
}


@dataclass(frozen=True)
class Row:
    """An event, and where it is stored: partition and record key."""

    event: Event
    places: Mapping[int, bytes | None]

    @property
    def home(self) -> int:
        return partition_of(key_of(self.event), PARTITIONS)


def row(kind: str, case: str) -> Row:
    """Return the first event of its kind that the case puts where it should be: CRC32 agrees with a quarter of keys."""
    for number in range(100):
        event = KINDS[kind](f"{kind}-{case}-{number}".replace(" ", "-").replace(",", ""))
        places = CASES[case](key_of(event), partition_of(key_of(event), PARTITIONS))
        made = Row(event, places)
        if case != "by CRC32, as librdkafka" or made.home not in places:
            return made
    raise AssertionError("CRC32 and murmur2 agree in all keys")


ROWS = {f"{kind} {case}": row(kind, case) for kind in KINDS for case in CASES}

BEFORE = {"counted": 2, "duplicates": 0, "misplaced": 4}
REDRIVEN = {"counted": 5, "duplicates": 1, "misplaced": 4}
REPLAYED = {"counted": 5, "duplicates": 1, "misplaced": 0}
"""Numbers of each kind."""


def numbers(each: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers of the fair that follow from those of each kind."""
    counted, duplicates, misplaced = each["counted"], each["duplicates"], each["misplaced"]
    return {
        **dict.fromkeys(("visits", "unique_visitors", "passages", "booth scans", "demos", "results"), counted),
        "cents": 100_00 * counted,
        "events fair.scans": 3 * counted,
        "events fair.interactions": counted,
        "events fair.deals": counted,
        **{f"duplicates {topic}": duplicates * of for topic, of in TOPICS.items()},
        **{f"misplaced {topic}": misplaced * of for topic, of in TOPICS.items()},
    }


TOPICS = {"fair.scans": 3, "fair.interactions": 1, "fair.deals": 1}
"""How many kinds are in each."""


def shown(kpis: Kpis) -> dict[str, int]:
    """Return the same numbers as somebody shows them."""
    return {
        "visits": kpis.value("visits", day=FIRST_DAY),
        "unique_visitors": kpis.value("unique_visitors"),
        "passages": kpis.value("gate_passages", gate="north", direction="entry"),
        "booth scans": kpis.value("booth_scans", day=FIRST_DAY, booth="h1-001"),
        "demos": kpis.value("interactions", kind="demo_started"),
        "results": kpis.value("outcomes", kind="transaction"),
        "cents": kpis.value("contract_value", section="finance", currency="EUR"),
        **{f"events {topic}": kpis.value("events", topic=topic) for topic in TOPICS},
        **{f"duplicates {topic}": kpis.value("duplicate_events", topic=topic) for topic in TOPICS},
        **{f"misplaced {topic}": kpis.value("rejected_events", topic=topic, reason="misplaced") for topic in TOPICS},
    }


@dataclass
class Found:
    """A fair with every row in it, before and after the redrive."""

    kafka: KafkaSettings
    recording: Recording
    before: Kpis
    metrics: str
    letters: DeadLetters
    places: dict[tuple[str, int], int]
    said: list[str] = field(default_factory=list)
    after: Kpis | None = None
    audits: list[str] = field(default_factory=list)
    backfilled: list[str] = field(default_factory=list)


def run(kafka: KafkaSettings, command: Command, *words: str | Path) -> str:
    """Run a command; return all that it prints."""
    told = [*map(str, words), "--bootstrap-servers", kafka.bootstrap_servers]
    settings = {"FAIRPULSE_PARTITIONS": str(kafka.partitions)}
    done = CliRunner(env=settings).invoke(command, told, standalone_mode=False)
    assert (done.exception, done.return_value or 0) == (None, 0), done.output
    return done.output


async def store(kafka: KafkaSettings) -> dict[tuple[str, int], int]:
    """Store every row; return the offset of each refused record, by row and partition."""
    offsets = {}
    producer = AIOKafkaProducer(**client_arguments(kafka))
    await producer.start()
    try:
        for name, one in ROWS.items():
            for partition, key in one.places.items():
                made = record_of(one.event)
                stored = await producer.send_and_wait(
                    made.topic, made.value, key, partition=partition, headers=list(made.headers)
                )
                offsets[name, partition] = stored.offset
    finally:
        await producer.stop()
    return offsets


def kpis_of(worker: WorkerProcess) -> Kpis:
    return Kpis(worker.report() or {"kpis": {}})


def stands_at(worker: WorkerProcess, each: Mapping[str, int]) -> Kpis:
    """Return what a worker shows once it shows these numbers."""

    def equal() -> bool:
        report = worker.report()
        return report is not None and shown(Kpis(report)) == numbers(each)

    eventually(equal, f"the worker shows {each} of each kind", seconds=30)
    return kpis_of(worker)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    folder = tmp_path_factory.mktemp("misplaced")
    with LocalKafka.start() as local:
        kafka = KafkaSettings(bootstrap_servers=local.bootstrap_servers, partitions=PARTITIONS)
        worker = WorkerProcess(local.bootstrap_servers, folder / "worker.log", fair_file=str(SMALL)).wait_ready()
        live = ("--live", f"http://127.0.0.1:{worker.port}")
        late = ("--lateness", str(LATENESS.total_seconds()), "--fair", SMALL)
        try:
            places = asyncio.run(store(kafka))
            before = stands_at(worker, BEFORE)
            must_equal_the_oracle(local.bootstrap_servers, worker, fair_file=SMALL)
            path = folder / "day.fairrec"
            asyncio.run(record(kafka, load_fair(SMALL), SMALL.read_bytes(), path, Span()))
            metrics, letters = worker.get("/metrics") or "", asyncio.run(read_letters(kafka))
            made = Found(kafka, Recording(path), before, metrics, letters, places)
            made.audits += [run(kafka, audit, *of, *live, *late) for of in ((), (path,))]
            made.audits.append(run(kafka, audit, path, *late))
            made.backfilled = list(backfill_kafka(kafka, SMALL, LATENESS))
            words = ("redrive", "--reason", "misplaced", "--fair", SMALL)
            made.said.append(run(kafka, dead_letters, *words))
            made.after = stands_at(worker, REDRIVEN)
            made.said.append(run(kafka, dead_letters, *words))
            must_equal_the_oracle(local.bootstrap_servers, worker, fair_file=SMALL)
            yield made
        finally:
            worker.stop()


@pytest.mark.parametrize("name", ROWS)
def test_a_misplaced_event_is_refused_with_a_whole_letter_and_one_in_its_partition_counts(
    found: Found, name: str
) -> None:
    one = ROWS[name]
    topic = topic_of(one.event).name
    mine = {letter.partition: letter for letter in found.letters.letters.values() if letter.raw == encode(one.event)}
    assert mine.keys() == one.places.keys() - {one.home}
    for partition, letter in mine.items():
        assert (letter.topic, letter.offset) == (topic, found.places[name, partition])
        assert letter.is_whole
        assert letter.record_headers == list(record_of(one.event).headers)
        assert letter.message == (
            "the event is not in the partition of its key: "
            f"it is in partition {partition} and belongs to partition {one.home}"
        )
        assert letter.hint.startswith("redrive it with `fairpulse dead-letters redrive --reason misplaced`; ")


def test_the_metric_names_the_reason(found: Found) -> None:
    told = [line for line in found.metrics.splitlines() if 'reason="misplaced"' in line]
    assert sum(float(line.rsplit(" ", 1)[1]) for line in told) == BEFORE["misplaced"] * len(KINDS), told


def test_the_recount_of_kafka_and_of_the_recording_agree_with_the_worker_and_with_the_replay(found: Found) -> None:
    assert [" 0 differences" in said for said in found.audits] == [True] * 3, found.audits


@pytest.mark.parametrize("partitions", [1, 2, PARTITIONS])
def test_a_recording_gives_the_numbers_of_its_worker_in_process(found: Found, partitions: int) -> None:
    assert found.recording.header.partitions == {topic.name: PARTITIONS for topic in RECORDED_TOPICS}
    path = found.recording.path
    final = Replay.of(path, lateness=LATENESS, partitions=partitions).final()
    assert shown(final) == numbers(BEFORE)
    assert final.canonical() == found.before.canonical()
    assert shown(Kpis(kpis_then(path, None, (), None, LATENESS))) == numbers(BEFORE)


def test_a_backfill_of_the_recording_and_of_kafka_have_the_numbers_of_the_worker(found: Found) -> None:
    lines = list(backfill_recording(found.recording, None, LATENESS))
    assert lines == found.backfilled
    last = {line.rsplit(" ", 2)[0]: float(line.split()[-2]) for line in lines if not line.startswith("#")}
    for kpi, number in (("fair_rejected_events", BEFORE["misplaced"] * len(KINDS)), ("fair_unique_visitors", 2)):
        assert sum(value for series, value in last.items() if series.startswith(f"{kpi}{{")) == number


def test_a_redrive_sends_each_event_to_its_own_partition_once(found: Found) -> None:
    assert [said.splitlines()[0] for said in found.said] == [
        "20 redriven, 0 were before",
        "0 redriven, 20 were before",
    ]
    assert found.after is not None
    assert shown(found.after) == numbers(REDRIVEN)


def test_a_replay_into_topics_of_another_number_of_partitions_counts_every_event_once(
    found: Found, tmp_path: Path
) -> None:
    with LocalKafka.start() as local:
        kafka = KafkaSettings(bootstrap_servers=local.bootstrap_servers, partitions=OTHER)
        worker = WorkerProcess(local.bootstrap_servers, tmp_path / "worker.log", partitions=OTHER, fair_file=str(SMALL))
        try:
            worker.wait_ready()
            outcome = asyncio.run(replay(ReplayPlan(recording=found.recording, pace=Pace(speed=0), kafka=kafka)))
            assert (outcome.ending, outcome.acknowledged) == ("complete", 30)
            stands_at(worker, REPLAYED)
            must_equal_the_oracle(local.bootstrap_servers, worker, fair_file=SMALL)
        finally:
            worker.stop()


def test_a_letter_is_another_one_if_it_holds_another_record_of_the_same_place(found: Found) -> None:
    """A topic that was made anew has other records at the same offsets; a fair folded anew writes its letters again."""
    error = InvalidEvent("not_json", "no JSON", hint="send JSON")
    letters = [record_letter("fair.deals", 3, 10**6, raw, error) for raw in (b"{", b"{", b"[", None, b"{")]

    async def send() -> DeadLetters:
        producer: Any = AIOKafkaProducer(**client_arguments(found.kafka))
        await producer.start()
        for key, value in letters:
            await producer.send_and_wait("fair.rejected", value, key, partition=3)
        await producer.stop()
        return await read_letters(found.kafka)

    kept = [one for one in asyncio.run(send()).letters.values() if isinstance(one, DeadLetter) and one.offset == 10**6]
    assert [one.raw for one in kept] == [b"{", b"[", None]

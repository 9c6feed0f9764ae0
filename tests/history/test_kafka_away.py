"""Kafka goes away and comes back, or gives nothing: readers say what they wait for, and lose nothing."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from producers.play.pacing import Pace
from producers.play.replay import ReplayPlan, replay
from producers.records import RawRecord, record_of
from schemas.errors import InvalidRecording, Unavailable
from schemas.events import VisitorScan
from schemas.fair.file import example_fair_path, load_fair
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from streams.audit.run import plan_from
from streams.audit.watch import PATIENCE_ROUNDS, Watch
from streams.history.reading import Span, reading
from streams.history.recorder import WAITS, Taken, record
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.builders import LATENESS
from tests.support.examples import example_event
from tests.support.folded import folded_worker
from tests.support.workers import read_back, send

pytestmark = pytest.mark.broker
FAIR_FILE = example_fair_path()
FAIR = load_fair(FAIR_FILE)

AWAY: dict[str, tuple[Callable[[LocalKafka], None], Callable[[LocalKafka], None]]] = {
    "killed": (LocalKafka.kill, LocalKafka.restart),
    "frozen": (LocalKafka.pause, LocalKafka.resume),
}


def scans(count: int) -> list[RawRecord]:
    scan = example_event(VisitorScan)
    return [record_of(replace(scan, event_id=str(uuid4()), badge_ref=uuid4().hex)) for _ in range(count)]


@pytest.fixture(scope="module")
def local() -> Iterator[LocalKafka]:
    with LocalKafka.start() as started:
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=started.bootstrap_servers, partitions=2)))
        yield started


@pytest.fixture
def kafka(local: LocalKafka, monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    monkeypatch.setenv("FAIRPULSE_PARTITIONS", "2")
    settings = KafkaSettings(bootstrap_servers=local.bootstrap_servers, partitions=2)
    send(settings, scans(6))
    return settings


class Recorder:
    """A recording that follows; readers of this test notice a silence soon.

    Attributes:
        said: its warnings.
        records: how many it has.
    """

    def __init__(self, kafka: KafkaSettings, path: Path) -> None:
        self.said: list[str] = []
        self.records = 0
        self.stop = asyncio.Event()
        self._work = (kafka, FAIR, FAIR_FILE.read_bytes(), path, Span(follow=True))

    def _tell(self, taken: Taken) -> None:
        self.records = taken.records

    async def run(self) -> Taken:
        return await record(*self._work, tell=self._tell, warn=self.said.append, stop=self.stop)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(120):
                while not condition():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{what}: {self.records} records, {self.said}") from None


@pytest.mark.parametrize("how", AWAY)
def test_a_recording_says_that_it_waits_for_kafka_and_loses_nothing(
    local: LocalKafka, kafka: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("streams.history.read_logs.LOOK_S", 1.0)
    monkeypatch.setattr("streams.history.read_logs.SILENT_S", 3.0)
    leave, come_back = AWAY[how]
    there = len(read_back(kafka))

    async def run() -> Taken:
        recorder = Recorder(kafka, tmp_path / "day.fairrec")
        running = asyncio.create_task(recorder.run())
        await recorder.until(lambda: recorder.records == there, "the old records")
        recorder.said.clear()  # a busy machine may be slow as well
        leave(local)
        silence = "nothing came from Kafka for "
        await recorder.until(lambda: any(line.startswith(silence) for line in recorder.said), "it says that it waits")
        assert all(line.endswith(WAITS) for line in recorder.said if line.startswith(silence))
        assert not running.done()
        await asyncio.to_thread(come_back, local)
        await asyncio.to_thread(send, kafka, scans(5))
        await recorder.until(lambda: recorder.records == there + 5, "the new records")
        await recorder.until(lambda: "Kafka answers again: recording goes on" in recorder.said, "it goes on")
        recorder.stop.set()
        return await running

    taken = asyncio.run(run())
    assert (taken.complete, taken.records) == (True, there + 5)
    held = sorted((one.topic, one.partition, one.offset) for one in Recording(tmp_path / "day.fairrec").records())
    assert held == sorted(one[:3] for one in read_back(kafka))


def test_a_recording_that_is_ended_while_kafka_is_away_is_kept_and_not_called_complete(
    local: LocalKafka, kafka: KafkaSettings, tmp_path: Path
) -> None:
    there = len(read_back(kafka))

    async def run() -> Taken:
        recorder = Recorder(kafka, tmp_path / "day.fairrec")
        running = asyncio.create_task(recorder.run())
        await recorder.until(lambda: recorder.records == there, "the old records")
        local.kill()
        recorder.stop.set()
        return await running

    try:
        taken = asyncio.run(run())
    finally:
        local.restart()
    assert not taken.complete
    assert taken.lost is not None
    assert "no Kafka answers at" in taken.lost.message
    assert Recording(tmp_path / "day.fairrec").is_intact()
    assert taken.records == there


def test_a_watching_audit_shows_no_old_zero_while_kafka_is_away_and_goes_on_when_it_is_back(
    local: LocalKafka, kafka: KafkaSettings
) -> None:
    with folded_worker(kafka.bootstrap_servers) as worker:
        worker.fold()
        plan = plan_from(None, [worker.url], None, None, LATENESS, FAIR_FILE, kafka.bootstrap_servers)
        registry = CollectorRegistry()
        watching = Watch(plan, registry)
        shown = registry.get_sample_value
        assert watching.round() is not None
        assert shown("fair_audit_differences") == 0
        local.kill()
        try:
            for failed in range(1, PATIENCE_ROUNDS + 1):
                assert watching.round() is None
                assert (shown("fair_audit_differences") is None) == (failed >= PATIENCE_ROUNDS), failed
        finally:
            local.restart()
        waited = shown("fair_audit_waiting_seconds")
        assert waited is not None
        assert waited > 0
        records = len(read_back(kafka))
        send(kafka, scans(4))
        worker.fold()
        assert watching.round() is not None
        assert (shown("fair_audit_differences"), shown("fair_audit_records")) == (0, records + 4)


def test_a_reader_with_an_end_says_after_a_while_which_partition_gives_nothing(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.history.reading.STILL_S", 1.0)

    async def run() -> None:
        async with reading(kafka, ["fair.scans"], Span()) as reader:
            reader._consumer.pause(*reader._lanes)  # nothing comes, and Kafka answers all other questions
            async for _ in reader.batches():
                pass

    with pytest.raises(Unavailable) as still:
        asyncio.run(run())
    assert still.value.message.startswith("fair.scans[0] was read up to offset 0 of ")
    assert "and then Kafka sent nothing for 1 s, although it answers" in still.value.message
    assert still.value.hint == "see the log of the broker that leads this partition, then run the same command again"


def test_a_damaged_recording_is_not_replayed_into_kafka_not_even_in_part(kafka: KafkaSettings, tmp_path: Path) -> None:
    send(kafka, scans(500))
    path = tmp_path / "day.fairrec"
    asyncio.run(record(kafka, FAIR, FAIR_FILE.read_bytes(), path, Span()))
    there = sorted(read_back(kafka))
    whole = path.read_bytes()
    for damaged in (whole[:-100], whole[:-50] + bytes([whole[-50] ^ 1]) + whole[-49:]):
        path.write_bytes(damaged)
        with pytest.raises(InvalidRecording):
            asyncio.run(replay(ReplayPlan(recording=Recording(path), pace=Pace(speed=0), kafka=kafka)))
        assert sorted(read_back(kafka)) == there

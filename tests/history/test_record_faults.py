"""A recording says what it does not hold: older records, a log that was replaced meanwhile, events of another fair."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import TopicPartition
from click.testing import CliRunner

from producers.play.pacing import Pace
from producers.play.replay import ReplayPlan, replay
from producers.records import RawRecord, record_of
from schemas.console import program
from schemas.errors import FairpulseError, InvalidSettings
from schemas.events import VisitorScan
from schemas.fair.file import example_fair_path, load_fair
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS
from streams.history.backfill_run import backfill_kafka
from streams.history.letters import read_letters
from streams.history.read_logs import LogLost
from streams.history.reading import Span, reading
from streams.history.recorder import Taken, record
from streams.history.replay import Replay
from streams.kafka.topics import admin, ensure_topics, partitions_of
from streams.local.kafka import LocalKafka
from tests.support.builders import LATENESS
from tests.support.examples import example_event
from tests.support.topics import seen
from tests.support.transactions import abort, put, transactional
from tests.support.workers import send

pytestmark = pytest.mark.broker
FAIR_FILE = example_fair_path()
NAMES = [topic.name for topic in ALL_TOPICS]
Change = Callable[[AIOKafkaAdminClient], Awaitable[object]]


def scans(count: int, fair_id: str = "ciftis-2025") -> list[RawRecord]:
    scan = example_event(VisitorScan)
    return [record_of(replace(scan, event_id=str(uuid4()), badge_ref="ab" * 16, fair_id=fair_id)) for _ in range(count)]


@pytest.fixture(scope="module")
def local() -> Iterator[LocalKafka]:
    with LocalKafka.start() as started:
        yield started


@pytest.fixture
def kafka(local: LocalKafka, monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    """Topics of two partitions, with six scans in one of them; readers look at their logs all the time."""
    monkeypatch.setattr("streams.history.read_logs.LOOK_S", 0.2)
    settings = KafkaSettings(bootstrap_servers=local.bootstrap_servers, partitions=2)
    asyncio.run(made_anew(settings))
    send(settings, scans(6))
    return settings


async def made_anew(kafka: KafkaSettings) -> None:
    async with admin(kafka) as client:
        if await partitions_of(client, kafka, NAMES):
            await client.delete_topics(NAMES)
        while await partitions_of(client, kafka, NAMES):
            await asyncio.sleep(0.05)
    await ensure_topics(kafka, ALL_TOPICS)


async def changed(kafka: KafkaSettings, how: Change) -> None:
    async with admin(kafka) as client:
        await how(client)


def place_of(kafka: KafkaSettings) -> TopicPartition:
    """Return the partition with the scans."""

    async def find() -> TopicPartition:
        async with reading(kafka, ["fair.scans"], Span()) as reader:
            async for batch in reader.batches():
                for one in batch:
                    return TopicPartition(one.topic, one.partition)
        raise AssertionError("there are no scans")

    return asyncio.run(find())


def recorded(kafka: KafkaSettings, path: Path, span: Span | None = None) -> tuple[Taken, list[str]]:
    """Record until the end; return how much, and the warnings."""
    warnings: list[str] = []
    fair = load_fair(FAIR_FILE)
    done = record(kafka, fair, FAIR_FILE.read_bytes(), path, span or Span(), warn=warnings.append)
    return asyncio.run(done), warnings


async def deleted_scans(kafka: KafkaSettings) -> None:
    await changed(kafka, lambda client: client.delete_topics(["fair.scans"]))


async def made_anew_longer(kafka: KafkaSettings) -> None:
    await made_anew(kafka)
    await asyncio.to_thread(send, kafka, scans(9))


async def partition_added(kafka: KafkaSettings) -> None:
    await changed(kafka, lambda client: client.create_partitions({"fair.scans": NewPartitions(3)}))
    await seen(kafka, "fair.scans", partitions=3)


MEANWHILE: dict[str, tuple[Callable[[KafkaSettings], Awaitable[None]], str]] = {
    "deleted": (deleted_scans, "topic fair.scans was deleted"),
    "made anew, shorter": (made_anew, "fair.scans["),
    "made anew, longer": (made_anew_longer, "fair.scans["),
    "a partition added": (partition_added, "topic fair.scans has 3 partitions now, and had 2"),
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_a_recording_ends_with_what_it_has_when_a_log_is_not_what_it_was(
    kafka: KafkaSettings, tmp_path: Path, name: str
) -> None:
    change, why = MEANWHILE[name]
    path = tmp_path / "live.fairrec"
    fair = load_fair(FAIR_FILE)

    async def run() -> Taken:
        enough = asyncio.Event()

        def tell(taken: Taken) -> None:
            if taken.records == 6:
                enough.set()

        span = Span(follow=True)
        recorder = asyncio.create_task(record(kafka, fair, FAIR_FILE.read_bytes(), path, span, tell=tell))
        filled = asyncio.ensure_future(enough.wait())
        await asyncio.wait({recorder, filled}, return_when=asyncio.FIRST_COMPLETED)
        assert filled.done(), recorder
        await change(kafka)
        return await asyncio.wait_for(recorder, 40)

    taken = asyncio.run(run())
    assert taken.lost is not None
    assert not taken.complete
    # A topic that is made anew is missing for a moment.
    assert why in taken.lost.message or "was deleted" in taken.lost.message
    assert Recording(path).is_intact()
    assert Recording(path).header.records >= 6
    assert Recording(path).header.left_out == (f"it was ended early, because {taken.lost.message}",)


@pytest.mark.parametrize("gone", [4, 6], ids=["some", "all"])
def test_older_records_that_are_gone_are_counted_and_nobody_takes_the_rest_for_all(
    kafka: KafkaSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str], gone: int
) -> None:
    place = place_of(kafka)
    asyncio.run(changed(kafka, lambda client: client.delete_records({place: RecordsToDelete(before_offset=gone)})))
    taken, warnings = recorded(kafka, tmp_path / "day.fairrec")
    why = f"fair.scans[{place.partition}] begins at offset {gone}: {gone} older records are gone"
    assert (taken.records, taken.complete, warnings) == (6 - gone, True, [why])
    assert Recording(tmp_path / "day.fairrec").header.left_out == (why,)
    plan = ReplayPlan(recording=Recording(tmp_path / "day.fairrec"), pace=Pace(speed=0), kafka=kafka)
    assert asyncio.run(replay(plan)).acknowledged == 6 - gone
    assert f"warning: day.fairrec holds a part only: {why}" in capsys.readouterr().err
    with pytest.raises(FairpulseError, match="these would be the numbers of a part; fill in from a recording"):
        list(backfill_kafka(kafka, FAIR_FILE, LATENESS))


def test_records_behind_an_open_transaction_are_named_in_the_file(kafka: KafkaSettings, tmp_path: Path) -> None:
    place = place_of(kafka)

    async def run() -> Taken:
        async with transactional(kafka.bootstrap_servers) as holder:
            await holder.begin_transaction()
            await put(holder, scans(1), place.partition)
            fair = load_fair(FAIR_FILE)
            return await record(kafka, fair, FAIR_FILE.read_bytes(), tmp_path / "day.fairrec", Span())

    assert asyncio.run(run()).records == 6
    why = f"fair.scans[{place.partition}] has an open transaction: records from offset 6 on are left out"
    assert Recording(tmp_path / "day.fairrec").header.left_out == (why,)


def test_a_recording_that_is_ended_before_it_has_all_names_how_many_records_are_left_out(
    kafka: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.history.recorder.FINISH_S", 0.0)
    path = tmp_path / "day.fairrec"

    async def run() -> Taken:
        stop = asyncio.Event()
        stop.set()
        return await record(kafka, load_fair(FAIR_FILE), FAIR_FILE.read_bytes(), path, Span(follow=True), stop=stop)

    taken = asyncio.run(run())
    assert (taken.records, taken.lag, taken.complete) == (0, 6, False)
    assert Recording(path).header.left_out == ("it was ended early, and 6 records that Kafka had by then are left out",)


def test_a_recording_that_is_started_again_keeps_what_the_one_that_broke_off_took(
    kafka: KafkaSettings, tmp_path: Path
) -> None:
    path = tmp_path / "day.fairrec"
    part = path.with_name("day.fairrec.part")
    recorded(kafka, path)
    path.rename(part)
    morning = part.read_bytes()

    def started(*options: str) -> str:
        command = ["record", str(path), "--until", "end", "--bootstrap-servers", kafka.bootstrap_servers, *options]
        done = CliRunner().invoke(program, command, standalone_mode=False)
        return str(done.exception or "")

    assert started() == "day.fairrec.part holds what a recording took before it broke off; move it away, or delete it"
    assert part.read_bytes() == morning
    assert started("--force") == ""
    assert Recording(path).header.records == 6
    assert not part.exists()


def test_a_backfill_refuses_a_topic_with_another_number_of_partitions_and_a_recording_tells_it(
    kafka: KafkaSettings, tmp_path: Path
) -> None:
    asyncio.run(partition_added(kafka))
    _, warnings = recorded(kafka, tmp_path / "day.fairrec")
    assert [line.startswith("topic fair.scans has 3 partitions, not 2; ") for line in warnings] == [True]
    with pytest.raises(FairpulseError, match="has 3 partitions, not 2, so nothing is filled in"):
        list(backfill_kafka(kafka, FAIR_FILE, LATENESS))


def test_settings_that_are_wrong_are_told_and_recorded_all_the_same(kafka: KafkaSettings, tmp_path: Path) -> None:
    wrong = {"cleanup.policy": "compact"}
    resource = ConfigResource(ConfigResourceType.TOPIC, "fair.scans", wrong)
    asyncio.run(changed(kafka, lambda client: client.alter_configs([resource])))
    asyncio.run(seen(kafka, "fair.scans", wrong))
    taken, warnings = recorded(kafka, tmp_path / "day.fairrec")
    assert taken.records == 6
    assert any("has cleanup.policy=compact, not delete; run `fairpulse topics --correct`" in line for line in warnings)


def test_events_of_another_fair_than_the_fair_file_s_are_not_recorded_under_its_name(
    kafka: KafkaSettings, tmp_path: Path
) -> None:
    asyncio.run(made_anew(kafka))
    send(kafka, scans(3, "other-2025"))
    with pytest.raises(InvalidSettings, match="the events are of the fair other-2025, not of ciftis-2025"):
        recorded(kafka, tmp_path / "day.fairrec")
    assert not list(tmp_path.iterdir())
    with pytest.raises(InvalidSettings, match="whose example is used because no fair file is named"):
        list(backfill_kafka(kafka, None, LATENESS))


def test_a_log_that_begins_with_a_rehearsal_is_recorded_read_and_imported(kafka: KafkaSettings, tmp_path: Path) -> None:
    asyncio.run(made_anew(kafka))
    send(kafka, scans(150, "rehearsal-2025"))
    send(kafka, scans(7))
    path, lines, again = (tmp_path / name for name in ("day.fairrec", "day.jsonl", "again.fairrec"))
    taken, _ = recorded(kafka, path)
    assert taken.records == 157
    assert Recording(path).header.fair_id == "ciftis-2025"
    for one in (path, again):
        for words in (
            ["kpis", path, "events"],
            ["recording", "export", path, "--to", lines],
            ["recording", "import", lines, again, "--fair", FAIR_FILE, "--force"],
        ):
            done = CliRunner().invoke(program, [str(word) for word in words], standalone_mode=False)
            assert done.exception is None, words
        assert Replay.of(one).final().value("events", topic="fair.scans") == 7
    lines = list(backfill_kafka(kafka, FAIR_FILE, LATENESS))
    assert any(line.startswith('fair_events{topic="fair.scans"') for line in lines)


def test_a_recording_that_goes_on_is_ended_once_all_that_kafka_has_is_of_another_fair(
    kafka: KafkaSettings, tmp_path: Path
) -> None:
    asyncio.run(made_anew(kafka))
    send(kafka, scans(150, "other-2025"))
    with pytest.raises(InvalidSettings, match="the events are of the fair other-2025, not of ciftis-2025"):
        recorded(kafka, tmp_path / "day.fairrec", Span(follow=True))
    assert not list(tmp_path.iterdir())


def test_older_dead_letters_that_are_gone_are_told(kafka: KafkaSettings) -> None:
    send(kafka, [RawRecord("fair.rejected", b"k", b"not a letter")] * 3)

    async def cut() -> None:
        for number in range(2):
            place = TopicPartition("fair.rejected", number)
            async with admin(kafka) as client:
                await client.delete_records({place: RecordsToDelete(before_offset=-1)})

    asyncio.run(cut())
    notes = asyncio.run(read_letters(kafka)).notes
    assert len(notes) == 1
    assert notes[0].endswith("begins at offset 3: 3 older records are gone")


def test_a_span_that_lies_outside_of_the_log_is_refused_at_once(kafka: KafkaSettings) -> None:
    place = place_of(kafka)

    async def read(span: Span) -> None:
        async with reading(kafka, ["fair.scans"], span) as reader:
            async for _ in reader.batches():
                pass

    for span in (Span(upto={(place.topic, place.partition): 6}), Span(after={(place.topic, place.partition): 9})):
        with pytest.raises(LogLost, match="ends at offset 6"):
            asyncio.run(read(span))
    asyncio.run(read(Span(upto={(place.topic, place.partition): 5})))


def test_a_partition_with_nothing_but_markers_is_read_to_its_end(kafka: KafkaSettings) -> None:
    asyncio.run(abort(kafka.bootstrap_servers, scans(2), 0))
    asyncio.run(abort(kafka.bootstrap_servers, scans(2), 1))

    async def read() -> int:
        async with reading(kafka, ["fair.scans"], Span()) as reader:
            return sum([len(batch) async for batch in reader.batches()])

    assert asyncio.run(asyncio.wait_for(read(), 20)) == 6


def test_records_with_any_headers_are_the_same_after_a_replay(kafka: KafkaSettings, tmp_path: Path) -> None:
    asyncio.run(made_anew(kafka))
    event = scans(1)[0]
    odd = (("ce_id", b"1"), ("twice", b"a"), ("twice", b"b"), ("none", None), ("empty", b""), ("bytes", b"\xff\x00"))
    send(
        kafka,
        [
            event._replace(headers=odd),
            event._replace(headers=()),
            RawRecord("fair.deals", b"key alone", None, odd),  # type: ignore[arg-type]
            RawRecord("fair.deals", None, b"value alone", odd),  # type: ignore[arg-type]
        ],
    )
    first, second = tmp_path / "first.fairrec", tmp_path / "second.fairrec"
    recorded(kafka, first)
    asyncio.run(made_anew(kafka))
    outcome = asyncio.run(replay(ReplayPlan(recording=Recording(first), pace=Pace(speed=0), kafka=kafka)))
    assert outcome.acknowledged == 4
    recorded(kafka, second)

    def held(path: Path) -> list[tuple[object, ...]]:
        return sorted(
            ((one.topic, one.key, one.value, one.headers) for one in Recording(path).records()),
            key=str,
        )

    assert held(second) == held(first)
    assert [one for one in held(first) if one[3] == odd], "headers as they were"

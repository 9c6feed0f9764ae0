"""A fair has the same numbers live, recorded, and replayed at any speed through any number of partitions."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from producers.play.pacing import Pace
from producers.play.replay import ReplayPlan, replay
from schemas.errors import InvalidRecording
from schemas.fair.file import example_fair_path, load_fair
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from streams.history.reading import Span, reading
from streams.history.recorder import record
from streams.history.replay import Kpis, Replay
from streams.local.kafka import LocalKafka
from tests.support.builders import LATENESS
from tests.support.workers import WorkerProcess, eventually, fair_of, must_equal_the_oracle, send

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]
FAIR_FILE = example_fair_path()


def record_all(bootstrap_servers: str, path: Path) -> Recording:
    """Record the current content of the topics."""
    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers)
    fair = load_fair(FAIR_FILE)
    asyncio.run(record(kafka, fair, FAIR_FILE.read_bytes(), path, Span()))
    return Recording(path)


def replay_into(bootstrap_servers: str, recording: Recording, speed: float = 0) -> None:
    plan = ReplayPlan(
        recording=recording, pace=Pace(speed=speed), kafka=KafkaSettings(bootstrap_servers=bootstrap_servers)
    )
    outcome = asyncio.run(replay(plan))
    assert outcome.ending == "complete"


def test_a_recording_gives_the_live_numbers_in_process_and_through_three_partitions(
    broker: str, start_worker: Start, tmp_path: Path
) -> None:
    live = start_worker().wait_ready()
    send(broker, fair_of(visitors=300, seed=41))
    must_equal_the_oracle(broker, live)
    shown = Kpis(live.report() or {})
    recording = record_all(broker, tmp_path / "day.fairrec")
    assert recording.header.complete
    assert recording.is_intact()
    assert [one.timestamp_ms for one in recording.records()] == sorted(one.timestamp_ms for one in recording.records())
    final = Replay.of(recording.path, lateness=LATENESS).final()
    assert final.canonical() == shown.canonical()

    # Replay into the running fair: every event comes a second time, and nothing is counted twice.
    replay_into(broker, recording)
    must_equal_the_oracle(broker, live)
    again = Kpis(live.report() or {})
    for name in ("events", "visits", "unique_visitors", "interactions"):
        assert again.report["kpis"][name] == shown.report["kpis"][name]

    with LocalKafka.start() as other:
        worker = WorkerProcess(other.bootstrap_servers, tmp_path / "other.log", partitions=3)
        try:
            worker.wait_ready()
            replay_into(other.bootstrap_servers, recording)
            must_equal_the_oracle(other.bootstrap_servers, worker)
            assert Kpis(worker.report() or {}).canonical() == shown.canonical()
        finally:
            worker.stop()


@pytest.mark.long
def test_any_speed_gives_the_same_windows(tmp_path: Path) -> None:
    with LocalKafka.start() as source:
        starting = WorkerProcess(source.bootstrap_servers, tmp_path / "topics.log").wait_ready()
        starting.stop()
        # Six seconds of the rush, so that playing it in real time takes six seconds.
        stream = fair_of(visitors=9_000, seed=42)
        middle = len(stream) // 3
        first = stream[middle].at_ms
        send(source.bootstrap_servers, [one for one in stream[middle:] if one.at_ms < first + 6_000])
        recording = record_all(source.bootstrap_servers, tmp_path / "rush.fairrec")
    assert recording.header.records > 30
    expected = Replay.of(recording.path, lateness=LATENESS).final()
    for speed in (1, 0):
        with LocalKafka.start() as target:
            worker = WorkerProcess(target.bootstrap_servers, tmp_path / f"x{speed}.log")
            try:
                worker.wait_ready()
                replay_into(target.bootstrap_servers, recording, speed)
                eventually(
                    lambda worker=worker: (worker.report() or {}).get("kpis") == expected.report["kpis"],
                    f"x{speed} gives the same days, fair and windows of minutes",
                )
            finally:
                worker.stop()


def test_ctrl_c_completes_a_recording_that_follows_the_topics(broker: str, start_worker: Start, tmp_path: Path) -> None:
    start_worker().wait_ready()
    path = tmp_path / "live.fairrec"
    command = [sys.executable, "-m", "streams", "record", str(path), "--bootstrap-servers", broker]
    recorder = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    records = fair_of(visitors=40, seed=43)
    send(broker, records)
    part = path.with_name(path.name + ".part")

    def events_in_file() -> int:
        with suppress(InvalidRecording, FileNotFoundError):  # not there yet, or nothing is in it yet
            return sum(one.topic != "fair.rejected" for one in Recording(part).records())
        return 0

    eventually(lambda: events_in_file() == len(records), "all is in the file while it is still being written")
    recorder.send_signal(signal.SIGINT)
    _, said = recorder.communicate(timeout=30)
    assert recorder.returncode == 0, said
    assert "live.fairrec: " in said
    assert Recording(path).header.complete
    assert not part.exists()


def test_a_span_without_records_is_read_to_its_end(broker: str) -> None:
    async def read_nothing() -> list[object]:
        nothing = Span(after={}, upto={})
        async with reading(KafkaSettings(bootstrap_servers=broker), ["fair.scans"], nothing) as reader:
            return [record async for batch in reader.batches() for record in batch]

    subprocess.run(
        [sys.executable, "-m", "streams", "topics", "--create"],
        env=os.environ | {"FAIRPULSE_BOOTSTRAP_SERVERS": broker},
        check=True,
    )
    assert asyncio.run(read_nothing()) == []

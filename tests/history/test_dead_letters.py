"""Dead letters are listed, shown, and redriven when the cause is gone: each event once, with its own id."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from producers.records import RawRecord, record_of
from schemas.cloud_events import headers_of
from schemas.dead_letters import record_letter
from schemas.errors import InvalidEvent
from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings
from schemas.wire import encode
from streams.history import redrive as redriving
from streams.history.letters import read_letters
from streams.history.reading import Span, reading
from streams.history.redrive import RedrivePlan, plan_redrive, redrive
from streams.kafka.topics import ensure_topics
from tests.support import builders
from tests.support.workers import WorkerProcess, eventually, send

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


def test_events_of_a_forgotten_booth_are_redriven_once_the_fair_file_names_it(
    broker: str, start_worker: Start, tmp_path: Path
) -> None:
    whole = example_fair_path("small").read_text()
    assert "h1-001" in whole
    forgotten = tmp_path / "forgotten.yaml"
    forgotten.write_text(whole.replace("h1-001", "h1-999"))
    scans = [builders.scan(who, kind="booth", booth_id="h1-001") for who in ("ada", "bob", "cy")]
    poison = [RawRecord("fair.scans", b"k", b"{not json"), RawRecord("fair.deals", b"k", None)]
    worker = start_worker(fair_file=str(forgotten)).wait_ready()
    send(broker, [*map(record_of, scans), *poison])
    eventually(lambda: rejected(worker) == 5, "all five are refused")

    kafka = KafkaSettings(bootstrap_servers=broker)
    report = worker.report("events") or {}
    assert report["partitions_total"] == len(report["partitions"]), "this worker alone has all partitions"
    letters = asyncio.run(read_letters(kafka))
    reasons = sorted(letter.reason for letter in letters.letters.values())
    assert reasons == ["empty", "not_json", "unknown_place", "unknown_place", "unknown_place"]
    assert len(letters.of("unknown_place", scans[0].terminal_id)) == 3

    def plan(fair_file: Path, reason: str | None = None) -> RedrivePlan:
        nonlocal letters
        letters = asyncio.run(read_letters(kafka))
        return plan_redrive(letters, load_fair(fair_file), reason, None)

    # As long as the fair file is wrong, nothing is sent: it would only be refused again.
    assert not plan(forgotten).ready
    mended = plan(example_fair_path("small"))
    assert (len(mended.ready), mended.done, mended.refused) == (3, 0, {("empty",) * 2: 1, ("not_json",) * 2: 1})
    assert {event.event_id for event in mended.ready.values()} == {scan.event_id for scan in scans}

    worker.stop()
    after = start_worker(fair_file=str(example_fair_path("small"))).wait_ready()
    assert after.events() == 0, (
        "a new booth does not change the meaning: the journal continues, and refused events stay refused"
    )
    asyncio.run(redrive(kafka, letters, mended))
    after.wait_events(3)
    assert Counter(asyncio.run(scans_with_headers(kafka))) == Counter(
        [(encode(scan), headers_of(scan)) for scan in scans] * 2
    ), "a redriven event is the same record"
    again = plan(example_fair_path("small"))
    assert (len(again.ready), again.done) == (0, 3)
    # Even sent a second time, without looking at the marks, nothing is counted twice.
    asyncio.run(redrive(kafka, letters, mended))
    eventually(lambda: duplicates(after) == 3, "the redriven events came again")
    assert after.events() == 3


def test_a_redrive_may_take_longer_than_one_event(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka, fair = KafkaSettings(bootstrap_servers=broker), load_fair(example_fair_path("small"))
    scans = [builders.scan(f"redriven-{number}") for number in range(3_000)]
    error = InvalidEvent("unknown_place", "no such booth")
    letters = [record_letter("fair.scans", 0, 10**6 + at, encode(scan), error) for at, scan in enumerate(scans)]
    asyncio.run(ensure_topics(kafka))
    send(kafka, [RawRecord("fair.rejected", key, value) for key, value in letters])
    found = asyncio.run(read_letters(kafka))
    plan = plan_redrive(found, fair, "unknown_place", None)
    sent = {event.event_id for event in plan.ready.values()}
    assert {scan.event_id for scan in scans} <= sent
    monkeypatch.setattr(redriving, "PATIENCE_S", 3.0)  # two acknowledgements take some milliseconds
    asyncio.run(redrive(kafka, found, plan))
    assert not plan_redrive(asyncio.run(read_letters(kafka)), fair, "unknown_place", None).ready


async def scans_with_headers(kafka: KafkaSettings) -> list[tuple[bytes | None, Any]]:
    """Return value and headers of every scan in Kafka."""
    async with reading(kafka, ["fair.scans"], Span()) as reader, aclosing(reader.batches()) as batches:
        return [(one.value, one.headers) async for batch in batches for one in batch if one.key != b"k"]


def rejected(worker: WorkerProcess) -> int:
    return shown(worker, "rejected_events")


def duplicates(worker: WorkerProcess) -> int:
    return shown(worker, "duplicate_events")


def shown(worker: WorkerProcess, name: str) -> int:
    """Return the number of the whole fair; -1 without an answer."""
    report = worker.report(name)
    return -1 if report is None else sum(one["value"] for one in report["kpis"][name]["windows"]["fair"])

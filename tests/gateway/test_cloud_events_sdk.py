"""The CloudEvents SDK for Python reads our topics: what the gateway and the simulator wrote, recorded and replayed."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event
from cloudevents.v1.kafka import KafkaMessage as KafkaMessageV1
from cloudevents.v1.kafka import from_binary

from producers.play.fleet import terminals_of
from producers.play.pacing import Pace
from producers.play.replay import ReplayPlan, replay
from producers.play.simulator.emission import BadRecord, Emission
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from producers.play.sinks import KafkaSink
from schemas.fair.file import example_fair_path, load_fair
from schemas.recording.frames import RecordedRecord
from schemas.recording.inspection import export_lines, import_lines
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.history.reading import Span, reading
from streams.local.kafka import LocalKafka
from tests.support.gateway import BADGE, BOOTH, GatewayProcess, deal, event

pytestmark = pytest.mark.broker

FAIR_FILE = example_fair_path("small")


def at(kafka: LocalKafka) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=4)


def records_of(kafka: LocalKafka, event_ids: Iterable[str]) -> list[RecordedRecord]:
    """Return the records of some events, in the order in which Kafka took them."""
    wanted = set(event_ids)

    async def run() -> list[RecordedRecord]:
        topics = [topic.name for topic in EVENT_TOPICS]
        async with reading(at(kafka), topics, Span()) as reader, aclosing(reader.batches()) as batches:
            return [one async for batch in batches for one in batch if id_in(one) in wanted]

    return asyncio.run(run())


def id_in(one: RecordedRecord) -> str:
    return str(json.loads(one.value or b"{}")["event_id"])


def read_by_sdk(one: RecordedRecord) -> dict[str, Any]:
    """Return the attributes and the data of a record, after both generations of the SDK have agreed on them."""
    headers = {name: value or b"" for name, value in one.headers}
    new = from_kafka_event(KafkaMessage(headers, one.key, one.value or b""))
    old = from_binary(KafkaMessageV1(headers, one.key, one.value or b""))
    read = {**new.get_attributes(), "data": new.get_data()}
    assert old.get_data() == read["data"]
    texts = {name: value for name, value in read.items() if isinstance(value, str) and name != "partitionkey"}
    assert texts.items() <= old.get_attributes().items()
    return read


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
EXTENSIONS = {"traceparent": TRACE, "sampled": True, "attempt": 3, "place": "Köln"}
POSTED = {
    "scan": event(time="2025-10-25T11:00:00.5+02:00", subject="lane", dataschema="https://example.org/scan"),
    "scan with extensions": event(**EXTENSIONS),
    "scan with an id that is not a UUID": event(id="Scan/0017"),
    "interaction": event(
        type="fair.exhibit.interaction.v1",
        data={"interaction_kind": "demo_started", "exhibit_id": "x-e1", "exhibitor_id": "e1", "badge_ref": BADGE},
    ),
    "deal": deal(),
    "annulment": event(
        type="fair.scan.annulled.v1",
        data={"target": event()["id"], "target_type": "fair.visitor.scanned.v1", "why": "mistake"},
    ),
}
STORED_IDS = {"Scan/0017": "ac5f61f2-ab28-5976-ac2a-1f2e6d343e89"}


@pytest.fixture(scope="module")
def stored(gateway: GatewayProcess, log_of_events: LocalKafka) -> dict[str, RecordedRecord]:
    """The records of all posted events, by the id that was posted."""
    for posted in POSTED.values():
        answer = gateway.post(posted)
        assert answer.status == 202, answer.body
    found = records_of(log_of_events, [STORED_IDS.get(posted["id"], posted["id"]) for posted in POSTED.values()])
    return {dict(one.headers)["ce_id"].decode(): one for one in found}  # type: ignore[union-attr]


@pytest.mark.parametrize("posted", POSTED.values(), ids=POSTED)
def test_an_event_of_the_gateway_is_the_cloudevent_that_was_posted(
    stored: dict[str, RecordedRecord], posted: dict[str, Any]
) -> None:
    one = stored[posted["id"]]
    read = read_by_sdk(one)
    texts = {"sampled": "true", "attempt": "3"}
    expected = {name: texts.get(name, value) for name, value in posted.items() if name not in ("time", "data")}
    assert read["time"] == datetime.fromisoformat(posted["time"])
    assert read["data"] == json.loads(one.value or b"")
    assert read["data"]["terminal_id"] == BOOTH.terminal_id
    assert {name: value for name, value in read.items() if name not in ("time", "data")} == {
        **expected,
        "datacontenttype": "application/json",
        "partitionkey": (one.key or b"").decode(),
    }


def test_a_simulated_event_is_a_cloudevent_live_recorded_and_replayed(
    log_of_events: LocalKafka, tmp_path: Path
) -> None:
    fair = load_fair(FAIR_FILE)
    sources = {terminal.terminal_id: terminal.source for terminal in terminals_of(fair)}
    day = emissions(fair, replace(scenario_named("fair_day"), visitors=60), 4711)
    made = {one.event_id: one for one in islice((one for one in day if not isinstance(one.fact, BadRecord)), 400)}
    asyncio.run(send(at(log_of_events), made.values()))
    live = records_of(log_of_events, made)
    assert {id_in(one) for one in live} == made.keys()
    kinds = set()
    for one in live:
        read, told = read_by_sdk(one), json.loads(one.value or b"")
        assert (read["id"], read["source"]) == (told["event_id"], sources[told["terminal_id"]])
        assert (read["time"], read["data"]) == (datetime.fromisoformat(told["occurred_at"]), told)
        kinds.add(read["type"])
    assert kinds >= {"fair.visitor.scanned.v1", "fair.exhibit.interaction.v1", "fair.deal.signed.v1"}

    path, lines, again = tmp_path / "day.fairrec", tmp_path / "day.jsonl", tmp_path / "again.fairrec"
    with RecordingWriter(path, fair.fair_id, {}, FAIR_FILE.read_bytes()) as writer:
        for one in live:
            writer.write(one)
    export_lines(path, lines)
    import_lines(lines.read_bytes().splitlines(), again, FAIR_FILE)
    recording = Recording(again)
    assert list(recording.records()) == live

    outcome = asyncio.run(replay(ReplayPlan(recording=recording, pace=Pace(speed=0), kafka=at(log_of_events))))
    assert outcome.acknowledged == len(live)
    counts = Counter((one.key, one.value, one.headers) for one in records_of(log_of_events, made))
    assert counts == Counter((one.key, one.value, one.headers) for one in [*live, *live])


async def send(kafka: KafkaSettings, records: Iterable[Emission]) -> None:
    async with KafkaSink(kafka) as sink:
        for one in records:
            await sink.send(one)

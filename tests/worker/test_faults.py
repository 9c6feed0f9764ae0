"""Records that are not events, a journal that cannot be written, a journal that is lost."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from producers.records import RawRecord
from schemas.settings import KafkaSettings
from schemas.topics import DEALS, INTERACTIONS, SCANS, journal_topic
from streams.kafka.topics import admin
from streams.worker.failstop import EXIT_MUST_STOP
from tests.support.workers import WorkerProcess, eventually, fair_of, must_equal_the_oracle, read_back, send

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]

POISON = {
    "not_json": RawRecord(SCANS.name, b"a", b"\xff\x00 no event"),
    "empty": RawRecord(INTERACTIONS.name, b"b", b""),
    "unknown_type": RawRecord(DEALS.name, b"c", b'{"type":"fair.deal.dreamt.v1"}'),
}


def letters(broker: str) -> dict[str, dict[str, object]]:
    """Return the dead letters by the place of their record. A letter that was written twice is one letter."""
    return {(key or b"").decode(): json.loads(value or b"") for *_, key, value in read_back(broker, "fair.rejected")}


def test_a_poison_record_becomes_a_dead_letter_and_its_partition_moves_on(broker: str, start_worker: Start) -> None:
    worker = start_worker().wait_ready()
    good = fair_of(visitors=40, seed=21)
    send(broker, good[:200])
    send(broker, POISON.values())
    send(broker, good[200:])
    must_equal_the_oracle(broker, worker)
    there = letters(broker)
    for reason, record in POISON.items():
        [letter] = [one for one in there.values() if base64.b64decode(str(one["value"])) == record.value]
        assert (letter["reason"], letter["topic"]) == (reason, record.topic)
        assert f"{letter['topic']}-{letter['partition']}-{letter['offset']}" in there
        assert letter["hint"]
    worker.kill()
    must_equal_the_oracle(broker, start_worker().wait_ready())


def test_a_worker_that_refuses_everything_stops_and_says_what_to_do(broker: str, start_worker: Start) -> None:
    worker = start_worker(max_consecutive_rejects="50").wait_ready()
    send(broker, [RawRecord(SCANS.name, b"k%d" % number, b"nonsense") for number in range(200)])
    assert worker.wait_exit() == EXIT_MUST_STOP
    assert "records in a row were refused" in worker.said()
    assert "redrive the dead letters" in worker.said()
    assert len(letters(broker)) >= 50


def test_a_journal_that_refuses_an_append_stops_the_worker_and_loses_nothing(broker: str, start_worker: Start) -> None:
    worker = start_worker().wait_ready()
    records = fair_of(visitors=150, seed=22)
    send(broker, records[:500])
    must_equal_the_oracle(broker, worker)
    journal = journal_of(broker)
    right = journal_topic(journal).config()
    configure(broker, journal, {**right, "max.message.bytes": "100"})
    send(broker, records[500:])
    assert worker.wait_exit() == EXIT_MUST_STOP
    assert "could not be journalled" in worker.said()
    configure(broker, journal, right)
    must_equal_the_oracle(broker, start_worker().wait_ready())


def test_a_lost_journal_is_rebuilt_from_offset_0_of_the_event_topics(broker: str, start_worker: Start) -> None:
    worker = start_worker().wait_ready()
    send(broker, fair_of(visitors=200, seed=23))
    must_equal_the_oracle(broker, worker)
    assert worker.stop() == 0
    delete(broker, journal_of(broker))
    again = start_worker().wait_ready()
    must_equal_the_oracle(broker, again)
    assert again.metric("fair_worker_records_total") > 0


def test_a_worker_ends_cleanly_when_it_is_asked_to(broker: str, start_worker: Start) -> None:
    worker = start_worker().wait_ready()
    send(broker, fair_of(visitors=30, seed=24)[:300])
    eventually(lambda: worker.events() > 0, "events are folded")
    assert worker.stop() == 0
    assert "Traceback" not in worker.said()


def test_a_port_that_is_taken_is_one_line_with_a_remedy(broker: str, start_worker: Start) -> None:
    first = start_worker().wait_ready()
    second = start_worker(metrics_port=str(first.port))
    assert second.wait_exit() != 0
    assert f"port {first.port} is taken by another program" in second.said()
    assert "Traceback" not in second.said()


def with_admin(broker: str, work: Callable[[AIOKafkaAdminClient], object]) -> object:
    async def run() -> object:
        async with admin(KafkaSettings(bootstrap_servers=broker)) as client:
            return await work(client)  # type: ignore[misc]

    return asyncio.run(run())


def journal_of(broker: str) -> str:
    names = with_admin(broker, lambda client: client.list_topics())
    [journal] = [name for name in names if name.endswith("-journal-changelog")]  # type: ignore[attr-defined]
    return str(journal)


def configure(broker: str, topic: str, settings: Mapping[str, str]) -> None:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs=dict(settings))
    with_admin(broker, lambda client: client.alter_configs([resource]))


def delete(broker: str, topic: str) -> None:
    with_admin(broker, lambda client: client.delete_topics([topic]))
    eventually(lambda: topic not in with_admin(broker, lambda client: client.list_topics()), f"{topic} is gone")  # type: ignore[operator]

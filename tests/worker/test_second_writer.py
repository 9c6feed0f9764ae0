"""A worker that lost its partition and still appends to the journal; and a Kafka that is not there."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas.ports import HOST, free_port
from schemas.settings import KafkaSettings
from streams.kafka.topics import admin
from streams.worker.failstop import EXIT_MUST_STOP
from tests.support.workers import WorkerProcess, fair_of, must_equal_the_oracle, read_back, send

pytestmark = pytest.mark.broker
Start = Callable[..., WorkerProcess]


def test_a_second_writer_of_the_journal_stops_the_worker_and_changes_no_number(
    broker: str, start_worker: Start
) -> None:
    worker = start_worker().wait_ready()
    records = fair_of(visitors=100, seed=31)
    send(broker, records[:800])
    must_equal_the_oracle(broker, worker)
    asyncio.run(append_old_records_again(broker))
    send(broker, records[800:])
    assert worker.wait_exit() == EXIT_MUST_STOP
    assert "another worker writes this journal" in worker.said()
    again = start_worker().wait_ready()
    must_equal_the_oracle(broker, again)
    assert "ignoring a journal record" in again.said()


def test_without_a_broker_a_worker_says_so_in_one_line_and_ends_with_1(tmp_path: Path) -> None:
    worker = WorkerProcess(f"{HOST}:{free_port()}", tmp_path / "worker.log")
    try:
        assert worker.wait_exit() == 1
        assert "no Kafka answers" in worker.said()
        assert "Traceback" not in worker.said()
    finally:
        worker.kill()


async def append_old_records_again(broker: str) -> None:
    """Act like a worker that woke up late: append to every partition a record that continues an old one."""
    async with admin(KafkaSettings(bootstrap_servers=broker)) as client:
        [journal] = [name for name in await client.list_topics() if name.endswith("-journal-changelog")]
    old = await asyncio.to_thread(read_back, broker, journal)
    async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
        for _, partition, offset, key, value in old:
            if offset == 0:
                await producer.send_and_wait(journal, value, key=key, partition=partition)

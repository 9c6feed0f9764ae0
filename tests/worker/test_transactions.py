"""Events from transactional producers: committed ones count, aborted ones do not, and an open transaction is named."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas.topics import SCANS
from tests.support.logs import PARTITIONS, clean, day_of, send_raw, sent_as
from tests.support.workers import WATCHFUL, WorkerProcess, eventually, must_equal_the_oracle

pytestmark = pytest.mark.broker


def test_committed_events_count_aborted_ones_do_not_and_an_open_transaction_is_named(
    broker: str, tmp_path: Path
) -> None:
    clean(broker)
    file, records = day_of(tmp_path, "transactions", most=300)
    worker = WorkerProcess(
        broker,
        tmp_path / "worker.log",
        partitions=PARTITIONS,
        program=WATCHFUL,
        fair_file=str(file),
    ).wait_ready()
    try:
        send_raw(broker, sent_as(records[:100]))
        send_raw(broker, sent_as(records[100:200]), end="abort")
        send_raw(broker, sent_as(records[200:]), end="commit")
        must_equal_the_oracle(broker, worker, fair_file=file)
        eventually(lambda: worker.metric("fair_worker_lag_records") == 0, "markers at the end do not count as lag")
        first = worker.events()
        asyncio.run(open_transaction(broker, worker))
        eventually(lambda: worker.metric("fair_worker_transaction_seconds") == 0, "no transaction is open any more")
        eventually(lambda: worker.metric("fair_worker_lag_records") == 0, "all is read")
        assert worker.events() == first, "the aborted events do not count"
        must_equal_the_oracle(broker, worker, fair_file=file)
    finally:
        worker.kill()


async def open_transaction(broker: str, worker: WorkerProcess) -> None:
    """Leave a transaction open until the worker names it, then abort it."""
    producer = AIOKafkaProducer(bootstrap_servers=broker, transactional_id="hanging")
    await producer.start()
    try:
        await producer.begin_transaction()
        for number in range(5):
            await producer.send_and_wait(SCANS.name, b"no event %d" % number, partition=0)
        named = "a transaction is open, and the records behind it wait"
        await asyncio.to_thread(eventually, lambda: named in worker.said(), "the transaction is named")
        said = worker.said()
        assert "--topic fair.scans --partition 0 --start-offset" in said
        assert worker.metric("fair_worker_transaction_seconds") > 0
        assert worker.metric("fair_worker_lag_records") == 5
        await producer.abort_transaction()
    finally:
        await producer.stop()

"""Every sink keeps the same promise: what it says is acknowledged, is there."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from producers.sinks import EventSink, KafkaSink, MemorySink, RawRecord, Record
from schemas.errors import Unavailable
from schemas.settings import KafkaSettings
from schemas.topics import SCANS
from streams.local.ports import HOST, free_port
from streams.topics_admin import ensure_topics
from tests.support.broker import Broker

RECORDS = [RawRecord(SCANS.name, b"k%d" % (number % 7), b"sink-%d" % number) for number in range(500)]


async def keeps_its_promise(make: Callable[[Callable[[Record], None]], EventSink]) -> list[Record]:
    told: list[Record] = []
    async with make(told.append) as sink:
        for record in RECORDS:
            await sink.send(record)
        await sink.flush()
        assert sink.acknowledged == sink.sent == len(RECORDS)
    assert sorted(record.value for record in told) == sorted(record.value for record in RECORDS)
    return told


async def test_memory_keeps_what_it_is_sent() -> None:
    sinks: list[MemorySink] = []

    def make(told: Callable[[Record], None]) -> MemorySink:
        sinks.append(MemorySink(told))
        return sinks[0]

    await keeps_its_promise(make)
    assert [record.value for record in sinks[0].records] == [record.value for record in RECORDS]


@pytest.mark.broker
async def test_kafka_has_what_it_acknowledged_in_order_of_each_key(kafka: Broker) -> None:
    await ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
    await keeps_its_promise(lambda told: KafkaSink(kafka.bootstrap_servers, told))
    there = await read_all(kafka.bootstrap_servers)
    mine = [record for record in there if record[1].startswith(b"sink-")]
    assert sorted(mine) == sorted((record.key, record.value) for record in RECORDS)
    for key in {record.key for record in RECORDS}:
        assert [value for k, value in mine if k == key] == [r.value for r in RECORDS if r.key == key]


async def test_a_broker_that_is_not_there_is_named_with_the_remedy() -> None:
    address = f"{HOST}:{free_port()}"
    with pytest.raises(Unavailable, match=address) as refused:
        async with KafkaSink(address, patience_s=2):
            pass
    assert "fairpulse kafka" in refused.value.hint


@pytest.mark.broker
def test_an_interrupted_simulation_leaves_a_ledger_of_exactly_what_it_sent(kafka: Broker, tmp_path: Path) -> None:
    asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)))
    ledger, log = tmp_path / "ledger.json", tmp_path / "simulate.log"
    before = len(asyncio.run(read_all(kafka.bootstrap_servers)))
    options = ["--visitors", "400", "--rate", "500", "--speed", "0", "--ledger", str(ledger)]
    command = [sys.executable, "-m", "producers", "simulate", "--bootstrap-servers", kafka.bootstrap_servers, *options]
    with log.open("wb") as output:
        running = subprocess.Popen(command, stderr=output, stdout=output)
        deadline = time.monotonic() + 60
        while b"acknowledged" not in log.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
    assert b"stopped:" in log.read_bytes()
    assert b"Traceback" not in log.read_bytes()
    kpis = json.loads(ledger.read_text())["kpis"]
    booked = sum(
        one["value"] for name in ("events", "duplicate_events", "rejected_events") for one in kpis[name].get("fair", [])
    )
    assert booked == len(asyncio.run(read_all(kafka.bootstrap_servers))) - before > 0


async def read_all(bootstrap_servers: str) -> list[tuple[bytes, bytes]]:
    """Return key and value of every record in the event topics, in order of each partition."""
    consumer = AIOKafkaConsumer(
        "fair.scans",
        "fair.interactions",
        "fair.deals",
        bootstrap_servers=bootstrap_servers,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        there: list[tuple[bytes, bytes]] = []
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for run in (await consumer.getmany(timeout_ms=200)).values():
                there += [(record.key, record.value) for record in run]
        return there
    finally:
        await consumer.stop()

"""The producing side of a run, in its own process: it notes what Kafka has acknowledged, and may die at any time.

    python -m tests.campaign.producing SERVERS RECORDS JOURNAL RATE FRESH [--bug=acknowledge_before_append]

Started again, it sends the records that it has not noted as acknowledged. The last FRESH records wait for SIGUSR1,
which also ends the pacing. It exits with 0 when all are acknowledged, with 1 when Kafka did not take one.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from producers.play.sinks import KafkaSink
from producers.records import RawRecord, Record
from schemas.cloud_events import KafkaHeaders
from schemas.errors import Unavailable
from schemas.settings import KafkaSettings

PATIENCE_S = 5
NUMBER_BYTES = 4
BUG = "acknowledge_before_append"
"""A seeded bug: records are written down as acknowledged when they are handed to the client."""


class Numbered(NamedTuple):
    """A record and its place in the workload."""

    topic: str
    key: bytes
    value: bytes
    headers: KafkaHeaders
    number: int


def acknowledged(journal: Path) -> set[int]:
    """Return the numbers that are noted; a torn last one does not count."""
    raw = journal.read_bytes() if journal.exists() else b""
    whole = len(raw) - len(raw) % NUMBER_BYTES
    return {int.from_bytes(raw[at : at + NUMBER_BYTES], "big") for at in range(0, whole, NUMBER_BYTES)}


def load(path: Path) -> list[RawRecord]:
    """Return the workload."""
    return msgspec.msgpack.decode(path.read_bytes(), type=list[RawRecord])


async def produce(servers: str, records: Path, journal: Path, rate: float, fresh: int, *, bug: bool) -> None:
    """Send the records that are not acknowledged yet."""
    everything = load(records)
    have = acknowledged(journal)
    os.truncate(book := os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND), len(have) * NUMBER_BYTES)
    hurry = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, hurry.set)
    if rate <= 0:
        hurry.set()

    def note(record: Record) -> None:
        assert isinstance(record, Numbered)
        os.write(book, record.number.to_bytes(NUMBER_BYTES, "big"))

    left = [Numbered(*record, number) for number, record in enumerate(everything) if number not in have]
    async with KafkaSink(
        KafkaSettings(bootstrap_servers=servers), None if bug else note, patience_s=PATIENCE_S, in_flight=500
    ) as sink:
        began = loop.time()
        for sent, record in enumerate(left):
            if record.number == len(everything) - fresh:
                await sink.flush()
                await hurry.wait()
            if not hurry.is_set() and (ahead := sent / rate - (loop.time() - began)) > 0.01:
                with suppress(TimeoutError):
                    await asyncio.wait_for(hurry.wait(), ahead)
                sink._collect()
            if bug:
                note(record)
            await sink.send(record)


def main() -> int:
    servers, records, journal, rate, fresh, *bugs = sys.argv[1:]
    try:
        asyncio.run(produce(servers, Path(records), Path(journal), float(rate), int(fresh), bug=f"--bug={BUG}" in bugs))
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

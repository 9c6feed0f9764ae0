"""Looks at all workers of a run once a second and compares them with a recount, in a process of its own.

    python -m tests.campaign.watching SERVERS FAIR_FILE TARGETS LOOKS

TARGETS is the file in which Prometheus finds the workers. Each look is appended to LOOKS as one line of JSON. It ends
with the process that started it.
"""

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from math import nan
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from schemas.kafka_access import client_arguments
from schemas.kafka_reach import connect_whole
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.audit.compare import differences
from streams.audit.recount.oracle import Oracle, StoredRecord
from streams.kafka.topics import stop_consumer
from tests.campaign.silence import Look
from tests.campaign.workloads import PARTITIONS
from tests.support.builders import LATENESS

EVERY_S = 1.0
ANSWER_WITHIN_S = 3.0
READ_WITHIN_S = 8.0

EVENTS = tuple(topic.name for topic in EVENT_TOPICS)
Place = tuple[str, int]
Logs = Mapping[Place, Sequence[StoredRecord]]
"""By topic and partition, all committed records in order."""


async def read_logs(servers: str, topics: Sequence[str] = EVENTS) -> Logs:
    """Return all committed records of topics, of the event topics by default.

    Raises:
        KafkaError: Kafka does not answer, or a topic does not exist.
        TimeoutError: it does not send the records in time.
    """
    consumer = AIOKafkaConsumer(
        *topics,
        **client_arguments(KafkaSettings(bootstrap_servers=servers)),
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    logs: dict[Place, list[StoredRecord]] = defaultdict(list)
    async with asyncio.timeout(READ_WITHIN_S):
        try:
            await connect_whole(consumer.start())
            ends = await consumer.end_offsets(consumer.assignment())
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for tp, run in (await consumer.getmany(timeout_ms=200)).items():
                    place = (tp.topic, tp.partition)
                    logs[place] += [(*place, one.offset, one.key, one.value) for one in run]
        finally:
            await stop_consumer(consumer)
    return logs


def oracle_of(fair_file: Path) -> Oracle:
    """Return an oracle for the campaign's topics; an event in another partition than that of its key is refused."""
    return Oracle(fair_file, LATENESS, dict.fromkeys(EVENTS, PARTITIONS))


class Recount:
    """The oracle over the records up to some offsets; it goes on from where it was if it can.

    Args:
        fair_file: of the fair that the workers count.
    """

    def __init__(self, fair_file: Path) -> None:
        self._fair_file = fair_file
        self._read: dict[Place, list[StoredRecord]] = {}
        self._oracle: Oracle | None = None
        self._last: dict[Place, int] = {}

    def of(self, logs: Logs, upto: Mapping[Place, int]) -> Oracle:
        """Return the oracle of all records up to these offsets; of partitions that nobody may fold, of all records."""
        chosen = {
            place: [one for one in records if place[1] >= PARTITIONS or one[2] <= upto.get(place, -1)]
            for place, records in logs.items()
        }
        if self._oracle is None or any(chosen.get(place, [])[: len(had)] != had for place, had in self._read.items()):
            self._read, self._oracle = {}, oracle_of(self._fair_file)
        for place, records in sorted(chosen.items()):
            self._oracle.read(records[len(self._read.get(place, ())) :])
        self._read = chosen
        return self._oracle

    def waiting(self, logs: Logs, upto: Mapping[Place, int]) -> int:
        """Return how many records are not folded that were there at the look before; a new one may just have come."""
        last, self._last = self._last, {place: records[-1][2] for place, records in logs.items() if records}
        return sum(
            upto.get(place, -1) < one[2] <= last.get(place, -1)
            for place, records in logs.items()
            if place[1] < PARTITIONS
            for one in records
        )


Report = dict[str, Any]


def report_of(target: str) -> Report | None:
    """Return the numbers of a worker that is ready, None if it is not ready or does not answer."""
    try:
        with urlopen(f"http://{target}/kpis", timeout=ANSWER_WITHIN_S) as answer:
            report: Report = json.load(answer)
        with urlopen(f"http://{target}/readyz", timeout=ANSWER_WITHIN_S) as answer:
            answer.read()
    except (HTTPException, OSError, ValueError):
        return None
    return report


def lag_of(target: str) -> float:
    """Return how many records a worker says are not folded yet; NaN if it does not say."""
    try:
        with urlopen(f"http://{target}/metrics", timeout=ANSWER_WITHIN_S) as answer:
            text = answer.read().decode()
    except (HTTPException, OSError):
        return nan
    lags = [float(line.split()[-1]) for line in text.splitlines() if line.startswith("fair_worker_lag_records{")]
    return sum(lags) if lags else nan


def targets_of(file: Path) -> list[str]:
    """Return the addresses of the workers that run; none while the file is not there."""
    if not file.exists():
        return []
    return [target for group in json.loads(file.read_text(encoding="utf-8")) for target in group["targets"]]


async def look(servers: str, targets: Sequence[str], recount: Recount, pool: ThreadPoolExecutor) -> Look:
    """Look once at all workers."""
    at = time.time()  # noqa: TID251 - Prometheus keeps wall time
    reports = [report for report in pool.map(report_of, targets) if report is not None]
    if not targets or len(reports) < len(targets):
        return Look(at, "told")
    try:
        logs = await read_logs(servers)
    except (KafkaError, OSError, TimeoutError) as error:
        return Look(at, "unread", f"{type(error).__name__}: {error}")
    upto = {
        (topic, int(number)): offset
        for report in reports
        for number, topics in report["upto"].items()
        for topic, offset in topics.items()
    }
    owned = {number for report in reports for number in report["partitions"]}
    if owned < set(range(PARTITIONS)):
        return Look(at, "wrong", f"partitions {sorted(set(range(PARTITIONS)) - owned)} are shown by nobody")
    if (waiting := recount.waiting(logs, upto)) and sum(pool.map(lag_of, targets)) == 0:
        return Look(at, "wrong", f"{waiting} records are not folded, and lag is 0")
    found = differences(recount.of(logs, upto), reports)
    return Look(at, "wrong", f"{len(found)} cells differ, first {found[0]}") if found else Look(at, "equal")


async def watch(servers: str, fair_file: Path, targets: Path, looks: Path) -> None:
    """Look again and again, as long as the process that started this one runs."""
    recount, parent = Recount(fair_file), os.getppid()
    with looks.open("ab", buffering=0) as output, ThreadPoolExecutor(4) as pool:
        while os.getppid() == parent:
            began = time.monotonic()
            output.write(msgspec.json.encode(await look(servers, targets_of(targets), recount, pool)) + b"\n")
            await asyncio.sleep(max(0.1, EVERY_S - (time.monotonic() - began)))


if __name__ == "__main__":
    asyncio.run(watch(sys.argv[1], *map(Path, sys.argv[2:])))  # type: ignore[arg-type]

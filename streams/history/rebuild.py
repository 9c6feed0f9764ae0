"""Rebuilds all state without an interruption: folds from offset 0 beside the running workers, then compares."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress

from schemas.environment import default_of
from schemas.errors import FairpulseError, InvalidSettings, Unavailable
from schemas.fair.chosen import chosen_fair, named_fair_file, used_fair_file
from schemas.kafka_access import refused
from schemas.ports import free_port
from schemas.program import PROGRAM
from schemas.settings import LOOPBACK, KafkaSettings, WorkerSettings
from schemas.topics import EVENT_TOPICS, PartitionPlace
from streams.fold.engine import Engine, group_of
from streams.history.whole_fair import refuse_doubled, refuse_missing, refuse_other_fairs
from streams.kafka.topics import admin, partitions_of
from streams.shown.answers import Number, Report, pair, shown
from streams.shown.listing import fetch_report

SETTLES_S: Final = 120.0
"""How long to wait until both sides of a partition are at the same offsets."""
STANDS_S: Final = 120.0
"""How long the new worker may fold nothing while it is behind. It shows nothing while it starts."""
POLL_S: Final = 0.2


def rebuild_beside(
    generation: int, live: Sequence[str], port: int | None, fair_file: Path | None, bootstrap_servers: str | None
) -> int:
    """Rebuild, compare and say how to switch; return the exit code, 1 if a number differs.

    The new worker serves its pages on the port; None chooses a free one.

    Raises:
        InvalidSettings: the generation is the first one, which a rebuild cannot have, or workers have it already; or
            one counts another fair.
        FairpulseError: there was nothing to compare, or the workers do not show each partition once.
        Unavailable: a worker does not answer, the new one ends early or stands still, or the two are never at the same
            offsets.
    """
    if generation == default_of(WorkerSettings, "generation"):
        raise InvalidSettings(
            f"--generation: {generation} is the first generation",
            hint="give a number that is one higher than that of the workers",
        )
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    workers = WorkerSettings.load(generation=generation)
    console = Console(stderr=True, highlight=False)
    urls = tuple(live) or (workers.address,)
    port = free_port() if port is None else port
    new = f"http://{LOOPBACK}:{port}"
    named = named_fair_file(fair_file)
    fair = chosen_fair(named)
    refuse_other_fairs(_reports(urls), fair.fair_id, used_fair_file(named))
    if asyncio.run(members(group_of(Engine(fair, workers.allowed_lateness), generation), kafka)):
        raise InvalidSettings(
            f"--generation: running workers have generation {generation}", hint=f"give {generation + 1} or more"
        )
    count = asyncio.run(_partitions(kafka))
    owners(urls, count)
    with _new_worker(generation, port, named, kafka) as process:
        catch_up(process, urls, new, console)
        partitions = owners(urls, count)
        found: list[str] = []
        compared = 0
        for partition, url in sorted(partitions.items()):
            old, rebuilt = at_same_offsets(url, new, partition)
            numbers = list(compare(old, rebuilt))
            compared += sum(map(counts, numbers))
            found += [f"partition {partition}, {number}" for number in numbers if number.differs]
    for one in found[:100]:
        print(f"DIFFERENT  {one}")  # noqa: T201
    print(f"{len(partitions)} partitions, {compared:,} numbers, {len(found):,} differences")  # noqa: T201
    if found:
        return 1
    if not compared:
        raise FairpulseError(
            "nothing was compared: the workers have counted no event", hint="rebuild again when events have come in"
        )
    print(f"to switch: stop all workers, then start them with FAIRPULSE_GENERATION={generation}")  # noqa: T201
    return 0


async def members(group: str, kafka: KafkaSettings) -> int:
    """Return how many consumers a group has now; 0 also if there is no such group.

    Raises:
        Unavailable: no broker answers, or it does not say.
    """
    async with admin(kafka) as client:
        try:
            answers = await client.describe_consumer_groups([group])
        except KafkaError as error:
            raise refused(kafka, type(error), f"Describe on the group {group}") or Unavailable(
                f"Kafka does not say who is in the group {group}: {type(error).__name__}", hint="try again in a moment"
            ) from error
    # Error code, name, state, protocol type, protocol, members: the order of Kafka's protocol.
    return sum(len(one[5]) for answer in answers for one in answer.groups)


async def _partitions(kafka: KafkaSettings) -> int:
    async with admin(kafka) as client:
        counts = await partitions_of(client, kafka, [topic.name for topic in EVENT_TOPICS])
    return max(counts.values(), default=0)


def _reports(urls: Sequence[str]) -> list[Report]:
    return [fetch_report(url, "events") for url in urls]


def owners(urls: Sequence[str], count: int) -> dict[int, str]:
    """Return which worker folds each partition.

    Raises:
        FairpulseError: two of them show a partition, or none shows one of the `count` partitions.
        Unavailable: a worker does not answer.
    """
    reports = _reports(urls)
    refuse_doubled(reports)
    refuse_missing(reports, count)
    return {partition: url for url, report in zip(urls, reports, strict=True) for partition in report["partitions"]}


def at_same_offsets(live: str, new: str, partition: int) -> tuple[Report, Report]:
    """Return the numbers of a partition from two workers, taken when both are at the same offsets.

    Raises:
        Unavailable: they were never at the same offsets within `SETTLES_S`.
    """
    deadline = time.monotonic() + SETTLES_S
    while time.monotonic() < deadline:
        old, rebuilt = fetch_report(live, partition=partition), fetch_report(new, partition=partition)
        if old["upto"] == rebuilt["upto"] and old["partitions"] == rebuilt["partitions"] == [partition]:
            return old, rebuilt
        time.sleep(POLL_S)
    raise Unavailable(
        f"the workers never reached the same offsets of partition {partition} at the same time",
        hint="try again when fewer events come in",
    )


def compare(old: Report, rebuilt: Report) -> Iterator[Number]:
    """Yield every number of days and the fair, with the values of the running and the rebuilt worker."""
    for kpi in sorted(old["kpis"].keys() | rebuilt["kpis"].keys()):
        left, right = shown(kpi, [old]), shown(kpi, [rebuilt])
        for window in sorted(left.keys() | right.keys()):
            if not window.endswith("m"):
                yield from pair(kpi, window, left.get(window, {}), right.get(window, {}))


def counts(number: Number) -> bool:
    """Return whether one side is not zero. Numbers of persons are shown as zeros before the first event."""
    sides = (number.live, number.recomputed)
    return any(any(side) if isinstance(side, tuple) else side for side in sides)


def catch_up(process: subprocess.Popen[bytes], urls: Sequence[str], new: str, console: Console) -> None:
    """Wait until the new worker has as many events as the live ones, and show the progress.

    Raises:
        Unavailable: the new worker ended, or has folded nothing for `STANDS_S`; or another one does not answer.
    """
    with Progress("folding from offset 0", BarColumn(), MofNCompleteColumn(), console=console) as bar:
        task = bar.add_task("", total=None)
        most, moved_at = -1, time.monotonic()
        while True:
            if process.poll() is not None:
                raise Unavailable("the new worker ended early", hint="its own message above says why; then try again")
            wanted = applied(_reports(urls))
            total = sum(wanted.values())
            try:
                found = applied([fetch_report(new, "events")])
            except FairpulseError:
                found = None  # the new worker is still starting, which is too early even if there is nothing to fold
            if found is not None and all(found.get(place, 0) >= number for place, number in wanted.items()):
                bar.update(task, completed=total, total=total)
                return
            done = sum(min(number, (found or {}).get(place, 0)) for place, number in wanted.items())
            bar.update(task, completed=done, total=total)
            if done > most:
                most, moved_at = done, time.monotonic()
            elif time.monotonic() - moved_at >= STANDS_S:
                raise Unavailable(
                    f"the new worker stands at {done:,} of {total:,} records, and has folded none for {STANDS_S:.0f} s",
                    hint="its own messages above or `fairpulse topics --check` say why; then try again",
                )
            time.sleep(POLL_S)


def applied(reports: Sequence[Report]) -> Mapping[PartitionPlace, int]:
    """Return how many offsets of each partition are included in the numbers of workers; one shown twice, once."""
    found: dict[PartitionPlace, int] = {}
    for report in reports:
        for partition, topics in report["upto"].items():
            for topic, offset in topics.items():
                place = (topic, int(partition))
                found[place] = max(found.get(place, 0), offset + 1)
    return found


@contextmanager
def _new_worker(
    generation: int, port: int, fair_file: Path | None, kafka: KafkaSettings
) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "FAIRPULSE_GENERATION": str(generation),
        "FAIRPULSE_METRICS_HOST": LOOPBACK,
        "FAIRPULSE_METRICS_PORT": str(port),
        "FAIRPULSE_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "FAIRPULSE_LOG_LEVEL": "warning",
        **({} if fair_file is None else {"FAIRPULSE_FAIR_FILE": str(fair_file)}),
    }
    process = subprocess.Popen([*PROGRAM, "worker"], env=environment)  # noqa: S603  # our own program
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

"""`make load`: how many events a gateway takes, and how soon they are shown. It starts Kafka, gateway and worker.

Loopback only, bounded in time, and nothing is left behind. Phases: batches of 20, single events, from acceptance to
/metrics at 1,000 events/s, and (with --overload SECONDS) a flood. The gateway runs on one core. --write puts the
figures into the table of README.md beside this file.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from prometheus_client.parser import text_string_to_metric_families

from schemas.api.terminals import PlaceKind, Terminal
from schemas.fair.file import example_fair_path
from schemas.settings import KafkaSettings
from schemas.topics import SCANS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.bench.writing import command_of, write
from tests.support.gateway import FAIR_ID, GatewayProcess, Paired
from tests.support.posting import Line, Tally, batches, terminal_at_work
from tests.support.workers import WorkerProcess, read_back

PARTITIONS = 8
TERMINALS = 64
MOST_SECONDS = 300
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Stand:
    """The parts that every phase uses."""

    kafka: LocalKafka
    gateway: GatewayProcess
    terminals: list[Terminal]

    def token(self, terminal: Terminal) -> str:
        return self.gateway.paired.of(terminal)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="of each phase (default 10)")
    parser.add_argument("--overload", type=float, default=0, help="seconds of a flood (default: none)")
    parser.add_argument("--only", nargs="*", default=["batches", "single", "visible"], help="phases to run")
    parser.add_argument("--write", action="store_true", help="put the figures into tests/bench/README.md")
    given = parser.parse_args()
    figures: dict[str, str] = {}
    seconds, flood = min(given.seconds, MOST_SECONDS), min(given.overload, MOST_SECONDS)
    with tempfile.TemporaryDirectory(prefix="fairpulse-load-") as directory, LocalKafka.start() as kafka:
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=PARTITIONS)))
        paired = Paired(Path(directory) / "terminals.sqlite")
        terminals = [Terminal(f"load-{number}", FAIR_ID, PlaceKind.BOOTH, "h1-001") for number in range(TERMINALS)]
        for one in terminals:
            paired.enrol(one)
        gateway = GatewayProcess(
            kafka.bootstrap_servers, paired, Path(directory) / "gateway.log", partitions=str(PARTITIONS)
        ).start()
        pin(gateway.process.pid, 0)
        stand = Stand(kafka, gateway, terminals)
        try:
            asyncio.run(warm(stand))
            if "batches" in given.only:
                figures["gateway_batches"] = asyncio.run(steady(stand, 20, seconds))
            if "single" in given.only:
                figures["gateway_single"] = asyncio.run(steady(stand, 1, seconds))
            if "visible" in given.only:
                figures["gateway_visible"] = visible(stand, Path(directory), seconds)
        finally:
            gateway.stop()
        if flood:
            figures["gateway_flood"] = overload(kafka, paired, terminals, Path(directory), flood)
    if given.write:
        command = command_of("tests/bench/load.py", sys.argv[1:], os.environ)
        print("written:", *(write(figures, command, time.strftime("%Y-%m-%d")) or [f"no row has {command}"]))


def pin(pid: int, core: int) -> None:
    """Give a process one core, where the system can."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(pid, {core})


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICKS


def resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1_024 for line in lines if line.startswith("VmRSS"))


async def warm(stand: Stand) -> None:
    await crowd(stand, size=20, seconds=1)


async def crowd(stand: Stand, *, size: int, seconds: float, watch: Callable[[], None] = lambda: None) -> Tally:
    """Let all terminals post as fast as they are answered."""
    tally, stop = Tally(), asyncio.Event()
    working = [
        asyncio.create_task(terminal_at_work(stand.gateway.port, stand.token(one), one, tally, size=size, stop=stop))
        for one in stand.terminals
    ]
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    while loop.time() < ends:
        await asyncio.sleep(0.5)
        watch()
    stop.set()
    await asyncio.gather(*working)
    return tally


async def steady(stand: Stand, size: int, seconds: float) -> str:
    """Print what all terminals got in, in batches of a size; return it as the table of figures has it."""
    loop = asyncio.get_running_loop()
    used, began = cpu_seconds(stand.gateway.process.pid), loop.time()
    tally = await crowd(stand, size=size, seconds=seconds)
    took, used = loop.time() - began, cpu_seconds(stand.gateway.process.pid) - used
    accepted, requests = len(tally.acknowledged), tally.statuses.get(202, 0)
    what = "single events" if size == 1 else f"batches of {size}"
    print(
        f"{what}: {accepted / took:,.0f} events/s accepted in {requests / took:,.0f} requests/s, "
        f"{latency(tally.seconds)}; {accepted / used:,.0f} events per CPU second of the gateway "
        f"({used / took:.0%} of a core)"
    )
    others = {status: count for status, count in tally.statuses.items() if status != 202}
    if others or tally.resets:
        print(f"  other answers: {others}, without an answer: {tally.resets}", flush=True)
    rate = f"{requests / took:,.0f} requests/s" if size == 1 else f"{accepted / took:,.0f} events/s"
    return f"{rate}, {latency(tally.seconds)}"


def latency(seconds: Sequence[float]) -> str:
    """Return p50 and p99 in words."""
    if len(seconds) < 2:
        return "too few answers for percentiles"
    cuts = statistics.quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1_000:,.0f} ms, p99 {cuts[98] * 1_000:,.0f} ms"


def visible(stand: Stand, directory: Path, seconds: float) -> str:
    """Accept 1,000 events/s in batches of 20 and return when a worker's /metrics counted them."""
    worker = WorkerProcess(
        stand.kafka.bootstrap_servers,
        directory / "worker.log",
        partitions=PARTITIONS,
        fair_file=str(example_fair_path("small")),
    )
    try:
        worker.wait_ready()
        return asyncio.run(_visible(stand, worker, seconds))
    finally:
        worker.stop()


def counted(page: str | None) -> int:
    """Return the unique events of the fair that a /metrics page shows."""
    return int(
        sum(
            sample.value
            for family in text_string_to_metric_families(page or "")
            if family.name == "fair_events"
            for sample in family.samples
            if sample.labels.get("window") == "fair"
        )
    )


async def _visible(stand: Stand, worker: WorkerProcess, seconds: float) -> str:
    loop = asyncio.get_running_loop()
    while (before := counted(await asyncio.to_thread(worker.get, "/metrics"))) != worker.events():
        await asyncio.sleep(0.2)
    while True:  # everything of earlier phases is folded
        await asyncio.sleep(2)
        now = counted(await asyncio.to_thread(worker.get, "/metrics"))
        if now == before:
            break
        before = now
    accepted: list[float] = []
    lags: list[float] = []
    ends = loop.time() + seconds

    async def post() -> None:
        lines = [(Line(stand.gateway.port, stand.token(one)), batches(one, 20)) for one in stand.terminals]
        began, sent = loop.time(), 0
        waiting: set[asyncio.Task[None]] = set()
        locks = {line: asyncio.Lock() for line, _ in lines}

        async def one(line: Line, body: bytes) -> None:
            async with locks[line]:
                status, _, _ = await line.post(body)
            assert status == 202, status
            accepted.extend([loop.time()] * 20)

        while loop.time() < ends:
            line, bodies = lines[sent % len(lines)]
            task = asyncio.create_task(one(line, next(bodies)[1]))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
            sent += 1
            await asyncio.sleep(max(0.0, began + sent * 0.02 - loop.time()))
        await asyncio.gather(*waiting)
        for line, _ in lines:
            line.close()

    posting = asyncio.create_task(post())
    while not posting.done() or len(lags) < len(accepted):
        seen = counted(await asyncio.to_thread(worker.get, "/metrics")) - before
        now = loop.time()
        lags += [max(0.0, now - at) for at in accepted[len(lags) : seen]]
        if now > ends + 60:
            break
        await asyncio.sleep(0.05)
    await posting
    print(
        f"accepted to visible on /metrics, at {len(accepted) / seconds:,.0f} events/s (scraped every 50 ms and more): "
        f"{latency(lags)}; {len(accepted) - len(lags)} of {len(accepted):,} not seen"
    )
    return latency(lags)


def overload(kafka: LocalKafka, paired: Paired, terminals: list[Terminal], directory: Path, seconds: float) -> str:
    """Ten times as many terminals as there is room for requests; memory, and what became of the acknowledged."""
    gateway = GatewayProcess(
        kafka.bootstrap_servers, paired, directory / "flood.log",
        gateway_requests=str(len(terminals) // 10), partitions=str(PARTITIONS),
    ).start()  # fmt: skip
    pin(gateway.process.pid, 0)
    stand = Stand(kafka, gateway, terminals)
    memory: list[float] = []
    try:
        asyncio.run(warm(stand))
        watch = lambda: memory.append(resident_mib(gateway.process.pid))  # noqa: E731 - a line says it
        tally = asyncio.run(crowd(stand, size=20, seconds=seconds, watch=watch))
        stored = {
            json.loads(value)["event_id"] for *_, value in read_back(kafka.bootstrap_servers, SCANS.name) if value
        }
        lost = len(set(tally.acknowledged) - stored)
        tenth = max(1, len(memory) // 10)
        print(
            f"flood for {seconds:.0f} s, {len(terminals)} terminals, room for {len(terminals) // 10} requests: "
            f"answers {dict(sorted(tally.statuses.items()))}, {len(tally.acknowledged):,} events acknowledged, "
            f"{lost} of them lost; resident {statistics.mean(memory[:tenth]):.0f} MiB at first, "
            f"{statistics.mean(memory[-tenth:]):.0f} at last, {max(memory):.0f} at most; "
            f"{tally.without_retry_after} refusals without Retry-After"
        )
        acknowledged = f"{len(tally.acknowledged):,} events acknowledged, {lost} of them lost"
        return f"{acknowledged}, at most {max(memory):.0f} MiB resident"
    finally:
        gateway.stop()


if __name__ == "__main__":
    main()

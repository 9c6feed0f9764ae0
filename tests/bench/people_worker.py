"""Gateways and workers with a whole register: start, memory, scrapes, recovery, and the recount of the fair."""

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Final

from schemas.ports import HOST
from schemas.topics import SCANS
from tests.bench.commands import mib
from tests.bench.events import produce
from tests.bench.persons import EVENTS_EACH
from tests.bench.processes import Failed, cpu_seconds, get, resident_bytes, say
from tests.bench.stand import PATIENCE_S, Stand, await_numbers
from tests.support.builders import LATENESS
from tests.support.workers import WorkerProcess

TRIES: Final = 3
SENT_AGAIN: Final = 200
"""Entries that are sent once more before a page is asked for: they reach every partition, and count as duplicates."""


def start_gateway(stand: Stand, persons: int) -> None:
    """Start a gateway on a register of this size: seconds until it is ready, and its memory then."""
    with stand.gateway() as (gateway, seconds):
        found = int(gateway.metric("fair_register_persons"))
        if found != persons:
            raise Failed(f"a gateway that is ready knows {found:,} persons, not {persons:,}")
        name = "people_gateway" if persons else "people_gateway_empty"
        pid = gateway.process.pid
        told = f"ready after {seconds:.1f} s, {cpu_seconds(pid):.1f} s of a core, {mib(resident_bytes(pid))} resident"
        stand.table.note(name, f"gateway with {persons:,} persons in the register", told)


def fair(stand: Stand) -> None:
    """Let everybody visit, and measure a worker of that fair: it must show what was sent, also after a kill."""
    table, persons = stand.table, stand.persons
    events, expected = persons.count * EVENTS_EACH, {**persons.numbers(), "duplicate_events": {}}
    what = f"worker with {persons.count:,} persons and {events:,} events"
    say(f"writing {events:,} events")
    asyncio.run(produce(stand.kafka.bootstrap_servers, persons.events(), str, lambda done: _told(done, events)))
    worker = stand.worker()
    try:
        began = time.monotonic()
        await_numbers(worker, expected)
        table.note("people_worker_fold", f"{what}: from its start until it shows all", _since(began, worker))
        table.note("people_worker_rss", f"{what}: memory, just caught up", mib(resident_bytes(worker.process.pid)))
        worker.kill()
        began, worker = time.monotonic(), stand.worker()
        await_numbers(worker, expected)
        told = f"{_since(began, worker)}, with the wait until Kafka gives up the dead one"
        table.note("people_worker_recovery", f"{what}: after kill -9, until a new one shows all", told)
        table.note("people_worker_recovered_rss", f"{what}: memory, recovered", mib(resident_bytes(worker.process.pid)))
        _pages(stand, worker)
        asyncio.run(_audited(stand, worker))
    finally:
        worker.stop()


def _since(began: float, worker: WorkerProcess) -> str:
    return f"{time.monotonic() - began:.1f} s, {cpu_seconds(worker.process.pid):.1f} s of a core"


def _told(done: int, of: int) -> None:
    if done % 100_000 == 0:
        say(f"wrote {done:,} of {of:,} events")


def _pages(stand: Stand, worker: WorkerProcess) -> None:
    """Ask for both pages, each time after new events, so that all is worked out anew; then /metrics once more."""
    sent = 0

    def more() -> None:
        nonlocal sent
        again = [(stand.persons.entry(one % stand.persons.count), True) for one in range(SENT_AGAIN)]
        asyncio.run(produce(stand.kafka.bootstrap_servers, iter(again), str, lambda _: None))
        sent += SENT_AGAIN
        await_numbers(worker, {"duplicate_events": {SCANS.name: sent}})

    def page(name: str, path: str, words: str, before: Callable[[], None]) -> None:
        taken: list[float] = []
        cpu, size, pid = 0.0, 0, worker.process.pid
        for _ in range(TRIES):
            before()
            began, used = time.monotonic(), cpu_seconds(pid)
            found = get(f"http://{HOST}:{worker.port}{path}", PATIENCE_S)
            if found is None:
                raise Failed(f"the worker does not show {path}")
            taken.append(time.monotonic() - began)
            cpu, size = cpu + cpu_seconds(pid) - used, len(found)
        told = f"{statistics.median(taken):.2f} s, {cpu / TRIES:.2f} s of a core, {size / 1_000:,.0f} kB"
        stand.table.note(name, words, told)

    page("people_scrape", "/metrics", "worker: /metrics after new events in all partitions", more)
    page("people_scrape_again", "/metrics", "worker: /metrics, nothing new", lambda: None)
    page("people_kpis", "/kpis", "worker: /kpis with all numbers, after new events in all partitions", more)


async def _audited(stand: Stand, worker: WorkerProcess) -> None:
    """Recount the fair with the command. Raises Failed if a number differs."""
    say("fairpulse audit")
    ended = await stand.run(
        "streams", "audit", "--live", f"http://{HOST}:{worker.port}", "--lateness", f"{LATENESS.total_seconds():.0f}s"
    )
    if not ended.last_line.endswith(" 0 differences"):
        raise Failed(f"the audit said: {ended.last_line}")
    told = f"{ended.spent}: {ended.last_line}"
    stand.table.note("people_audit", "recount of that fair by fairpulse audit", told)

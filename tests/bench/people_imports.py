"""Imports of a whole register: by the command and over HTTP, quiet and while terminals post."""

import asyncio
import http.client
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Event
from typing import Any, Final

from schemas.ports import HOST
from schemas.topics import SCANS
from tests.bench.background import Posted, posting
from tests.bench.commands import Ended
from tests.bench.load import latency
from tests.bench.processes import Failed, say
from tests.bench.stand import TOKEN, Stand, must_show, until
from tests.support.gateway import GatewayProcess
from tests.support.workers import read_back

PER_SECOND: Final = 500.0
"""Events of all terminals while an import goes on."""
ALONE_S: Final = 10.0
"""How long they post before it begins."""
SLICE_BYTES: Final = 1_000_000
"""Of one body over HTTP, which may have 1 MiB."""
ANSWER_S: Final = 120.0
SEND_AGAIN: Final = frozenset({408, 429, 500, 503})
"""Answers after which the same part is posted again, by the page of the gateway."""
AGAIN_S: Final = 0.5
NEXT: Final = 7_919
"""The terminals take persons in steps of this prime: some are registered already, others wait."""


def quiet(stand: Stand, file: Path, kind: str) -> None:
    """Import a file into an empty register, with nothing else going on: a dry run, in earnest, and once more."""

    async def all_three() -> None:
        count = stand.persons.count
        tried = await imported(stand, file, f"would be: new {count}", "--dry-run")
        stand.table.note(f"people_dry_run_{kind}", f"import of {count:,} persons from {kind}, dry run", tried.spent)
        done = await imported(stand, file, f"new {count}")
        stand.table.note(f"people_import_{kind}", f"import of {count:,} persons from {kind}", done.spent)
        again = await imported(stand, file, f"new 0, changed 0, unchanged {count}")
        stand.table.note(f"people_again_{kind}", f"the same file once more, from {kind}", again.spent)

    asyncio.run(all_three())


def busy(stand: Stand, file: Path, kind: str) -> None:
    """Import a file while terminals post scans of its badges: those that are not registered yet wait."""

    async def work(_: GatewayProcess) -> str:
        return (await imported(stand, file, f"new {stand.persons.count}")).spent

    _while_posting(stand, kind, work)


def over_http(stand: Stand, *, with_events: bool) -> None:
    """Import all persons through a gateway, in parts as large as it takes them; quiet or while terminals post."""

    async def work(gateway: GatewayProcess) -> str:
        ended = Event()
        try:
            return await asyncio.to_thread(_posted_parts, stand, gateway, ended)
        finally:
            ended.set()

    if with_events:
        _while_posting(stand, "http", work)
        return
    with stand.gateway() as (gateway, _):
        told = asyncio.run(work(gateway))
        stand.table.note("people_import_http", f"import of {stand.persons.count:,} persons over HTTP", told)


async def imported(stand: Stand, file: Path, said: str, *options: str) -> Ended:
    """Run `fairpulse badges import`. Raises Failed unless it says this."""
    say(" ".join(("fairpulse badges import", file.name, *options)))
    ended = await stand.run("producers", "badges", "import", file, *options)
    if not any(line.replace(",", "").startswith(said.replace(",", "")) for line in ended.said.splitlines()):
        raise Failed(f"the import said {ended.said.strip()!r}, not {said!r}")
    return ended


def _while_posting(stand: Stand, kind: str, work: Callable[[GatewayProcess], Awaitable[str]]) -> None:
    """Do some work while terminals post, and say what both noticed. Raises Failed unless each event counts once."""
    table, count = stand.table, stand.persons.count
    alone, posted = Posted(), Posted()

    def code(number: int) -> str:
        return stand.persons.code(number * NEXT % count)

    async def both() -> str:
        async with posting(gateway.port, stand.terminals, code, PER_SECOND, alone):
            await asyncio.sleep(ALONE_S)
        async with posting(gateway.port, stand.terminals, code, PER_SECOND, posted):
            return await work(gateway)

    with stand.gateway() as (gateway, _):
        say(f"{PER_SECOND:.0f} events/s, then an import from {kind}")
        told, began = asyncio.run(both()), time.monotonic()
        table.note(f"people_import_{kind}_busy", f"import of {count:,} persons from {kind} at 500 events/s", told)
        table.note(f"people_alone_{kind}", "answers to these events before the import", _answers(alone))
        table.note(f"people_posts_{kind}", f"answers to these events during the import from {kind}", _answers(posted))
        ids = {*alone.accepted, *posted.accepted}
        until(lambda: _stored(stand).keys() >= ids, "all accepted events are in their topic")
        until(lambda: gateway.metric("fair_unresolved_events") == 0, "all events that waited are released")
        table.note(
            f"people_released_{kind}",
            "until all events that waited for a registration were released",
            f"{gateway.metric('fair_released_events_total'):,.0f} events, "
            f"{time.monotonic() - began:.1f} s after the import",
        )
    stored = _stored(stand)
    if stored.keys() != ids:
        raise Failed(f"{len(stored.keys() - ids)} events are stored that were not accepted")
    must_show(stand, {**stand.persons.registered(), "events": {SCANS.name: len(ids)}})
    table.note(
        f"people_counted_{kind}",
        "of these events, accepted and counted once each",
        f"{len(ids):,} of {len(ids):,}, {stored.total() - len(stored)} stored twice",
    )


def _stored(stand: Stand) -> Counter[str]:
    """Return how often each event is in the topic of scans."""
    records = read_back(stand.kafka.bootstrap_servers, SCANS.name)
    return Counter(json.loads(value)["event_id"] for *_, value in records if value)


def _answers(posted: Posted) -> str:
    refused = ", ".join(f"{status} x {count:,}" for status, count in sorted(posted.refused.items()))
    told = f"{posted.refusals:,} posts refused" + (f" ({refused})" if refused else "")
    behind = f"terminals at most {posted.behind_s:.1f} s behind"
    return f"{len(posted.accepted):,} accepted, {latency(posted.seconds)}, {told}, {behind}"


def _posted_parts(stand: Stand, gateway: GatewayProcess, ended: Event) -> str:
    """Post all parts one after the other, each until it is taken, or until nobody waits for it any more.

    Raises:
        Failed: one is refused for good, or all together are not all persons.
    """
    began, done, longest, again = time.monotonic(), 0, 0.0, Counter[int]()
    parts = list(stand.persons.slices(SLICE_BYTES))
    line = http.client.HTTPConnection(HOST, gateway.port, timeout=ANSWER_S)
    try:
        for part in parts:
            sent = time.monotonic()
            while (said := _posted_part(line, part, again)) is None and not ended.wait(AGAIN_S):
                pass
            if said is None:
                break
            done, longest = done + said["new"] + said["unchanged"], max(longest, time.monotonic() - sent)
            say(f"{done:,} of {stand.persons.count:,} persons over HTTP")
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"an import over HTTP was not answered: {error!r}") from None
    finally:
        line.close()
    if done != stand.persons.count:
        raise Failed(f"{done:,} persons were taken over HTTP, not {stand.persons.count:,}")
    refused = "".join(f", {status} x {count}" for status, count in sorted(again.items()))
    return f"{time.monotonic() - began:.1f} s in {len(parts)} requests, the longest {longest:.1f} s{refused}"


def _posted_part(line: http.client.HTTPConnection, part: bytes, again: Counter[int]) -> dict[str, Any] | None:
    """Return what the gateway says to a part; None if it is to be sent again. Raises Failed: it is refused for good."""
    line.request("POST", "/v1/badges", part, {"authorization": f"Bearer {TOKEN}"})
    answer = line.getresponse()
    said: dict[str, Any] = json.loads(answer.read())
    if answer.status == 200:
        return said
    if answer.status not in SEND_AGAIN:
        raise Failed(f"an import over HTTP was answered {answer.status}: {said}")
    again[answer.status] += 1
    return None

"""The network is back: many terminals send their saved events at once, through one gateway, into a real Kafka.

    .venv/bin/python tests/bench/flush.py                          300 terminals with 2,000 events each
    .venv/bin/python tests/bench/flush.py --terminals 20 --events 200

Prints how long it took, what the gateway answered, and whether Kafka has every event exactly as saved; exit code 1 if
one is missing or an answer was a 5xx other than 503.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from producers.play.fleet import HttpSink, terminals_of
from producers.terminal.clock import new_event_id
from producers.terminal.envelope import envelope_of
from producers.terminal.spool import Spool
from schemas.api.terminals import PlaceKind, Terminal
from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings
from schemas.times import instant_text
from schemas.topics import SCANS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.gateway import NOW, GatewayProcess, Paired
from tests.support.workers import read_back


def fill(folder: Path, terminal: Terminal, number: int, count: int) -> list[str]:
    """Save scans of a terminal that has been offline; return their ids."""
    spool = Spool(folder / terminal.terminal_id, ballast_bytes=0, power_safe=False)
    ids = [new_event_id(index) for index in range(count)]
    spool.save_all([(name, "scan", 0, lambda seq, name=name: body(terminal, name, number, seq)) for name in ids])
    spool.close()
    return ids


def body(terminal: Terminal, name: str, number: int, seq: int) -> bytes:
    """Return a booth scan."""
    return envelope_of(
        {
            "event_id": name,
            "type": "fair.visitor.scanned.v1",
            "occurred_at": instant_text(NOW),
            "terminal_seq": seq,
            "scan_kind": "booth",
            "badge_role": "visitor_professional",
            "badge_ref": f"{(number * 7 + seq) % 250_000:032x}",
            "capture": "offline_replay",
        },
        terminal.source,
    )


async def flush(terminals: int, events: int, folder: Path) -> bool:
    """Run it and print the figures; return whether all went well."""
    fair = load_fair(example_fair_path("ciftis"))
    chosen = [one for one in terminals_of(fair) if one.place is PlaceKind.BOOTH][:terminals]
    paired = Paired(folder / "terminals.sqlite")
    tokens = {one: paired.enrol(one) for one in chosen}
    ids = [name for number, one in enumerate(chosen) for name in fill(folder / "spools", one, number, events)]
    with LocalKafka.start() as kafka:
        await ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=4))
        gateway = GatewayProcess(
            kafka.bootstrap_servers, paired, folder / "gateway.log",
            fair_file=str(example_fair_path("ciftis")), gateway_rate="200", gateway_burst="4000",
        )  # fmt: skip
        await asyncio.to_thread(gateway.start)
        sink = HttpSink(f"http://127.0.0.1:{gateway.port}", tokens, folder / "spools")
        began = time.monotonic()
        async with sink:
            await sink.flush()
            took = time.monotonic() - began
        await asyncio.to_thread(gateway.stop)
        records = await asyncio.to_thread(read_back, kafka.bootstrap_servers, SCANS.name)
    there = Counter(json.loads(record[4] or b"{}")["event_id"] for record in records)
    missing, strange = set(ids) - there.keys(), there.keys() - set(ids)
    wrong = {status: count for status, count in sink.statuses.items() if status >= 500 and status != 503}
    print(f"{terminals} terminals x {events} events: drained in {took:.1f} s, {len(ids) / took:,.0f} events/s")
    print("answers: " + ", ".join(f"{status or 'none'} x {count}" for status, count in sorted(sink.statuses.items())))
    print(f"in Kafka: {len(there):,} events, {there.total() - len(there):,} records more than events")
    print(f"missing: {len(missing)}, of nobody: {len(strange)}, 5xx other than 503: {sum(wrong.values())}")
    return not missing and not strange and not wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A reconnect flush of many terminals.")
    parser.add_argument("--terminals", type=int, default=300)
    parser.add_argument("--events", type=int, default=2_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        sys.exit(0 if asyncio.run(flush(given.terminals, given.events, Path(name))) else 1)

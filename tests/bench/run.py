"""How fast is the worker, compared with the alternatives? `make bench`, or `python tests/bench/run.py --help`.

Every contender is a process on a core of its own; broker and benchmark have the others. All read the same records from
consumer groups of their own. Time runs from the first record to the last one applied (and, for those that keep
anything, stored); joining the group is left out. Our workers fail the benchmark if they count differently. A peer that
loses events is told beside its figure, and the run goes on. The figures are
the last lines of standard output: name, value, unit, with tabs between. --write puts them into the table of README.md
beside this file.
"""

import argparse
import asyncio
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from contenders import (
    LATENESS_MS,
    PREFIX,
    Field,
    bare_loop,
    quix,
    recordings,
    recovery,
    stock_faust,
    takeover,
    two_workers,
    worker,
)
from events import Amount, events, produce
from processes import Bench, Cores, Failed, say
from worker import Group, source_ends
from writing import command_of, value_text, write

from schemas.errors import FairpulseError
from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS, EVENT_TOPICS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka

NAMES = ("worker", "bare_loop", "stock_faust", "quix", "recovery", "two_workers", "takeover", "recordings")
LOCK = Path(__file__).with_name("requirements.lock")
MEET = {"group.initial.rebalance.delay.ms": "4000"}
"""Broker setting for two workers: partitions are assigned when both have joined."""

RATIOS = {
    "worker_vs_stock_faust": ("worker_events_per_second", "stock_faust_events_per_second"),
    "worker_vs_bare_loop": ("worker_events_per_second", "bare_loop_events_per_second"),
    "worker_vs_quix": ("worker_events_per_second", "quix_streams_events_per_second"),
    "two_workers_vs_one": ("two_workers_events_per_second", "worker_events_per_second"),
}


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--quick", action="store_true", help="200,000 events instead of 1,000,000")
    parser.add_argument("--events", type=int, help="this many events instead")
    parser.add_argument("--prefix", type=int, help="events for stock Faust [default: 30,000; 10,000 with --quick]")
    parser.add_argument("--rounds", type=int, default=2, help="worker and bare loop in turn, best counts [default: 2]")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quix-python", default=sys.executable, help="a Python with quixstreams [default: this one]")
    parser.add_argument("--write", action="store_true", help="put the figures into tests/bench/README.md")
    return parser.parse_args()


def prepare(servers: str, fair: Fair, count: int, prefix: int) -> tuple[Amount, Amount]:
    """Make the topics and fill them."""
    short = [dataclasses.replace(topic, name=PREFIX + topic.name) for topic in EVENT_TOPICS]
    asyncio.run(ensure_topics(KafkaSettings.load(bootstrap_servers=servers), (*ALL_TOPICS, *short)))

    def told(done: int) -> None:
        if done % 100_000 == 0:
            say(f"produced {done:,} of {count:,}")

    say(f"producing {count:,} events")
    everything = asyncio.run(produce(servers, events(fair, count), str, told))
    first = islice(events(fair, count), prefix)
    return everything, asyncio.run(produce(servers, first, lambda topic: PREFIX + topic, lambda _: None))


def on_quiet_broker(field: Field, names: set[str], rounds: int) -> None:
    """Run the contenders that need one worker at a time."""
    for turn in range(rounds):
        lateness = LATENESS_MS + turn
        if names & {"bare_loop"}:
            say(f"bare_loop, round {turn + 1} of {rounds}")
            bare_loop(field, lateness)
        if names & {"worker", "recovery", "takeover", "two_workers"}:
            say(f"worker, round {turn + 1} of {rounds}")
            group = worker(field, lateness)
            if "recovery" in names:
                say("recovery")
                recovery(field, group)
    if "stock_faust" in names:
        say(f"stock_faust, {field.prefix.records:,} events")
        stock_faust(field)
    if "quix" in names:
        found = subprocess.run([field.quix_python, "-c", "import quixstreams"], capture_output=True, check=False)
        if found.returncode:
            say(f"quix_streams skipped: pip install -r tests/bench/{LOCK.name}")
        else:
            say("quix")
            quix(field)


def main() -> int:
    """Run the chosen contenders and print the figures."""
    asked = options()
    count = asked.events or (200_000 if asked.quick else 1_000_000)
    prefix = min(count, asked.prefix or (10_000 if asked.quick else 30_000))
    names, fair, cores = set(asked.only), load_fair(example_fair_path()), Cores()
    say(cores.report)
    field: Field | None = None
    with tempfile.TemporaryDirectory(prefix="fairpulse-bench-", ignore_cleanup_errors=True) as scratch:
        directory = Path(scratch)

        def on_broker(work: Callable[[Bench], None], properties: dict[str, str]) -> None:
            with (
                LocalKafka.start(data_dir=directory / "kafka", properties=properties) as kafka,
                Bench(directory, cores, kafka.bootstrap_servers) as bench,
            ):
                work(bench)

        def first(bench: Bench) -> None:
            nonlocal field
            everything, few = prepare(bench.servers, fair, count, prefix)
            ends = asyncio.run(source_ends(bench.servers))
            field = Field(bench, fair, everything, few, ends, asked.quix_python)
            on_quiet_broker(field, names, asked.rounds)
            if "takeover" in names and "two_workers" not in names:
                last(bench)

        def last(bench: Bench) -> None:
            assert field is not None
            field.bench = bench
            if "two_workers" in names:
                say("two_workers")
                two_workers(field, LATENESS_MS + asked.rounds)
            if "takeover" in names:
                say("takeover")
                takeover(field, Group(bench, fair, LATENESS_MS))

        def doubled(bench: Bench) -> None:
            assert field is not None
            field.bench = bench
            say("recordings")
            recordings(field)

        on_broker(first, {})
        if "two_workers" in names:
            on_broker(last, MEET)
        if "recordings" in names:
            on_broker(doubled, {})
    assert field is not None
    for name, (above, below) in RATIOS.items():
        if above in field.figures and below in field.figures:
            field.note(name, field.figures[above][0] / field.figures[below][0], "ratio")
    for name, (value, unit) in field.figures.items():
        print(f"{name}\t{value:.0f}\t{unit}" if value >= 1_000 else f"{name}\t{value:.3g}\t{unit}")
    if asked.write:
        values = {name: value_text(name, value, unit) for name, (value, unit) in field.figures.items()}
        command = command_of("tests/bench/run.py", sys.argv[1:], os.environ)
        say(f"written: {', '.join(write(values, command, time.strftime('%Y-%m-%d'))) or f'no row has {command}'}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, FairpulseError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)

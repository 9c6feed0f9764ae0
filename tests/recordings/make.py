"""Write the golden recordings: `python tests/recordings/make.py [NAME]`, from the repository's top.

Each is a named situation of the simulator at the small fair, with what every KPI must be, computed by the oracle.
Make them anew only when events or the meaning of a KPI change. `--expected` rewrites only the expectations; `--check`
writes nothing and names those that are stale. The fold must give the same numbers too.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from aiokafka.partitioner import murmur2

sys.path.insert(0, str(Path(__file__).parents[2]))

from producers.play.simulator.emission import Emission
from producers.play.simulator.scenarios import Scenario, scenario_named
from producers.play.simulator.stream import emissions
from schemas.errors import MustStop
from schemas.fair.file import example_fair_path, load_fair
from schemas.recording.frames import RecordedRecord
from schemas.recording.reader import Recording
from schemas.recording.writer import RecordingWriter
from schemas.topics import EVENT_TOPICS, PARTITIONS
from streams.history.replay import Replay
from tests.support.builders import LATENESS
from tests.support.golden import expected_of, parting
from tests.support.remedies import told

HERE = Path(__file__).parent
FAIR_FILE = example_fair_path("small")


def rush(scenario: Scenario) -> Iterable[Emission]:
    return emissions(load_fair(FAIR_FILE), scenario, seed=7)


def amendments_first(stream: Iterable[Emission]) -> Iterable[Emission]:
    """Let every amendment and cancellation arrive before the deal it changes, as terminals that were offline do."""
    records = list(stream)
    deals = [number for number, one in enumerate(records) if one.topic == "fair.deals"]
    for number, one in zip(deals, [records[number] for number in reversed(deals)], strict=True):
        records[number] = one
    return records


SITUATIONS = {
    "opening_rush": lambda: rush(replace(scenario_named("opening_rush"), visitors=120)),
    "reconnect_flush": lambda: rush(replace(scenario_named("reconnect_flush"), visitors=100)),
    "ceremony_burst": lambda: rush(replace(scenario_named("ceremony_burst"), visitors=40)),
    "amendment_before_deal": lambda: amendments_first(rush(replace(scenario_named("ceremony_burst"), visitors=20))),
    "gate_outage": lambda: rush(replace(scenario_named("gate_outage"), visitors=120)),
}


def recorded(stream: Iterable[Emission], partitions: int = PARTITIONS) -> Iterator[RecordedRecord]:
    """Yield the records in the order in which Kafka would have stored them."""
    offsets: dict[tuple[str, int], int] = {}
    for one in stream:
        partition = (murmur2(one.key) & 0x7FFFFFFF) % partitions
        offset = offsets.get((one.topic, partition), 0)
        offsets[one.topic, partition] = offset + 1
        yield RecordedRecord(one.topic, partition, offset, one.at_ms, one.key, one.value)


def make(names: Sequence[str]) -> None:
    fair = load_fair(FAIR_FILE)
    for name in names:
        path = HERE / f"{name}.fairrec"
        partitions = {topic.name: PARTITIONS for topic in EVENT_TOPICS}
        with RecordingWriter(path, fair.fair_id, partitions, FAIR_FILE.read_bytes(), level=19) as writer:
            for record in recorded(SITUATIONS[name]()):
                writer.write(record)
        print(f"{path.name}: {writer.records} records, {path.stat().st_size:,} bytes")


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments; return the exit code."""
    chosen = [name for name in arguments if not name.startswith("--")] or list(SITUATIONS)
    if "--check" not in arguments and "--expected" not in arguments:
        make(chosen)
    wrong = 0
    for name in chosen:
        path, expected = HERE / f"{name}.json", expected_of(HERE / f"{name}.fairrec")
        stale = not path.exists() or path.read_bytes() != expected
        if "--check" in arguments:
            faults = [f"tests/recordings/{path.name} is stale; run: make generate"] if stale else []
        else:
            if stale:
                path.write_bytes(expected)
                print(f"wrote tests/recordings/{path.name}")
            faults = not_folded(name)
        for fault in faults:
            print(f"error: {fault}", file=sys.stderr)
        wrong += len(faults)
    return 1 if wrong else 0


def not_folded(name: str) -> list[str]:
    """Return the places where the fold differs from the recount, whose numbers are written; empty if nowhere."""
    path = HERE / f"{name}.fairrec"
    try:
        found = parting(Recording(path), Replay.of(path, lateness=LATENESS).final().report)
    except MustStop as unknown:
        return [str(unknown)]
    wrong = f"tests/recordings/{name}.json has the numbers of the recount; the fold gives others"
    return [f"{wrong}:\n{told(found)}"] if found else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

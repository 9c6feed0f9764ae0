"""`make producers`: programs that are not ours write events to our topics, and the table says what becomes of them.

Loopback only. Each program writes with its library as it is, in every codec of Kafka, and in transactions if it can. A
worker folds the events. Each of them counts, or is refused and told: a dead letter with the reason `misplaced`.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from producers.records import RawRecord
from schemas.dead_letters import DeadLetter, read_letter
from schemas.fair.file import example_fair_path
from schemas.partitioning import partition_of
from schemas.settings import KafkaSettings
from schemas.topics import REJECTED, SCANS, key_of
from schemas.wire import encode
from streams.kafka.topics import ensure_topics
from streams.local.jars import VERSION, class_path, fetch, sha256
from streams.local.kafka import LocalKafka
from tests.clients.page import put
from tests.support.builders import scan
from tests.support.workers import WorkerProcess, read_back, send

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent / "producers"
BEGIN, END = "<!-- written by make producers WRITE=1 -->\n", "<!-- until here, producers -->\n"
EVENTS: Final = 40
PARTITIONS: Final = 8
CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")
MODES: Final = {"plain": "", "committed": ", in a transaction", "aborted": ", in a transaction that is given up"}
TOOLS: Final = f"org.apache.kafka:kafka-tools:{VERSION}"
TOOLS_SHA256: Final = "62f3c5dd7aa3442d4c5bc6a95f86e2502178ea09de8e27f74d9563bf955e253c"
PATIENCE_S: Final = 30.0


class Program(NamedTuple):
    """Rows of the table: one for each mode."""

    name: str
    library: str
    partitioner: str = ""
    modes: Sequence[str] = tuple(MODES)


PROGRAMS: Final = (
    Program("aiokafka 0.14", "aiokafka"),
    Program("librdkafka 2.16 (confluent-kafka), its default partitioner", "confluent"),
    Program("librdkafka 2.16 (confluent-kafka), `partitioner=murmur2_random`", "confluent", "murmur2_random"),
    Program("kafka-python 3.0", "kafka-python"),
    Program(f"Apache's console producer {VERSION}", "console", modes=("plain",)),
)


class Lines(NamedTuple):
    """What a program writes in one cell: keys and values by the id of the event."""

    records: dict[str, tuple[bytes, bytes]]

    @property
    def text(self) -> bytes:
        return b"".join(key + b"\t" + value + b"\n" for key, value in self.records.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="libraries, such as aiokafka and console")
    parser.add_argument("--write", action="store_true", help="put the table into the README beside this file")
    given = parser.parse_args()
    programs = [one for one in PROGRAMS if given.only is None or one.library in given.only]
    if not programs:
        parser.error(f"no such library; there are {sorted({one.library for one in PROGRAMS})}")
    text, good = table(programs)
    print(text)
    if given.write:
        put(text, BEGIN, END)
    sys.exit(not good)


def table(programs: Sequence[Program]) -> tuple[str, bool]:
    """Let all programs write. Return the table, and whether each event counts, or is refused and told."""
    made = ROOT / ".fairpulse/clients/producers"
    python = environment(made)
    java = tools(made)
    good, misplaced = True, 0
    lines = ["| producer | " + " | ".join(CODECS) + " |", "|---" * (1 + len(CODECS)) + "|"]
    with kafka_and_worker() as (servers, worker):
        bench = Bench(servers, worker)
        for program in programs:
            for mode in program.modes:
                texts = []
                for codec in CODECS:
                    written = bench.lines()
                    words = words_of(program, codec, mode, servers, python, java)
                    print(f"{program.name}{MODES[mode]}, {codec}", file=sys.stderr, flush=True)
                    ran = subprocess.run(words, input=written.text, capture_output=True, check=False, timeout=120)
                    cell, refused, fine = bench.judge(written, mode)
                    if ran.returncode:
                        cell, fine = f"failed: {ran.stderr.decode(errors='replace').strip()[-200:]}", False
                    texts.append(cell)
                    misplaced += refused
                    good = good and fine
                lines.append(f"| {program.name}{MODES[mode]} | " + " | ".join(texts) + " |")
    lines += ["", f"Written {bench.written:,}, counted {bench.counted:,}, refused and told {misplaced:,}."]
    return "\n".join(lines), good


class Bench:
    """Judges what a program wrote, by Kafka's records and by what the worker shows."""

    def __init__(self, servers: str, worker: WorkerProcess) -> None:
        self._servers, self._worker = servers, worker
        self._numbers = count()
        self._before = 0
        self.written = self.counted = 0

    def lines(self) -> Lines:
        """Return events that nobody has written yet, each with its key."""
        events = [scan(f"theirs-{number}", "entry") for number in islice(self._numbers, EVENTS)]
        return Lines({event.event_id: (key_of(event), encode(event)) for event in events})

    def judge(self, written: Lines, mode: str) -> tuple[str, int, bool]:
        """Return the text of the cell, how many events were refused as misplaced, and whether all is right."""
        places = {one: place for one, place in self._places() if one in written.records}
        wrong = {place for one, place in places.items() if place[0] != self._right(written, one)}
        expected = 0 if mode == "aborted" else EVENTS - len(wrong)
        marks = self._mark()  # they lie behind what was written, in each partition
        deadline = time.monotonic() + PATIENCE_S
        while self._worker.events() < self._before + expected + marks and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.5)  # time for one that should not count
        told = len(wrong & self._misplaced())
        now = self._worker.events()
        counted, self._before = now - self._before - marks, now
        self.written += len(written.records)
        self.counted += counted
        if mode == "aborted":
            return "none counts" if not counted else f"**{counted} count**", 0, not counted
        fine = counted == expected and told == len(wrong) and len(places) == EVENTS
        if not wrong:
            return (f"{counted} of {EVENTS} count" if fine else f"**{counted} of {EVENTS} count**"), 0, fine
        cell = f"{counted} count, {told} refused and told (misplaced)"
        return (cell if fine else f"**{cell}, {len(wrong)} lie wrong**"), told, fine

    def _places(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for _, partition, offset, _, value in read_back(self._servers, SCANS.name):
            yield json.loads(value or b"{}")["event_id"], (partition, offset)

    @staticmethod
    def _right(written: Lines, one: str) -> int:
        return partition_of(written.records[one][0], PARTITIONS)

    def _misplaced(self) -> set[tuple[int, int]]:
        """Return where the events lie that have a dead letter with the reason `misplaced`."""
        letters = (read_letter(value) for *_, value in read_back(self._servers, REJECTED.name))
        return {
            (one.partition, one.offset)
            for one in letters
            if isinstance(one, DeadLetter) and (one.topic, one.reason) == (SCANS.name, "misplaced")
        }

    def _mark(self) -> int:
        """Write an event of our own into each partition; return how many."""
        waiting = set(range(PARTITIONS))
        marks = []
        while waiting:
            event = scan(f"mark-{next(self._numbers)}", "entry")
            key = key_of(event)
            if (partition := partition_of(key, PARTITIONS)) in waiting:
                waiting.remove(partition)
                marks.append(RawRecord(SCANS.name, key, encode(event)))
        send(self._servers, marks)
        return len(marks)


def words_of(program: Program, codec: str, mode: str, servers: str, python: Path, java: str) -> list[str]:
    """Return the command that writes the lines of its standard input."""
    if program.library == "console":
        return [
            *("java", "-cp", java, "org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", servers),
            *("--topic", SCANS.name, "--compression-codec", codec, "--reader-property", "parse.key=true"),
        ]
    given = (program.library, program.partitioner, codec, mode, servers, SCANS.name)
    return [str(python), str(HERE / "produce.py"), *given]


@contextmanager
def kafka_and_worker() -> Iterator[tuple[str, WorkerProcess]]:
    """Start a Kafka and a worker that folds the fair."""
    with tempfile.TemporaryDirectory() as folder, LocalKafka.start() as kafka:
        servers = kafka.bootstrap_servers
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=servers, partitions=PARTITIONS)))
        log = Path(folder) / "worker.log"
        worker = WorkerProcess(servers, log, partitions=PARTITIONS, fair_file=str(example_fair_path("small")))
        try:
            yield servers, worker.wait_ready()
        finally:
            worker.stop()


def environment(made: Path) -> Path:
    """Return the Python of an environment of their own, with what requirements.lock pins."""
    python = made / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(made)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "--requirement", str(HERE / "requirements.lock")], check=True)
    return python


def tools(made: Path) -> str:
    """Return the class path of Kafka's own tools."""
    jar = fetch(TOOLS, made / "maven")
    if sha256(jar) != TOOLS_SHA256:
        jar.unlink()
        sys.exit(f"error: the jar {TOOLS} is not the one we know (its SHA-256 differs) and was deleted; run again")
    return ":".join(map(str, (jar, *class_path())))


if __name__ == "__main__":
    main()

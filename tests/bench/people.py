"""`make people`: a register of badges at full size. It starts every Kafka, gateway and worker that it needs.

It prints times, memory and answers of the shipped programs: imports by the command and over HTTP, quiet and at 500
events per second, a gateway and a worker with all persons, and the recount. It asserts no time. It ends with 1 if a
number is not exactly what was sent. --write puts the figures into the table of README.md beside this file.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from schemas.errors import FairpulseError
from tests.bench.people_imports import busy, over_http, quiet
from tests.bench.people_worker import fair, start_gateway
from tests.bench.persons import MOST, Persons
from tests.bench.processes import Failed, say
from tests.bench.stand import Stand, Table, fresh_stand
from tests.bench.writing import command_of, write

PARTS = ("fair", "json", "busy-csv", "busy-json", "http", "busy-http")
SCRIPT = "tests/bench/people.py"


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--people", type=int, default=250_000, help="persons in the register [default: 250000]")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--write", action="store_true", help="put the figures into tests/bench/README.md")
    given = parser.parse_args()
    if not 1_000 <= given.people <= MOST:
        parser.error(f"--people: give a number from 1,000 to {MOST:,}")
    return given


def measure(part: str, stand: Stand) -> None:
    """Measure one part on a Kafka of its own."""
    persons = stand.persons
    if part == "fair":
        start_gateway(stand, 0)
        quiet(stand, persons.csv, "csv")
        start_gateway(stand, persons.count)
        fair(stand)
    elif part == "json":
        quiet(stand, persons.json_lines, "json")
    elif part == "busy-csv":
        busy(stand, persons.csv, "csv")
    elif part == "busy-json":
        busy(stand, persons.json_lines, "json")
    else:
        over_http(stand, with_events=part == "busy-http")


def main() -> None:
    """Measure the chosen parts and print the table, also that of the parts before one that failed."""
    asked, table = options(), Table()
    try:
        with tempfile.TemporaryDirectory(prefix="fairpulse-people-", ignore_cleanup_errors=True) as folder:
            persons = Persons(asked.people, Path(folder))
            say(f"{persons.count:,} persons: {persons.csv.stat().st_size / 1e6:.1f} MB as CSV, "
                f"{persons.json_lines.stat().st_size / 1e6:.1f} MB as JSON lines")  # fmt: skip
            for part in asked.only:
                with fresh_stand(persons, table) as stand:
                    measure(part, stand)
    finally:
        for line in table.lines:
            print(line, flush=True)
    if asked.write:
        command = command_of(SCRIPT, sys.argv[1:], os.environ)
        print("written:", *(write(table.values, command, time.strftime("%Y-%m-%d")) or [f"no row has {command}"]))


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a group, and in groups inside it; or the one error."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from leaves(one)
    else:
        yield error


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        first = next(leaves(error))
        if not isinstance(first, (Failed, FairpulseError)):
            raise
        sys.exit(f"people: {' '.join(str(first).split())}")

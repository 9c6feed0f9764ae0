"""The files for an auditor: the numbers, the evidence of every visit, and a manifest with the checksums of both.

The evidence follows UFI's audit rules: one row per person and day, with the entry that makes the visit.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas.errors import Unavailable
from streams.audit.recount.oracle import Oracle
from streams.audit.sources import Seals
from streams.shown.answers import Number

EVIDENCE: Final = ("badge_ref", "day", "first_accepted_entry", "gate", "role", "event_id")
NUMBERS: Final = ("kpi", "window", "labels", "live", "recomputed", "difference")


class Written(NamedTuple):
    """A written file of the audit."""

    name: str
    rows: int
    sha256: str


def evidence_rows(oracle: Oracle, zone: ZoneInfo, day: str | None) -> Iterator[tuple[str, ...]]:
    """Yield a row for every person and day, ordered by day, time and event id; if a day is given, only of this day."""
    for (date, badge), entry in sorted(oracle.entries.items(), key=lambda item: (item[0][0], item[1])):
        if day in (None, date):
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=entry.ms)
            local = at.astimezone(zone).isoformat(timespec="milliseconds")
            yield badge, date, local, entry.gate, entry.role, entry.event_id


def number_rows(numbers: Iterable[Number]) -> Iterator[tuple[object, ...]]:
    """Yield a row for every number; a histogram is written as count, sum in ms and buckets, separated by spaces."""
    for one in numbers:
        if isinstance(one.live, int) and isinstance(one.recomputed, int):
            yield one.name, one.window, one.labels, one.live, one.recomputed, one.live - one.recomputed
        else:
            live, recomputed = (_spaced(value) for value in (one.live, one.recomputed))
            yield one.name, one.window, one.labels, live, recomputed, int(one.differs)


def write_audit(folder: Path, manifest: Mapping[str, Any], tables: Mapping[str, tuple[tuple[str, ...], Any]]) -> Path:
    """Write the tables as CSV files, and the manifest with their checksums, to a folder; return the manifest's path.

    Raises:
        Unavailable: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = [_write_csv(folder / f"{name}.csv", head, rows) for name, (head, rows) in tables.items()]
        path = folder / "manifest.json"
        content = {**manifest, "files": [one._asdict() for one in files]}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"the audit cannot be written ({error.strerror})", hint="name another folder") from None
    return path


def sealed(seals: Seals) -> list[dict[str, Any]]:
    """Return the seal of every partition: first and last offset, number of records, checksum."""
    return [
        {
            "topic": topic,
            "partition": partition,
            "first_offset": seal.first,
            "last_offset": seal.last,
            "records": seal.records,
            "sha256": seal.digest.hexdigest(),
        }
        for (topic, partition), seal in sorted(seals.items())
    ]


def _write_csv(path: Path, head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Written:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(head)
        for row in rows:
            table.writerow(row)
            count += 1
    return Written(path.name, count, hashlib.sha256(path.read_bytes()).hexdigest())


def _spaced(value: int | tuple[int, ...]) -> str:
    return str(value) if isinstance(value, int) else " ".join(map(str, value))

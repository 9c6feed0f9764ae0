"""The files for an auditor: the numbers, who was counted and who was not, and a manifest with their checksums.

Both lists of persons have one row per person and day. `counted` has the first entry that makes the person count. If a
profile counts a person once per fair, that is the entry of the first day. `excluded` has the entry that came nearest to
counting, with everything that speaks against it: so it shows that staff was not counted.
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
from streams.audit.recount.people import ByHand, Entry
from streams.audit.sources import Seals
from streams.shown.answers import Number

EVIDENCE: Final = (
    *("badge_ref", "day", "entry", "received_at", "gate", "role", "country", "source_type", "forced", "event_id"),
)
EXCLUDED: Final = (*EVIDENCE, "reason")
BY_HAND: Final = (
    *("badge_ref", "day", "kind", "happened", "received_at", "place", "role", "country", "source_type", "forced"),
    "event_id",
)
BEFORE: Final = "counted before"
"""Why a later day of a person does not count with a profile that counts everybody once per fair."""
NUMBERS: Final = ("kpi", "window", "labels", "live", "recomputed", "difference")


class Written(NamedTuple):
    """A written file of the audit."""

    name: str
    rows: int
    sha256: str


class Sheets(NamedTuple):
    """The rows of the three lists of people, each ordered by day, time and event id.

    Attributes:
        counted: one row per person and day that the profile counts; per person, if it counts once per fair.
        excluded: one row per person and day that it does not count, although the person came to a gate.
        by_hand: every accepted scan of any kind whose code was typed, or that was forced, and every interaction whose
            code was typed.
        figure: the profile's number, as it is recounted for `counted_by_profile`.
    """

    counted: list[tuple[str, ...]]
    excluded: list[tuple[str, ...]]
    by_hand: list[tuple[str, ...]]
    figure: int


def evidence_of(oracle: Oracle, zone: ZoneInfo, profile: str, day: str | None) -> Sheets:
    """Return who a profile counts and who not; if a day is given, only of this day and as the day's number has them."""
    people, rule = oracle.people, oracle.fair.profiles[profile]
    counted: dict[tuple[str, str], Entry] = {}
    excluded: dict[tuple[str, str], tuple[Entry, list[str]]] = {}
    for entry in sorted(people.entries):
        if day not in (None, entry.day):
            continue
        person, faults = (entry.day, entry.badge), people.faults(entry, rule)
        if not faults:
            counted.setdefault(person, entry)
        elif person not in excluded or len(faults) < len(excluded[person][1]):
            excluded[person] = entry, faults
    left_out = [(entry, faults) for person, (entry, faults) in excluded.items() if person not in counted]
    kept = list(counted.values())
    if rule.once_per_fair:
        firsts: dict[str, Entry] = {}
        left_out += [(entry, [BEFORE]) for entry in sorted(kept) if firsts.setdefault(entry.badge, entry) is not entry]
        kept = list(firsts.values())

    def times(one: Entry | ByHand) -> tuple[str, str]:
        return _local(one.ms, zone), _local(one.received, zone)

    def row(entry: Entry) -> tuple[str, ...]:
        who = people.who(entry.badge, entry.role, entry.country)
        place = (entry.badge, entry.day, *times(entry), entry.gate)
        return (*place, *who, entry.source, _yes(entry.forced), entry.event_id)

    def row_by_hand(scan: ByHand) -> tuple[str, ...]:
        who = people.who(scan.badge, scan.role, scan.country)
        place = (scan.badge, scan.day, scan.kind, *times(scan), scan.place)
        return (*place, *who, scan.source, _yes(scan.forced), scan.event_id)

    numbers = oracle.kpis()["counted_by_profile"].get(day or "fair", {})
    figure = numbers.get(frozenset({("profile", profile)}), 0)
    assert isinstance(figure, int)
    return Sheets(
        [row(entry) for entry in sorted(kept)],
        [(*row(entry), "; ".join(faults)) for entry, faults in sorted(left_out)],
        [row_by_hand(scan) for scan in sorted(people.by_hand) if day in (None, scan.day)],
        figure,
    )


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


def _local(ms: int, zone: ZoneInfo) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return at.astimezone(zone).isoformat(timespec="milliseconds")


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

"""The persons of the bench of the register: their file in both formats, what they do, and the numbers of all that.

Everybody is one of a few kinds, by number, so each expected number is a sum over numbers. Nothing is drawn at random.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from stdnum import luhn

from schemas.badges.register import person_ref
from schemas.codes import BadgeRole
from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair
from schemas.topics import INTERACTIONS, SCANS
from tests.bench.events import Produced

KEY: Final = "the badge key of the bench, which is long enough"
MOST: Final = 999_999
"""Persons that the codes have room for."""
_LINES: Final = "\nbadge_register: yes\nbadge_codes: {prefix: CIF26-, alphabet: digits, length: 7, check: luhn}\n"
_VISITORS: Final = (BadgeRole.VISITOR_PUBLIC,) * 5 + (BadgeRole.VISITOR_PROFESSIONAL,) * 3
_ROLES: Final = (*_VISITORS, BadgeRole.EXHIBITOR_STAFF, BadgeRole.MEDIA)
_COUNTRIES: Final = ("CN", "CN", "CN", "DE", "FR", "US", "")
_SCANS, _INTERACTIONS = 3, 2
EVENTS_EACH: Final = 1 + _SCANS + _INTERACTIONS
"""An entry at a gate, scans at booths, and interactions."""


@dataclass(frozen=True)
class Persons:
    """Persons, numbered from 0.

    Attributes:
        folder: where their files are written.
    """

    count: int
    folder: Path

    @cached_property
    def fair_file(self) -> Path:
        """The file of the fair: CIFTIS with a register."""
        path = self.folder / "fair.yaml"
        path.write_text(example_fair_path("ciftis").read_text(encoding="utf-8") + _LINES, encoding="utf-8")
        return path

    @cached_property
    def fair(self) -> Fair:
        """The fair itself."""
        return load_fair(self.fair_file)

    @cached_property
    def csv(self) -> Path:
        """The file of the registration system as CSV."""
        path = self.folder / "persons.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("person,role,country,consent,codes\n")
            for row in self._rows():
                file.write(f"{row['person']},{row['role']},{row['country']},{row['consent']},{row['codes'][0]}\n")
        return path

    @cached_property
    def json_lines(self) -> Path:
        """The same as JSON lines."""
        path = self.folder / "persons.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in self._rows())
        return path

    def _rows(self) -> Iterator[dict[str, Any]]:
        for one in range(self.count):
            yield {
                "person": f"R-{one:06d}",
                "role": _role(one),
                "country": _country(one),
                "consent": "no" if one % 20 == 0 else "yes",
                "codes": [self.code(one)],
            }

    def code(self, one: int) -> str:
        """Return the code on a person's badge."""
        return f"CIF26-{one:06d}{luhn.calc_check_digit(f'{one:06d}')}"

    def slices(self, most_bytes: int) -> Iterator[bytes]:
        """Yield the JSON lines in parts of at most this size."""
        part = bytearray()
        with self.json_lines.open("rb") as file:
            for line in file:
                if len(part) + len(line) > most_bytes:
                    yield bytes(part)
                    part.clear()
                part += line
        yield bytes(part)

    def events(self) -> Iterator[tuple[Produced, bool]]:
        """Yield what everybody does on the first day, as gateways store it: first come all entries."""
        for one in range(self.count):
            yield self.entry(one), False
        booths, exhibits = list(self.fair.booths), list(self.fair.exhibits.values())
        for one in range(self.count):
            ref = _ref(one)
            for turn in range(1, EVENTS_EACH):
                at = one + turn
                if turn <= _SCANS:
                    more = (
                        f'"type":"fair.visitor.scanned.v1","scan_kind":"booth","booth_id":"{booths[at % len(booths)]}"'
                    )
                    yield (SCANS.name, ref.encode(), self._event(one, turn, ref, more)), False
                    continue
                there = exhibits[at % len(exhibits)]
                more = (
                    '"type":"fair.exhibit.interaction.v1","interaction_kind":"demo_started",'
                    f'"exhibit_id":"{there.exhibit_id}","exhibitor_id":"{there.exhibitor}"'
                )
                yield (INTERACTIONS.name, ref.encode(), self._event(one, turn, ref, more)), False

    def entry(self, one: int) -> Produced:
        """Return how a person comes in."""
        ref = _ref(one)
        more = '"type":"fair.visitor.scanned.v1","scan_kind":"entry","gate_id":"south-1"'
        return SCANS.name, ref.encode(), self._event(one, 0, ref, more)

    def _event(self, one: int, turn: int, ref: str, more: str) -> bytes:
        at = f"2025-09-10T0{2 + turn}:{one // 1_000 % 60:02d}:{one % 60:02d}"
        return (
            f'{{"event_id":"{one:08x}-{turn:04x}-4000-8000-000000000000","fair_id":"{self.fair.fair_id}",'
            f'"terminal_id":"t-{one % 2_000:04d}","terminal_seq":{one * EVENTS_EACH + turn},"badge_ref":"{ref}",'
            f'"occurred_at":"{at}.000Z","received_at":"{at}.400Z","clock_offset_ms":5,{more}}}'
        ).encode()

    def registered(self) -> dict[str, dict[str, int]]:
        """Return the numbers of the register, by KPI and label."""
        roles = Counter(str(_role(one)) for one in range(self.count))
        return {"registered_badges": dict(roles), "unregistered_badges": {"": 0}}

    def numbers(self) -> dict[str, dict[str, int]]:
        """Return the numbers of the fair after `events`, by KPI and label; money and windows are left out."""
        visitors = [one for one in range(self.count) if _role(one) in _VISITORS]
        countries = Counter(_country(one) or "unknown" for one in visitors)
        scans, interactions = self.count * (1 + _SCANS), self.count * _INTERACTIONS
        return {
            **self.registered(),
            "events": {SCANS.name: scans, INTERACTIONS.name: interactions},
            "visits": {"": len(visitors)},
            "unique_visitors": {"": len(visitors)},
            "visitors_by_country": dict(countries),
        }


def _role(one: int) -> BadgeRole:
    return _ROLES[one % len(_ROLES)]


def _country(one: int) -> str:
    return _COUNTRIES[one % len(_COUNTRIES)]


def _ref(one: int) -> str:
    return person_ref(KEY.encode(), f"R-{one:06d}")

"""The fair as a visitor walks it: gates with lanes, halls with doors, booths with exhibits; a terminal at each."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Final, Generic, NamedTuple, TypeVar

from producers.play.simulator.emission import Reader
from schemas.api.terminals import PlaceKind, Terminal
from schemas.fair.model import Fair
from schemas.times import epoch_ms

DOORS: Final = 4
"""Door readers of a hall."""

STAGES: Final = 3
"""Terminals at the signing ceremonies."""

MAX_LANES: Final = 32
"""More readers than this at one gate make no difference."""

T = TypeVar("T")


class Weighted(Generic[T]):
    """Things to draw from, the first ones more often: the n-th has weight 1/(n+2)."""

    def __init__(self, things: Sequence[T], *, even: bool = False) -> None:
        self.things = tuple(things)
        self._sums = list(accumulate(1.0 if even else 1 / (rank + 2) for rank in range(len(self.things))))

    def draw(self, chance: Random) -> T:
        """Return one of the things; IndexError if there are none."""
        return self.things[bisect(self._sums, chance.random() * self._sums[-1])]

    def __bool__(self) -> bool:
        return bool(self.things)


class PlayedExhibit(NamedTuple):
    """Something shown at a booth, and who shows it."""

    exhibit_id: str
    exhibitor_id: str


class PlayedBooth(NamedTuple):
    """A stand, its terminal, what is shown there (perhaps nothing), and its exhibitors."""

    booth_id: str
    terminal: Reader
    exhibits: tuple[PlayedExhibit, ...]
    exhibitors: tuple[str, ...]


class PlayedHall(NamedTuple):
    """A hall, its door readers, its stands, and those of them that show something."""

    hall_id: str
    doors: tuple[Reader, ...]
    booths: Weighted[PlayedBooth]
    showing: Weighted[PlayedBooth]


class PlayedGate(NamedTuple):
    """A gate of the perimeter, one terminal a lane."""

    gate_id: str
    lanes: tuple[Reader, ...]


class Places:
    """Every place of one fair; what the fair file names first draws most.

    Attributes:
        gates: where visitors go in and out: those that count visits, if there are any.
        all_gates: those and the service gates.
        halls: where they walk.
        booths: every stand, by id.
        stages: terminals of the signing ceremonies.
        forum: the reader at the door of the forums.
        registration: where the register of badges is written; no terminal, and not in `terminals`.
        terminals: all of them, in the order of the fair file.
    """

    def __init__(self, fair: Fair) -> None:
        self.terminals: list[Reader] = []
        self._fair_id = fair.fair_id
        gates = [
            PlayedGate(gate_id, self._readers(PlaceKind.GATE, gate_id, min(MAX_LANES, gate.lanes)))
            for gate_id, gate in fair.gates.items()
        ]
        self.all_gates = Weighted(gates)
        self.gates = Weighted([gate for gate in gates if fair.gates[gate.gate_id].countable]) or self.all_gates
        shown: defaultdict[str, list[PlayedExhibit]] = defaultdict(list)
        for exhibit_id, exhibit in fair.exhibits.items():
            shown[fair.exhibitors[exhibit.exhibitor].booth].append(PlayedExhibit(exhibit_id, exhibit.exhibitor))
        inside: defaultdict[str, list[PlayedBooth]] = defaultdict(list)
        self.booths: dict[str, PlayedBooth] = {}
        for booth_id, place in fair.booths.items():
            reader = self._readers(PlaceKind.BOOTH, booth_id, 1)[0]
            booth = PlayedBooth(booth_id, reader, tuple(shown[booth_id]), place.exhibitors)
            self.booths[booth_id] = booth
            inside[place.hall].append(booth)
        self.halls = Weighted(
            [
                PlayedHall(
                    hall_id,
                    self._readers(PlaceKind.HALL, hall_id, DOORS),
                    Weighted(inside[hall_id], even=True),
                    Weighted([booth for booth in inside[hall_id] if booth.exhibits], even=True),
                )
                for hall_id in fair.halls
            ]
        )
        self.stages = self._readers(PlaceKind.DESK, "", STAGES, name="stage")
        self.forum = self._readers(PlaceKind.DESK, "", 1, name="forum")[0]
        self.registration = Reader(Terminal("registration", fair.fair_id, PlaceKind.DESK))

    def _readers(self, place: PlaceKind, place_id: str, count: int, *, name: str = "") -> tuple[Reader, ...]:
        # An identifier may have 64 characters, so the name of a terminal made of one is cut.
        name = (name or f"{place}-{place_id}")[:60]
        readers = tuple(
            Reader(Terminal(f"{name}-{number}", self._fair_id, place, place_id)) for number in range(1, count + 1)
        )
        self.terminals += readers
        return readers


class Hours(NamedTuple):
    """A fair day in ms since 1970: local midnight, opening, closing, the next midnight."""

    date: str
    starts_ms: int
    opens_ms: int
    closes_ms: int
    ends_ms: int


def hours_of(fair: Fair) -> tuple[Hours, ...]:
    """Return the days of a fair as whole milliseconds."""
    return tuple(
        Hours(
            day.date.isoformat(),
            epoch_ms(day.starts_at),
            epoch_ms(day.opens_at),
            epoch_ms(day.closes_at),
            epoch_ms(day.ends_at),
        )
        for day in fair.days
    )

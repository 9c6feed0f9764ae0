"""The register of badges as a partition knows it: who its persons are. Any order of registrations gives the same."""

from dataclasses import dataclass, field
from typing import NamedTuple

from pyroaring import BitMap

from schemas.codes import BadgeRole
from streams.kpis.labels import UNKNOWN


class Who(NamedTuple):
    """What a person counts as: a role, and a country of residence. Either is `UNKNOWN` if nobody has said it."""

    role: str
    country: str


class Content(NamedTuple):
    """What one revision says of a person; of two contents under one revision the greater counts.

    Attributes:
        role, country, exhibitor, denied: empty if left out.
    """

    role: str
    country: str
    exhibitor: str
    tracking_consent: bool
    denied: str
    erased: bool


@dataclass(slots=True)
class Register:
    """The current registration of every person, by dense number.

    Attributes:
        revisions: of each person.
        contents: number of the current content of each person, in `known`.
        known: all contents so far, each once.
        members: the persons by role and country.
    """

    revisions: dict[int, int] = field(default_factory=dict)
    contents: dict[int, int] = field(default_factory=dict)
    known: list[Content] = field(default_factory=list)
    members: dict[Who, BitMap] = field(default_factory=dict)
    _numbers: dict[Content, int] = field(default_factory=dict)

    def take(self, person: int, revision: int, content: Content) -> None:
        """Note what a revision says of a person, unless a higher one, or a greater content, is known."""
        before = self.contents.get(person)
        if before is not None:
            if (self.revisions[person], self.known[before]) >= (revision, content):
                return
            self.members[_who(self.known[before])].discard(person)
        number = self._numbers.get(content)
        if number is None:
            number = self._numbers[content] = len(self.known)
            self.known.append(content)
        self.revisions[person] = revision
        self.contents[person] = number
        self.members.setdefault(_who(content), BitMap()).add(person)

    def of_role(self, role: BadgeRole | str) -> BitMap:
        """Return all persons with a role."""
        return BitMap.union(BitMap(), *(some for who, some in self.members.items() if who.role == role))

    @property
    def persons(self) -> BitMap:
        """All persons in the register."""
        return BitMap.union(BitMap(), *self.members.values())


def _who(content: Content) -> Who:
    return Who(content.role, content.country or UNKNOWN)

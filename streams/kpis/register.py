"""The register of badges as a partition knows it: who its persons are. Any order of registrations gives the same."""

from dataclasses import dataclass, field
from typing import NamedTuple

from pyroaring import BitMap

from streams.kpis.labels import UNKNOWN


class Content(NamedTuple):
    """What one revision says of a person; of two contents under one revision the greater counts.

    The order of the fields is that of the comparison: an erasure is greater than all that is not one.

    Attributes:
        erased: no badge leads to the person any more.
        role, country, exhibitor, denied: empty if left out.
    """

    erased: bool
    role: str
    country: str
    exhibitor: str
    tracking_consent: bool
    denied: str


@dataclass(slots=True)
class Register:
    """The current registration of every person, by dense number.

    Attributes:
        revisions: of each person.
        contents: number of the current content of each person, in `known`.
        known: all contents so far, each once.
        by_role, by_country: the persons, by what the register says of them now; an unknown country is `UNKNOWN`.
    """

    revisions: dict[int, int] = field(default_factory=dict)
    contents: dict[int, int] = field(default_factory=dict)
    known: list[Content] = field(default_factory=list)
    by_role: dict[str, BitMap] = field(default_factory=dict)
    by_country: dict[str, BitMap] = field(default_factory=dict)
    _numbers: dict[Content, int] = field(default_factory=dict)

    def take(self, person: int, revision: int, content: Content) -> None:
        """Note what a revision says of a person, unless a higher one, or a greater content, is known."""
        before = self.contents.get(person)
        if before is not None:
            old = self.known[before]
            if (self.revisions[person], old) >= (revision, content):
                return
            self.by_role[old.role].discard(person)
            self.by_country[old.country or UNKNOWN].discard(person)
        number = self._numbers.get(content)
        if number is None:
            number = self._numbers[content] = len(self.known)
            self.known.append(content)
        self.revisions[person] = revision
        self.contents[person] = number
        self.by_role.setdefault(content.role, BitMap()).add(person)
        self.by_country.setdefault(content.country or UNKNOWN, BitMap()).add(person)

"""Who posts: a terminal, its place at the fair, and the token that proves it."""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from typing_extensions import override

from schemas.codes import Code
from schemas.ids import FairId, Name, TerminalId

TOKEN_PATTERN: Final = r"^tf_([0-9A-Za-z]{8})_([0-9A-Za-z]{43})$"  # noqa: S105 - the shape of tokens, not a token
"""`tf_<key id>_<secret>`; the secret is 256 bits in base 62."""

_TOKEN: Final = re.compile(TOKEN_PATTERN.removesuffix("$") + r"\Z")


class PlaceKind(Code):
    """Where a terminal stands; it decides what the terminal may post."""

    BOOTH = "booth"
    """On a stand: booth scans, interactions at the stand's exhibits, the stand's deals."""
    GATE = "gate"
    """At a gate of the perimeter: entries and exits."""
    HALL = "hall"
    """At the doors of a hall: zone_in and zone_out."""
    DESK = "desk"
    """At a desk of the organiser: sessions, and deals of the whole fair (a signing ceremony)."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal as the organiser enrolled it.

    Attributes:
        place_id: the booth, gate or hall; empty for a desk.
        test: whether it is for tests: its events go through everything and count nowhere.
    """

    terminal_id: TerminalId
    fair_id: FairId
    place: PlaceKind
    place_id: Name = ""
    test: bool = False

    @property
    def source(self) -> str:
        """The CloudEvents `source` of everything it posts, for example /fairs/f/booths/b/terminals/t."""
        if self.place is PlaceKind.DESK:
            return f"/fairs/{self.fair_id}/desks/terminals/{self.terminal_id}"
        return f"/fairs/{self.fair_id}/{self.place}s/{self.place_id}/terminals/{self.terminal_id}"


class Token(NamedTuple):
    """A token in its two parts; the key id is public, the secret is not."""

    kid: str
    secret: str

    @override
    def __repr__(self) -> str:
        """Return the token without its secret: it may end up in a log."""
        return f"Token({self.kid!r})"

    def text(self) -> str:
        """Return the token as the terminal sends it."""
        return f"tf_{self.kid}_{self.secret}"


def parse_token(text: str) -> Token | None:
    """Return the token; None if the text is not a token."""
    found = _TOKEN.match(text)
    return Token(found[1], found[2]) if found else None

"""All that a paired folder says, read at one moment: a running terminal takes up a new pairing as a whole."""

from dataclasses import dataclass
from typing import Self

from producers.terminal.card import Card
from producers.terminal.instance import epoch_of, has_moved
from producers.terminal.pairing import CARD, Pairing, version_of
from producers.terminal.spool import Spool
from schemas.errors import InvalidSettings


@dataclass(frozen=True, slots=True)
class Paired:
    """One pairing of a folder.

    Attributes:
        version: another one for every pairing.
        epoch: of the folder; the numbers of events count within it.
        moved: the folder was copied or moved since it was paired.
    """

    pairing: Pairing
    card: Card
    version: str
    epoch: str
    moved: bool

    @classmethod
    def read(cls, spool: Spool) -> Self:
        """Return the pairing of a spool.

        Raises:
            InvalidSettings: it was never paired.
        """
        while True:
            version = version_of(spool)
            pairing, card = Pairing.load(spool), spool.noted(CARD, Card.read)
            if pairing is None or card is None:
                raise InvalidSettings(
                    "this terminal is not paired yet",
                    hint="run `fairpulse terminal pair --server https://...` once, while online",
                )
            moved = has_moved(spool)
            if version_of(spool) == version:  # else somebody pairs it right now
                return cls(pairing, card, version, epoch_of(spool), moved)

"""The register's topics as a gateway that imports persons reads and writes them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from producers.badges.book import Book
from producers.records import RawRecord

AT_ONCE: Final = 1_000
"""Persons that are written together."""
ERRORS_MAX: Final = 100
"""Most errors that an answer lists; a file with more is wrong as a whole."""


@dataclass(frozen=True, slots=True)
class GatewayTopics:
    """The register, which the gateway follows anyway.

    Attributes:
        book: what the gateway has read.
        reach_end: returns when the book holds all that Kafka has.
        deliver: returns when Kafka has some records.
        taken: returns how many offsets of the topics are in the book, added up.
    """

    book: Book
    reach_end: Callable[[], Awaitable[None]]
    deliver: Callable[[Sequence[RawRecord]], Awaitable[None]]
    taken: Callable[[], int]

    async def catch_up(self) -> Book:
        """Return the register as it is now. Raises as `reach_end`."""
        await self.reach_end()
        return self.book

    async def write(self, records: Sequence[RawRecord]) -> None:
        """Return when Kafka has all records. Raises as `deliver`."""
        await self.deliver(records)

    def read(self) -> int:
        """Return how many offsets of the topics are in the book, added up."""
        return self.taken()

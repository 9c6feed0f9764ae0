"""Chunks: runs of records of one partition, each passed on as one event. And reading: which records come next.

Stock Faust spends 70-100 us on moving one record (four asyncio tasks, a lock and an ack for each), and 140 us during
recovery. A chunk of a thousand records costs this only once. Stock Faust can also lose records after a rebalance. Four
guards make the delivery of events gapless:

* reading starts where the partition's own state ends; the group's committed offset is only a hint;
* a partition without state starts at the earliest offset (stock Faust starts where the fetcher happens to be);
* nothing is delivered while Faust rebalances (Faust would throw it away);
* a chunk says which offset it follows, so that the agent notices a lost chunk and reads it again.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple, Protocol

from faust.types import TP

from schemas.dead_letters import RecordHeaders
from schemas.errors import MustStop

JOURNAL_RECORDS = 500
"""Most journal records that are passed to the store at once. In a quiet fair there is one for every event or two."""


class Fetched(Protocol):
    """A record as the Kafka client gives it."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def value(self) -> bytes | None:
        """Its content; None for a tombstone."""

    @property
    def headers(self) -> RecordHeaders:
        """Its headers, name and value."""


class Chunk(NamedTuple):
    """A run of records of one partition, ascending.

    Attributes:
        follows: the offset at which reading continued; that of the first record unless the log has a gap there.
        records: offset and value of each.
        fetched: the same records with all that Kafka tells of them; only refused ones are looked up there.
    """

    follows: int
    records: list[tuple[int, bytes | None]]
    fetched: Sequence[Fetched] = ()

    def headers_at(self, offset: int) -> RecordHeaders:
        """Return the headers of the record at an offset."""
        at = bisect_left(self.fetched, offset, key=attrgetter("offset"))
        return self.fetched[at].headers if at < len(self.fetched) else ()


class Reading:
    """The positions of the event partitions: how far each is read, and where it is read next.

    Args:
        topics: names of the event topics; other topics are not handled here.
        most: most records in a chunk.
        position_of: returns the last offset of an event partition that its state has applied; None without state.

    Attributes:
        topics: names of the event topics.
        ends: the end of each partition's log (the next record's offset) at its last fetch since a rebalance.
    """

    def __init__(self, topics: frozenset[str], most: int, position_of: Callable[[TP], int | None]) -> None:
        self.topics = topics
        self.ends: dict[TP, int] = {}
        self._most = most
        self._position_of = position_of
        self._next: dict[TP, int] = {}

    def start(self, tp: TP, earliest: int) -> int:
        """Return the offset at which reading starts after a rebalance; `earliest` is the first offset that Kafka keeps.

        Raises:
            MustStop: records are gone that the state has not applied.
        """
        self.ends.pop(tp, None)
        last = self._position_of(tp)
        if last is None:
            return earliest
        if last + 1 < earliest:
            raise MustStop(
                f"{tp.topic}[{tp.partition}] lost offsets {last + 1} to {earliest - 1}: retention was too short",
                hint="restore them, or delete the journal topic to count only the records that are left",
            )
        return last + 1

    def reads_from(self, tp: TP, offset: int) -> None:
        """Note that a partition is now read from an offset on, no matter what was read before."""
        self._next[tp] = offset

    def cut(self, tp: TP, run: Sequence[Fetched]) -> Iterator[tuple[int, Sequence[Fetched]]]:
        """Cut the records fetched from an event partition into runs, one per chunk; yield each with what it follows.

        Yields nothing for a partition whose start is not known yet: its records will be fetched again.
        """
        expected = self._next.get(tp)
        if expected is None:
            return
        if run and run[0].offset < expected:
            run = [record for record in run if record.offset >= expected]
        for at in range(0, len(run), self._most):
            part = run[at : at + self._most]
            follows, self._next[tp] = self._next[tp], part[-1].offset + 1
            yield follows, part


def cut_journal(run: Sequence[Fetched]) -> Iterator[tuple[int, Sequence[Fetched]]]:
    """Cut journal records as they come. Holes are not looked for: the state that applies the records notices them."""
    for at in range(0, len(run), JOURNAL_RECORDS):
        part = run[at : at + JOURNAL_RECORDS]
        yield part[0].offset, part


def chunk_of(follows: int, part: Sequence[Fetched]) -> Chunk:
    """Return the records of a run as a chunk."""
    return Chunk(follows, [(record.offset, record.value) for record in part], part)

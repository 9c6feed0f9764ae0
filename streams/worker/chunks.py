"""What a chunk is: a run of records of one partition, handed on as one event; and which records come next.

Stock Faust spends 70-100 us on moving one record (four asyncio tasks, a lock and an ack each), and 140 us on one that
it recovers from; a chunk of a thousand shares that. Four guards make the delivery of events gapless where stock Faust
can lose records after a rebalance:

* reading starts where the partition's own state ends, not at the group's committed offset (that one is a hint);
* a partition without state starts at the earliest offset (stock Faust leaves it where the fetcher has run to);
* nothing is delivered while Faust rebalances (what is, it throws away);
* a chunk says which offset it follows, so that the agent notices a lost one and reads it again.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from faust.types import TP

from schemas.errors import MustStop

JOURNAL_RECORDS = 500
"""Most journal records that are handed to the store at once. A slow fair writes one for every event or two."""


class Fetched(Protocol):
    """A record as the Kafka client hands it over."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def value(self) -> bytes | None:
        """What was written; None for a tombstone."""


class Chunk(NamedTuple):
    """A run of records of one partition, ascending.

    Attributes:
        follows: the offset from which reading was contiguous; it is the first record's unless the log has a gap.
        records: offset and value of each.
    """

    follows: int
    records: list[tuple[int, bytes | None]]


class Reading:
    """How far the event partitions are read, and where each is read next.

    Args:
        topics: names of the event topics; partitions of other topics are none of its business.
        most: records in a chunk.
        position_of: the last offset of an event partition that its state has applied; None without state.

    Attributes:
        topics: names of the event topics.
        ends: where the log of a partition ended when it was last fetched since a rebalance (the next record's offset).
    """

    def __init__(self, topics: frozenset[str], most: int, position_of: Callable[[TP], int | None]) -> None:
        self.topics = topics
        self.ends: dict[TP, int] = {}
        self._most = most
        self._position_of = position_of
        self._next: dict[TP, int] = {}

    def start(self, tp: TP, earliest: int) -> int:
        """Return the offset at which a partition is read after a rebalance; `earliest` is the first that is kept.

        Raises:
            MustStop: records that the state has not applied are gone.
        """
        self.ends.pop(tp, None)
        last = self._position_of(tp)
        if last is None:
            return earliest
        if last + 1 < earliest:
            raise MustStop(
                f"{tp.topic}[{tp.partition}] lost offsets {last + 1} to {earliest - 1}: retention was too short",
                hint="restore them, or delete the journal topic to count only what is left",
            )
        return last + 1

    def reads_from(self, tp: TP, offset: int) -> None:
        """Take note that a partition is read from an offset on, whatever was read before."""
        self._next[tp] = offset

    def cut(self, tp: TP, run: Sequence[Fetched]) -> Iterator[tuple[int, Sequence[Fetched]]]:
        """Cut what was fetched of an event partition into runs for a chunk each; give the offset that each follows.

        Nothing comes out of a partition before it is known where it is read: what was fetched will be fetched again.
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
    """Cut journal records as they come: the state that applies them notices a hole by itself."""
    for at in range(0, len(run), JOURNAL_RECORDS):
        part = run[at : at + JOURNAL_RECORDS]
        yield part[0].offset, part


def chunk_of(follows: int, part: Sequence[Fetched]) -> Chunk:
    """Return the records of a run as a chunk."""
    return Chunk(follows, [(record.offset, record.value) for record in part])

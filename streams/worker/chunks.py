"""Chunks: runs of records of one partition, each passed on as one event. And reading: which records come next.

Stock Faust spends 70-100 us on moving one record (four asyncio tasks, a lock and an ack for each), and 140 us during
recovery. A chunk of a thousand records costs this only once. Stock Faust can also lose records after a rebalance. Five
guards make the delivery of events gapless:

* reading starts where the partition's own state ends; the group's committed offset is only a hint;
* a partition without state starts at the earliest offset (stock Faust starts where the fetcher happens to be);
* nothing is delivered while Faust rebalances (Faust would throw it away);
* a fetch that was thrown away is made again: the client then stands elsewhere than after the last one passed on;
* a chunk says which offset it follows, so that the agent notices a lost chunk and reads it again.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple, Protocol

from faust.types import TP

from schemas.cures import MAKE_PART_ANEW
from schemas.dead_letters import RecordHeaders
from schemas.errors import MustStop
from schemas.topics import PartitionPlace, place_text
from schemas.witness import Witness, witness_of

JOURNAL_RECORDS = 500
"""Most journal records that are passed to the store at once. In a quiet fair there is one for every event or two."""


class Fetched(Protocol):
    """A record as the Kafka client gives it."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """When Kafka appended it, ms since 1970."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its content; None for a tombstone."""

    @property
    def headers(self) -> RecordHeaders:
        """Its headers, name and value."""


class FetchedTo(NamedTuple):
    """How far the client has read a partition, as it was when it gave a run of records.

    Attributes:
        before: where it read on; None if that is not known.
        position: where it reads next. Between the run and this there are no records, only markers of transactions and
            what aborted ones left.
        end: offset that the next record of the log will get; None if the client does not know it yet.
    """

    before: int | None
    position: int
    end: int | None


class Chunk(NamedTuple):
    """A run of records of one partition, ascending; without records if there are only markers of transactions.

    Attributes:
        follows: the offset at which reading continued; that of the first record unless the log has a gap there.
        records: offset and value of each.
        fetched: the same records with all that Kafka tells of them.
        end: there are no further records before this offset; -1 if that is not known.
    """

    follows: int
    records: list[tuple[int, bytes | None]]
    fetched: Sequence[Fetched] = ()
    end: int = -1

    @property
    def witness(self) -> Witness | None:
        """The last record, by which the log is recognised later on; None if it is not known where it came from."""
        if not self.fetched:
            return None
        last = self.fetched[-1]
        return witness_of(last.offset, last.timestamp, last.key, last.value)

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
    """

    def __init__(self, topics: frozenset[str], most: int, position_of: Callable[[TP], int | None]) -> None:
        self.topics = topics
        self._most = most
        self._position_of = position_of
        self._next: dict[TP, int] = {}
        self._stands: dict[TP, int] = {}
        self._reached: dict[TP, FetchedTo] = {}

    def start(self, tp: TP, earliest: int) -> int:
        """Return the offset at which reading starts after a rebalance; `earliest` is the first offset that Kafka keeps.

        Raises:
            MustStop: records are gone that the state has not applied.
        """
        self._reached.pop(tp, None)
        last = self._position_of(tp)
        must_begin_whole((tp.topic, tp.partition), last, earliest)
        return 0 if last is None else last + 1

    def reads_from(self, tp: TP, offset: int) -> None:
        """Note that a partition is now read from an offset on, no matter what was read before."""
        self._next[tp] = self._stands[tp] = offset

    def missed(self, tp: TP, reached: FetchedTo | None) -> int | None:
        """Return the offset to go back to if the client has moved on with records that were never taken; else None.

        Whatever was fetched may be thrown away on its way, as it is while partitions move. Then the next records would
        look as if Kafka had none in between.
        """
        if reached is None or reached.before is None or tp not in self._next:
            return None
        return None if reached.before == self._stands[tp] else self._next[tp]

    def taken(self, tp: TP, reached: FetchedTo | None) -> None:
        """Note that all records of a fetch were passed on."""
        if reached is not None and tp in self._next:
            self._stands[tp] = reached.position

    def stop(self, tp: TP) -> None:
        """Read nothing of a partition until it is said where."""
        self._next.pop(tp, None)

    def reached(self, tp: TP, reached: FetchedTo) -> bool:
        """Note how far the client has read a partition; return False if it went back on its own.

        aiokafka does so if the log has no record where it reads, because it is shorter than it was.
        """
        self._reached[tp] = reached
        return reached.position >= self._next.get(tp, 0)

    def lag(self, tp: TP) -> int | None:
        """Return how many offsets of a partition are not in its state yet; None if it was not fetched yet.

        Offsets without a record count as read once all records before them are in the state. It is negative if the log
        is shorter than what was read of it.
        """
        reached = self._reached.get(tp)
        if reached is None or reached.end is None:
            return None
        last = self._position_of(tp)
        position = 0 if last is None else last + 1
        if position >= self._next.get(tp, position + 1):
            position = max(position, reached.position)
        return reached.end - position

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
            if self._next.get(tp) != expected:
                return  # it is read from elsewhere since the last chunk was passed on
            part = run[at : at + self._most]
            follows, expected = expected, part[-1].offset + 1
            self._next[tp] = expected
            yield follows, part


def cut_journal(run: Sequence[Fetched], reached: FetchedTo | None) -> Iterator[Chunk]:
    """Cut journal records as they come, and pass on that there is none. The state that applies them notices holes."""
    before = reached.before if reached is not None else None
    follows = before if before is not None else run[0].offset if run else None
    if follows is None:
        return
    for at in range(0, len(run), JOURNAL_RECORDS):
        part = run[at : at + JOURNAL_RECORDS]
        ends = at + JOURNAL_RECORDS >= len(run) and reached is not None
        end = reached.position if ends and reached is not None else part[-1].offset + 1
        yield chunk_of(follows, part, end)
        follows = end
    if not run and reached is not None and reached.position > follows:
        yield Chunk(follows, [], (), reached.position)


def chunk_of(follows: int, part: Sequence[Fetched], end: int = -1) -> Chunk:
    """Return the records of a run as a chunk."""
    return Chunk(follows, [(record.offset, record.value) for record in part], part, end)


def must_begin_whole(place: PartitionPlace, last: int | None, earliest: int) -> None:
    """Raise MustStop if a log has lost records at its beginning that its state has not applied.

    Args:
        place: topic and partition.
        last: the last offset that the state has applied; None if it has applied none.
        earliest: the first offset that Kafka keeps.
    """
    if last is None and earliest > 0:
        raise MustStop(
            f"{place_text(place)} begins at offset {earliest}: older records are gone, so its numbers would be those "
            "of a part",
            hint=MAKE_PART_ANEW,
        )
    if last is not None and last + 1 < earliest:
        raise MustStop(
            f"{place_text(place)} begins at offset {earliest}: the records from offset {last + 1} on are gone before "
            "they were read, so its numbers would be those of a part",
            hint=MAKE_PART_ANEW,
        )

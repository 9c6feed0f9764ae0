"""The journal of one partition: one record per chunk; the records form one chain and give one state.

A record stores the change of a chunk together with the offset at which the chunk ends: both are stored, or neither.
Each record names the record that it continues, by writer and sequence number. A worker draws a new writer id each time
it starts to write. Readers accept a record only if it continues the last accepted one. If two records continue the same
one, the first in the log wins, for every reader. So a worker that froze, lost its partition and woke up can still
append, but its record does not count. The offset of its append tells it so, and it must stop.

Offsets may be missing: a transaction's marker has one, and no record. It is a hole only if a record continues one that
was never read. Without missing offsets such a record was left by a writer that failed between two appends, and does not
count either.
"""

import struct

import msgspec

from schemas.cures import FOLD_ANEW
from schemas.errors import MustStop
from schemas.witness import NEAR_MS, Witness, with_newest, witness_of
from streams.fold.engine import Engine
from streams.fold.identity import KEY_BYTES
from streams.fold.state import NOBODY, WRITER_BYTES, Delta, JournalRecord, PartitionState

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(JournalRecord).decode


class PartitionJournal:
    """State of one partition, and its place in the chain. No I/O: the caller moves bytes.

    Attributes:
        state: the fold of the accepted records.
        next_offset: offset of the next record in the log, accepted or not: all before it were read or written.
        seq: sequence number of the last accepted record; 0 before the first.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.state = PartitionState()
        self.next_offset = 0
        self.seq = 0
        self._last: tuple[int, int, bytes | None, bytes] | None = None
        self._kept: tuple[Witness, ...] = ()
        self._writer = NOBODY
        self._me = NOBODY
        self._missing = 0
        self._written: dict[bytes, tuple[int, int]] = {NOBODY: (0, 0)}

    def read(self, offset: int, raw: bytes, time_ms: int = -1, key: bytes | None = None) -> bool:
        """Read the next record of the log; return whether it continues the chain, and so was applied.

        Args:
            offset: its place. Offsets before it that were not read must have no record.
            raw: its value.
            time_ms: when Kafka appended it, ms since 1970.
            key: its key.

        Raises:
            MustStop: records are missing before it, or it is not a journal record.
        """
        try:
            record = _decode(raw)
            seen = _keys(record.keys)
        except (msgspec.MsgspecError, struct.error):
            raise MustStop(f"offset {offset} of the journal does not hold a journal record", hint=FOLD_ANEW) from None
        first, last = self._written.get(record.after, (1, 0))
        if not first <= record.seq - 1 <= last and (self._missing or offset > self.next_offset):
            raise MustStop(
                f"the journal has a hole before offset {offset}: its records were removed, by retention, compaction or "
                "hand",
                hint=FOLD_ANEW,
            )
        self._missing += offset - self.next_offset
        self.next_offset = offset + 1
        self._is_at(offset, time_ms, key, raw)
        self._written[record.writer] = (self._written.get(record.writer, (record.seq, 0))[0], record.seq)
        if record.seq != self.seq + 1 or record.after != self._writer:
            return False
        delta = record.delta
        _read_numbers(delta)
        delta.seen = seen
        self._engine.apply(self.state, delta)
        self.seq, self._writer = record.seq, record.writer
        return True

    def pass_to(self, offset: int) -> None:
        """Note that there is no record before an offset any more: those offsets are markers of transactions."""
        if offset > self.next_offset:
            self._missing += offset - self.next_offset
            self.next_offset = offset

    def stored(self, offset: int, time_ms: int, key: bytes, raw: bytes) -> None:
        """Note where and when Kafka appended a record that was written here."""
        if self._last is None or offset > self._last[0]:
            self._is_at(offset, time_ms, key, raw)

    def _is_at(self, offset: int, time_ms: int, key: bytes | None, raw: bytes) -> None:
        self._last = offset, time_ms, key, raw
        if not self._kept or time_ms - self._kept[-1].time_ms >= NEAR_MS:
            self._kept = with_newest(self._kept, witness_of(offset, time_ms, key, raw))

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """Records that are known to be in the log, oldest first, by which it is recognised; none before the first.

        The newest alone would not do: it may have been appended to a log that replaced the one that was read.
        """
        if self._last is None or self._last[0] == self._kept[-1].offset:
            return self._kept
        return (*self._kept, witness_of(*self._last))

    def start_writing(self, writer: bytes) -> None:
        """Start writing under a new id, so that records from before a restart count as another writer's.

        Args:
            writer: an id that was never used before, `WRITER_BYTES` long and not `NOBODY`.
        """
        assert len(writer) == WRITER_BYTES
        assert writer != NOBODY
        self._me = writer

    def write(self, delta: Delta) -> tuple[int, bytes]:
        """Apply a delta; return the offset that its record must get, and the record.

        The caller appends it and passes the offset that it got to `confirm`. Until then the state is ahead of the log:
        if the append fails or its outcome is unknown, the state must be thrown away.
        """
        assert self._me != NOBODY, "start_writing comes first"
        self._engine.apply(self.state, delta)
        keys = b"".join([key.to_bytes(KEY_BYTES, "big") for key in delta.seen])
        seen, delta.seen = delta.seen, []
        try:
            raw = _encode(JournalRecord(self.seq + 1, self._me, self._writer, keys, delta))
        except OverflowError:
            raw = _encode(JournalRecord(self.seq + 1, self._me, self._writer, keys, _spelt(delta)))
        delta.seen = seen
        self.seq, self._writer = self.seq + 1, self._me
        self._written[self._me] = (self._written.get(self._me, (self.seq, 0))[0], self.seq)
        offset = self.next_offset
        self.next_offset += 1
        return offset, raw


def _keys(packed: bytes) -> list[int]:
    """Return the event keys of a journal record. Raises struct.error if the last one is cut."""
    return list(map(int.from_bytes, struct.unpack(f"{KEY_BYTES}s" * -(-len(packed) // KEY_BYTES), packed)))


def writer_of(raw: bytes) -> str:
    """Return who wrote a journal record, as hexadecimal digits."""
    return _decode(raw).writer.hex()


def _spelt(delta: Delta) -> Delta:
    """Return the delta with its sums as text: many huge amounts in one chunk can exceed a msgpack integer."""
    panes = {
        minute: {
            key: {group: str(value) if isinstance(value, int) else value for group, value in changes.items()}
            for key, changes in cells.items()
        }
        for minute, cells in delta.panes.items()
    }
    return msgspec.structs.replace(delta, panes=panes)


def _read_numbers(delta: Delta) -> None:
    """Turn sums that were written as text back into numbers."""
    for cells in delta.panes.values():
        for changes in cells.values():
            for group, value in changes.items():
                if isinstance(value, str):
                    changes[group] = int(value)


def confirm(expected: int, got: int) -> None:
    """Raise MustStop if an append got another offset than expected: another worker writes this journal too.

    Or it is there twice: a broker stored it and failed before it answered, and the client sent it again. Readers take
    the first one.

    A lower one was given before, to the record that was read there: so this is another log, or it lost its end.
    """
    if got < expected:
        raise MustStop(
            f"the journal is not the one that was read: the append got offset {got}, not {expected}", hint=FOLD_ANEW
        )
    if got != expected:
        raise MustStop(
            f"another worker writes this journal, or a broker that went away had stored the append already: it got "
            f"offset {got}, not {expected}",
            hint="nothing is lost; the supervisor restarts this worker, which then reads the journal again",
        )

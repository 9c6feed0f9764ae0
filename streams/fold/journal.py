"""The journal of one partition: one record per chunk; the records form one chain and give one state.

A record stores the change of a chunk together with the offset at which the chunk ends: both are stored, or neither.
Each record names the record that it continues, by writer and sequence number. A worker draws a new writer id each time
it starts to write. Readers accept a record only if it continues the last accepted one. If two records continue the same
one, the first in the log wins, for every reader. So a worker that froze, lost its partition and woke up can still
append, but its record does not count. The offset of its append tells it so, and it must stop.
"""

import msgspec

from schemas.errors import MustStop
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
        self._writer = NOBODY
        self._me = NOBODY

    def read(self, offset: int, raw: bytes) -> bool:
        """Read the next record of the log; return whether it continues the chain, and so was applied.

        Raises:
            MustStop: records are missing before it, or it is not a journal record.
        """
        if offset != self.next_offset:
            raise MustStop(
                f"journal has a hole: expected offset {self.next_offset}, got {offset}",
                hint="restart the worker; if it stops here again, delete the journal topic to rebuild from the events",
            )
        try:
            record = _decode(raw)
        except msgspec.MsgspecError:
            raise MustStop(
                f"offset {offset} of the journal does not hold a journal record",
                hint="delete the journal topic to rebuild from the events",
            ) from None
        self.next_offset = offset + 1
        if record.seq != self.seq + 1 or record.after != self._writer:
            return False
        delta = record.delta
        _read_numbers(delta)
        keys = record.keys
        delta.seen = [int.from_bytes(keys[at : at + KEY_BYTES], "big") for at in range(0, len(keys), KEY_BYTES)]
        self._engine.apply(self.state, delta)
        self.seq, self._writer = record.seq, record.writer
        return True

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
        offset = self.next_offset
        self.next_offset += 1
        return offset, raw


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
    """Raise MustStop if an append got another offset than expected: another worker writes this journal too."""
    if got != expected:
        raise MustStop(
            f"another worker writes this journal: the append got offset {got}, not {expected}",
            hint="nothing is lost; the supervisor restarts this worker, which then reads the journal again",
        )

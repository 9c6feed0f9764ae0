"""The state of one partition, the change that a chunk of events makes to it, and the record that stores the change."""

from dataclasses import dataclass, field

import msgspec
from pyroaring import BitMap

from schemas.witness import Witness
from streams.kpis.aggregates import Changes, Group, Totals
from streams.kpis.register import Content, Registrants

Cells = dict[str, Totals]
"""Totals by KPI key, then by group."""
ChangedCells = dict[str, Changes]
"""Changes by KPI key, then by group."""

Booked = tuple[tuple[str, Group, int], ...]
"""The amounts that a deal's state adds: key of a KPI, group, amount."""


class DealState(msgspec.Struct, frozen=True, array_like=True):
    """The current state of a deal, as far as KPIs need it.

    Attributes:
        revision: the highest one seen.
        event_id: of the event with that revision; the highest id if there are several, whatever their order.
        minute: when the deal was signed, in minutes since 1970; its KPIs are booked at this minute.
        booked: the amounts it adds to KPIs; taken back when a higher revision comes.
    """

    revision: int
    event_id: str
    minute: int
    booked: Booked


class PersonRevision(msgspec.Struct, frozen=True, array_like=True):
    """One revision of a person in the register.

    Attributes:
        person: dense number.
        content: see `streams.kpis.register.Content`.
    """

    person: int
    revision: int
    content: Content


class Delta(msgspec.Struct, array_like=True):
    """The change that one chunk of one source topic makes. It is journalled, and applied live and on recovery alike.

    Attributes:
        topic: the source topic.
        first: offset of the chunk's first record.
        last: offset of its last record; the state is complete up to this one.
        watermark: the topic's watermark after the chunk, in ms since 1970; -1 before the first event.
        numbers: members that are new to the partition, in the order of their dense numbers.
        seen: keys of the new events, to recognise duplicates.
        deals: deals with a new current state.
        panes: changes by minute since 1970.
        timeless: changes that have no minute (refused records); they count only over the whole fair.
        witness: the chunk's last record, by which the log is recognised later on; None if it is folded from a file.
        people: what the register says of persons.
        met: persons in events whom the register did not have; none at a fair without a register.
    """

    topic: str
    first: int
    last: int
    watermark: int
    numbers: list[str]
    seen: list[int]
    deals: dict[str, DealState]
    panes: dict[int, ChangedCells]
    timeless: ChangedCells
    witness: Witness | None = None
    people: list[PersonRevision] = msgspec.field(default_factory=list)
    met: list[int] = msgspec.field(default_factory=list)


WRITER_BYTES = 8
NOBODY = bytes(WRITER_BYTES)
"""The writer that the first record of a journal continues."""


class JournalRecord(msgspec.Struct, array_like=True):
    """One journal record; `streams.fold.journal` chains them.

    Attributes:
        seq: 1 for the first record of a chain, then one more for each.
        writer: id of its writer.
        after: id of the writer of the record with `seq` - 1.
        keys: the delta's event keys, `KEY_BYTES` each (they are too long for a msgpack integer).
        delta: the change that the chunk makes, without its keys.
    """

    seq: int
    writer: bytes
    after: bytes
    keys: bytes
    delta: Delta


@dataclass(slots=True)
class PartitionState:
    """Everything that the fold remembers of one partition.

    Attributes:
        upto: last applied offset by source topic. It is a part of the state, so the two can never disagree.
        witnesses: records of each source topic by which its log is recognised, oldest first; none when folded from a
            file.
        watermarks: by source topic, in ms since 1970.
        numbers: dense numbers of persons, terminals and meetings; Roaring bitmaps store each in 2 bytes.
        seen: key (terminal, topic, event id) of every event of the fair. Each is exact, and takes 48 bytes and a slot
            in the set.
        deals: current state of every deal.
        register: who the persons are.
        met: persons who were met before they were in the register.
        panes: cells of the newest minutes.
        days: cells by venue-local date.
        fair: cells since the beginning.
    """

    upto: dict[str, int] = field(default_factory=dict)
    witnesses: dict[str, tuple[Witness, ...]] = field(default_factory=dict)
    watermarks: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    deals: dict[str, DealState] = field(default_factory=dict)
    register: Registrants = field(default_factory=Registrants)
    met: BitMap = field(default_factory=BitMap)
    panes: dict[int, Cells] = field(default_factory=dict)
    days: dict[str, Cells] = field(default_factory=dict)
    fair: Cells = field(default_factory=dict)

    @property
    def watermark(self) -> int:
        """The newest event time seen, in ms since 1970; -1 before the first event."""
        return max(self.watermarks.values(), default=-1)

"""Which records of the topic count: a change counts if it continues the last one that does.

So of two changes that were made at once, the first in the topic counts, for every reader; the writer of the other reads
its own record, sees that, and tries again.

A record that does not count, does not for any reader, so a change that continues one does not count either. A reader
that might miss that a token was revoked stops: at a record of a later version, and at a change that continues one that
is missing, or one that looks like a change and is none to this version.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal

from producers.registry.mark import START, TopicMark
from producers.registry.rows import Rows
from schemas.errors import Unavailable
from schemas.registry_changes import LaterVersion, NotAChange, RegistryChange, looks_like_change, read_change
from schemas.topics import TERMINALS

Ignored = Literal["not_a_change", "too_late"]

_DAMAGED: Final = (
    f"delete the topic {TERMINALS.name}, create it with `fairpulse topics --create`, and run "
    "`fairpulse terminals restore` with the registry file of each gateway"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is at an offset of the topic.

    Attributes:
        value: of the record; empty if there is none.
        is_there: whether a record is there, and not the marker of a transaction or one that Kafka threw away.
    """

    offset: int
    value: bytes
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class JudgedRecord:
    """The verdict on a record.

    Attributes:
        change: the change that counts; None if the record is ignored.
        ignored: why it is.
        why: what is wrong with it, in words.
    """

    offset: int
    change: RegistryChange | None
    ignored: Ignored | None = None
    why: str = ""


def digest_of_record(value: bytes) -> bytes:
    """Return what a mark keeps of a record."""
    return sha256(value).digest()


def doubtful(mark: TopicMark, records: Iterable[Stored]) -> list[int]:
    """Return the offsets before a mark that records after it continue, and of which the mark does not know the record.

    Our own programs never continue them: each was judged before, and none counts.
    """
    followed = {_follows(record) for record in records}
    return sorted(one for one in followed if one is not None and mark.head < one < mark.position)


def judge(
    mark: TopicMark, records: Iterable[Stored], before: Iterable[Stored] = ()
) -> tuple[list[JudgedRecord], TopicMark]:
    """Return what records are that follow a mark, in their order, and the mark after them.

    Args:
        mark: up to where the topic was read.
        records: from there on.
        before: what is at the `doubtful` offsets.

    Raises:
        Unavailable: one was written by a later version of this program, or is missing, so a revocation might be missed.
    """
    judged = []
    past = _Past()
    for record in before:
        past.note(record)
    for record in records:
        one = _judge(mark.head, record, past)
        judged.append(one)
        past.note(record)
        head = mark.head if one.change is None else one.offset
        mark = TopicMark(record.offset + 1, head, digest_of_record(record.value))
    return judged, mark


def replayed(records: Iterable[Stored]) -> tuple[Rows, TopicMark]:
    """Return all that the topic has, given its records from the first on. Raises as `judge`."""
    judged, mark = judge(START, records)
    rows = Rows()
    for one in judged:
        if one.change is not None:
            rows.take(one.change.rows)
    return rows, mark


@dataclass(frozen=True, slots=True)
class _Past:
    """Offsets that no change may continue: without a record, or with one that another version may count."""

    missing: set[int] = field(default_factory=set)
    unclear: set[int] = field(default_factory=set)

    def note(self, record: Stored) -> None:
        if not record.is_there:
            self.missing.add(record.offset)
        elif looks_like_change(record.value):
            self.unclear.add(record.offset)


def _judge(head: int, record: Stored, past: _Past) -> JudgedRecord:
    if not record.is_there:
        return JudgedRecord(record.offset, None)
    try:
        change = read_change(record.value)
    except NotAChange as error:
        return JudgedRecord(record.offset, None, "not_a_change", str(error))
    except LaterVersion:
        raise _later(record.offset) from None
    if change.follows in past.missing:
        raise Unavailable(
            f"topic {TERMINALS.name} lacks the record at offset {change.follows}; "
            "it must be kept for ever, and never be compacted",
            hint=_DAMAGED,
        )
    if change.follows in past.unclear:  # somebody counts it
        raise _later(change.follows)
    if change.follows != head:
        return JudgedRecord(
            record.offset, None, "too_late", f"it continues {change.follows}, and the last one is {head}"
        )
    return JudgedRecord(record.offset, change)


def _follows(record: Stored) -> int | None:
    try:
        return read_change(record.value).follows if record.is_there else None
    except (NotAChange, LaterVersion):
        return None


def _later(offset: int) -> Unavailable:
    return Unavailable(
        f"the record at offset {offset} of the topic {TERMINALS.name} is of a later version of fairpulse",
        hint="update fairpulse here too: this version might miss that a token was revoked",
    )

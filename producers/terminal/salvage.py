"""The events that can still be read in a damaged spool, on any page, whatever SQLite says. It changes nothing."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from producers.terminal import wal
from producers.terminal.page_images import PageImages
from producers.terminal.spool_tables import EXPORTED, PENDING, REJECTED
from producers.terminal.spool_trouble import NUMBER_MAX
from producers.terminal.spool_types import KeptEvent
from producers.terminal.sqlite_pages import CarvedRecord

UNREAD_KIND: Final = "event"
"""Kind of an event of which only the bytes can be read."""

_DECODER: Final = json.JSONDecoder()

KEPT_STATES: Final = (PENDING, REJECTED)


@dataclass(slots=True)
class Salvaged:
    """What was found.

    Attributes:
        rows: events by number, in their newest readable state.
        states: of the same events.
        indexed: states by number, as an index of the file tells them; also of events that cannot be read.
        notes: by name.
        left: accepted, duplicate and exported events, as counted; None if that cannot be read.
        sequence: the highest number that was given; 0 if that cannot be read.
        sure: whether `sequence` is that of the newest state of the file.
        whole: whether nothing of the file is damaged, as far as single pages tell.
    """

    rows: dict[int, KeptEvent] = field(default_factory=dict)
    states: dict[int, int] = field(default_factory=dict)
    indexed: dict[int, int] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    left: tuple[int, int, int] | None = None
    sequence: int = 0
    sure: bool = False
    whole: bool = True

    def waiting(self) -> list[KeptEvent]:
        """Return the events that wait or are in the drawer, by number."""
        return [self.rows[seq] for seq in sorted(self.rows) if self.states[seq] in KEPT_STATES]

    def highest(self) -> int:
        """Return the highest number seen anywhere."""
        return max(self.sequence, *self.rows, *self.indexed, 0)


def salvage(file: Path, log: Path) -> Salvaged:
    """Return what can be read of a spool's file and its write-ahead log.

    Raises:
        OSError: one of them is there and the disk does not let it be read.
    """
    log_bytes = log.read_bytes() if log.is_file() else b""
    pages = PageImages(file, wal.frames_of(log_bytes))
    found, odd = Salvaged(), []
    for number in pages.numbers():  # page by page: their records together take several times the file's size
        page = pages.read(number, 0)
        for record in page.records:
            _note(found, record, newest=True)
        if not page.whole:
            odd.append(number)
    hurt = [number for number in odd if number not in pages.chained]
    found.whole = not hurt and not wal.is_damaged(log_bytes)
    for number in hurt:  # what a damaged page says counts less
        for record in pages.read(number, 0, deep=True).records:
            _note(found, record, newest=False)
    for number in hurt:
        _note_bodies(found, pages.bytes_of(number))
    if not found.whole:
        for number in pages.numbers():
            for age in range(1, pages.ages(number)):
                for record in pages.read(number, age).records:
                    _note(found, record, newest=False)
    found.sure = found.sure and not wal.is_damaged(log_bytes)
    return found


def is_sound(kept: KeptEvent) -> bool:
    """Return whether the bytes of an event are still those of one: JSON, with its own id."""
    return _told(kept.body)[0] == kept.event_id


def _told(body: bytes) -> tuple[str, int]:
    """Return the id and the number that an event's bytes tell; empty and 0 if they do not."""
    try:
        event = json.loads(body)
        event_id, data = event["id"], event.get("data")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", 0
    seq = data.get("terminal_seq") if isinstance(data, dict) else None
    if not isinstance(seq, int) or not 0 < seq < NUMBER_MAX:
        seq = 0
    return (event_id if isinstance(event_id, str) else ""), seq


def _note(found: Salvaged, record: CarvedRecord, *, newest: bool) -> None:
    """Add a record to what was found, if it is one that this program writes; the first one of its kind wins."""
    match record.values:
        case (None, str(), str(), int(), int() as state, _, _, _, bytes()) if 0 < record.rowid < NUMBER_MAX:
            if PENDING <= state <= EXPORTED:
                _note_row(found, record, state, newest=newest)
        case ("events", int() as seq) if record.rowid > 0 and 0 <= seq < NUMBER_MAX:
            found.sequence = max(found.sequence, seq)
            found.sure |= newest
        case (str() as name, str() as value) if record.rowid > 0:
            found.notes.setdefault(name, value)
        case (None, int() as accepted, int() as duplicates, int() as exported, int()) if record.rowid == 1:
            if found.left is None and 0 <= min(accepted, duplicates, exported) < NUMBER_MAX:
                found.left = (accepted, duplicates, exported)
        case (int() as state, int() as seq, *more) if not record.rowid and more in ([], [seq]):
            if PENDING <= state <= EXPORTED and 0 < seq < NUMBER_MAX:
                found.indexed.setdefault(seq, state)
        case _:
            pass


def _note_row(found: Salvaged, record: CarvedRecord, state: int, *, newest: bool) -> None:
    _, event_id, kind, saved_ms, _, _, reason, detail, body = record.values
    content = body if isinstance(body, bytes) else b""
    told_id, told_seq = _told(content)
    # The bytes that are sent tell their own number and id: those of the row may be damaged.
    kept = KeptEvent(
        told_seq or record.rowid,
        told_id or str(event_id),
        str(kind),
        saved_ms if isinstance(saved_ms, int) and abs(saved_ms) < NUMBER_MAX else 0,
        reason if isinstance(reason, str) else "",
        detail if isinstance(detail, str) else "",
        content,
    )
    before = found.rows.get(kept.seq)
    if before is not None and (state not in KEPT_STATES or not is_sound(kept)):
        return
    if before is not None and found.states[kept.seq] in KEPT_STATES and is_sound(before):
        return
    # An older image of an event that has left tells nothing; a row of today may have got its number by damage.
    if before is None or found.states[kept.seq] in KEPT_STATES or newest:
        found.rows[kept.seq], found.states[kept.seq] = kept, state


def _note_bodies(found: Salvaged, page: bytes) -> None:
    """Add events whose row is destroyed, but whose bytes are whole: JSON with a number and an id."""
    start = -1
    while (start := page.find(b'{"', start + 1)) >= 0:
        text = page[start:].decode("utf-8", "surrogateescape")
        try:
            _, end = _DECODER.raw_decode(text)
        except (ValueError, RecursionError):
            continue
        body = text[:end].encode("utf-8", "surrogateescape")
        event_id, seq = _told(body)
        before = found.rows.get(seq)
        known = before is not None and (found.states[seq] not in KEPT_STATES or is_sound(before))
        if event_id and seq and not known and found.indexed.get(seq, PENDING) in KEPT_STATES:
            found.rows[seq] = KeptEvent(seq, event_id, UNREAD_KIND, 0, "", "", body)
            found.states[seq] = PENDING

"""The drawer: events that the gateway refused as they are. Each waits there until somebody decides what becomes of it.

Nothing leaves it by itself but what a correction elsewhere may have mended, see `mending`.
"""

import base64
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from producers.terminal import spool_rows
from producers.terminal.clock import ClockMs, writable
from producers.terminal.refusals import MENDED, words_of
from producers.terminal.spool import KeptEvent, Spool
from producers.terminal.spool_tables import EXPORTED, REJECTED
from schemas.times import instant_text, wall_ms

AT_ONCE: Final = 100_000
"""Most events that are shown or exported at once."""

UNCHANGED: Final = "the drawer is unchanged"


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event in the drawer.

    Attributes:
        number: in this terminal's sequence; people choose by it.
        kind: a word for people: scan, deal, or the kind of interaction.
        saved_at: the terminal's clock when it was saved, as RFC 3339.
        reason: the gateway's code.
        words: the reason in English words.
        detail: what the gateway said, with the remedy; may be empty.
        mended_when: what removes the reason; empty if nothing does while the event stays as it is.
    """

    number: int
    event_id: str
    kind: str
    saved_at: str
    reason: str
    words: str
    detail: str
    mended_when: str


def entries(spool: Spool, limit: int = AT_ONCE) -> list[RefusedEvent]:
    """Return the newest entries of the drawer, oldest first; [] if it is empty."""
    return [
        RefusedEvent(
            number=one.seq,
            event_id=one.event_id,
            kind=one.kind,
            saved_at=instant_text(writable(one.saved_ms)),
            reason=one.reason,
            words=words_of(one.reason),
            detail=one.detail,
            mended_when=MENDED.get(one.reason, ""),
        )
        for one in reversed(spool.rows(REJECTED, limit))
    ]


def send_again(spool: Spool, numbers: Sequence[int] | None = None) -> int:
    """Let events of the drawer wait again, with the same number, id and bytes; return how many.

    Args:
        spool: whose drawer it is.
        numbers: those to send; None for all. A number that is not in the drawer is left out.
    """
    with spool.transaction(UNCHANGED) as database:
        chosen = spool_rows.numbers_in(database, REJECTED) if numbers is None else sorted(set(numbers))
        return spool_rows.wait_again(database, chosen)


def send_again_for(spool: Spool, reasons: Collection[str]) -> int:
    """Let the events that were refused for one of these reasons wait again; return how many."""
    with spool.transaction(UNCHANGED) as database:
        return spool_rows.wait_again(database, spool_rows.refused_for(database, reasons))


def exported(spool: Spool, numbers: Collection[int] | None = None) -> list[str]:
    """Return events of the drawer as JSON, one object per line, oldest first. The drawer stays as it is.

    Args:
        spool: whose drawer it is.
        numbers: those to export; None for all.
    """
    rows = reversed(spool.rows(REJECTED, AT_ONCE))
    return [json.dumps(_members(one), ensure_ascii=False) for one in rows if numbers is None or one.seq in numbers]


def forget(spool: Spool, numbers: Sequence[int], clock: ClockMs = wall_ms) -> int:
    """Take events out of the drawer for good; return how many were in it. Export them first."""
    with spool.transaction(UNCHANGED) as database:
        at_ms = clock()
        gone = sum(spool_rows.leave(database, seq, REJECTED, EXPORTED, at_ms, "exported") for seq in numbers)
        spool_rows.prune(database)
        return gone


def _members(one: KeptEvent) -> dict[str, Any]:
    members = {
        "terminal_seq": one.seq,
        "event_id": one.event_id,
        "kind": one.kind,
        "saved_at": instant_text(writable(one.saved_ms)),
        "saved_ms": one.saved_ms,
        "reason": one.reason,
        "detail": one.detail,
    }
    try:
        return members | {"event": one.body.decode()}
    except UnicodeDecodeError:
        return members | {"event_base64": base64.b64encode(one.body).decode()}

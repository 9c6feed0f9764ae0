"""The values that go into a spool and come out of it."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Saved:
    """An event on disk: its number in this terminal's sequence, and its id.

    Attributes:
        again: a second read of a badge that was saved a moment ago; number and id are those of the first.
    """

    seq: int
    event_id: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is not answered yet; `body` is what is sent, the same bytes on every attempt."""

    seq: int
    event_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that the server will never accept as it is, and why."""

    seq: int
    reason: str
    detail: str = ""


class KeptEvent(NamedTuple):
    """An event in the spool, whatever its state.

    Attributes:
        kind: a word for people.
        saved_ms: the terminal's clock when it was saved, ms since 1970.
        reason, detail: why the server refused it; empty otherwise.
        body: the bytes to send; empty once the event has left.
    """

    seq: int
    event_id: str
    kind: str
    saved_ms: int
    reason: str
    detail: str
    body: bytes


@dataclass(frozen=True, slots=True)
class SpoolCounts:
    """The number of events in each state. `saved` is the sum of all the others.

    Attributes:
        duplicates: the server had them already; as good as accepted.
        rejected: in the drawer, until somebody sends, exports or forgets them.
        exported: taken out of the drawer, to a file or for good.
        full: nothing more can be saved until events have been sent.
    """

    saved: int
    pending: int
    accepted: int
    duplicates: int
    rejected: int
    exported: int
    bytes: int
    full: bool

"""Which events wait in fair.unresolved: read from its records, in the order of each partition. Pure."""

from schemas.badges.register import waiting_event
from schemas.ids import BadgeRef

WaitingBadges = dict[tuple[str, str], BadgeRef]
"""The hash of the code that each event waits for, by its terminal and its id."""


def take_waiting(waiting: WaitingBadges, key: bytes | None, value: bytes | None) -> None:
    """Take a record: an event that waits, or the mark that it was released. Others count for nothing."""
    read = waiting_event(value)
    if read is None:
        return
    which, is_mark = read
    if is_mark:
        waiting.pop(which, None)
    else:
        waiting[which] = (key or b"").decode("ascii", "replace")

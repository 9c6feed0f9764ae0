"""The form of a meeting: its id, and whose meeting it is. Pure."""

import re

from producers.terminal.card import Card
from producers.terminal.typed import has_full_width
from schemas.errors import InvalidEvent
from schemas.ids import NAME_PATTERN, SPELLINGS


def exhibitor_of_meeting(meeting_id: str, exhibitor: str | None, card: Card) -> str:
    """Return the exhibitor of a meeting.

    Args:
        meeting_id: as it was typed.
        exhibitor: as it was chosen; None for the main exhibitor of the booth.
        card: of the place.

    Raises:
        InvalidEvent: the id is not one, or the exhibitor is not of this booth.
    """
    if has_full_width(meeting_id) or re.match(NAME_PATTERN.replace("$", r"\Z"), meeting_id) is None:
        raise InvalidEvent(
            "bad_value",
            "meeting: this is not an id",
            field="meeting",
            hint=f"write {SPELLINGS[NAME_PATTERN]}",
            word="meeting_bad",
        )
    own = [one.id for one in card.exhibitors]
    if exhibitor is None and own:
        return own[0]
    if exhibitor is None or (own and exhibitor not in own):
        what = "the exhibitor is missing" if exhibitor is None else "this booth does not have this exhibitor"
        instead = f"choose one of {', '.join(own)}" if own else "give its id from the fair file"
        raise InvalidEvent("unknown_place", f"exhibitor: {what}", field="exhibitor", hint=instead)
    return exhibitor

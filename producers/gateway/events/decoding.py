"""The third stage, from the fields of an event to the event itself, or to the reason why it is refused."""

from producers.gateway.events.badge_codes import NO_CODES, BadgeCodes
from producers.gateway.events.bounds import check_size
from producers.gateway.events.stamping import Stamped
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.wire import decode_plain


def decode(stamped: Stamped, codes: BadgeCodes = NO_CODES) -> Event:
    """Return the event.

    Args:
        stamped: its fields, with the code of a badge if one was posted; the event has its hash instead.
        codes: reads the codes of the fair's badges.

    Raises:
        InvalidEvent: a field is missing, unknown or wrong. Only then is the event's size checked.
    """
    try:
        codes.replace(stamped.fields)
        return decode_plain(stamped.fields)
    except InvalidEvent:
        check_size(stamped.opened.item)
        check_size(stamped.fields)
        raise

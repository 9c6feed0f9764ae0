"""The third stage, from the fields of an event to the event itself, or to the reason why it is refused."""

from producers.gateway.events.bounds import check_size
from producers.gateway.events.stamping import Stamped
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.wire import decode_plain


def decode(stamped: Stamped) -> Event:
    """Return the event.

    Raises:
        InvalidEvent: a field is missing, unknown or wrong. Only then is the event's size checked.
    """
    try:
        return decode_plain(stamped.fields)
    except InvalidEvent:
        check_size(stamped.opened.item)
        check_size(stamped.fields)
        raise

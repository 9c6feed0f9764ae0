"""The third stage, from the fields of an event to the event itself, or to the reason why they are not one."""

from producers.gateway.bounds import check_size
from producers.gateway.stamping import Stamped
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.wire import decode_plain


def decode(stamped: Stamped) -> Event:
    """Return the event.

    Raises:
        InvalidEvent: a field is missing, unknown or wrong. Only then the event is looked at again, for its size.
    """
    try:
        return decode_plain(stamped.fields)
    except InvalidEvent:
        check_size(stamped.item)
        check_size(stamped.fields)
        raise

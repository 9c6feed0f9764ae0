"""Why a gateway refuses an event, in words for people, and which of these reasons a correction elsewhere removes."""

from collections.abc import Mapping
from typing import Final

from schemas.wire import REASONS

MENDED: Final[Mapping[str, str]] = {
    "unknown_place": "the gateway's fair file gets the gate, hall, booth, exhibit or section",
    "unknown_currency": "the gateway's fair file gets the currency and its rate",
    "out_of_scope": "the fair file or the registry of terminals gives this terminal the right place or exhibitor",
    "wrong_fair": "the gateway gets the fair file of the fair that the terminal was paired for",
    "wrong_source": "the registry of terminals gives this terminal its old place again",
    "unknown_type": "a newer gateway knows this kind of event",
}
"""The correction that removes a reason while the event stays as it is. Other reasons are about the event itself."""

_WORDS: Final[Mapping[str, str]] = {
    **REASONS,
    "out_of_scope": "this terminal may not send this for its place",
    "wrong_source": "the event belongs to another place than the terminal has now",
    "bad_extension": "an attribute of its envelope is not valid",
    "event_id_conflict": "another event with this id counts",
    "badge_erased": "the person of this badge was erased from the register",
    "body_too_large": "the event is too large",
    "event_too_large": "the event is too large",
    "too_deep": "the event is nested too deeply",
    "damaged": "its bytes were damaged on this terminal's disk",
}


def words_of(reason: str) -> str:
    """Return the meaning of a reason; of one that this program does not know, only that the gateway gave it."""
    return _WORDS.get(reason, "the gateway refused it")

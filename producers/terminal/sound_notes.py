"""Which notes of a spool can still be read: the pairing, the card and the version of both."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from producers.terminal.card import Card
from producers.terminal.pairing import CARD, PAIRING, VERSION, Pairing

_PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    PAIRING: lambda text: Pairing(**json.loads(text)),
    CARD: Card.read,
    VERSION: int,
}


def sound_notes(notes: Mapping[str, object]) -> dict[str, str]:
    """Return the notes without those that are garbled; pairing again writes them anew."""
    return {name: text for name, text in notes.items() if isinstance(text, str) and _is_sound(name, text)}


def _is_sound(name: str, text: str) -> bool:
    try:
        _PARSERS.get(name, str)(text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
    return True

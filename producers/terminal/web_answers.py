"""The answers to the page when something was not saved: facts, which the page puts into words. Pure."""

from collections.abc import Mapping
from typing import Any

from producers.terminal.spool_trouble import SpoolFull, SpoolTrouble
from schemas.errors import FairpulseError, InvalidEvent, Unavailable


def error_fields(error: FairpulseError) -> dict[str, Any]:
    """Return an error for the page.

    `word` and `facts` name a text in the reader's language, `field` is the field to correct. `error` and `hint` are
    English, for a program that is older than its page and for a script.
    """
    word, facts, field = _text_of(error)
    return {"word": word, "facts": dict(facts), "error": error.message, "hint": error.hint, "field": field}


def status_of(error: FairpulseError) -> int:
    """Return the HTTP status of an error: 400 for what was typed, 507 for a full disk, 500 for a disk that fails."""
    match error:
        case InvalidEvent():
            return 400
        case SpoolFull():
            return 507
        case _:
            return 500


def _text_of(error: FairpulseError) -> tuple[str, Mapping[str, str], str]:
    match error:
        case InvalidEvent():
            return error.word or error.reason, error.facts, error.field
        case SpoolTrouble():
            return error.cause, {}, ""
        case Unavailable():
            return "disk", {}, ""
        case _:
            return "", {}, ""

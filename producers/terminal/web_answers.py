"""What the page's program answers when something was not saved. Pure."""

from typing import Any

from producers.terminal.spool import SpoolFull
from schemas.errors import FairpulseError, InvalidEvent


def error_fields(error: FairpulseError) -> dict[str, Any]:
    """Return an error for the page: what is wrong, what to do, and which field to correct."""
    said: dict[str, Any] = {"error": error.message, "hint": error.hint}
    match error:
        case InvalidEvent():
            return {**said, "field": error.field}
        case SpoolFull():
            return {**said, "full": True}
        case _:
            return said


def status_of(error: FairpulseError) -> int:
    """Return the HTTP status of an error: 400 for what was typed, 507 for a full disk, 500 for a disk that fails."""
    match error:
        case InvalidEvent():
            return 400
        case SpoolFull():
            return 507
        case _:
            return 500

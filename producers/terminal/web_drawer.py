"""The drawer as the page shows it, and what its buttons do: send again, export, and forget what was exported."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from producers.terminal import drawer
from producers.terminal.spool import Spool
from producers.terminal.terminal import BoothTerminal
from schemas.errors import InvalidEvent

SHOWN: Final = 200
"""Most events of the drawer on the screen, the newest ones. A file has all of them."""


def drawer_shown(spool: Spool) -> Mapping[str, Any]:
    """Return how many events the drawer has, and the newest ones, newest first."""
    entries = drawer.entries(spool, SHOWN)
    events = [
        {
            "seq": one.number,
            "kind": one.kind,
            "saved_at": one.saved_at,
            "reason": one.reason,
            "detail": one.detail,
            "mends": bool(one.mended_when),
        }
        for one in reversed(entries)
    ]
    return {"count": spool.totals().rejected, "events": events}


def send_again(terminal: BoothTerminal, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Send events again: those in `numbers`, or all without it."""
    return {"count": drawer.send_again(terminal.spool, _numbers(fields))}


def export(terminal: BoothTerminal, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the lines of a file with the events in `numbers`, or with all; the drawer stays as it is.

    `numbers` of the answer are the events that the lines hold, for `forget` once the file is saved.
    """
    wanted = _numbers(fields)
    held = [one.number for one in drawer.entries(terminal.spool) if wanted is None or one.number in wanted]
    lines = drawer.exported(terminal.spool, held)
    name = f"rejected-{terminal.terminal_id}-{held[0]}-{held[-1]}.jsonl" if held else ""
    return {"numbers": held, "file": name, "lines": "".join(f"{line}\n" for line in lines)}


def forget(terminal: BoothTerminal, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take the events in `numbers` out of the drawer for good."""
    numbers = _numbers(fields)
    if numbers is None:
        raise InvalidEvent("missing_field", "numbers: missing", field="numbers", hint="name the events that a file has")
    return {"count": drawer.forget(terminal.spool, numbers)}


def _numbers(fields: Mapping[str, Any]) -> Sequence[int] | None:
    numbers = fields.get("numbers")
    if not fields.keys() <= {"numbers"} or not (numbers is None or isinstance(numbers, list)):
        raise InvalidEvent("unknown_field", "the form has an unknown field", hint="reload the page")
    if numbers is not None and not all(type(one) is int for one in numbers):
        raise InvalidEvent("bad_value", "numbers: not whole numbers", field="numbers", hint="reload the page")
    return numbers

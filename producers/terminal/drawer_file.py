"""Events of the drawer in a file: written there for the organiser, and taken back from it."""

import base64
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from producers.terminal import drawer, spool_rows
from producers.terminal.clock import ClockMs
from producers.terminal.pairing import Pairing
from producers.terminal.spool import KeptEvent, Spool
from producers.terminal.spool_schema import sync_folder
from producers.terminal.spool_trouble import DISK_IS_FULL
from schemas.errors import InvalidSettings
from schemas.outputs import reason
from schemas.times import wall_ms


@dataclass(slots=True)
class TakenBack:
    """What became of the lines of a file.

    Attributes:
        waiting: events that wait again.
        here: events that this terminal has already sent or still keeps.
        wrong: why a line was left out, by its number.
    """

    waiting: int = 0
    here: int = 0
    wrong: dict[int, str] = field(default_factory=dict)


def export_to(spool: Spool, path: Path, numbers: Iterable[int] | None = None, clock: ClockMs = wall_ms) -> int:
    """Write events of the drawer to a new file, one JSON object per line; return how many left the drawer.

    The file is on disk before they leave. Without such events there is no file.

    Args:
        spool: whose drawer it is.
        path: of a file that does not exist.
        numbers: those to export; None for all.
        clock: the terminal's own clock.

    Raises:
        InvalidSettings: the file exists, or cannot be written. The drawer is unchanged.
    """
    lines = drawer.exported(spool, None if numbers is None else set(numbers))
    if not lines:
        return 0
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise _not_exported(error) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.resolve().parent)
    except OSError as error:
        with suppress(OSError):  # half a file would be in the way of the next attempt
            path.unlink()
        raise _not_exported(error) from None
    return drawer.forget(spool, [json.loads(line)["terminal_seq"] for line in lines], clock)


def _not_exported(error: OSError) -> InvalidSettings:
    full = error.errno in DISK_IS_FULL
    hint = "name a file on another disk, or make space" if full else "name a new file in a folder that exists"
    return InvalidSettings(f"the drawer was not exported ({reason(error)})", hint=hint)


def take_back(spool: Spool, path: Path) -> TakenBack:
    """Let the events of a file that this terminal exported wait again, with the same number, id and bytes.

    Raises:
        InvalidSettings: the file cannot be read, or this terminal is not paired.
    """
    pairing = Pairing.load(spool)
    if pairing is None:
        raise InvalidSettings("this terminal is not paired yet", hint="pair it with its own token, then take them back")
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InvalidSettings(
            f"the file cannot be read ({reason(error)})", hint="name a file that this terminal exported"
        ) from None
    found = TakenBack()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            kept = _event_of(line, pairing.source)
            if _restored(spool, kept):
                found.waiting += 1
            else:
                found.here += 1
        except ValueError as error:
            found.wrong[number] = str(error)
    return found


def _event_of(line: bytes, source: str) -> KeptEvent:
    try:
        said: Any = json.loads(line)
        body = said["event"].encode() if "event" in said else base64.b64decode(said["event_base64"], validate=True)
        seq, event_id, kind = said["terminal_seq"], said["event_id"], said["kind"]
        kept = KeptEvent(seq, event_id, kind, said["saved_ms"], "", "", body)
        event = json.loads(body)
        same, owner = (event["id"], event["data"]["terminal_seq"]) == (event_id, seq), event["source"]
        (event_id + kind).encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("this is not an event that a terminal exported") from None
    whole = type(seq) is int and type(kept.saved_ms) is int and 0 < seq < 2**53 and abs(kept.saved_ms) < 2**53
    if not same or not whole:
        raise ValueError("its number or id was changed")
    if owner != source:
        raise ValueError("it belongs to another terminal")
    return kept


def _restored(spool: Spool, kept: KeptEvent) -> bool:
    """Return whether the event waits again now; False if it is still here or was sent.

    Raises:
        ValueError: this terminal gave the number to another event, or never gave it.
    """
    with spool.transaction("nothing was taken back") as database:
        return spool_rows.restore(database, kept)

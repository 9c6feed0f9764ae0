"""The drawer: events that the server will never accept as they are. They stay until somebody exports them."""

import json
import os
from pathlib import Path
from typing import Final

from producers.terminal.clock import ClockMs, writable
from producers.terminal.spool import Spool
from producers.terminal.spool_schema import REJECTED, sync_folder
from schemas.errors import InvalidSettings
from schemas.times import instant_text, wall_ms

AT_ONCE: Final = 100_000
"""Most events in one file; export again to empty a fuller drawer."""


def export_rejected(spool: Spool, path: Path, clock: ClockMs = wall_ms) -> int:
    """Write the drawer to a new file, one JSON object per line, then empty it; return how many events there were.

    The file is on disk before the drawer is emptied. An empty drawer makes no file.

    Raises:
        InvalidSettings: the file exists, or cannot be written. The drawer is unchanged.
    """
    rows = spool.rows(REJECTED, AT_ONCE)
    if not rows:
        return 0
    lines = [
        json.dumps(
            {
                "terminal_seq": seq,
                "event_id": event_id,
                "kind": kind,
                "saved_at": instant_text(writable(saved_ms)),
                "reason": reason,
                "detail": detail,
                "event": body.decode(),
            },
            ensure_ascii=False,
        )
        for seq, event_id, kind, saved_ms, reason, detail, body in reversed(rows)
    ]
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.resolve().parent)
    except OSError as error:
        raise InvalidSettings(
            f"the drawer was not exported ({error.strerror})", hint="name a new file in a folder that exists"
        ) from None
    spool.forget_exported([row[0] for row in rows], clock())
    return len(rows)

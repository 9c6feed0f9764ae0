"""Which folder this is, and on which machine: what tells a terminal from a copy of its folder.

The epoch is drawn once for a folder and is the same in a copy. The instance differs for every copy that runs, also for
two on one machine, and changes with every start of the machine. The home is what a folder keeps over a restart of the
machine, and loses when it is moved or copied. A copy of a whole disk has the same home: only the gateway notices it.
"""

import secrets
import uuid
from hashlib import sha256
from pathlib import Path
from typing import Final

from producers.terminal.spool import Spool

EPOCH: Final = "epoch"
HOME: Final = "home"

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
MACHINE_IDS: Final = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))

_RANDOM_NODE: Final = 1 << 40
"""Set in the number that `uuid.getnode` makes up when a machine has no network card: another one in each process."""


def epoch_of(spool: Spool) -> str:
    """Return the epoch of a spool, 8 hex digits; it is drawn at the first call."""
    return spool.note_once(EPOCH, secrets.token_hex(4))


def instance_of(spool: Spool) -> str:
    """Return the instance of a spool on this machine, 16 hex digits: the value of the header Terminal-Instance."""
    about = spool.file.stat()
    started = _first_line(BOOT_ID) or machine_id()
    return _digest(epoch_of(spool), started, str(about.st_dev), str(about.st_ino))


def home_of(spool: Spool) -> str:
    """Return where a spool is, 16 hex digits. The device is left out: its number may change when a machine starts."""
    return _digest(machine_id(), str(spool.file.stat().st_ino))


def has_moved(spool: Spool) -> bool:
    """Return whether the folder was copied or moved since it was paired; a folder without a home gets this one."""
    here = home_of(spool)
    return spool.note_once(HOME, here) != here


def machine_id() -> str:
    """Return what names this machine over its restarts; empty if nothing does."""
    for path in MACHINE_IDS:
        if found := _first_line(path):
            return found
    node = uuid.getnode()
    return "" if node & _RANDOM_NODE else f"{node:012x}"


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        return ""


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:16]

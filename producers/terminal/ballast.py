"""A file that only takes up room. On a full disk even deleting needs room: the ballast goes, then the rows can."""

import os
from pathlib import Path
from typing import Final

from producers.terminal.spool_schema import sync_folder

BALLAST_BYTES: Final = 1_048_576

BLOCK: Final = 65_536


class Ballast:
    """The ballast of one spool. While it is missing, the disk was full and has not recovered: nothing new is saved."""

    def __init__(self, path: Path, size: int = BALLAST_BYTES) -> None:
        self._path = path
        self._size = size

    @property
    def aboard(self) -> bool:
        """Return whether the ballast lies on disk in its whole size."""
        try:
            return self._path.stat().st_size >= self._size
        except FileNotFoundError:
            return False

    def load(self) -> bool:
        """Write the ballast if it is missing and twice its size is free; return whether it lies there now."""
        if self.aboard:
            return True
        room = os.statvfs(self._path.parent)
        if room.f_bavail * room.f_frsize < 2 * self._size:
            return False
        half_done = self._path.with_suffix(".new")
        try:
            with half_done.open("wb") as file:
                # Random: a file system that compresses would store zeros in no room at all.
                for start in range(0, self._size, BLOCK):
                    file.write(os.urandom(min(BLOCK, self._size - start)))
                file.flush()
                os.fsync(file.fileno())
            half_done.replace(self._path)
        except OSError:
            half_done.unlink(missing_ok=True)
            return False
        sync_folder(self._path.parent)
        return True

    def drop(self) -> None:
        """Give the room to whatever must be deleted."""
        self._path.unlink(missing_ok=True)

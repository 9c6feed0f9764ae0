"""A file that only takes up space. Even deleting rows needs space: on a full disk, dropping this file provides it."""

import os
import shutil
from pathlib import Path
from typing import Final

from producers.terminal.spool_schema import sync_folder
from producers.terminal.spool_trouble import DISK_IS_FULL

BALLAST_BYTES: Final = 1_048_576

BLOCK: Final = 65_536


class Ballast:
    """The ballast of one spool. While it is missing, the disk is still too full, and nothing new is saved."""

    def __init__(self, path: Path, size: int = BALLAST_BYTES) -> None:
        self._path = path
        self._size = size

    @property
    def aboard(self) -> bool:
        """Return whether the ballast is on disk in its full size."""
        try:
            return self._path.stat().st_size >= self._size
        except FileNotFoundError:
            return False

    def load(self) -> bool:
        """Write the ballast if it is missing and twice its size is free; return whether it is there now.

        Raises:
            OSError: the disk does not work.
        """
        if self.aboard:
            return True
        if shutil.disk_usage(self._path.parent).free < 2 * self._size:
            return False
        half_done = self._path.with_suffix(".new")
        try:
            with half_done.open("wb") as file:
                # Random bytes: a compressing file system would store zeros in no space at all.
                for start in range(0, self._size, BLOCK):
                    file.write(os.urandom(min(BLOCK, self._size - start)))
                file.flush()
                os.fsync(file.fileno())
            half_done.replace(self._path)
        except OSError as error:
            half_done.unlink(missing_ok=True)
            if error.errno in DISK_IS_FULL:
                return False
            raise
        sync_folder(self._path.parent)
        return True

    def drop(self) -> None:
        """Free the space, so that rows can be deleted. An empty file stays: it shows that the folder is in use."""
        if self._path.exists():
            os.truncate(self._path, 0)

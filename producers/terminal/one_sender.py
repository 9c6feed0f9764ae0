"""Only one program sends from a terminal's folder at a time."""

from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from schemas.errors import Unavailable
from schemas.outputs import reason


class OneSender:
    """The right to send from a folder; use as `with`. The system releases it however the process ends.

    Raises:
        Unavailable: another process sends from this folder, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / "sender.lock", timeout=0, thread_local=False)

    def __enter__(self) -> Self:
        try:
            self._lock.acquire()
        except Timeout:
            raise Unavailable(
                f"another program already sends from {self._folder}",
                hint="nothing to do: it also sends what is saved here; see `fairpulse terminal status`",
            ) from None
        except OSError as error:
            raise Unavailable(
                f"the folder {self._folder} cannot be locked ({reason(error)})",
                hint="check that the folder is writable and on a disk of this machine",
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

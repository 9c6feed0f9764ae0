"""Standard output and standard error of a command: a reader that goes away, a full disk, a stream that is closed."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from typing_extensions import override

from schemas.errors import Unavailable

_UNSAID: Final = {
    "Timeout": "no answer in time",
    "Connection": "the connection failed",
    "NodeNotReady": "the connection failed",
    "NoBrokers": "no broker answers",
    "Unavailable": "no broker answers",
    "UnknownTopic": "there is no such topic",
}
"""The meaning of errors of a Kafka client that have no words of their own, by a part of their names."""


class ReaderGone(Exception):
    """The reader of standard output has closed it, as `head` does: nothing more needs to be said."""


# Both are buffers above Python's own file. In a file class written in Python, a signal's exception could come after
# bytes are out and before that is noted: they would be written twice.


class OutputLost(Unavailable):
    """Standard output cannot be written, on a full disk for example."""


class _Output(io.BufferedWriter):
    """Standard output. Its errors are not OSError, which a command might take for one of its own files."""

    @override
    def write(self, data: Any, /) -> int:
        with _told():
            return super().write(data)

    @override
    def flush(self) -> None:
        with _told():
            super().flush()


class _Notes(io.BufferedWriter):
    """Standard error. What cannot be written is dropped: there is nowhere left to say so."""

    @override
    def write(self, data: Any, /) -> int:
        with suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes

    @override
    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        raise OutputLost(
            f"standard output cannot be written: {reason(error)}", hint="nothing after this point was written"
        ) from None


def warn(text: str) -> None:
    """Print a warning on standard error: the command goes on."""
    print(f"warning: {text}", file=sys.stderr)  # noqa: T201


def reason(error: BaseException | type[BaseException] | None) -> str:
    """Return why something failed, in the words of the system or of Kafka, for the end of a sentence.

    Args:
        error: an error, the class that a Kafka client has for a broker's answer, or None if there is nothing to ask.
    """
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, UnicodeError):
        return "it is not UTF-8 text"
    said = getattr(error, "strerror", None) or getattr(error, "description", None)
    if not said and type(error).__module__ == "sqlite3":  # which takes as long to import as all else here
        said = str(error)
    if not said:
        name = (error if isinstance(error, type) else type(error)).__name__
        said = next((words for part, words in _UNSAID.items() if part in name), "no reason is given")
    said = " ".join(str(said).split()).rstrip(".")
    return said if said[:2].isupper() else said[:1].lower() + said[1:]


def hold_outputs() -> None:
    """Make the standard streams of this process ones that never end in a traceback.

    A stream that is closed at the start becomes the null device: otherwise the next file or connection would get its
    number, and be written into.
    """
    for number, flags in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            _put_null(number, flags)
    out, err = sys.stdout, sys.stderr
    sys.stdout = io.TextIOWrapper(
        _Output(io.FileIO(1, "wb", closefd=False)),
        encoding=getattr(out, "encoding", None) or "utf-8",
        errors=getattr(out, "errors", None),
        line_buffering=getattr(out, "line_buffering", False),
    )
    sys.stderr = io.TextIOWrapper(
        _Notes(io.FileIO(2, "wb", closefd=False)),
        encoding=getattr(err, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


def drop_output() -> None:
    """Let what standard output still holds go nowhere: Python would write it at the very end, and complain."""
    _put_null(1, os.O_WRONLY)


def _put_null(number: int, flags: int) -> None:
    opened = os.open(os.devnull, flags)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    os.set_inheritable(number, True)

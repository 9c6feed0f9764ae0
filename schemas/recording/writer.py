"""Write a recording so that a crash, a full disk or Ctrl-C leaves a file that is readable up to that point."""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec
import zstandard

from schemas.errors import InvalidSettings, Unavailable
from schemas.recording.frames import HEADER_BYTES, RecordedRecord, header_frame, pack, pack_records, unpack
from schemas.recording.header import Header, TopicPart
from schemas.recording.tally import Tally
from schemas.version import our_version

BLOCK_RECORDS: Final = 4_096
BLOCK_BYTES: Final = 2 << 20
"""A block is written when it reaches one of these limits, or on `flush`."""

PART: Final = ".part"
"""Added to the file's name until the recording is complete; such a file is readable up to where it ends."""

MOST_LEFT_OUT: Final = 32
"""Most sentences about missing records in a header; one more says how many there are."""


class RecordingWriter:
    """Writes records to `path`, under another name until it is complete. Use as `with`.

    An exception leaves the `.part` file, with all that was written, for `recording inspect` and `replay`.

    Args:
        partitions: how many partitions each topic has; of a topic that is left out, that is not known.
        fair_file: bytes of the fair file, stored as well, so that the numbers can be computed again.
        force: replace a `.part` file that a recording left when it broke off.

    Raises:
        Unavailable: the file cannot be written (no such folder, no permission, no space), another program writes it, or
            a recording that broke off left it.
    """

    def __init__(
        self,
        path: Path,
        fair_id: str,
        partitions: Mapping[str, int],
        fair_file: bytes = b"",
        *,
        level: int = 3,
        force: bool = False,
    ) -> None:
        self.path = path
        self.part = path.with_name(path.name + PART)
        self.records = 0
        self.bytes = 0
        self._level = zstandard.ZstdCompressor(level=level, write_checksum=True, write_content_size=True)
        self._fair_file = fair_file
        self._force = force
        self._header = Header(
            fair_id=fair_id,
            written_by=f"fairpulse {our_version()}",
            topics={name: TopicPart(count) for name, count in partitions.items()},
            fair_sha256=hashlib.sha256(fair_file).hexdigest() if fair_file else "",
        )
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._block: list[RecordedRecord] = []
        self._block_bytes = 0
        self._tally = Tally(partitions)
        self._left_out: dict[str, None] = {}
        self._broken = False

    def leave_out(self, sentences: Iterable[str]) -> None:
        """Note what the file does not hold. Sentences noted before `with` are also in a file that is cut off."""
        self._left_out.update(dict.fromkeys(sentences))

    def write(self, record: RecordedRecord) -> None:
        """Take a record; it is on disk at the latest after the next `flush`."""
        self._block.append(record)
        self._block_bytes += len(record.value or b"") + 64
        self._tally.add(record)
        if len(self._block) >= BLOCK_RECORDS or self._block_bytes >= BLOCK_BYTES:
            self._put_block()

    @property
    def taken(self) -> int:
        """Records taken so far, including those that are not on disk yet."""
        return self._tally.records

    def flush(self) -> None:
        """Write everything taken so far to the disk."""
        if self._block:
            self._put_block()
        assert self._file is not None
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from None

    def __enter__(self) -> Self:
        try:
            self._file = taken_alone(self.part, force=self._force)
            self._file.write(header_frame(self._named()))
            self._put(pack(self._fair_file, 0, self._level))
        except OSError as error:
            raise self._unwritable(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        with self._file:
            if error is not None or self._broken:
                return
            self.flush()
            try:
                self._file.seek(0)
                self._file.write(header_frame(self.header(complete=True)))
                self._file.flush()
                os.fsync(self._file.fileno())
                self.part.replace(self.path)
            except OSError as failed:
                raise self._unwritable(failed) from None

    @contextmanager
    def without_rest(self, *errors: type[Exception]) -> Iterator[None]:
        """Leave not even the `.part` file if one of these errors ends the block: what was written is of no use."""
        try:
            yield
        except errors:
            self.part.unlink(missing_ok=True)
            raise

    def header(self, *, complete: bool = False) -> Header:
        """Return the header with the counts so far."""
        digest = self._digest.hexdigest() if complete else ""
        return msgspec.structs.replace(self._tally.fill(self._named()), complete=complete, sha256=digest)

    def _named(self) -> Header:
        """Return the header without counts, with what is left out."""
        told, more = list(self._left_out)[:MOST_LEFT_OUT], len(self._left_out) - MOST_LEFT_OUT
        rest = [f"and {more:,} more sentences like these"] if more > 0 else []
        return msgspec.structs.replace(self._header, left_out=(*told, *rest))

    def _put_block(self) -> None:
        block, self._block, self._block_bytes = self._block, [], 0
        try:
            self._put(pack_records(block, self._level))
        except OSError as error:
            raise self._unwritable(error) from None
        self.records += len(block)

    def _put(self, raw: bytes) -> None:
        assert self._file is not None, "use it as `with`"
        self._file.write(raw)
        self._digest.update(raw)
        self.bytes += len(raw)

    def _unwritable(self, error: OSError) -> Unavailable:
        self._broken = True  # part of a block may be on disk: the header must never call this complete
        return Unavailable(
            f"the recording cannot be written ({error.strerror})",
            hint=f"check that the folder exists and has space; the records so far are readable in {self.part.name}",
        )


def must_be_new(path: Path, *, force: bool) -> None:
    """Raise InvalidSettings if a recording of this name exists, unless `force` replaces it."""
    if path.exists() and not force:
        raise InvalidSettings(f"{path.name} exists already", hint="name another file, or overwrite it with --force")


def taken_alone(part: Path, *, force: bool) -> BinaryIO:
    """Open the file of an unfinished recording for this program alone, and empty it. The lock ends with the program.

    Raises:
        Unavailable: another program writes it, or it holds something and shall not be replaced by `force`.
        OSError: it cannot be opened.
    """
    file = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = os.path.samestat(os.fstat(file.fileno()), part.stat())  # else that program has just finished
    except (BlockingIOError, FileNotFoundError):
        is_ours = False
    except OSError:
        is_ours = True  # a file system without locks
    if not is_ours:
        file.close()
        raise Unavailable(f"another program is writing {part.name}", hint="name another file, or end that program")
    if not force and _holds_something(file):
        file.close()
        raise Unavailable(
            f"{part.name} holds what a recording took before it broke off", hint="move it away, or delete it"
        )
    file.seek(0)
    file.truncate()
    return file


def _holds_something(file: BinaryIO) -> bool:
    """Return whether a file holds more than the head of a recording without records."""
    if os.fstat(file.fileno()).st_size < HEADER_BYTES:
        return bool(file.read(1))
    file.seek(HEADER_BYTES)
    next(unpack(file), None)
    return bool(file.read(1))

"""Write a recording so that a crash, a full disk or Ctrl-C leaves a file that is readable up to that point."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec
import zstandard

from schemas.errors import Unavailable
from schemas.recording.frames import RecordedRecord, header_frame, pack, pack_records
from schemas.recording.header import Header, TopicPart
from schemas.recording.tally import Tally
from schemas.version import our_version

BLOCK_RECORDS: Final = 4_096
BLOCK_BYTES: Final = 2 << 20
"""A block is written when it reaches one of these limits, or on `flush`."""

PART: Final = ".part"
"""Added to the file's name until the recording is complete; such a file is readable up to where it ends."""


class RecordingWriter:
    """Writes records to `path`, under another name until it is complete. Use as `with`.

    An exception leaves the `.part` file, with all that was written, for `recording inspect` and `replay`.

    Args:
        partitions: how many partitions each topic has.
        fair_file: bytes of the fair file, stored as well, so that the numbers can be computed again.

    Raises:
        Unavailable: the file cannot be written (no such folder, no permission, no space).
    """

    def __init__(
        self, path: Path, fair_id: str, partitions: Mapping[str, int], fair_file: bytes = b"", *, level: int = 3
    ) -> None:
        self.path = path
        self.part = path.with_name(path.name + PART)
        self.records = 0
        self.bytes = 0
        self._level = zstandard.ZstdCompressor(level=level, write_checksum=True, write_content_size=True)
        self._fair_file = fair_file
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
            self._file = self.part.open("w+b")
            self._file.write(header_frame(self._header))
            self._put(pack(self._fair_file, 0, self._level))
        except OSError as error:
            raise self._unwritable(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        with self._file:
            if error is not None:
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

    def header(self, *, complete: bool = False) -> Header:
        """Return the header with the counts so far."""
        digest = self._digest.hexdigest() if complete else ""
        return msgspec.structs.replace(self._tally.fill(self._header), complete=complete, sha256=digest)

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
        return Unavailable(
            f"the recording cannot be written ({error.strerror})",
            hint=f"check that the folder exists and has space; the records so far are readable in {self.part.name}",
        )

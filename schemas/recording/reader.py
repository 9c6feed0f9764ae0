"""Read a recording, whole or cut."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from schemas.errors import InvalidRecording
from schemas.fair.file import load_fair, parse_fair
from schemas.fair.model import Fair
from schemas.recording.frames import HEADER_BYTES, Cut, RecordedRecord, read_header, unpack, unpack_records
from schemas.recording.header import Header

_PIECE: Final = 1 << 20


class Recording:
    """A recording on disk. Opening it reads only the header.

    Attributes:
        header: its header.
        cut: where and why it ends too early, known once its records were read; None if it does not.

    Raises:
        InvalidRecording: the file is missing, or is not a recording.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut: Cut | None = None
        with self._open() as file:
            raw = file.read(HEADER_BYTES)
        if len(raw) < HEADER_BYTES:
            raise InvalidRecording(f"{path.name} is not a recording", hint="name a file that `fairpulse record` wrote")
        try:
            self.header: Header = read_header(raw)
        except InvalidRecording as error:
            raise InvalidRecording(f"{path.name}: {error.message}", hint=error.hint) from None

    def fair_file(self) -> bytes:
        """Return the fair file that travels inside; empty if none does or the file ends before it."""
        with self._open() as file:
            file.seek(HEADER_BYTES)
            content = next(unpack(file), b"")
            return content if isinstance(content, bytes) else b""

    def fair(self, instead: Path | None = None) -> Fair:
        """Return the fair of the recording: from the file `instead` if it is given, otherwise from the file inside.

        Raises:
            InvalidRecording: there is none inside.
            InvalidFairFile: it is damaged, or of a version that this one cannot read.
        """
        if instead is not None:
            return load_fair(instead)
        content = self.fair_file()
        if not content:
            raise InvalidRecording(f"{self.path.name} has no fair file inside", hint="name one with --fair")
        return parse_fair(content.decode("utf-8-sig", errors="replace"), f"fair file in {self.path.name}")

    def records(self, skip: int = 0) -> Iterator[RecordedRecord]:
        """Yield the records in order, without the first `skip`. Afterwards `cut` says whether the file was cut off."""
        self.cut = None
        with self._open() as file:
            file.seek(HEADER_BYTES)
            blocks = unpack(file)
            first = next(blocks, None)
            if first is None:
                self.cut = Cut(HEADER_BYTES, "it ends after its header")
            elif isinstance(first, Cut):
                self.cut = first
            at = file.tell()
            for content in blocks:
                if isinstance(content, Cut):
                    self.cut = content
                    break
                records = unpack_records(content)
                if records is None:
                    self.cut = Cut(at, "a block does not contain records")
                    break
                at = file.tell()
                if skip >= len(records):
                    skip -= len(records)
                    continue
                yield from records[skip:] if skip else records
                skip = 0
        if self.cut is None and not self.header.complete:
            self.cut = Cut(at, "the recording was interrupted; all complete blocks are there")

    def is_intact(self) -> bool:
        """Return whether every byte is as it was written, by the checksum of the whole body."""
        digest = hashlib.sha256()
        with self._open() as file:
            file.seek(HEADER_BYTES)
            while piece := file.read(_PIECE):
                digest.update(piece)
        return self.header.complete and digest.hexdigest() == self.header.sha256

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise InvalidRecording(
                f"{self.path.name} cannot be read ({error.strerror})", hint="name a file that `fairpulse record` wrote"
            ) from None

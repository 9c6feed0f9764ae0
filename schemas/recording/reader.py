"""Read a recording: whole, cut or damaged."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from schemas.errors import InvalidRecording
from schemas.fair.chosen import refuse_other_fair, used_fair_file
from schemas.fair.file import load_fair, parse_fair
from schemas.fair.model import Fair
from schemas.recording.damage import Damage, damage_of
from schemas.recording.frames import HEADER_BYTES, Cut, RecordedRecord, read_header, unpack, unpack_records
from schemas.recording.header import Header

_RECORD: Final = "name a file that `fairpulse record` wrote"
_PART: Final = "export it to JSON lines and import them again, if the part will do"
_COPY: Final = "take a copy of the file that `fairpulse recording inspect --check` finds whole, or record again"


class Recording:
    """A recording on disk. Opening it reads only the header.

    Before it gives a record, it compares the whole file with the checksum and the counts in its header. One that was
    interrupted while it was written has none yet: then the offsets of each partition must ascend.

    Attributes:
        header: its header.
        cut: where and why it ends too early, known once its records were read; None if it does not.

    Raises:
        InvalidRecording: the file is missing, or is not a recording.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut: Cut | None = None
        self._checked = False
        self._damage: Damage | None = None
        with self._open() as file:
            raw = file.read(HEADER_BYTES)
        if len(raw) < HEADER_BYTES:
            raise InvalidRecording(f"{path.name} is not a recording", hint=_RECORD)
        try:
            self.header: Header = read_header(raw)
        except InvalidRecording as error:
            raise InvalidRecording(f"{path.name}: {error.message}", hint=error.hint) from None

    @property
    def damage(self) -> Damage | None:
        """Why the file is not the one that was written; None if it is, as far as it goes. It is read once for that."""
        if not self._checked:
            with self._open() as file:
                self._damage = damage_of(file, self.header)
            self._checked = True
        return self._damage

    def must_be_undamaged(self) -> None:
        """Raise InvalidRecording if the file is not the one that was written; an interrupted one may be read."""
        if (found := self.damage) is None:
            return
        if isinstance(found, Cut):
            raise self._is_cut(found)
        raise InvalidRecording(f"{self.path.name} is damaged: {found}", hint=_COPY)

    def must_be_whole(self) -> None:
        """Raise InvalidRecording if the file is damaged, or if writing it was interrupted: its end is missing."""
        self.must_be_undamaged()
        if not self.header.complete:
            for _ in self.readable():
                pass
            assert self.cut is not None
            raise self._is_cut(self.cut)

    def _is_cut(self, cut: Cut) -> InvalidRecording:
        return InvalidRecording(f"{self.path.name} is cut at byte {cut.at_byte:,}: {cut.why}", hint=_PART)

    def fair_file(self) -> bytes:
        """Return the fair file that travels inside; empty if none does or the file ends before it."""
        with self._open() as file:
            file.seek(HEADER_BYTES)
            content = next(unpack(file), b"")
            return content if isinstance(content, bytes) else b""

    def fair(self, instead: Path | None = None) -> Fair:
        """Return the fair of the recording: from the file `instead` if it is given, otherwise from the file inside.

        Raises:
            InvalidRecording: the recording is damaged, or there is no fair file inside.
            InvalidFairFile: it is damaged, or of a version that this one cannot read.
            InvalidSettings: the events are of another fair.
        """
        self.must_be_undamaged()
        if instead is not None:
            fair = load_fair(instead)
        elif content := self.fair_file():
            fair = parse_fair(content.decode("utf-8-sig", errors="replace"), f"fair file in {self.path.name}")
        else:
            raise InvalidRecording(f"{self.path.name} has no fair file inside", hint="name one with --fair")
        used = "fair file is in the recording" if instead is None else used_fair_file(instead)
        refuse_other_fair((one.value for one in self.readable()), fair.fair_id, used)
        return fair

    def records(self, skip: int = 0) -> Iterator[RecordedRecord]:
        """Yield the records in order, without the first `skip`.

        Afterwards `cut` says whether writing was interrupted.

        Raises:
            InvalidRecording: before the first record, if the file is not the one that was written.
        """
        self.must_be_undamaged()
        yield from self.readable(skip)

    def readable(self, skip: int = 0) -> Iterator[RecordedRecord]:
        """Yield what can be read of any recording, even of a damaged one. Afterwards `cut` says where it was cut."""
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
        """Return whether it is complete, and as it was written: by checksum and counts in the header."""
        return self.header.complete and self.damage is None

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise InvalidRecording(f"{self.path.name} cannot be read ({error.strerror})", hint=_RECORD) from None

"""Questions about a recording: what is in it, is it whole, what are its lines?"""

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from schemas.errors import Unavailable
from schemas.fair.chosen import chosen_fair_file
from schemas.fair.file import load_fair
from schemas.recording.frames import HEADER_BYTES
from schemas.recording.header import TopicPart
from schemas.recording.jsonl import from_lines, to_line
from schemas.recording.reader import Recording
from schemas.recording.tally import Tally
from schemas.recording.writer import RecordingWriter


def describe(path: Path, *, check: bool) -> tuple[list[str], bool]:
    """Return lines that describe a recording, and whether it is whole as far as it was checked.

    Raises:
        InvalidRecording: it is not a recording.
    """
    recording = Recording(path)
    header = recording.header
    if check or not header.complete:
        tally = Tally({name: part.partitions for name, part in header.topics.items()})
        for record in recording.records():
            tally.add(record)
        if not header.complete:
            header = tally.fill(header)
    size = path.stat().st_size
    whole = recording.cut is None and (not check or recording.is_intact())
    each = f", {(size - HEADER_BYTES) / header.records:.0f} bytes each" if header.records else ""
    lines = [
        f"{path.name}: recording of {header.fair_id}, {size:,} bytes, written by {header.written_by}",
        f"records   {header.records:,}{each}",
        *(f"topic     {name}: {held(one)}" for name, one in header.topics.items()),
        *(f"type      {kind or '(not an event)'}: {number:,}" for kind, number in header.types.items()),
        f"in Kafka  {header.first or '-'} to {header.last or '-'}",
        f"received  {header.first_arrival or '-'} to {header.last_arrival or '-'}",
        f"fair file {header.fair_sha256 or 'none inside'}",
    ]
    if recording.cut is not None:
        lines.append(f"CUT       at byte {recording.cut.at_byte:,}: {recording.cut.why}")
    elif check:
        lines.append("checksums match" if whole else "CHANGED   the checksum of the whole file does not match")
    return lines, whole


def export_lines(path: Path, to: Path | None) -> None:
    """Write a recording as JSON lines, to standard output without `to`; a cut one up to the cut, with a warning.

    Raises:
        Unavailable: the file cannot be written.
    """
    recording = Recording(path)
    try:
        with nullcontext(sys.stdout.buffer) if to is None else to.open("wb") as file:
            for record in recording.records():
                file.write(to_line(record))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unavailable(f"the lines cannot be written ({error.strerror})", hint="name another file") from None
    warn_of_cut(recording)


def held(part: TopicPart) -> str:
    """Return how many records of a topic a recording has, and in how many partitions: lines of an export tell both."""
    records = "record" if part.records == 1 else "records"
    partitions = "partition" if len(part.offsets) == 1 else "partitions"
    return f"{part.records:,} {records} in {len(part.offsets)} {partitions}"


def import_lines(lines: Iterable[bytes], path: Path, fair_file: Path | None) -> int:
    """Make a recording of JSON lines; return how many records it has.

    Raises:
        InvalidRecording: a line is not a record.
    """
    source = chosen_fair_file(fair_file)
    fair = load_fair(source)
    counts: dict[str, int] = {}
    with RecordingWriter(path, fair.fair_id, counts, source.read_bytes()) as writer:
        for record in from_lines(lines):
            writer.write(record)
    return writer.records


def warn_of_cut(recording: Recording) -> None:
    """Say on standard error where a recording that was read is cut; nothing if it is not."""
    if recording.cut is not None:
        at, why = recording.cut
        print(f"warning: {recording.path.name} is cut at byte {at:,}: {why}", file=sys.stderr)  # noqa: T201

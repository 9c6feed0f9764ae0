"""Questions about a recording: what is in it, is it whole, what are its lines?"""

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from schemas.errors import InvalidRecording, InvalidSettings, Unavailable
from schemas.fair.chosen import FairsSeen, chosen_fair_file, named_fair_file, used_fair_file
from schemas.fair.file import load_fair
from schemas.outputs import warn
from schemas.recording.frames import HEADER_BYTES
from schemas.recording.header import Header, TopicPart
from schemas.recording.jsonl import from_lines, left_out_line, to_line
from schemas.recording.reader import Recording
from schemas.recording.tally import Tally
from schemas.recording.writer import RecordingWriter, must_be_new
from schemas.topics import EVENT_TOPICS, place_text


def describe(path: Path, *, check: bool) -> tuple[list[str], bool]:
    """Return lines that describe a recording, and whether it is whole as far as it was checked, with all of its span.

    Raises:
        InvalidRecording: it is not a recording.
    """
    recording = Recording(path)
    header = recording.header
    damage = recording.damage if check else None
    if check or not header.complete:
        counted = _tallied(recording)
        if not header.complete:
            header = counted
        elif damage is None and recording.cut is None and counted != header:
            damage = "the counts in its header are not those of its records"
    size = path.stat().st_size
    whole = recording.cut is None and damage is None and not header.left_out
    each = f", {(size - HEADER_BYTES) / header.records:.0f} bytes each" if header.records else ""
    lines = [
        f"{path.name}: recording of {header.fair_id}, {size:,} bytes, written by {header.written_by}",
        f"records   {header.records:,}{each}",
        *(f"topic     {name}: {held(one)}" for name, one in header.topics.items()),
        *(f"type      {kind or '(not an event)'}: {number:,}" for kind, number in header.types.items()),
        f"in Kafka  {header.first or '-'} to {header.last or '-'}",
        f"received  {header.first_arrival or '-'} to {header.last_arrival or '-'}",
        f"fair file {header.fair_sha256 or 'none inside'}",
        *(f"LEFT OUT  {one}" for one in header.left_out),
    ]
    if recording.cut is not None:
        lines.append(f"CUT       at byte {recording.cut.at_byte:,}: {recording.cut.why}")
    elif damage is not None:
        lines.append(f"DAMAGED   {damage}")
    elif check:
        lines.append("checksums match")
    return lines, whole


def export_lines(path: Path, to: Path | None) -> bool:
    """Write a recording as JSON lines, to standard output without `to`.

    Of one that does not hold all, or is damaged, the last lines and a warning say so.

    Returns:
        Whether it was read to its end, and is the one that was written.

    Raises:
        Unavailable: the file cannot be written.
    """
    recording = Recording(path)
    try:
        with nullcontext(sys.stdout.buffer) if to is None else to.open("wb") as file:
            for record in recording.readable():
                file.write(to_line(record))
            for sentence in _lacking(recording):
                file.write(left_out_line(sentence))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unavailable(f"the lines cannot be written ({error.strerror})", hint="name another file") from None
    warn_of_cut(recording)
    whole = recording.cut is None
    if whole and recording.damage is not None:
        whole = False
        warn(f"{path.name} is damaged: {recording.damage}")
    warn_of_part(recording)
    return whole


def held(part: TopicPart) -> str:
    """Return how many records of a topic a recording has, and in how many partitions, of all if their number is known.

    Lines of an export tell the first two.
    """
    records = "record" if part.records == 1 else "records"
    partitions = "partition" if (part.partitions or len(part.offsets)) == 1 else "partitions"
    known = f" of {part.partitions}" if part.partitions else ""
    return f"{part.records:,} {records} in {len(part.offsets)}{known} {partitions}"


def import_lines(lines: Iterable[bytes], path: Path, fair_file: Path | None, *, force: bool = False) -> int:
    """Make a recording of JSON lines; return how many records it has. What the lines lack is noted in it.

    An error leaves no file. `force` replaces a file of that name.

    Raises:
        InvalidRecording: a line is not a record, or there is none.
        InvalidSettings: the events are of another fair than the fair file's, or the file exists already.
    """
    must_be_new(path, force=force)
    named = named_fair_file(fair_file)
    source = chosen_fair_file(named)
    fair = load_fair(source)
    counts: dict[str, int] = {}
    writer = RecordingWriter(path, fair.fair_id, counts, source.read_bytes(), force=force)
    with writer.without_rest(InvalidRecording, InvalidSettings), writer:
        seen = FairsSeen(fair.fair_id, used_fair_file(named))
        for record in from_lines(lines, lambda sentence: writer.leave_out([sentence])):
            seen.look(record.value)
            writer.write(record)
        seen.end()
        if not writer.taken:
            raise InvalidRecording("there is no record to import", hint="see how the export ended that wrote the lines")
    return writer.records


def warn_of_cut(recording: Recording) -> None:
    """Say on standard error that a recording that was read is cut, and where, or that it holds no events."""
    if recording.cut is not None:
        at, why = recording.cut
        warn(f"{recording.path.name} is cut at byte {at:,}: {why}")
    else:
        warn_of_nothing(recording)


def warn_of_nothing(recording: Recording) -> None:
    """Say on standard error that a complete recording holds no events; nothing if it holds some."""
    for one in nothing_in(recording):
        warn(one)


def nothing_in(recording: Recording) -> list[str]:
    """Return in a sentence that a complete recording holds no records of event topics; nothing if it holds some."""
    topics = recording.header.topics
    held = sum(topics[topic.name].records for topic in EVENT_TOPICS if topic.name in topics)
    return [f"{recording.path.name} holds no events"] if recording.header.complete and not held else []


def warn_of_part(recording: Recording) -> None:
    """Say on standard error what a recording does not hold; nothing if it holds all. See `missing_in`."""
    for one in missing_in(recording):
        warn(one)


def warn_of_left_out(recording: Recording) -> None:
    """Say on standard error what was left out when a recording was made, wherever it begins."""
    for one in _left_out(recording):
        warn(one)


def missing_in(recording: Recording) -> list[str]:
    """Return in a sentence each what a recording does not hold: what was left out when it was made, or its beginning.

    A recording that begins in the middle of a partition of events is one from a later time on, or of a topic whose
    older records were gone. Of one that was interrupted, the records are read for that.
    """
    if told := _left_out(recording):
        return told
    names = {topic.name for topic in EVENT_TOPICS}
    later = [
        (place_text((name, partition)), first)
        for name, part in sorted(_counted(recording).topics.items())
        for partition, (first, _) in sorted(part.offsets.items())
        if name in names and first > 0
    ]
    if not later:
        return []
    place, first = later[0]
    others = "" if len(later) == 1 else f", and {len(later) - 1} more partitions do not begin at 0 either"
    return [f"{recording.path.name} begins at offset {first} of {place}{others}: these are the numbers of a part"]


def _lacking(recording: Recording) -> Iterable[str]:
    """Yield what a recording that was read does not hold, for the lines of an export."""
    yield from recording.header.left_out
    if recording.cut is not None:
        yield f"the file it was exported from was cut at byte {recording.cut.at_byte:,}: {recording.cut.why}"
    elif recording.damage is not None:
        yield f"the file it was exported from was damaged: {recording.damage}"


def _left_out(recording: Recording) -> list[str]:
    return [f"{recording.path.name} holds a part only: {one}" for one in recording.header.left_out]


def _counted(recording: Recording) -> Header:
    """Return the header with counts, of an interrupted recording by reading it."""
    return recording.header if recording.header.complete else _tallied(recording)


def _tallied(recording: Recording) -> Header:
    """Return the header with the counts of the records that can be read."""
    tally = Tally(recording.header.partitions)
    for record in recording.readable():
        tally.add(record)
    return tally.fill(recording.header)

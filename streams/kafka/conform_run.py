"""The command `topics conform`: gets records from a file of JSON lines, a recording, or the topics."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from schemas.errors import InvalidRecording, Unavailable
from schemas.fair.model import Fair
from schemas.recording.frames import SKIPPABLE, RecordedRecord
from schemas.recording.inspection import warn_of_left_out
from schemas.recording.jsonl import from_lines
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS
from streams.kafka.conforming import Conformity, Given, judge
from streams.kafka.connections import admin
from streams.kafka.held import held_records
from streams.kafka.logs import log_reader
from streams.kafka.topics import partitions_of

_MAGIC: Final = SKIPPABLE.to_bytes(4, "little")
"""The first bytes of a recording."""

_SPARE: Final[Mapping[str, int]] = {"partition": -1, "offset": -1, "timestamp": 0}
"""Members that a line of another team may leave out."""


def conform_file(path: Path, fair: Fair, partitions: int) -> Conformity:
    """Judge the records of a file.

    Args:
        path: a recording, or JSON lines as `fairpulse recording export` writes them. A line may leave out partition,
            offset and timestamp.
        fair: to which the records belong.
        partitions: how many every event topic will have, for lines that tell a partition.

    Raises:
        InvalidRecording: it cannot be read, is cut or damaged, holds no record, or a line is not a record.
    """
    try:
        with path.open("rb") as file:
            found = Conformity()
            if file.peek(len(_MAGIC)).startswith(_MAGIC):
                recording = Recording(path)
                recording.must_be_whole()
                warn_of_left_out(recording)
                counts = {name: part.partitions for name, part in recording.header.topics.items()}
                judge(fair, (_given(one, _place(one)) for one in recording.records()), counts, found)
            else:
                judge(fair, _of_lines(file), dict.fromkeys((topic.name for topic in EVENT_TOPICS), partitions), found)
    except OSError as error:
        raise InvalidRecording(
            f"{path.name} cannot be read ({error.strerror})", hint="name a recording, or a file of JSON lines"
        ) from None
    if not found.records:
        raise InvalidRecording(f"{path.name} holds no record of events", hint="name a file with at least one")
    return found


async def conform_topics(kafka: KafkaSettings, fair: Fair) -> Conformity:
    """Judge the records that the event topics hold now.

    Raises:
        Unavailable: no broker answers, a right is missing, or the topics hold no record.
    """
    async with admin(kafka) as client:
        counts = await partitions_of(client, kafka, [topic.name for topic in EVENT_TOPICS])
    async with log_reader(kafka) as reader:
        extents = await reader.extents((name, number) for name, count in counts.items() for number in range(count))
    found = Conformity(waiting=sum(one.end - one.stable for one in extents.values()))
    async for records in held_records(kafka, counts):
        judge(
            fair,
            (
                Given(
                    f"{one.topic}[{one.partition}] offset {one.offset}",
                    one.topic,
                    one.partition,
                    one.key,
                    one.value,
                    tuple(name for name, _ in one.headers),
                )
                for one in records
            ),
            counts,
            found,
        )
    if not found.records:
        if found.waiting:
            raise Unavailable(
                "the event topics hold no record but those that wait behind an open transaction",
                hint="run `fairpulse topics --check`, which names it, end it, then run the command again",
            )
        raise Unavailable("the event topics hold no record", hint="send some, then run the command again")
    return found


def _of_lines(lines: Iterable[bytes]) -> Iterator[Given]:
    """Yield the records of JSON lines. Raises InvalidRecording, which names the line."""
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
            whole = msgspec.json.encode({**{name: msgspec.Raw(b"%d" % one) for name, one in _SPARE.items()}, **members})
            [one] = from_lines([whole])
        except (msgspec.DecodeError, msgspec.ValidationError, InvalidRecording):
            raise InvalidRecording(
                f"line {number} is not a record",
                hint="write one JSON object per line with topic, key, value and partition, as "
                "`fairpulse recording export` does",
            ) from None
        yield _given(one, f"line {number}")


def _given(one: RecordedRecord, place: str) -> Given:
    return Given(place, one.topic, one.partition, one.key, one.value, tuple(name for name, _ in one.headers))


def _place(one: RecordedRecord) -> str:
    return f"{one.topic}[{one.partition}] offset {one.offset}"

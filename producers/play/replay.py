"""A recording back into Kafka: in the order it was kept, at its own pace or any other, with its own ids."""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from producers.play.neighbours import refuse_other_fairs
from producers.play.pacing import Ending, Pace, Player
from producers.play.progress import ProgressLine
from producers.play.sinks import KafkaSink
from producers.play.stepping import Stepper
from producers.records import Record
from schemas.cloud_events import SOURCE
from schemas.errors import FairpulseError, InvalidEvent, InvalidRecording, InvalidSettings
from schemas.fair.file import parse_fair
from schemas.fair.model import Fair
from schemas.interrupts import stopping
from schemas.recording.arrival import NO_EVENT, arrival_of
from schemas.recording.frames import Cut, RecordedRecord
from schemas.recording.inspection import warn_of_part
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS, key_of, named_key
from schemas.wire import decoder

MOST_GAP_MS: Final = 2 * 86_400_000
"""No fair is closed for longer between two days; a record further away has a broken time and is not waited for."""

_DECODERS: Final = {topic.name: decoder(topic.name) for topic in EVENT_TOPICS}
_FAIR_ID: Final = re.compile(rb'("fair_id"\s*:\s*")([A-Za-z0-9._-]*)(")')


class Replayed(NamedTuple):
    """A recorded record on its way back.

    Attributes:
        at_ms: when the gateway had received it; for a record that is not an event, when the one before it was received.
        number: its place in the recording, from 0.
        kind: its event type; empty for a record that is not an event.
        key: that of its event, whatever it was recorded with: the partition follows from it. A record that is not an
            event keeps its own.
    """

    at_ms: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    number: int
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """What to replay and how.

    Attributes:
        skip: records to leave out at the beginning, as the end of an interrupted replay names it.
        new_fair: identity to give to the events; None keeps theirs.
        step: ask before each record.
    """

    recording: Recording
    pace: Pace
    kafka: KafkaSettings
    skip: int = 0
    new_fair: str | None = None
    step: bool = False


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """How a replay ended.

    Attributes:
        next: number of the first record that is not known to be in Kafka: `--resume` goes on there.
    """

    ending: Ending
    acknowledged: int
    elapsed_s: float
    next: int
    cut: Cut | None


async def replay(plan: ReplayPlan, tell_position: Callable[[int], None] = lambda _: None) -> ReplayOutcome:
    """Send a recording's events; Ctrl-C ends it cleanly. Dead letters are left out: a worker writes its own.

    The partition follows from the key of the event, so a recording of 8 partitions may go into 3. An event that was
    recorded in a wrong partition goes into the right one. A recording of a part is sent with a warning.

    Args:
        plan: what to send and how.
        tell_position: told once, also when an error ends the replay, where to go on.

    Raises:
        Unavailable: Kafka is not there, or did not take a record.
    """
    position = plan.skip
    under_way: deque[int] = deque()

    def taken(records: Iterable[Replayed]) -> Iterator[Replayed]:
        for record in records:
            under_way.append(record.number)
            yield record

    def acknowledged(record: Record) -> None:
        nonlocal position
        assert isinstance(record, Replayed)
        if under_way[0] == record.number:  # else Kafka did not take an earlier one, and a resumed replay begins there
            position = under_way.popleft() + 1

    await refuse_other_fairs(plan.kafka, plan.new_fair or plan.recording.header.fair_id)
    fair = plan.recording.fair()
    warn_of_part(plan.recording)
    header = plan.recording.header
    total = sum(one.records for name, one in header.topics.items() if name in _DECODERS) if header.complete else 0
    sink = KafkaSink(plan.kafka, acknowledged)
    stream = taken(replayed(plan.recording, plan.skip, plan.new_fair))
    try:
        async with sink:
            with ProgressLine(sink, fair.zone, total=max(0, total - plan.skip)) as line:
                stepper = Stepper(line) if plan.step else None
                player = Player(sink, plan.pace, line, before=None if stepper is None else stepper.ask)
                with stopping(player.stop):
                    ending = await player.play(stream)
    finally:
        tell_position(position)
    return ReplayOutcome(ending, sink.acknowledged, player.progress.elapsed_s, position, plan.recording.cut)


def replayed(recording: Recording, skip: int = 0, new_fair: str | None = None) -> Iterator[Replayed]:
    """Yield the records of the event topics in their order, with the time at which each is due."""
    at_ms, last = 0, NO_EVENT
    replacement = None if new_fair is None else rb"\g<1>" + new_fair.encode() + rb"\g<3>"
    old, new = f"/fairs/{recording.header.fair_id}/".encode(), f"/fairs/{new_fair}/".encode()
    for number, record in enumerate(recording.records(skip), skip):
        if record.topic not in _DECODERS:
            continue
        value, headers = record.value, record.headers
        last = arrival_of(value)
        if last.ms is not None and (at_ms == 0 or abs(last.ms - at_ms) < MOST_GAP_MS):
            at_ms = last.ms
        if replacement is not None and value is not None:
            value = _FAIR_ID.sub(replacement, value, count=1)
            headers = tuple((name, _moved(text, old, new) if name == SOURCE else text) for name, text in headers)
        yield Replayed(at_ms, record.topic, _key(record), value, headers, number, last.type)


def _key(record: RecordedRecord) -> bytes | None:
    """Return the key of the event in a record; of a record that is not an event, its own."""
    if record.key is not None and record.key == named_key(record.topic, record.value):
        return record.key
    try:
        return key_of(_DECODERS[record.topic](record.value))
    except InvalidEvent:
        return record.key


def _moved(source: bytes | None, old: bytes, new: bytes) -> bytes | None:
    """Return a terminal's address with the beginning `new` instead of `old`; another source stays as it is."""
    return new + source[len(old) :] if source is not None and source.startswith(old) else source


def renamed_fair(recording: Recording, new_fair: str) -> tuple[Fair, bytes]:
    """Return the recording's fair under another id, and its file.

    Raises:
        InvalidRecording: no fair file travels inside.
        InvalidSettings: it cannot have that id.
    """
    content = recording.fair_file()
    old = recording.header.fair_id
    if not content:
        raise InvalidRecording(f"{recording.path.name} has no fair file inside", hint="write one by hand")
    renamed, count = re.subn(
        rb"^(fair_id:\s*[\"']?)" + re.escape(old.encode()) + rb"\b",
        rb"\g<1>" + new_fair.encode(),
        content,
        count=1,
        flags=re.MULTILINE,
    )
    try:
        fair = parse_fair(renamed.decode("utf-8-sig"), "fair file")
    except FairpulseError:
        count = 0
    if not count or fair.fair_id != new_fair:
        raise InvalidSettings(
            "--as-new-fair: no id of a fair",
            hint="letters, digits, dots and dashes, at most 64, for example rehearsal-2026",
        )
    return fair, renamed


def write_fair_file(path: Path, content: bytes) -> None:
    """Write the fair file of the new fair.

    Raises:
        InvalidSettings: it cannot be written, or stands there already.
    """
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise InvalidSettings(f"--write-fair: cannot be written ({error.strerror})", hint="name another file") from None


def replay_now(plan: ReplayPlan, tell_position: Callable[[int], None]) -> ReplayOutcome:
    """Replay in an event loop of its own; see `replay`."""
    return asyncio.run(replay(plan, tell_position))

"""Makes the event topics anew, once a recording holds all of their records; the next command replays it.

It may be repeated after an interruption: topics that are gone or empty need no recording.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from schemas.cures import OLDER
from schemas.errors import InvalidRecording, InvalidSettings, MustStop, Unavailable
from schemas.kafka_access import refused
from schemas.kafka_topics import look_at_topics, must_be_right
from schemas.outputs import reason
from schemas.recording.reader import Recording
from schemas.settings import KafkaSettings
from schemas.topics import EVENT_TOPICS, PartitionPlace, place_text
from schemas.witness import witness_of
from streams.kafka.checking import open_transaction
from streams.kafka.connections import admin
from streams.kafka.fairs import is_group_of, is_journal_of
from streams.kafka.held import held_records
from streams.kafka.lacking import lacking_heads, lacking_text
from streams.kafka.logs import Extent, log_reader
from streams.kafka.topics import create_topics, partitions_of, wait_until_seen

GONE_WITHIN_S: Final = 60.0
GONE_EVERY_S: Final = 0.2
SESSION_ENDS_WITHIN_S: Final = 15.0
"""How long members may stay in a group: a little longer than the session of a worker that ended without leaving."""
RECORD: Final = "record them with `fairpulse record FILE --until end`, and name that file"
NOTHING: Final = (0, 0)
"""Sum over no record."""

ToldRead = Callable[[int, int], None]
"""Is told how many records were compared, and how many there are."""


@dataclass(frozen=True, slots=True)
class Anew:
    """What will be done.

    Attributes:
        topics: the event topics that exist, to be deleted.
        journals: those of the fair, to be deleted.
        extents: of the event topics when their records were compared.
        records: how many the recording has.
        lacking: how many of the first offsets of a log neither Kafka nor the recording has.
    """

    topics: list[str]
    journals: list[str]
    extents: Mapping[PartitionPlace, Extent]
    records: int
    lacking: Mapping[PartitionPlace, int]


async def plan_anew(
    kafka: KafkaSettings, fair_id: str, path: Path, tell: ToldRead = lambda *_: None, *, part: bool = False
) -> Anew:
    """Return what there is to delete, once it is sure that nothing is lost by it.

    Args:
        kafka: how to reach it.
        fair_id: whose topics these are.
        path: of the recording.
        tell: told how far the records were compared.
        part: whether the recording may lack records that Kafka does not keep any more.

    Raises:
        InvalidRecording: the file is not whole, is of another fair, or lacks a record that the topics hold.
        InvalidSettings: there are fewer brokers than the new topics shall have copies.
        MustStop: workers of the fair run, a transaction is open, or the beginning of a log is gone and not in the
            recording.
        Unavailable: no broker answers, or a right is missing.
    """
    recording = Recording(path)
    if not recording.header.complete or not recording.is_intact():
        raise InvalidRecording(f"{path.name} is not a whole recording", hint=RECORD)
    if recording.header.fair_id != fair_id:
        raise InvalidRecording(
            f"{path.name} is a recording of the fair {recording.header.fair_id}, not of {fair_id}",
            hint="name the fair file of the recording with --fair",
        )
    async with admin(kafka) as client:
        await _refuse_members(client, fair_id)
        await _refuse_too_few(client, kafka)
        counts = await partitions_of(client, kafka, [topic.name for topic in EVENT_TOPICS])
        journals = [name for name in await client.list_topics() if is_journal_of(name, fair_id)]
    extents = await _extents(kafka, counts)
    for place, one in extents.items():
        if one.stable < one.end:
            message, _, cure = open_transaction(kafka, place, one).text.partition("; ")
            raise MustStop(message, hint=cure)
    lacking = lacking_heads(recording, extents, part=part)
    if lacking and not part:
        raise MustStop(
            f"{path.name} lacks {lacking_text(lacking)}, which Kafka does not keep any more",
            hint=f"name a recording that has them; or give --part, and afterwards {OLDER}",
        )
    await _refuse_lacking(kafka, recording, counts, extents, tell)
    return Anew(sorted(counts), sorted(journals), extents, recording.header.records, lacking)


async def make_anew(kafka: KafkaSettings, fair_id: str, plan: Anew) -> list[str]:
    """Delete what the plan names, and create the event topics; return the names of those.

    Raises:
        MustStop: a record came, or a worker began, since the plan was made. Nothing is deleted then.
        Unavailable: no broker answers, or a right is missing.
    """
    async with admin(kafka) as client:
        await _refuse_members(client, fair_id)
        await _refuse_too_few(client, kafka)
        counts = await partitions_of(client, kafka, plan.topics)
        for place, one in (await _extents(kafka, counts)).items():
            if plan.extents.get(place) != one:
                raise MustStop(
                    f"{place_text(place)} has got records since they were compared with the recording",
                    hint=f"stop all that sends, {RECORD}",
                )
        await _delete(client, kafka, [*plan.topics, *plan.journals])
        await create_topics(client, kafka, EVENT_TOPICS)
        await wait_until_seen(client, kafka, EVENT_TOPICS)
        must_be_right(await look_at_topics(client, kafka, EVENT_TOPICS))
    return [topic.name for topic in EVENT_TOPICS]


async def _extents(kafka: KafkaSettings, counts: Mapping[str, int]) -> dict[PartitionPlace, Extent]:
    async with log_reader(kafka) as reader:
        return await reader.extents((name, number) for name, count in counts.items() for number in range(count))


async def _refuse_too_few(client: AIOKafkaAdminClient, kafka: KafkaSettings) -> None:
    """Refuse what Kafka would refuse only once the old topics are gone."""
    brokers = len((await client.describe_cluster())["brokers"])
    if brokers < kafka.replication_factor:
        raise InvalidSettings(
            f"FAIRPULSE_REPLICATION_FACTOR is {kafka.replication_factor}, and the brokers that answer are {brokers}",
            hint="start all brokers, or set it to what is meant, then run the command again",
        )


async def _refuse_members(client: AIOKafkaAdminClient, fair_id: str) -> None:
    """Raise MustStop if workers run. One that ended at once, with exit code 70, is a member until its session ends."""
    deadline = asyncio.get_running_loop().time() + SESSION_ENDS_WITHIN_S
    while (found := await _members(client, fair_id)) is not None:
        if asyncio.get_running_loop().time() > deadline:
            name, number = found
            raise MustStop(
                f"workers of the fair run: consumer group {name} has {number} member{'s' if number > 1 else ''}",
                hint="stop all gateways and workers, wait for FAIRPULSE_SESSION_TIMEOUT until Kafka has forgotten "
                "one that was killed, then run the command again",
            )
        await asyncio.sleep(GONE_EVERY_S)


async def _members(client: AIOKafkaAdminClient, fair_id: str) -> tuple[str, int] | None:
    """Return a group of the fair that has members, and how many; None if there is no such group."""
    groups = [name for name, *_ in await client.list_consumer_groups() if is_group_of(name, fair_id)]
    # One by one: aiokafka cannot read an answer about several groups.
    for answer in [answer for group in groups for answer in await client.describe_consumer_groups([group])]:
        for code, name, _, _, _, members, *_ in answer.groups:
            if code:
                raise Unavailable(
                    f"whether consumer group {name} has members is not known: {reason(for_code(code))}",
                    hint="wait until Kafka's groups have a coordinator, then run the command again",
                )
            if members:
                return name, len(members)
    return None


async def _refuse_lacking(
    kafka: KafkaSettings,
    recording: Recording,
    counts: Mapping[str, int],
    extents: Mapping[PartitionPlace, Extent],
    tell: ToldRead,
) -> None:
    """Compare every record that the topics hold with the recording: number and checksum by partition."""
    held: dict[PartitionPlace, tuple[int, int]] = {}
    offsets, seen = sum(one.stable - one.first for one in extents.values()), 0
    async for records in held_records(kafka, counts):
        for one in records:
            _add(held, (one.topic, one.partition), one.offset, one.key, one.value)
        seen += len(records)
        tell(seen, offsets)
    known: dict[PartitionPlace, tuple[int, int]] = {}
    for record in recording.records():
        place = record.topic, record.partition
        extent = extents.get(place)
        if extent is not None and extent.first <= record.offset < extent.stable:
            _add(known, place, record.offset, record.key, record.value)
    for place, there in sorted(held.items()):
        mine = known.get(place, NOTHING)
        if mine != there:
            what = f"{mine[0]} of {there[0]}" if mine[0] != there[0] else "other records than the"
            raise InvalidRecording(
                f"{recording.path.name} holds {what} records of {place_text(place)}",
                hint=f"if the topics were made anew already, go on with `fairpulse replay`; else {RECORD}",
            )


def _add(
    sums: dict[PartitionPlace, tuple[int, int]], place: PartitionPlace, offset: int, key: bytes | None,
    value: bytes | None,
) -> None:  # fmt: skip
    number, checksum = sums.get(place, NOTHING)
    one = witness_of(offset, 0, key, value).checksum
    sums[place] = number + 1, crc32(f"{offset},{one}".encode(), checksum)


async def _delete(client: AIOKafkaAdminClient, kafka: KafkaSettings, names: list[str]) -> None:
    """Delete topics, and return once no broker shows them any more."""
    if not names:
        return
    for name, code in (await client.delete_topics(names)).topic_error_codes:
        problem = for_code(code)
        if (told := refused(kafka, problem, f"Delete on topic {name}")) is not None:
            raise told
        if code:
            raise Unavailable(
                f"topic {name} cannot be deleted: {reason(problem)}",
                hint="see that the brokers have delete.topic.enable=true, then run the command again",
            )
    deadline = asyncio.get_running_loop().time() + GONE_WITHIN_S
    while gone := set(names) & set(await client.list_topics()):
        if asyncio.get_running_loop().time() > deadline:
            raise Unavailable(
                f"topic {min(gone)} is still there {GONE_WITHIN_S:.0f} s after it was deleted",
                hint="see the brokers' logs, then run the command again",
            )
        await asyncio.sleep(GONE_EVERY_S)

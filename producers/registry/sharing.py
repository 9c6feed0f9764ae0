"""Changes of the registry: through the topic, so that every gateway sees them, or in the file alone.

A change is tried on the file and undone there. The rows that it made are written to the topic. It counts if it is the
first that continues the last change; then every file takes it from the topic.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from producers.registry.cache import Result, adopt, apply, known_mark, rehearse
from producers.registry.chain import Ignored, JudgedRecord, Stored, digest_of_record, doubtful, judge, replayed
from producers.registry.mark import TopicMark
from producers.registry.store import Registry
from producers.registry.topic import TerminalsTopic, Unconfirmed, opened
from schemas.errors import FairpulseError, Unavailable
from schemas.logs import logger
from schemas.registry_changes import VERSION, ChangedRows, RegistryChange, change_text
from schemas.settings import GatewaySettings, KafkaSettings
from schemas.times import wall_ms

log = logger(__name__)

Rules = Callable[[Registry], Result]
Noted = Callable[[Ignored], None]

TRIES: Final = 10
"""How often a change is tried while others come first."""


def shared_in(kafka: KafkaSettings, settings: GatewaySettings) -> KafkaSettings | None:
    """Return the Kafka in which the registry is shared; None if the file alone is the registry."""
    return kafka if settings.terminals_shared else None


async def catch_up(topic: TerminalsTopic, path: Path, noted: Noted = lambda _: None) -> None:
    """Take all that the topic has into the file. A file that is missing is made.

    Args:
        topic: the topic.
        path: the file.
        noted: called for each record that does not count.

    Raises:
        NotInTopic: the file has something that the topic does not know.
        Unavailable: Kafka does not answer, the file cannot be written, or a record is of a later version. If a
            transaction is open in the topic, the file has all that is before it.
    """
    there = await topic.extent()
    await _follow(topic, path, there.end, noted)
    if not there.is_all:
        await _follow(topic, path, (await topic.whole()).end, noted)


async def _follow(topic: TerminalsTopic, path: Path, end: int, noted: Noted) -> None:
    mark = await asyncio.to_thread(known_mark, path)
    if mark is not None and mark == topic.verified and mark.position == end:
        return
    if mark is not None and mark.position <= end:
        records = await topic.read(max(0, mark.position - 1), end)
        if not mark.position or digest_of_record(records.pop(0).value) == mark.digest:
            judged, after = await _judged(topic, mark, records)
            for one in judged:
                if one.ignored is not None:
                    log.warning("a record of the registry does not count", offset=one.offset, why=one.why)
                    noted(one.ignored)
            await asyncio.to_thread(apply, path, judged, after)
            topic.verified = after
            return
    rows, after = replayed(await topic.read(0, end))
    await asyncio.to_thread(adopt, path, rows, after)
    topic.verified = after
    log.info("the registry file follows the topic", file=path, terminals=len(rows.terminals), upto=after.position)


async def refresh(kafka: KafkaSettings, path: Path) -> None:
    """Take all that the topic has into the file, once. Raises as `catch_up`."""
    async with opened(kafka) as topic:
        await catch_up(topic, path)


async def change(
    kafka: KafkaSettings | None, path: Path, command: str, rules: Rules[Result], *, create: bool = False
) -> Result:
    """Change the registry, and return what the rules return.

    When this returns, the change is in the topic, with all replicas in sync; without a Kafka, it is in the file.

    Args:
        kafka: where the registry is shared; None if the file alone is the registry.
        path: the file; if the registry is shared, it is made if it is missing.
        command: what makes the change, in one word.
        rules: make the change in a file that is open. They are called again after somebody else was first.
        create: make the file if it is missing, also where it alone is the registry.

    Raises:
        Unavailable: Kafka or the file cannot be used; nothing is changed.
        Unconfirmed: Kafka did not say in time whether it has the change.
        FairpulseError: the rules forbid the change.
    """
    if kafka is None:
        return await asyncio.to_thread(_alone, path, rules, create=create)
    async with opened(kafka) as topic:
        for _ in range(TRIES):
            await catch_up(topic, path)
            mark, rows, result = await asyncio.to_thread(rehearse, path, rules)
            if not rows or await publish(topic, mark, command, rows):
                with suppress(FairpulseError):  # the change is made; the file takes it from the topic next time
                    await catch_up(topic, path)
                return result
    raise Unavailable("others keep changing the registry, so nothing is changed", hint="run the command again")


async def publish(topic: TerminalsTopic, mark: TopicMark, command: str, rows: ChangedRows) -> bool:
    """Write a change that continues a mark; return whether it counts, which it does not if another one was first.

    Raises:
        Unavailable: Kafka cannot be used.
        Unconfirmed: Kafka did not say in time whether it has the change.
    """
    made = RegistryChange(VERSION, secrets.token_hex(16), mark.head, command, wall_ms(), rows)
    unconfirmed = None
    try:
        await topic.append(command, change_text(made))
    except Unconfirmed as error:
        unconfirmed = error
    try:
        there = await topic.whole()
        judged, _ = await _judged(topic, mark, await topic.read(mark.position, there.end))
    except FairpulseError:
        raise unconfirmed or Unconfirmed(
            "Kafka has the change, but did not answer whether another one came first",
            hint="see `fairpulse terminals list` when Kafka answers, and run the command again if it is not made",
        ) from None
    counts = any(one.change is not None and one.change.change_id == made.change_id for one in judged)
    if not counts and unconfirmed is not None:
        raise unconfirmed
    return counts


async def _judged(
    topic: TerminalsTopic, mark: TopicMark, records: Sequence[Stored]
) -> tuple[list[JudgedRecord], TopicMark]:
    """Judge records after a mark as a reader would that reads all of the topic. Raises as `judge`."""
    before = [(await topic.read(one, one + 1))[0] for one in doubtful(mark, records)]
    return judge(mark, records, before)


def _alone(path: Path, rules: Rules[Result], *, create: bool) -> Result:
    with closing(Registry(path, create=create)) as registry:
        return rules(registry)

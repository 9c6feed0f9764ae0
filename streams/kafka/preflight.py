"""Before a worker starts: may it read its topics, and is its group its own? Faust would ask in vain for ever."""

import asyncio
import struct
from collections.abc import Collection, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError, for_code
from aiokafka.protocol.group import HeartbeatRequest

from schemas.errors import MustStop, Unavailable
from schemas.kafka_access import client_arguments, refused
from schemas.kafka_reach import connect_whole
from schemas.settings import KafkaSettings
from schemas.topics import place_text
from streams.kafka.topics import admin, stop_consumer

POLL_MS: Final = 100
ANSWER_S: Final = 20.0
"""How long a topic may take to answer a read, allowed or denied."""

ALONE: Final = "stop that program or give it a group of its own: workers share their group with nobody"


async def refuse_denied(kafka: KafkaSettings, group: str, topics: Sequence[str]) -> None:
    """Read a little of every topic at once, and ask for a member of the group that does not exist; both change nothing.

    Raises:
        Unavailable: an access rule is missing; it names operation and resource.
    """
    if not kafka.wants_password:
        return
    async with admin(kafka) as client:
        if (told := await _denied_group(client, kafka, group)) is not None:
            raise told
    told_of = await asyncio.gather(*(_denied_topic(kafka, topic) for topic in topics))
    if denied := next(filter(None, told_of), None):
        raise denied


async def _denied_topic(kafka: KafkaSettings, topic: str) -> Unavailable | None:
    consumer = AIOKafkaConsumer(**client_arguments(kafka), enable_auto_commit=False, fetch_max_wait_ms=POLL_MS)
    try:
        await connect_whole(consumer.start())
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        consumer.seek(place, 0)
        async with asyncio.timeout(ANSWER_S):
            while consumer.highwater(place) is None:  # the answer to a read names the end of the log
                await consumer.getmany(timeout_ms=POLL_MS)
    except TimeoutError:
        return Unavailable(
            f"{place_text((topic, 0))} did not answer a read within {ANSWER_S:g} s",
            hint="see whether it has a leader, for example with `fairpulse topics --check`",
        )
    except TopicAuthorizationFailedError as error:
        return refused(kafka, error, f"Read on topic {topic}")
    finally:
        await stop_consumer(consumer)
    return None


async def _denied_group(client: AIOKafkaAdminClient, kafka: KafkaSettings, group: str) -> Unavailable | None:
    doing = f"Read on group {group}"
    try:
        node = await client.find_coordinator(group)
        answer = await client._send_request(HeartbeatRequest(group, -1, ""), node)  # noqa: SLF001 - it has no method
    except GroupAuthorizationFailedError as error:
        return refused(kafka, error, doing)
    except KafkaError:
        return None  # the coordinator is on its way; Faust waits for it
    return refused(kafka, for_code(answer.error_code), doing)


async def refuse_strangers(kafka: KafkaSettings, group: str, protocol: str, topics: Collection[str]) -> None:
    """Look at the members of the workers' group.

    Args:
        kafka: where the brokers are.
        group: of the workers.
        protocol: by which workers share partitions, as Kafka names it.
        topics: that every worker reads.

    Raises:
        MustStop: a member is not a worker; it names group, client and machine.
        Unavailable: no broker answers.
    """
    async with admin(kafka) as client:
        try:
            found = await client.describe_consumer_groups([group])
        except KafkaError:
            return  # the coordinator is on its way; a stranger is then found when the worker joins
    for _, _, _, kind, shares_by, members in found[0].groups:
        is_other = shares_by not in ("", protocol) or kind not in ("", "consumer")
        for member_id, client_id, host, metadata, *_ in members:
            if is_other or not _reads(metadata, topics):
                how = f"it shares partitions by {shares_by}" if is_other and shares_by else "it reads other topics"
                raise stranger(group, f"{client_id or member_id} at {host.lstrip('/')}", how)


def stranger(group: str, who: str = "a program", how: str = "it shares partitions in another way") -> MustStop:
    """Return what keeps a worker out of its group."""
    return MustStop(f"consumer group {group} has a member that is not a worker of this fair: {who} ({how})", hint=ALONE)


def _reads(metadata: bytes, topics: Collection[str]) -> bool:
    """Return whether a member reads all of some topics; also if it does not say what it reads."""
    if not metadata:
        return True
    try:
        return set(topics) <= set(ConsumerProtocolMemberMetadata.decode(metadata).subscription)
    except (ValueError, struct.error):
        return True

"""Gives topics the settings that were declared, and leaves all others of theirs as they are."""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from schemas.cures import (
    AFTER_COMPACTION,
    CORRECT,
    CORRECT_COMPACTED,
    CORRECT_COMPACTED_REGISTRY,
    CORRECT_COMPACTED_UNRESOLVED,
    REGISTRY_AFTER_COMPACTION,
    UNRESOLVED_AFTER_COMPACTION,
)
from schemas.errors import Unavailable
from schemas.kafka_access import refused
from schemas.kafka_topics import SettingsOf, look_at_topics
from schemas.outputs import reason
from schemas.settings import KafkaSettings
from schemas.topics import Topic
from streams.kafka.checking import topics_of
from streams.kafka.connections import admin

OF_THE_TOPIC: Final = 1
"""Kafka's number for a setting that was made for this topic: DYNAMIC_TOPIC_CONFIG."""

AFTERWARDS: Final = {
    CORRECT_COMPACTED: AFTER_COMPACTION,
    CORRECT_COMPACTED_REGISTRY: REGISTRY_AFTER_COMPACTION,
    CORRECT_COMPACTED_UNRESOLVED: UNRESOLVED_AFTER_COMPACTION,
}
"""The part of a cure that is left to do once the setting is corrected."""

TOLD_WITHIN_S: Final = 30.0
TOLD_EVERY_S: Final = 0.1


async def correct_topics(kafka: KafkaSettings, fair_id: str | None) -> list[str]:
    """Correct the settings of the topics that exist and of a fair's journals; return what was done, a line each.

    None stands for the journals of all fairs. It waits until Kafka tells the new settings.

    Raises:
        Unavailable: no broker answers, or it denies the right or refuses a setting.
    """
    done: list[str] = []
    altered: list[Topic] = []
    async with admin(kafka) as client:
        topics = {topic.name: topic for topic in topics_of(fair_id, await client.list_topics())}
        found = await look_at_topics(client, kafka, topics.values())
        for name, topic in topics.items():
            mine = [one for one in found if one.topic == name and one.wanted]
            if wanted := {one.setting: one.wanted for one in mine}:
                await _alter(client, kafka, name, {**await _own(client, kafka, name), **wanted})
                altered.append(topic)
            done += [f"topic {name} now has {one.setting}={one.wanted}{_left_to_do(one.cure)}" for one in mine]
        deadline = asyncio.get_running_loop().time() + TOLD_WITHIN_S
        while left := [one for one in await look_at_topics(client, kafka, altered) if one.wanted]:
            if asyncio.get_running_loop().time() >= deadline:
                raise Unavailable(
                    f"topic {left[0].topic} was given {left[0].setting}={left[0].wanted}, and Kafka does not show it "
                    f"after {TOLD_WITHIN_S:.0f} s",
                    hint="see the brokers' logs, then run `fairpulse topics --check`",
                )
            await asyncio.sleep(TOLD_EVERY_S)
    return done


def _left_to_do(cure: str) -> str:
    left = AFTERWARDS.get(cure)
    return "" if left is None else f"; {left}"


async def _own(client: AIOKafkaAdminClient, kafka: KafkaSettings, name: str) -> Mapping[str, str]:
    """Return the settings that were made for a topic. Altering replaces all of them."""
    [answer] = await client.describe_configs([SettingsOf(name)])
    [(code, _, _, _, entries)] = answer.resources
    _refuse(kafka, code, f"DescribeConfigs on topic {name}")
    return {entry[0]: entry[1] or "" for entry in entries if entry[3] == OF_THE_TOPIC}


async def _alter(client: AIOKafkaAdminClient, kafka: KafkaSettings, name: str, settings: Mapping[str, str]) -> None:
    [answer] = await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(settings))])
    for code, *_ in answer.resources:
        _refuse(kafka, code, f"AlterConfigs on topic {name}")


def _refuse(kafka: KafkaSettings, code: int, doing: str) -> None:
    if code:
        problem = for_code(code)
        raise refused(kafka, problem, doing) or Unavailable(
            f"{doing} failed: {reason(problem)}", hint=f"see the broker's log, then {CORRECT}"
        )

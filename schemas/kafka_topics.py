"""Asks Kafka what its topics are like. Like `kafka_access`, this holds no client library: callers pass a client in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from schemas.errors import MustStop, Refused, Unavailable
from schemas.kafka_access import refused
from schemas.settings import KafkaSettings
from schemas.topic_findings import TopicAsIs, TopicFinding, findings
from schemas.topics import ALL_TOPICS, Topic, is_journal

OF_A_TOPIC: Final = 2
"""Kafka's number for the settings of a topic."""
UNKNOWN: Final = 3
"""Kafka's error for a topic that does not exist."""
_OURS: Final = frozenset(topic.name for topic in ALL_TOPICS)


@dataclass(frozen=True, slots=True)
class SettingsOf:
    """The question for all settings of a topic, in the form that aiokafka's admin client takes."""

    name: str
    resource_type: int = OF_A_TOPIC
    configs: None = None


@dataclass(frozen=True, slots=True)
class _Answered:
    """An error that Kafka has answered with, by its number."""

    errno: int


async def topics_as_they_are(
    client: Any,
    kafka: KafkaSettings,
    names: Iterable[str],
    denied: list[Refused] | None = None,
) -> dict[str, TopicAsIs]:
    """Return the topics that exist, by name.

    Args:
        client: an AIOKafkaAdminClient that has started.
        kafka: who we are, for the error if a right is missing.
        names: the topics to ask for.
        denied: takes the errors about settings that may not be asked for, if it is given. Partitions and copies of
            such a topic are told all the same.

    Raises:
        Refused: the right Describe is missing, or DescribeConfigs without `denied`; the error names it.
        Unavailable: Kafka cannot tell now what a topic is like.
    """
    there = await described(client, kafka, names)
    settings = await _settings(client, kafka, list(there), denied)
    return {
        name: TopicAsIs(len(parts), min((len(one["replicas"]) for one in parts), default=0), settings[name])
        for name, parts in there.items()
        if name in settings
    }


async def described(client: Any, kafka: KafkaSettings, names: Iterable[str]) -> dict[str, Any]:
    """Return the partitions of the topics that exist, by name, as Kafka describes them.

    A question for a topic by its name makes it, if the brokers have `auto.create.topics.enable=true` and we the right
    Create. So all topics are asked for, and those that are not among them by their settings. Only where these may not
    be asked for, names are.

    Raises:
        Refused: the right Describe is missing; the error names it.
        Unavailable: Kafka cannot tell now whether a topic exists.
    """
    wanted = set(names)
    found = [one for one in await client.describe_topics() if one["topic"] in wanted]
    unseen = wanted - {one["topic"] for one in found}
    if hidden := sorted(unseen - await _unknown(client, unseen)):
        found += await client.describe_topics(hidden)
    for one in found:
        if (told := refused(kafka, _Answered(one["error_code"]), f"Describe on topic {one['topic']}")) is not None:
            raise told
        _must_know(one["error_code"], one["topic"])
    return {one["topic"]: one["partitions"] for one in found if one["error_code"] == 0}


async def partition_counts(client: Any) -> dict[str, int]:
    """Return how many partitions each topic has that we may describe, ours or not.

    Raises:
        Unavailable: Kafka cannot tell now what one of our topics is like.
    """
    found = await client.describe_topics()
    for one in found:
        if one["topic"] in _OURS or is_journal(one["topic"]):
            _must_know(one["error_code"], one["topic"])
    return {one["topic"]: len(one["partitions"]) for one in found if one["error_code"] == 0}


async def _unknown(client: Any, names: Iterable[str]) -> set[str]:
    """Return the names that no topic has; one that Kafka may not tell us about is left out."""
    if not (questions := [SettingsOf(name) for name in names]):
        return set()
    answers = await client.describe_configs(questions)
    return {name for answer in answers for code, _, _, name, _ in answer.resources if code == UNKNOWN}


def _must_know(code: int, name: str) -> None:
    if code not in (0, UNKNOWN):
        raise Unavailable(f"Kafka does not describe topic {name} now (its error {code})", hint="try again in a moment")


async def _settings(
    client: Any,
    kafka: KafkaSettings,
    names: list[str],
    denied: list[Refused] | None,
) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    found: dict[str, dict[str, str]] = {}
    for answer in await client.describe_configs([SettingsOf(name) for name in names]):
        for code, _, _, name, entries in answer.resources:
            if (told := refused(kafka, _Answered(code), f"DescribeConfigs on topic {name}")) is not None:
                if denied is None:
                    raise told
                denied.append(told)
                found[name] = {}
                continue
            _must_know(code, name)
            if code == 0:  # a topic that was deleted a moment ago has none, and counts as missing
                found[name] = {entry[0]: entry[1] or "" for entry in entries}
    return found


async def look_at_topics(
    client: Any,
    kafka: KafkaSettings,
    topics: Iterable[Topic],
    denied: list[Refused] | None = None,
) -> list[TopicFinding]:
    """Return what is wrong with some topics now. Args and errors as `topics_as_they_are`."""
    topics = tuple(topics)
    there = await topics_as_they_are(client, kafka, (one.name for one in topics), denied)
    return findings(topics, there, kafka.partitions, kafka.replication_factor)


def must_be_right(found: Iterable[TopicFinding]) -> None:
    """Raise MustStop for the first finding that keeps numbers from being right."""
    for one in found:
        if one.severity == "wrong":
            raise MustStop(one.message, hint=one.cure)

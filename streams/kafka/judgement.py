"""Judges a topic or a journal with another number of partitions than the settings say: which of the two is wrong?

A topic that was made with another number and is used with it is right, and the setting is wrong. A topic whose number
was changed later has records that lie by the old number and others by the new one: all must be written again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.cures import FOLD_ANEW, JUDGE, MAKE_ANEW, REGISTER_ANEW, UNRESOLVED_ANEW
from schemas.errors import Unavailable
from schemas.kafka_topics import partition_counts
from schemas.settings import KafkaSettings
from schemas.topic_findings import PARTITIONS, TopicFinding
from schemas.topics import BADGE_CODES, EVENT_TOPICS, UNRESOLVED, is_journal
from streams.kafka.connections import admin
from streams.kafka.fairs import journals_in_use
from streams.kafka.sampling import SampledEvent, oldest_events

_ANEW: Final = {BADGE_CODES.name: REGISTER_ANEW, UNRESOLVED.name: UNRESOLVED_ANEW}
"""The cures of topics that hold no events of the fair, and have as many partitions as those that do."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that tells how many partitions a fair's topics were meant to have.

    Attributes:
        declared: FAIRPULSE_PARTITIONS.
        events: number of partitions of each event topic that exists.
        journals: the same of each journal of the fair that may be in use.
        register: the same of the topics that hold the register's codes and the events that wait.
        oldest: the oldest events of the event topics.
    """

    declared: int
    events: Mapping[str, int]
    journals: Mapping[str, int]
    register: Mapping[str, int]
    oldest: Sequence[SampledEvent]


def cure_for(topic: str, evidence: Evidence) -> str:
    """Return the one cure for a topic or journal that has another number of partitions than was declared."""
    if topic in evidence.register:
        meant = set(evidence.events.values())
        is_right = meant == {evidence.register[topic]} and meant != {evidence.declared}
        return cure_for(next(iter(evidence.events)), evidence) if is_right else _ANEW[topic]
    if topic not in evidence.events and not is_journal(topic):
        return JUDGE
    counts = set(evidence.events.values())
    if len(counts) > 1 or any(_lies_by_another(one, evidence) for one in evidence.oldest):
        return MAKE_ANEW
    if most_are_astray(evidence.oldest, evidence.events):
        return MAKE_ANEW
    count = next(iter(counts), evidence.declared)
    if count == evidence.declared:
        return FOLD_ANEW  # the topics are right, and a journal is not
    return MAKE_ANEW if set(evidence.journals.values()) - {count} else f"set FAIRPULSE_PARTITIONS={count}"


def _lies_by_another(event: SampledEvent, evidence: Evidence) -> bool:
    """Return whether the place of an event shows that its topic had another number of partitions before."""
    count = evidence.events[event.topic]
    if event.fits(count):
        return False
    return count == evidence.declared or event.fits(evidence.declared)


def most_are_astray(oldest: Sequence[SampledEvent], counts: Mapping[str, int]) -> bool:
    """Return whether more than half of the oldest events of a topic do not lie where its number of partitions says.

    Then that number was another one. A few were sent by a program that chooses partitions in another way.
    """
    seen = Counter(one.topic for one in oldest)
    astray = Counter(one.topic for one in oldest if not one.fits(counts[one.topic]))
    return any(2 * number > seen[topic] for topic, number in astray.items())


async def judged(kafka: KafkaSettings, fair_id: str | None, found: Iterable[TopicFinding]) -> list[TopicFinding]:
    """Return findings, each about a number of partitions that the settings say with its one cure.

    A program that may not read the topics, or gets no answer, is told to let `fairpulse topics --check` judge.

    Args:
        kafka: the settings with the number that was declared.
        fair_id: whose journals are asked for their numbers; None for those of all fairs.
        found: what is wrong with topics.
    """
    found = list(found)
    if not any(map(_waits, found)):
        return found
    try:
        async with admin(kafka) as client:
            evidence = await evidence_of(client, kafka, fair_id)
    except (KafkaError, Unavailable, OSError, TimeoutError):
        return [replace(one, cure=JUDGE) if _waits(one) else one for one in found]
    return [replace(one, cure=cure_for(one.topic, evidence)) if _waits(one) else one for one in found]


def _waits(one: TopicFinding) -> bool:
    return one.setting == PARTITIONS and (one.cure == JUDGE or is_journal(one.topic))


async def evidence_of(client: AIOKafkaAdminClient, kafka: KafkaSettings, fair_id: str | None) -> Evidence:
    """Look at the event topics and the journals of a fair.

    Raises:
        Refused: a right to read the topics is missing.
        Unavailable: Kafka cannot tell now what one of them is like.
        KafkaError: Kafka does not answer.
    """
    counts = await partition_counts(client)
    events = {topic.name: counts[topic.name] for topic in EVENT_TOPICS if topic.name in counts}
    journals = {name: counts[name] for name in journals_in_use(counts, fair_id)}
    register = {name: counts[name] for name in _ANEW if name in counts}
    return Evidence(kafka.partitions, events, journals, register, await oldest_events(kafka, events))

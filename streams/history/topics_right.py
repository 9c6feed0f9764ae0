"""Are the event topics as they were declared? Every command that reads the fair from Kafka asks before it counts."""

from collections.abc import Iterable, Sequence

from schemas.errors import FairpulseError
from schemas.settings import KafkaSettings
from schemas.topic_findings import TopicFinding
from schemas.topics import EVENT_TOPICS, Topic
from streams.kafka.judgement import judged
from streams.kafka.looks import topic_look


async def findings_of(kafka: KafkaSettings, fair_id: str, topics: Sequence[Topic] = EVENT_TOPICS) -> list[TopicFinding]:
    """Return what is wrong with some topics now, those first that keep numbers from being right.

    Args:
        kafka: how to reach it, and how many partitions and copies there should be.
        fair_id: whose journals tell which number of partitions is the right one.
        topics: the topics.

    Raises:
        Unavailable: no broker answers, or the right to ask is missing.
    """
    async with topic_look(kafka, topics) as look:
        return await judged(kafka, fair_id, await look())


def refuse_wrong(found: Iterable[TopicFinding], what: str) -> None:
    """Refuse to count what lies in wrong topics.

    Args:
        found: as `findings_of` returns it.
        what: what is not done, for the message: "nothing is compared".

    Raises:
        FairpulseError: names the first finding that keeps numbers from being right, with its cure.
    """
    for one in found:
        if one.severity == "wrong":
            raise FairpulseError(f"{one.message}, so {what}", hint=one.cure)

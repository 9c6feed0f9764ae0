"""What a running worker hears when an access rule is taken from it, in one line.

aiokafka keeps an error of the group for whoever calls its own `getmany`, which Faust never does; it stops fetching a
topic that it may no longer see; a worker would stand still in silence. What is found here makes it leave.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import TopicAuthorizationFailedError

from schemas.errors import Refused
from schemas.kafka_access import DENIED, code_of, names_in, refused
from schemas.settings import KafkaSettings


def denial(kafka: KafkaSettings, error: BaseException, operation: str) -> Refused | None:
    """Return which right is missing, with the remedy; None if the error says something else.

    Args:
        kafka: who we are.
        error: aiokafka's; its argument names the topic, the topics or the group.
        operation: what we wanted, for example "Read".
    """
    kind = DENIED.get(code_of(error), "cluster")
    return refused(kafka, error, f"{operation} on {kind} {names_in(error)}".rstrip())


def hidden_error(consumer: AIOKafkaConsumer) -> BaseException | None:
    """Return an error of the group or of a topic's metadata that the consumer keeps to itself; None if it is well."""
    coordinator: Any = consumer._coordinator  # noqa: SLF001 - there is no public sign of any of these
    task: asyncio.Task[None] | None = getattr(coordinator, "_coordination_task", None)
    if task is not None and task.done() and not task.cancelled() and (ended := task.exception()):
        return ended
    pending: BaseException | None = getattr(coordinator, "_pending_exception", None)
    if pending is not None:
        return pending
    unseen = consumer._client.cluster.unauthorized_topics  # noqa: SLF001
    return TopicAuthorizationFailedError(frozenset(unseen)) if unseen else None

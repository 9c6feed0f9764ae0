"""Sends dead letters again once the cause is gone: the same events, with the same ids, each once."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.dead_letters import redriven_mark
from schemas.errors import InvalidEvent, Unavailable
from schemas.events import Event
from schemas.fair.model import Fair
from schemas.kafka_access import client_arguments, refused
from schemas.kafka_reach import connect_whole
from schemas.outputs import reason
from schemas.settings import KafkaSettings
from schemas.topics import REJECTED, key_of
from streams.history.letters import DeadLetters, LetterPlace, admitted
from streams.kafka.topics import no_kafka

PATIENCE_S = 30.0
"""How long Kafka may take to acknowledge one event and its mark."""
MARK_KEY = b"redriven"
"""Record key of the mark that a letter was redriven."""


@dataclass(frozen=True, slots=True)
class RedrivePlan:
    """What a redrive would do.

    Attributes:
        ready: the events to send: letters that today's rules accept and that were not redriven yet.
        done: how many letters were redriven before.
        refused: by the letter's own reason and today's, how many letters would be refused again.
    """

    ready: Mapping[LetterPlace, Event]
    done: int
    refused: Counter[tuple[str, str]]


def plan_redrive(letters: DeadLetters, fair: Fair, reason: str | None, terminal: str | None) -> RedrivePlan:
    """Return the plan for the letters with this reason and of this terminal; None stands for any.

    Raises:
        InvalidSettings: there is no such reason.
    """
    chosen = letters.of(reason, terminal)
    waiting = {place: letter for place, letter in chosen.items() if place not in letters.redriven}
    ready: dict[LetterPlace, Event] = {}
    refused: Counter[tuple[str, str]] = Counter()
    for place, verdict in admitted(waiting, fair).items():
        if isinstance(verdict, InvalidEvent):
            refused[waiting[place].reason, verdict.reason] += 1
        else:
            ready[place] = verdict
    return RedrivePlan(ready, len(chosen) - len(waiting), refused)


async def redrive(kafka: KafkaSettings, letters: DeadLetters, plan: RedrivePlan) -> None:
    """Send each event that is ready, with its own id, bytes and headers, then mark its letter.

    If it is interrupted between the two, the event is sent again the next time; workers count it once.

    Raises:
        Unavailable: Kafka did not acknowledge all of them, or the right to write is missing.
    """
    producer = AIOKafkaProducer(**client_arguments(kafka), acks="all", enable_idempotence=False)
    topic = ""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _start(producer, kafka)
        for place, event in plan.ready.items():
            letter = letters.letters[place]
            async with asyncio.timeout(PATIENCE_S):
                topic = letter.topic
                await producer.send_and_wait(
                    letter.topic, value=letter.raw, key=key_of(event), headers=letter.record_headers
                )
                topic = REJECTED.name
                mark, near = redriven_mark(*place), place[0]
                partition = REJECTED.partitioner.choose(MARK_KEY, len(await producer.partitions_for(topic)), near)
                await producer.send_and_wait(REJECTED.name, value=mark, key=MARK_KEY, partition=partition)
    except (KafkaError, OSError, TimeoutError) as error:
        raise refused(kafka, error, f"Write on topic {topic}") or Unavailable(
            f"Kafka at {kafka.bootstrap_servers} did not take all events ({reason(error)})",
            hint="redrive again: events already sent are marked, and nothing is counted twice",
        ) from error
    finally:
        await producer.stop()


async def _start(producer: AIOKafkaProducer, kafka: KafkaSettings) -> None:
    try:
        await connect_whole(producer.start())
    except (KafkaError, OSError) as error:
        raise await no_kafka(kafka) from error

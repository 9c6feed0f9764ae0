"""Looks at the topics and at a fair's journals: is all as declared, and do the records lie where they should?"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal, NamedTuple

from schemas.cures import (
    FOLD_ANEW,
    FOLD_ANEW_OR_FORGET,
    MAKE_ANEW,
    MAKE_PART_ANEW,
    REGISTER_PART_ANEW,
    REGISTRY_ANEW,
    end_transaction,
)
from schemas.kafka_topics import look_at_topics, partition_counts
from schemas.settings import KafkaSettings
from schemas.topic_findings import MISSING, TopicFinding
from schemas.topics import (
    ALL_TOPICS,
    BADGE_CODES,
    EVENT_TOPICS,
    OPEN_S,
    REJECTED,
    TERMINALS,
    UNRESOLVED,
    PartitionPlace,
    Topic,
    is_journal,
    journal_topic,
    place_text,
)
from streams.kafka.codecs import READERS
from streams.kafka.connections import admin
from streams.kafka.fairs import journals_in_use
from streams.kafka.judgement import judged, most_are_astray
from streams.kafka.logs import Extent, LogReader, log_reader
from streams.kafka.sampling import SampledEvent, oldest_events

REDRIVE: Final = "workers bury them as dead letters; `fairpulse dead-letters redrive` sends them again by their keys"


class CheckLine(NamedTuple):
    """One line of the check.

    Attributes:
        topic: which it is about; empty for none.
        text: what is so and, unless it is OK, the cure.
    """

    word: Literal["OK", "WRONG", "RISK"]
    topic: str
    text: str


async def check_topics(kafka: KafkaSettings, fair_id: str | None) -> list[CheckLine]:
    """Return what is wrong with the topics and a fair's journals, and what is right. None stands for all fairs.

    Raises:
        Unavailable: no broker answers, or a right is missing.
        KafkaError: Kafka does not answer any more.
    """
    async with admin(kafka) as client:
        counts = await partition_counts(client)
        topics = topics_of(fair_id, counts)
        found = await look_at_topics(client, kafka, topics)
    lines = [
        CheckLine("WRONG" if one.severity == "wrong" else "RISK", one.topic, str(_of_any_journal(one)))
        for one in await judged(kafka, fair_id, found)
    ]
    missing = {one.topic for one in found if one.setting == MISSING}
    held = {topic.name: counts[topic.name] for topic in topics if topic.name in counts and topic.name not in missing}
    places = [(name, number) for name, count in held.items() for number in range(count)]
    async with log_reader(kafka) as reader:
        extents = await reader.extents(places)
        lines += about_beginnings(extents)
        lines += await _about_transactions(kafka, reader, extents)
    events = {topic.name: held[topic.name] for topic in EVENT_TOPICS if topic.name in held}
    oldest = await oldest_events(kafka, events)
    is_anew = most_are_astray(oldest, events) or any(line.text.endswith((MAKE_ANEW, MAKE_PART_ANEW)) for line in lines)
    lines += about_places(oldest, events, MAKE_ANEW if is_anew else REDRIVE)
    if any(MAKE_PART_ANEW in line.text for line in lines):  # it writes all again as well
        lines = [line._replace(text=line.text.replace(MAKE_ANEW, MAKE_PART_ANEW)) for line in lines]
    wrong = {line.topic for line in lines}
    fine = [CheckLine("OK", name, f"topic {name} is as declared") for name in held if name not in wrong]
    codecs = CheckLine("OK", "", f"records with any codec are read here: {', '.join(READERS)}")
    return [*sorted(lines, key=lambda line: line.word != "WRONG"), *fine, codecs]


def topics_of(fair_id: str | None, names: Iterable[str]) -> list[Topic]:
    """Return all declared topics, and those journals of a fair that are among some names and may be in use."""
    return [*ALL_TOPICS, *map(journal_topic, journals_in_use(names, fair_id))]


def _of_any_journal(one: TopicFinding) -> TopicFinding:
    """Return a finding with the cure that also helps if a journal is left over: a fresh fold would not change it."""
    return replace(one, cure=FOLD_ANEW_OR_FORGET) if is_journal(one.topic) and one.cure == FOLD_ANEW else one


def about_beginnings(extents: Mapping[PartitionPlace, Extent]) -> list[CheckLine]:
    """Return a line for each log whose beginning is gone and may be needed: a fresh fold would count only a part.

    While a journal holds the state of the fair, the workers need no old records.
    """
    has_state = any(is_journal(name) and one.first < one.end for (name, _), one in extents.items())
    lines = []
    for (name, number), one in sorted(extents.items()):
        if one.first == 0 or name in (REJECTED.name, UNRESOLVED.name):
            continue
        what = f"{place_text((name, number))} begins at offset {one.first}: older records are gone"
        if is_journal(name):
            lines.append(CheckLine("WRONG", name, f"{what}; {FOLD_ANEW_OR_FORGET}"))
        elif name == TERMINALS.name:
            lines.append(CheckLine("WRONG", name, f"{what}; {REGISTRY_ANEW}"))
        elif name == BADGE_CODES.name:
            lines.append(CheckLine("WRONG", name, f"{what}; {REGISTER_PART_ANEW}"))
        elif has_state:
            lines.append(
                CheckLine("RISK", name, f"{what}; keep a recording from before: a fresh fold would count a part")
            )
        else:
            lines.append(CheckLine("WRONG", name, f"{what}, so the numbers would be those of a part; {MAKE_PART_ANEW}"))
    return lines


async def _about_transactions(
    kafka: KafkaSettings, reader: LogReader, extents: Mapping[PartitionPlace, Extent]
) -> list[CheckLine]:
    """Return a line for each log in which a transaction stays open."""
    before = {place: one.stable for place, one in extents.items() if one.stable < one.end}
    if not before:
        return []
    await asyncio.sleep(OPEN_S)
    after = await reader.extents(before)
    return [
        open_transaction(kafka, place, after[place])
        for place, stable in before.items()
        if after[place].stable == stable < after[place].end
    ]


def open_transaction(kafka: KafkaSettings, place: PartitionPlace, extent: Extent) -> CheckLine:
    """Return the line for a log in which a transaction stays open."""
    waiting = extent.end - extent.stable
    return CheckLine(
        "RISK",
        place[0],
        f"{place_text(place)} has an open transaction at offset {extent.stable}, behind which {waiting} offsets wait; "
        f"{end_transaction(kafka.bootstrap_servers, place, extent.stable)}",
    )


def about_places(oldest: Sequence[SampledEvent], counts: Mapping[str, int], cure: str) -> list[CheckLine]:
    """Return a line for each partition in which some of the oldest events do not belong."""
    strangers: dict[PartitionPlace, list[SampledEvent]] = {}
    for one in oldest:
        if not one.fits(counts[one.topic]):
            strangers.setdefault((one.topic, one.partition), []).append(one)
    total = Counter((one.topic, one.partition) for one in oldest)
    return [
        CheckLine(
            "WRONG",
            name,
            f"{place_text((name, number))} holds {len(found)} of its oldest {total[name, number]} events in the "
            f"wrong partition, the first one at offset {found[0].offset}; {cure}",
        )
        for (name, number), found in sorted(strangers.items())
    ]

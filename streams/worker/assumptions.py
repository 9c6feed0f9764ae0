"""What keeps states from going on: faults of topics and of logs. Pure; `watching` asks Kafka."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.cures import FOLD_ANEW
from schemas.errors import MustStop
from schemas.topic_findings import MISSING, PARTITIONS, TopicFinding
from schemas.topics import EVENT_TOPICS, PartitionPlace, is_journal, place_text
from streams.fold.journal import PartitionJournal
from streams.kafka.logs import Extent
from streams.worker.chunks import must_begin_whole


@dataclass(frozen=True, slots=True)
class StateFault:
    """Something with which a state cannot go on.

    Attributes:
        place: what it is a fault of; the same in a second look, while the message may name other offsets.
        message: in a sentence, without its cure.
        cure: the one thing to do.
        finding: if it is one of a topic.
    """

    place: str
    message: str
    cure: str
    finding: TopicFinding | None = None


def faults_of_topics(found: Iterable[TopicFinding]) -> list[StateFault]:
    """Return the findings with which states cannot go on: a topic of theirs is gone, or has other partitions.

    Wrong settings, and faults of the dead letters' topic, are corrected while workers run.
    """
    mine = {topic.name for topic in EVENT_TOPICS}
    faults = []
    for one in found:
        if one.setting in (MISSING, PARTITIONS) and (one.topic in mine or is_journal(one.topic)):
            # A topic that is made again is another log: then the state does not fit.
            cure = FOLD_ANEW if one.setting == MISSING else one.cure
            faults.append(
                StateFault(f"{one.topic} {one.setting}", one.message, cure, one if cure == one.cure else None)
            )
    return faults


def faults_of_logs(
    journal: str,
    journals: Mapping[int, PartitionJournal],
    extents: Mapping[PartitionPlace, Extent],
    *,
    recovering: bool,
) -> list[StateFault]:
    """Return the logs that begin or end where their states cannot go on.

    Args:
        journal: name of the journal's topic.
        journals: the journals of some partitions.
        extents: of these partitions, in the journal and in the topics of events.
        recovering: nothing is written yet, so each journal must end where it was read to.
    """
    faults = []
    for number, one in journals.items():
        extent = extents[journal, number]
        place = place_text((journal, number))
        if extent.first > 0:
            what = f"{place} begins at offset {extent.first}: the records before it are gone"
            faults.append(StateFault(place, what, FOLD_ANEW))
        elif recovering and extent.end < one.next_offset:
            what = f"{place} ends at offset {extent.end}, and was read up to {one.next_offset}: it is not the same"
            faults.append(StateFault(place, what, FOLD_ANEW))
        elif recovering and extent.stable > one.next_offset:
            faults.append(StateFault(place, f"{place} was not read up to its end at offset {extent.stable}", FOLD_ANEW))
        for topic in EVENT_TOPICS:
            at = (topic.name, number)
            try:
                must_begin_whole(at, one.state.upto.get(topic.name), extents[at].first)
            except MustStop as error:
                faults.append(StateFault(place_text(at), error.message, error.hint))
    return faults

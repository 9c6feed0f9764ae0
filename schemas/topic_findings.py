"""Compares a topic in Kafka with its declaration: is it there, with the right partitions, copies and settings?

Creating a topic promises its settings; anybody may have made or changed it since. So every program that relies on a
topic asks again, at its start and while it runs, and `findings` says what differs. It is pure; `kafka_topics` asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from typing_extensions import override

from schemas.cures import (
    CORRECT,
    CORRECT_COMPACTED,
    CORRECT_COMPACTED_REGISTRY,
    CORRECT_COMPACTED_UNRESOLVED,
    CREATE,
    FOLD_ANEW,
    JUDGE,
    REGISTRY_ANEW,
)
from schemas.topics import EVENT_TOPICS, FORGET_MS, REJECTED, TERMINALS, UNRESOLVED, Topic, is_journal

Severity = Literal["wrong", "risk"]
"""wrong: events can be lost or numbers cannot be right; programs stop, or keep events. risk: a further fault would do
that; it is told and alerted, and everything goes on.
"""

MISSING: Final = "missing"
PARTITIONS: Final = "partitions"
COPIES: Final = "copies"

IN_SYNC: Final = "min.insync.replicas"
AT_RISK: Final = frozenset({IN_SYNC, "unclean.leader.election.enable", FORGET_MS})
"""Settings that lose an acknowledged event only when brokers fail, or keep what was erased for longer."""
_COMPACTED: Final = {
    **{topic.name: CORRECT_COMPACTED for topic in EVENT_TOPICS},
    TERMINALS.name: CORRECT_COMPACTED_REGISTRY,
    UNRESOLVED.name: CORRECT_COMPACTED_UNRESOLVED,
}
"""The cures of topics that are compacted and must not be: what that removed, nothing else shows."""

CODECS: Final = frozenset({"producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"})
"""The values of compression.type that Kafka knows; every program reads all of them."""


METRIC: Final = "fair_topic_findings"
METRIC_TEXT: Final = (
    "1 for each setting of a topic that is not as declared: wrong stops or keeps events, risk does not."
)
METRIC_LABELS: Final = ("topic", "setting", "severity")
CHECKED: Final = "fair_topics_checked_timestamp_seconds"
CHECKED_TEXT: Final = "When topics were last checked (unit: seconds)."
"""The metrics that every program has which looks at topics. `CHECKED` is absent before the first look."""


@dataclass(frozen=True, slots=True)
class TopicAsIs:
    """A topic as Kafka has it.

    Attributes:
        partitions: how many it has.
        copies: replicas of the partition that has the fewest.
        settings: all settings in force, by Kafka's names; empty if they may not be asked for.
    """

    partitions: int
    copies: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, order=True)
class TopicFinding:
    """One thing that is wrong with a topic.

    Attributes:
        topic: its name.
        setting: `MISSING`, `PARTITIONS`, `COPIES` or Kafka's name of the setting; fit for a metric label.
        what: what is so and should not be, to follow the topic's name.
        cure: the one thing to do.
        wanted: the value that the setting should have; empty for what is none, as the number of partitions.
    """

    topic: str
    setting: str
    what: str
    cure: str
    severity: Severity = "wrong"
    wanted: str = ""

    @property
    def message(self) -> str:
        """The fault in a sentence, without its cure."""
        return f"topic {self.topic} {self.what}"

    @override
    def __str__(self) -> str:
        return f"{self.message}; {self.cure}"


def findings(
    topics: Iterable[Topic], there: Mapping[str, TopicAsIs], partitions: int, copies: int
) -> list[TopicFinding]:
    """Return what is wrong, those first that keep numbers from being right; empty if nothing is.

    Args:
        topics: the declarations to compare with.
        there: the topics that exist, by name.
        partitions: FAIRPULSE_PARTITIONS.
        copies: FAIRPULSE_REPLICATION_FACTOR.
    """
    found: list[TopicFinding] = []
    for topic in topics:
        one = there.get(topic.name)
        if one is None:
            found.append(TopicFinding(topic.name, MISSING, "does not exist", CREATE))
            continue
        found += _counted(topic, one, partitions, copies)
        found += _set(topic, one, copies)
    return sorted(found, key=lambda one: (one.severity != "wrong", one))


def _counted(topic: Topic, one: TopicAsIs, partitions: int, copies: int) -> Iterable[TopicFinding]:
    wanted = topic.partitions_of(partitions)
    if topic.name == REJECTED.name:  # letters are told apart by their own keys, so more partitions do no harm
        if one.partitions < wanted:
            yield TopicFinding(topic.name, PARTITIONS, f"has {one.partitions} partitions, fewer than {wanted}", CREATE)
    elif one.partitions != wanted:
        cure = FOLD_ANEW if is_journal(topic.name) else REGISTRY_ANEW if topic.name == TERMINALS.name else JUDGE
        yield TopicFinding(topic.name, PARTITIONS, f"has {one.partitions} partitions, not {wanted}", cure)
    if one.copies < copies:
        yield TopicFinding(
            topic.name,
            COPIES,
            f"has {one.copies} {'copy' if one.copies == 1 else 'copies'} of a partition, not {copies}",
            "add replicas with `kafka-reassign-partitions.sh`, or set FAIRPULSE_REPLICATION_FACTOR to what is meant",
            "risk",
        )


def _set(topic: Topic, one: TopicAsIs, copies: int) -> Iterable[TopicFinding]:
    # More copies in sync than there are would end all writing, so the copies that are there decide.
    for name, wanted in topic.config(min(copies, one.copies)).items():
        value = one.settings.get(name)
        if value is None:
            continue
        if name == IN_SYNC and int(value) > one.copies:
            many = f"{one.copies} {'copy' if one.copies == 1 else 'copies'}"
            what = f"has {name}={value} and {many} of a partition, so Kafka takes no event"
            yield TopicFinding(topic.name, name, what, CORRECT, "wrong", wanted)
        elif not _fits(name, value, wanted):
            severity: Severity = "risk" if name in AT_RISK else "wrong"
            cure = _cure_of(topic, name, value)
            yield TopicFinding(topic.name, name, f"has {name}={value}, not {wanted}", cure, severity, wanted)
    codec = one.settings.get("compression.type", "producer")
    if codec not in CODECS:
        what = f"has compression.type={codec}, which nothing here reads"
        yield TopicFinding(topic.name, "compression.type", what, CORRECT, "wrong", "producer")


def _cure_of(topic: Topic, name: str, value: str) -> str:
    """Return the cure for a setting. Compaction may have done harm that nothing else shows; a journal's chain would."""
    return _COMPACTED.get(topic.name, CORRECT) if name == "cleanup.policy" and "compact" in value else CORRECT


def _fits(name: str, value: str, wanted: str) -> bool:
    """Return whether a setting keeps what its declaration promises: longer, larger, more and sooner are as good."""
    if name.startswith("retention."):
        return value == "-1" or (wanted != "-1" and int(value) >= int(wanted))
    if name in ("max.message.bytes", IN_SYNC):
        return int(value) >= int(wanted)
    if name == FORGET_MS:
        return int(value) <= int(wanted)
    return value == wanted

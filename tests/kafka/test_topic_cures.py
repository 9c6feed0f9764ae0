"""The one cure that is named for another number of partitions ends the fault, from every state that may be there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Final

import pytest

from schemas.cures import FOLD_ANEW, JUDGE, MAKE_ANEW
from schemas.partitioning import partition_of
from schemas.topic_findings import PARTITIONS, TopicAsIs, findings
from schemas.topics import EVENT_TOPICS, JOURNAL_SUFFIX, SCANS, is_journal, journal_topic
from streams.kafka.fairs import journals_in_use
from streams.kafka.judgement import Evidence, cure_for
from streams.kafka.sampling import SampledEvent

COUNTS: Final = (4, 8, 12)
KEY: Final = next(
    key
    for key in (f"badge-{number}".encode() for number in range(99))
    if len({partition_of(key, count) for count in COUNTS}) == len(COUNTS)
)
"""A key that has another partition by each number."""

GROUP: Final = "fairpulse-ciftis-2025-0123abcd"
NEXT: Final = f"{GROUP}-g2{JOURNAL_SUFFIX}"


@dataclass(frozen=True)
class Scene:
    """What is set and what is in Kafka.

    Attributes:
        by: the numbers of partitions by which events lie.
    """

    declared: int
    counts: dict[str, int]
    journals: dict[str, int]
    by: tuple[int, ...]

    def cures(self) -> set[str]:
        """Return what a program that may read the topics names."""
        journals = {name: self.journals[name] for name in journals_in_use(self.journals, "ciftis-2025")}
        topics = (*EVENT_TOPICS, *map(journal_topic, journals))
        there = {name: TopicAsIs(count, 1, {}) for name, count in {**self.counts, **journals}.items()}
        oldest = [SampledEvent(SCANS.name, partition_of(KEY, count), 0, KEY) for count in self.by]
        evidence = Evidence(self.declared, self.counts, journals, {}, oldest)
        found = [one for one in findings(topics, there, self.declared, 1) if one.setting == PARTITIONS]
        return {
            cure_for(one.topic, evidence) if one.cure == JUDGE or is_journal(one.topic) else one.cure for one in found
        }

    def after(self, cure: str) -> "Scene":
        """Return what there is once a cure was obeyed."""
        if cure == MAKE_ANEW:
            return replace(self, counts=dict.fromkeys(self.counts, self.declared), journals={}, by=(self.declared,))
        if cure == FOLD_ANEW:
            return replace(self, journals={**self.journals, NEXT: self.declared})
        assert cure.startswith("set FAIRPULSE_PARTITIONS="), cure
        return replace(self, declared=int(cure.partition("=")[2]))

    def is_right(self) -> bool:
        """Return whether all topics have the declared number, and at most half of the events lie by another one."""
        others = [count for count in self.by if count != self.declared]
        return set(self.counts.values()) == {self.declared} and 2 * len(others) <= len(self.by)


def scenes() -> Iterator[Scene]:
    names = [topic.name for topic in EVENT_TOPICS]
    used = [by for number in range(3) for by in combinations(COUNTS, number)]
    for declared, journal, by, *counts in product(COUNTS, (None, *COUNTS), used, *[COUNTS] * len(names)):
        journals = {} if journal is None else {f"{GROUP}{JOURNAL_SUFFIX}": journal}
        yield Scene(declared, dict(zip(names, counts, strict=True)), journals, by)


def test_each_cure_that_is_named_ends_the_fault_when_it_is_obeyed_and_none_leads_in_a_circle() -> None:
    walked = 0
    for start in scenes():
        scene = start
        for _ in range(2):
            cures = scene.cures()
            assert len(cures) <= 1, (start, cures)
            if not cures:
                break
            scene = scene.after(*cures)
            walked += 1
        assert not scene.cures(), (start, scene)
        assert scene.is_right() or scene == start, (start, scene)
    assert walked > 1_000


@pytest.mark.parametrize(
    ("names", "used"),
    [
        (["ciftis-0123abcd"], ["ciftis-0123abcd"]),
        (["ciftis-0123abcd", "ciftis-0123abcd-g2"], ["ciftis-0123abcd-g2"]),
        (["ciftis-0123abcd-g10", "ciftis-0123abcd-g9", "ciftis-0123abcd"], ["ciftis-0123abcd-g10"]),
        (["ciftis-0123abcd-g2", "ciftis-89abcdef"], ["ciftis-0123abcd-g2", "ciftis-89abcdef"]),
        (["ciftis-0123abcd", "ciftis-2-0123abcd-g2"], ["ciftis-0123abcd"]),
    ],
)
def test_a_journal_is_not_in_use_once_there_is_one_of_a_later_generation(names: list[str], used: list[str]) -> None:
    given = [f"fairpulse-{name}{JOURNAL_SUFFIX}" for name in names]
    assert journals_in_use([SCANS.name, *given], "ciftis") == [f"fairpulse-{name}{JOURNAL_SUFFIX}" for name in used]

"""Topics in Kafka that are not as they were declared: each finding, its severity and its cure."""

import pytest

from schemas.cures import (
    CORRECT,
    CORRECT_COMPACTED,
    CORRECT_COMPACTED_REGISTRY,
    CORRECT_COMPACTED_UNRESOLVED,
)
from schemas.topic_findings import COPIES, TopicAsIs, TopicFinding, findings
from schemas.topics import (
    BADGE_CODES,
    BADGES,
    DEALS,
    INTERACTIONS,
    REJECTED,
    SCANS,
    TERMINALS,
    UNRESOLVED,
    Topic,
    journal_topic,
)

IN_SYNC = "min.insync.replicas"


def found(copies: int, there: int, **settings: str) -> list[TopicFinding]:
    """Return what is wrong with scans, declared with some copies, that has others and some settings."""
    named = {name.replace("_", "."): value for name, value in settings.items()}
    is_there = {SCANS.name: TopicAsIs(8, there, {**SCANS.config(there), **named})}
    return findings([SCANS], is_there, 8, copies)


@pytest.mark.parametrize(
    ("copies", "there", "in_sync", "expected"),
    [
        (1, 1, 1, []),
        (1, 1, 2, [("wrong", "1")]),
        (3, 1, 1, [("risk", "")]),
        (3, 1, 2, [("wrong", "1"), ("risk", "")]),
        (3, 2, 1, [("risk", "")]),
        (3, 3, 1, [("risk", "2")]),
        (3, 3, 2, []),
        (3, 3, 3, []),
        (3, 3, 4, [("wrong", "2")]),
        (1, 3, 4, [("wrong", "1")]),
        (1, 3, 3, []),
    ],
)
def test_no_setting_is_asked_for_that_would_end_all_writing_with_the_copies_that_are_there(
    copies: int, there: int, in_sync: int, expected: list[tuple[str, str]]
) -> None:
    lines = found(copies, there, min_insync_replicas=str(in_sync))
    assert [(one.severity, one.wanted) for one in lines] == expected
    for one in lines:
        assert (one.setting, one.cure == CORRECT) == ((IN_SYNC, True) if one.wanted else (COPIES, False))
        assert not one.wanted or int(one.wanted) <= there
    if in_sync > there:
        assert f"has {IN_SYNC}={in_sync} and {there} cop" in lines[0].message
        assert lines[0].message.endswith("of a partition, so Kafka takes no event")


@pytest.mark.parametrize(
    ("setting", "value", "severity"),
    [
        ("cleanup_policy", "compact", "wrong"),
        ("cleanup_policy", "compact,delete", "wrong"),
        ("cleanup_policy", "", "wrong"),
        ("retention_ms", "60000", "wrong"),
        ("retention_ms", "-1", ""),
        ("retention_ms", "9999999999", ""),
        ("retention_bytes", "1000000", "wrong"),
        ("message_timestamp_type", "CreateTime", "wrong"),
        ("max_message_bytes", "2000", "wrong"),
        ("max_message_bytes", "9000000", ""),
        ("unclean_leader_election_enable", "true", "risk"),
        ("compression_type", "zstd", ""),
        ("compression_type", "brotli", "wrong"),
        ("segment_ms", "60000", ""),
        ("message_timestamp_before_max_ms", "1000", ""),
        ("local_retention_ms", "1000", ""),
    ],
)
def test_a_setting_is_told_if_an_acknowledged_event_can_be_lost_by_it_or_a_number_be_wrong(
    setting: str, value: str, severity: str
) -> None:
    lines = found(3, 3, **{setting: value})
    assert [one.severity for one in lines] == ([severity] if severity else [])
    assert all(one.cure.startswith(CORRECT) and one.wanted for one in lines)


@pytest.mark.parametrize("policy", ["compact", "compact,delete", ""])
@pytest.mark.parametrize(
    ("topic", "cure"),
    [
        (SCANS, CORRECT_COMPACTED),
        (INTERACTIONS, CORRECT_COMPACTED),
        (DEALS, CORRECT_COMPACTED),
        (TERMINALS, CORRECT_COMPACTED_REGISTRY),
        (REJECTED, CORRECT),
        (journal_topic("fairpulse-x-0123abcd-journal-changelog"), CORRECT),
    ],
    ids=lambda value: value.name if isinstance(value, Topic) else "",
)
def test_a_topic_whose_lost_records_nothing_shows_is_told_to_bring_them_back_after_a_compaction(
    topic: Topic, cure: str, policy: str
) -> None:
    there = TopicAsIs(topic.partitions_of(8), 1, {**topic.config(), "cleanup.policy": policy})
    [one] = findings([topic], {topic.name: there}, 8, 1)
    assert one.cure == (cure if "compact" in policy else CORRECT)


@pytest.mark.parametrize(
    ("topic", "setting", "value", "severity", "cure"),
    [
        (BADGE_CODES, "cleanup.policy", "compact", "", ""),
        (BADGE_CODES, "cleanup.policy", "delete", "wrong", CORRECT),
        (BADGE_CODES, "cleanup.policy", "compact,delete", "wrong", CORRECT),
        (BADGE_CODES, "max.compaction.lag.ms", "9223372036854775807", "risk", CORRECT),
        (BADGE_CODES, "max.compaction.lag.ms", "1000", "", ""),
        (BADGE_CODES, "retention.ms", "604800000", "wrong", CORRECT),
        (BADGES, "cleanup.policy", "compact", "wrong", CORRECT_COMPACTED),
        (BADGES, "retention.ms", "604800000", "wrong", CORRECT),
        (UNRESOLVED, "cleanup.policy", "compact", "wrong", CORRECT_COMPACTED_UNRESOLVED),
    ],
)
def test_only_the_codes_of_the_register_are_compacted_and_soon(
    topic: Topic, setting: str, value: str, severity: str, cure: str
) -> None:
    there = {topic.name: TopicAsIs(8, 1, {**topic.config(), setting: value})}
    lines = findings([topic], there, 8, 1)
    assert [(one.severity, one.cure) for one in lines] == ([(severity, cure)] if severity else [])

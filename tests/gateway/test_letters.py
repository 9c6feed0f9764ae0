"""One dead letter for one refusal: a retry writes no second one once Kafka has the first."""

import json
from typing import Any

import pytest

from producers.gateway.events.intake import Intake
from producers.gateway.events.letters import Letters
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import read_posting
from producers.records import RawRecord
from schemas.dead_letters import posted_letter
from schemas.errors import InvalidEvent
from schemas.fair.file import example_fair_path, load_fair
from schemas.topics import REJECTED, SCANS
from tests.support.gateway import BOOTH, deal, event

FAIR = load_fair(example_fair_path("small"))
ATTEMPTS = (("2025-10-25T09:00:01.250Z", 0), ("2025-10-25T10:11:12.000Z", 70))
"""Time of arrival and clock offset of two attempts."""


def letter(key: bytes) -> RawRecord:
    return RawRecord(REJECTED.name, key, b"{}")


def test_a_letter_is_missing_until_kafka_has_acknowledged_it() -> None:
    letters = Letters()
    event_of_another = RawRecord(SCANS.name, b"one", b"{}")
    records = [letter(b"one"), event_of_another, letter(b"two"), letter(b"one")]
    assert letters.missing(records) == records[:3], "the same letter twice in a posting"
    assert letters.missing(records) == records[:3], "sent, and not acknowledged"
    letters.confirm(records[:2])
    assert letters.missing(records) == [event_of_another, letter(b"two")]
    letters.confirm(records)
    assert letters.missing([letter(b"one"), letter(b"two")]) == []
    assert letters.missing([event_of_another]) == [event_of_another]


def test_the_letters_used_last_are_remembered_and_no_more() -> None:
    letters = Letters(2)
    letters.confirm(map(letter, (b"one", b"two")))
    letters.missing([letter(b"one")])
    letters.confirm([letter(b"three")])
    assert letters.missing([letter(b"one"), letter(b"three"), letter(b"two")]) == [letter(b"two")]


@pytest.mark.parametrize(
    "refused",
    [
        event(data={}),
        event(type="fair.visitor.scanned.v1", data={"s3cret": 1}),
        deal(currency="CHF"),
        deal(section="x"),
    ],
    ids=["a field missing", "an unknown field", "an unknown currency", "an unknown place"],
)
def test_a_refusal_has_the_same_letter_at_every_attempt(refused: dict[str, Any]) -> None:
    body = json.dumps(refused).encode()
    keys = {
        record.key
        for received, offset in ATTEMPTS
        for record in Intake(FAIR, Remembered(10)).judge(read_posting(body, BOOTH, received, offset)).records
    }
    assert len(keys) == 1


def test_a_refusal_with_another_trace_at_every_attempt_has_the_same_letter() -> None:
    refused = event(data={})
    keys = set()
    for trace in ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6-b7ad6b7169203331-01"):
        body = json.dumps({**refused, "traceparent": trace}).encode()
        keys |= {
            record.key for record in Intake(FAIR, Remembered(10)).judge(read_posting(body, BOOTH, *ATTEMPTS[0])).records
        }
    assert len(keys) == 1


def test_another_refusal_of_the_same_event_has_another_letter() -> None:
    keys = {posted_letter("", "t", "", b"{}", InvalidEvent(why, "no"))[0] for why in ("unknown_place", "bad_value")}
    assert len(keys) == 2

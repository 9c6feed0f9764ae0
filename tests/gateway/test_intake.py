"""From bytes to records, without a socket: for any input there is one result per event, and never a crash."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.gateway.events.intake import Intake, Judged
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import UnreadableBody, read_posting
from producers.gateway.http.problems import KINDS
from schemas.api.http import EVENTS_MAX, Outcome
from schemas.fair.file import example_fair_path, load_fair
from schemas.times import instant_text
from schemas.topics import EVENT_TOPICS, REJECTED
from schemas.wire import decoder
from tests.support.gateway import BOOTH, DESK, GATE, HALL, TERMINALS, deal, event

FAIR = load_fair(example_fair_path("small"))
RECEIVED = datetime(2025, 10, 25, 9, 0, 1, 250_000, tzinfo=UTC)
DECODERS = {topic.name: decoder(topic.name) for topic in EVENT_TOPICS}


def judge(value: Any, terminal: Any = BOOTH, intake: Intake | None = None) -> Judged:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return (intake or Intake(FAIR, Remembered(1_000))).judge(read_posting(body, terminal, instant_text(RECEIVED)))


def outcomes(judged: Judged) -> list[str]:
    return ["misread" if fate.outcome is None else fate.outcome for fate in [*judged.fates, *judged.misread]]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused_by_name(body: bytes) -> None:
    code, found = "", []
    try:
        found = outcomes(judge(body))
    except UnreadableBody as error:
        code = error.code
    readable = code in {"", "too_many_events"}
    assert readable or KINDS[code].status == 400
    assert bool(code) is (not found)
    assert set(found) <= {"misread"}


paths = st.sampled_from(
    ["id", "source", "type", "time", "data", "specversion", "data.scan_kind", "data.badge_role", "data.booth_id",
     "data.badge_ref", "data.dwell_ms", "data.parties", "data.value_minor", "data.signed_at", "data.deal_id", "data.x"]
)  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.booleans(), paths, json_values), min_size=1, max_size=6), st.sampled_from(TERMINALS[:5]))
def test_every_event_of_a_batch_has_one_result_and_what_is_stored_can_be_decoded(
    changes: list[tuple[bool, str, Any]], terminal: Any
) -> None:
    batch = []
    for is_deal, path, value in changes:
        one = deal(terminal) if is_deal else event(terminal)
        head, _, field = path.partition(".")
        if field:
            one["data"][field] = value
        else:
            one[head] = value
        batch.append(one)
    judged = judge(batch, terminal)
    assert len(judged.fates) == (0 if judged.misread else len(batch))
    assert [fate.at for fate in judged.fates] == list(range(len(judged.fates)))
    stored = [record for record in judged.records if record.topic != REJECTED.name]
    letters = [record for record in judged.records if record.topic == REJECTED.name]
    assert (len(stored), len(letters)) == (judged.accepted, judged.rejected + len(judged.misread))
    for record in stored:
        kept = DECODERS[record.topic](record.value)
        assert (kept.terminal_id, kept.fair_id, kept.received_at) == (terminal.terminal_id, "small-2025", RECEIVED)
    for record in letters:
        letter = json.loads(record.value)
        assert base64.b64decode(letter["value"])
        assert letter["reason"]


@pytest.mark.parametrize("terminal", [BOOTH, GATE, HALL, DESK], ids=lambda one: one.place)
@pytest.mark.parametrize("other", [BOOTH, GATE, HALL, DESK], ids=lambda one: one.place)
def test_a_terminal_posts_only_for_its_own_place(terminal: Any, other: Any) -> None:
    """Every pair of places: the scan of one, posted by the other under its own address."""
    place = {"booth_id": "h1-001"} if other is BOOTH else {"gate_id": "north"} if other is GATE else {}
    scan = event(other, source=terminal.source)
    scan["data"].update(place)
    expected = Outcome.ACCEPTED if terminal is other else Outcome.REJECTED
    assert outcomes(judge(scan, terminal)) == [expected]


def test_null_means_left_out_and_the_place_is_stamped() -> None:
    scan = event()
    scan["data"]["booth_id"] = None
    (record,) = judge(scan).records
    assert json.loads(record.value)["booth_id"] == "h1-001"


def test_an_attempt_that_failed_leaves_no_duplicate_behind() -> None:
    intake = Intake(FAIR, Remembered(1_000))
    one = event()
    assert outcomes(judge(one, intake=intake)) == ["accepted"]  # and Kafka did not answer
    second = judge(one, intake=intake)
    assert outcomes(second) == ["accepted"]
    intake.confirm(second)
    third = judge(one, intake=intake)
    assert (outcomes(third), third.records) == (["duplicate"], [])


def test_a_letter_that_is_written_again_has_the_same_key() -> None:
    for bad in (event(source="/elsewhere"), event(data={}), deal(currency="CHF")):
        assert judge(bad).records[0].key == judge(bad).records[0].key


def test_the_largest_batch_is_read_in_one_piece() -> None:
    assert judge([event() for _ in range(EVENTS_MAX)]).accepted == EVENTS_MAX

"""An annulment goes through the gateway from every place, and is stored beside what it takes back."""

import json
from typing import Any

import pytest

from producers.gateway.events.intake import Intake
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import read_posting
from producers.gateway.events.stamping import PLACE_FIELDS
from schemas.api.terminals import Terminal
from schemas.fair.file import example_fair_path, load_fair
from schemas.topics import SCANS, partitioner_of
from schemas.wire import decoder
from tests.support.gateway import BADGE, BOOTH, DESK, GATE, HALL, event

FAIR = load_fair(example_fair_path("small"))
READ = decoder(SCANS.name)
SCANNED, TOUCHED, ANNULLED = "fair.visitor.scanned.v1", "fair.exhibit.interaction.v1", "fair.scan.annulled.v1"
TOUCH = {"interaction_kind": "lead_captured", "exhibit_id": "x-e1", "exhibitor_id": "e1", "badge_ref": BADGE}


def judged(terminal: Terminal, *posted: dict[str, Any]) -> Any:
    """Return the gateway's verdict on a batch of posted events."""
    body = json.dumps(list(posted)).encode()
    return Intake(FAIR, Remembered(9)).judge(read_posting(body, terminal, "2025-10-25T09:00:00.000Z"))


def annulment_of(target: dict[str, Any], terminal: Terminal, /, **data: Any) -> dict[str, Any]:
    given = {"target": target["id"], "target_type": target["type"], "why": "mistake"}
    badge = {name: value for name, value in target["data"].items() if name == "badge_ref"}
    return event(terminal, type=ANNULLED, data=given | badge | data)


@pytest.mark.parametrize(
    ("terminal", "target"),
    [
        (BOOTH, event(BOOTH)),
        (BOOTH, event(BOOTH, type=TOUCHED, data=TOUCH)),
        (GATE, event(GATE)),
        (HALL, event(HALL)),
        (DESK, event(DESK)),
    ],
    ids=lambda value: value.place if isinstance(value, Terminal) else value["type"],
)
def test_an_annulment_lies_in_the_partition_of_its_target_and_names_the_terminals_place(
    terminal: Terminal, target: dict[str, Any]
) -> None:
    verdict = judged(terminal, target, annulment_of(target, terminal))
    assert [fate.outcome for fate in verdict.fates] == ["accepted", "accepted"]
    first, second = verdict.records
    assert second.topic == "fair.scans"
    assert second.key == first.key
    for partitions in (1, 8, 100):
        numbers = {partitioner_of(one.topic).choose(one.key, partitions, None) for one in (first, second)}
        assert len(numbers) == 1
    stored = READ(second.value)
    assert (stored.target, stored.target_type) == (target["id"], target["type"])  # type: ignore[attr-defined]
    places = {place: getattr(stored, field) for place, field in PLACE_FIELDS.items()}
    assert places == dict.fromkeys(PLACE_FIELDS) | ({terminal.place: terminal.place_id} if terminal.place_id else {})


@pytest.mark.parametrize(
    ("terminal", "data", "code", "pointer"),
    [
        (GATE, {"target_type": TOUCHED}, "out_of_scope", "/data/target_type"),
        (GATE, {"gate_id": "goods"}, "out_of_scope", "/data/gate_id"),
        (GATE, {"badge_ref": None}, "missing_field", "/data/badge_ref"),
        (BOOTH, {"booth_id": "h2-001"}, "out_of_scope", "/data/booth_id"),
        (BOOTH, {"target": ""}, "bad_value", "/data/target"),
        (BOOTH, {"target_type": "fair.deal.signed.v1"}, "bad_value", "/data/target_type"),
        (BOOTH, {"why": "boredom"}, "bad_value", "/data/why"),
        (BOOTH, {"reason": "mistake"}, "unknown_field", "/data/reason"),
    ],
)
def test_an_annulment_that_cannot_be_right_is_refused_with_the_field(
    terminal: Terminal, data: dict[str, Any], code: str, pointer: str
) -> None:
    (fate,) = judged(terminal, annulment_of(event(terminal), terminal, **data)).fates
    assert (fate.outcome, fate.code, fate.pointer) == ("rejected", code, f"/0{pointer}")

"""A third party can follow every refusal of an event with the OpenAPI document alone."""

import copy
import itertools
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from producers.gateway.events.intake import Intake, Judged
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import read_posting
from schemas.api.http import POSTED_CLASSES
from schemas.api.openapi import openapi_text
from schemas.api.terminals import PlaceKind, Terminal
from schemas.events import Event, type_of
from schemas.fair.file import example_fair_path, load_fair
from schemas.wire import REASONS
from tests.gateway.test_openapi import OF_THE_HOUSE
from tests.support.examples import has_example
from tests.support.gateway import BOOTH, DESK, event

FAIR = load_fair(example_fair_path("small"))
SCHEMAS = json.loads(openapi_text())["components"]["schemas"]
KINDS = [kind for kind in POSTED_CLASSES if has_example(kind)]
NOT_OF_A_POSTED_EVENT = {
    "empty": "no body: the answer is about the request",
    "not_json": "the answer is about the request",
    "duplicate_key": "the answer is about the request",
    "too_large": "413 unless it comes in a batch, where test_intake has it",
    "wrong_fair": "the fair comes from the token: 403",
    "no_register": "registrations come another way",
    "misplaced": "the gateway chooses the partition itself",
}
OURS = {"event_id_conflict", "out_of_scope", "too_many_fields", "wrong_source", "bad_extension"}
"""Reasons of the gateway beside those of the events themselves."""
OF_THIS_FAIR: dict[str, str | None] = {
    "exhibit_id": "x-e1",
    "exhibitor_id": "e1",
    "section": "finance",
    "scan_kind": "booth",
    "gate_id": None,
    "hall_id": None,
    "booth_id": None,
}


def good(kind: type[Event]) -> dict[str, Any]:
    """Return an event of a type that the gateway accepts from a booth."""
    data = copy.deepcopy(SCHEMAS[f"{kind.__name__}Data"]["examples"][0])
    data |= {name: value for name, value in OF_THIS_FAIR.items() if name in data}
    return event(type=type_of(kind), data=data)


def judge(posted: Any, terminal: Terminal = BOOTH, intake: Intake | None = None) -> Judged:
    posting = read_posting(json.dumps(posted).encode(), terminal, "2025-10-25T09:00:00.000Z")
    return (intake or Intake(FAIR, Remembered(9))).judge(posting)


def refusal(posted: Any, terminal: Terminal = BOOTH, intake: Intake | None = None) -> Any:
    judged = judge(posted, terminal, intake)
    return next((fate for fate in [*judged.misread, *judged.fates] if fate.code is not None), None)


def changed(where: str, value: object) -> Callable[[dict[str, Any], type[Event]], dict[str, Any]]:
    def change(posted: dict[str, Any], kind: type[Event]) -> dict[str, Any]:
        *path, last = where.split(".")
        at: Any = posted
        for part in path:
            at = at[int(part)] if isinstance(at, list) else at[part]
        at[last] = value
        return posted

    return change


def without_first_required(posted: dict[str, Any], kind: type[Event]) -> dict[str, Any]:
    del posted["data"][SCHEMAS[f"{kind.__name__}Data"]["required"][0]]
    return posted


ALL = tuple(kind.__name__ for kind in KINDS)
DEALS = ("DealSigned", "DealAmended")
ROWS: list[tuple[str, str, tuple[str, ...], Callable[[dict[str, Any], type[Event]], dict[str, Any]]]] = [
    ("missing_field", "/data/*", ALL, without_first_required),
    ("missing_field", "/id", ALL, lambda posted, kind: {k: v for k, v in posted.items() if k != "id"}),
    ("missing_field", "/data/currency", DEALS, changed("data.value_minor", 100)),
    ("unknown_field", "/data/x_y", ALL, changed("data.x_y", 1)),
    ("unknown_field", "/data", ALL, changed("data.x/~y", 1)),
    ("unknown_field", "/data/event_id", ALL, changed("data.event_id", 1)),
    ("unknown_field", "/data/parties/0/x", DEALS, changed("data.parties.0.x", 1)),
    ("bad_value", "/data/capture", ALL, changed("data.capture", "x")),
    ("bad_value", "/time", ALL, changed("time", "noon")),
    ("bad_value", "/id", ALL, changed("id", "")),
    ("bad_value", "/data/parties/0/country", DEALS, changed("data.parties.0.country", "x")),
    ("unknown_type", "/type", ALL, changed("type", "fair.other.v1")),
    ("unknown_place", "/data/section", DEALS, changed("data.section", "x")),
    ("unknown_place", "/data/exhibit_id", ("ExhibitInteraction",), changed("data.exhibit_id", "x")),
    ("unknown_currency", "/data/currency", DEALS,
     lambda posted, kind: changed("data.value_minor", 1)(changed("data.currency", "CHF")(posted, kind), kind)),
    ("out_of_scope", "/data/booth_id", ("VisitorScan", *DEALS), changed("data.booth_id", "h2-001")),
    ("out_of_scope", "/data/scan_kind", ("VisitorScan",), changed("data.scan_kind", "entry")),
    ("too_many_fields", "/data", ALL, lambda posted, kind: {**posted, "data": {f"k{n}": 0 for n in range(70)}}),
    ("wrong_source", "/source", ALL, changed("source", "/elsewhere")),
    ("bad_extension", "/Trace-Id", ALL, changed("Trace-Id", "x")),
    ("event_id_conflict", "/id", ALL, changed("time", "2025-10-25T08:00:00Z")),
]  # fmt: skip
CASES = [
    pytest.param(reason, where, kind, change, id=f"{reason} {where} {kind.__name__}")
    for reason, where, names, change in ROWS
    for kind in KINDS
    if kind.__name__ in names
]


def test_every_reason_has_a_row() -> None:
    assert {reason for reason, *_ in ROWS} == (REASONS.keys() - NOT_OF_A_POSTED_EVENT.keys()) | OURS


@pytest.mark.parametrize("kind", KINDS)
def test_the_events_that_every_row_starts_from_are_good(kind: type[Event]) -> None:
    assert refusal(good(kind)) is None


def resolved(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


@pytest.mark.parametrize(("reason", "where", "kind", "change"), CASES)
@pytest.mark.parametrize("is_batch", [False, True])
def test_a_refusal_can_be_followed(
    reason: str, where: str, kind: type[Event], change: Callable[..., dict[str, Any]], is_batch: bool
) -> None:
    intake, first = Intake(FAIR, Remembered(9)), good(kind)
    intake.confirm(judge(first, intake=intake))
    start = first if reason == "event_id_conflict" else first | {"id": str(uuid.uuid4())}
    one = change(copy.deepcopy(start), kind)
    posted = [good(kind), one] if is_batch else one
    told = refusal(posted, intake=intake)
    assert told.code == reason, told
    lead = "/1" if is_batch else ""
    expected = where.replace("*", SCHEMAS[f"{kind.__name__}Data"]["required"][0])
    assert told.pointer == lead + expected
    parent = told.pointer.rpartition("/")[0] if reason == "missing_field" else told.pointer
    resolved(posted, parent)
    assert re.match(rf"{re.escape(expected)}: (?!\w+: )", told.message), told.message
    assert not OF_THE_HOUSE.search(told.message.removeprefix(expected)), told.message
    assert re.search(r"; \w.{3}", told.message), "there is a remedy"
    document, _, name = told.schema.partition("#/components/schemas/")
    assert document == "../openapi.json"
    assert name in SCHEMAS
    in_data = kind.__name__ + ("Data" if expected.startswith("/data") else "")
    assert name == ("Event" if reason == "unknown_type" else in_data)
    _follow(told, one, kind, intake, start)


def _follow(told: Any, one: dict[str, Any], kind: type[Event], intake: Intake, start: dict[str, Any]) -> None:
    """Do what the refusal says, where a machine can; then the event is accepted."""
    example = SCHEMAS[f"{kind.__name__}Data"]["examples"][0]
    path = told.pointer.removeprefix("/1").split("/")[1:]
    if told.code == "unknown_field" and told.pointer.endswith(("/x_y", "/event_id", "/x")):
        del resolved(one, "".join(f"/{part}" for part in path[:-1]))[path[-1]]
    elif told.code == "missing_field" and path[0] == "data" and path[1] in example:
        one["data"][path[1]] = OF_THIS_FAIR.get(path[1], example[path[1]])
    elif told.code in {"missing_field", "event_id_conflict"} and path == ["id"]:
        one["id"] = str(uuid.uuid4())
    else:
        return
    assert refusal(one, intake=intake) is None


def test_a_key_that_is_not_plain_is_not_repeated() -> None:
    for name in ("a b", "ключ", "x" * 65, "\u202e", "~/"):
        posted = good(KINDS[0])
        posted["data"][name] = 1
        told = refusal(posted)
        assert (told.code, told.pointer) == ("unknown_field", "/data")
        assert name not in told.message.partition("; ")[2]


def test_a_place_that_the_event_does_not_name_is_not_pointed_at() -> None:
    """The gateway writes the place of the token's terminal; if the fair does not have it, the organiser is asked."""
    elsewhere = Terminal("t", "small-2025", PlaceKind.BOOTH, "nowhere")
    told = refusal(event(elsewhere, data={"scan_kind": "booth", "badge_role": "visitor_public"}), elsewhere)
    assert (told.code, told.pointer) == ("unknown_place", "/data")
    assert "ask the organiser" in told.message


def test_data_in_base64_is_pointed_at_as_it_was_posted() -> None:
    posted = event(data=..., data_base64="eyJ4IjoxfQ==")
    told = refusal(posted)
    assert told.pointer == "/data_base64"
    assert told.message.startswith("/data/")
    assert told.schema == "../openapi.json#/components/schemas/VisitorScanData"


def test_a_type_that_a_place_may_not_post_names_the_places() -> None:
    kind = next(one for one in KINDS if one.posted_at == {PlaceKind.BOOTH})
    told = refusal(event(DESK, type=type_of(kind), data=good(kind)["data"]), DESK)
    assert (told.code, told.pointer) == ("out_of_scope", "/type")
    assert told.message.startswith("/type: ")
    assert all(place in told.message for place in itertools.chain(kind.posted_at))

"""Every field that a KPI counts by is written by a program that is shipped, not by the simulator alone."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from producers.play.simulator.emission import BadRecord
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from producers.terminal.cli import terminal as command
from producers.terminal.spool import Spool
from schemas.api.http import SERVER_FIELDS
from schemas.codes import DenyReason, MeetingStep, SourceType
from schemas.events import ExhibitInteraction, MeetingChanged, VisitorScan, type_of
from schemas.fair.model import Fair
from tests.support.terminals import BADGE, FAIR, REGISTER_FAIR, pair

GATE: Final = {"place": "gate", "place_id": "north"}
HALL: Final = {"place": "hall", "place_id": "h1"}
DESK: Final = {"place": "desk", "place_id": ""}

Written = tuple[Mapping[str, str], Fair, list[str], Mapping[str, Any]]
"""Where the terminal is, at which fair, the words of the command, and the fields that the event must have."""

EVENT_ID: Final = "0199313c-a804-7c4e-9d31-5b8f20c1e604"

KINDS: Final = (VisitorScan, ExhibitInteraction, MeetingChanged)
"""The events of visitors, which the simulator writes too."""

FIELDS: Final[dict[str, Written]] = {
    "a code that was typed": ({}, FAIR, ["scan", BADGE], {"source_type": "manual"}),
    "forced": (GATE, FAIR, ["scan", BADGE, "--forced"], {"forced": True, "result": "accepted"}),
    "denied": (GATE, FAIR, ["scan", BADGE, "--denied"], {"result": "denied"}),
    "the code of a badge": ({}, REGISTER_FAIR, ["scan", "VISITOR-4711"], {"badge_code": "VISITOR-4711"}),
    "the code of a lead": (
        {}, REGISTER_FAIR, ["interact", "x-e1", "lead_captured", "--badge", "VISITOR-4711"],
        {"badge_code": "VISITOR-4711"},
    ),
    "a meeting with its event's id": (
        {}, FAIR, ["meeting", "--meeting", "m-1", "--step", "held", "--id", EVENT_ID], {"meeting_id": "m-1"},
    ),
    "a desk's meeting": (
        DESK, FAIR, ["meeting", "--meeting", "m-1", "--step", "held", "--exhibitor", "e3"], {"exhibitor_id": "e3"},
    ),
    "an interaction whose code was typed": (
        {}, FAIR, ["interact", "x-e1", "lead_captured", "--badge", BADGE], {"source_type": "manual"},
    ),
    "an interaction whose code was scanned": (
        {}, FAIR, ["interact", "x-e1", "lead_captured", "--badge", BADGE, "--source", "qr"], {"source_type": "qr"},
    ),
    "the hall of a door": (HALL, FAIR, ["scan", BADGE, "--kind", "zone_out"], {"hall_id": "h1"}),
    "the country of a visitor": (GATE, FAIR, ["scan", BADGE, "--country", "fr"], {"residence_country": "FR"}),
    "the session of an interaction": (
        {}, FAIR, ["interact", "x-e1", "demo_started", "--session", EVENT_ID], {"session_id": EVENT_ID},
    ),
    "how long an interaction took": (
        {}, FAIR, ["interact", "x-e1", "demo_completed", "--session", EVENT_ID, "--duration", "1m30s"],
        {"session_id": EVENT_ID, "duration_ms": 90_000},
    ),
    "half a second": ({}, FAIR, ["interact", "x-e1", "qr_open", "--duration", "0.5"], {"duration_ms": 500}),
    "a day": ({}, FAIR, ["interact", "x-e1", "video_view", "--duration", "24h"], {"duration_ms": 86_400_000}),
    "what a visitor thinks": (
        {}, FAIR, ["interact", "x-e1", "survey_submitted", "--rating", "0"], {"rating": 0},
    ),
    "an interaction without a badge": ({}, FAIR, ["interact", "x-e1", "demo_started"], {"source_type": None}),
    **{f"source {one}": ({}, FAIR, ["scan", BADGE, "--source", one.value], {"source_type": one}) for one in SourceType},
    **{
        f"denied: {one}": (GATE, FAIR, ["scan", BADGE, "--denied", "--reason", one.value], {"reason": one})
        for one in DenyReason
    },
    **{
        f"meeting {one}": (
            {}, FAIR, ["meeting", "--meeting", "m-1", "--step", one.value],
            {"meeting_id": "m-1", "step": one, "exhibitor_id": "e1"},
        )
        for one in MeetingStep
    },
}  # fmt: skip


def posted(folder: Path, written: Written) -> tuple[str, dict[str, Any]]:
    """Run a command at a place, and return the type and the fields of the event that it saved."""
    said, fair, words, _ = written
    pair(folder, "http://127.0.0.1:1", fair=fair, **said)
    ended = CliRunner().invoke(command, ["--folder", str(folder), *map(str, words)])
    assert ended.exception is None, ended.output
    spool = Spool(folder)
    (waiting,) = spool.oldest(10, 10**6)
    spool.close()
    event = json.loads(waiting.body)
    return event["type"], event["data"]


@pytest.mark.parametrize("field", FIELDS)
def test_a_command_of_the_terminal_writes_it(field: str, folder: Path) -> None:
    wanted = FIELDS[field][3]
    _, data = posted(folder, FIELDS[field])
    assert {name: data.get(name) for name in wanted} == wanted


def test_the_simulator_writes_no_field_that_a_terminal_does_not(folder: Path) -> None:
    """The gateway adds its own fields, see `SERVER_FIELDS`; of a badge it makes the reference."""
    written: dict[str, set[str]] = {kind: set(SERVER_FIELDS) for kind in map(type_of, KINDS)}
    for number, one in enumerate(FIELDS.values()):
        kind, data = posted(folder / str(number), one)
        written[kind] |= data.keys()
    scenario = replace(scenario_named("fair_day"), visitors=200, tests=0.01, beacons=0.1)
    simulated: dict[str, set[str]] = {kind: set() for kind in written}
    for fair in (FAIR, REGISTER_FAIR):
        for emission in emissions(fair, scenario, 7):
            if not isinstance(emission.fact, BadRecord) and (kind := json.loads(emission.value)["type"]) in simulated:
                simulated[kind] |= json.loads(emission.value).keys()
    assert all(simulated.values())
    assert {kind: simulated[kind] - written[kind] for kind in written} == {kind: set() for kind in written}


def test_what_a_scanner_types_into_standard_input_is_not_manual(folder: Path) -> None:
    pair(folder, "http://127.0.0.1:1")
    CliRunner().invoke(command, ["--folder", str(folder), "scan"], input=f"{BADGE}\n")
    spool = Spool(folder)
    (waiting,) = spool.oldest(10, 10**6)
    spool.close()
    assert json.loads(waiting.body)["data"]["source_type"] == "qr"


@pytest.mark.parametrize(
    ("fair", "words", "said"),
    [
        (FAIR, ["scan", BADGE, "--country", "UK"], "country: it is not the code of a country; did you mean GB?"),
        (FAIR, ["scan", BADGE, "--country", "Q1"], "country: it is not the code of a country; use two letters"),
        (
            REGISTER_FAIR,
            ["scan", BADGE, "--country", "DE"],
            "country: at this fair the register of badges says where somebody lives; leave it out",
        ),
        (FAIR, ["interact", "x-e1", "demo_started", "--session", "7"], "--session: the value is not a UUID; write a"),
        (FAIR, ["interact", "x-e1", "demo_started", "--duration", "25h"], '"25h" '),
        (FAIR, ["interact", "x-e1", "demo_started", "--duration", "long"], '"long" is not a length of time'),
    ],
)
def test_a_field_that_cannot_be_is_refused_with_the_remedy_and_nothing_is_saved(
    folder: Path, fair: Fair, words: list[str], said: str
) -> None:
    pair(folder, "http://127.0.0.1:1", fair=fair)
    ended = CliRunner().invoke(command, ["--folder", str(folder), *words])
    assert ended.exit_code != 0
    assert said in f"{ended.exception} {ended.output}"
    spool = Spool(folder)
    assert not spool.oldest(10, 10**6)
    spool.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--meeting", "two words", "--step", "held"], "meeting: this is not an id; write 1-64 letters"),
        (
            ["--meeting", "m-1", "--step", "held", "--exhibitor", "e3"],
            "does not have this exhibitor; choose one of e1, e2",
        ),
    ],
)
def test_a_meeting_that_cannot_be_is_refused_on_one_line_with_the_remedy(
    folder: Path, words: list[str], said: str
) -> None:
    pair(folder, "http://127.0.0.1:1")
    ended = CliRunner().invoke(command, ["--folder", str(folder), "meeting", *words])
    assert said in str(ended.exception)

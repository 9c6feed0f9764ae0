"""Every field that a KPI counts by is written by a program that is shipped, not by the simulator alone."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from producers.terminal.cli import terminal as command
from producers.terminal.spool import Spool
from schemas.codes import DenyReason, MeetingStep, SourceType
from schemas.fair.model import Fair
from tests.support.terminals import BADGE, FAIR, REGISTER_FAIR, pair

GATE: Final = {"place": "gate", "place_id": "north"}
DESK: Final = {"place": "desk", "place_id": ""}

Written = tuple[Mapping[str, str], Fair, list[str], Mapping[str, Any]]
"""Where the terminal is, at which fair, the words of the command, and the fields that the event must have."""

EVENT_ID: Final = "0199313c-a804-7c4e-9d31-5b8f20c1e604"

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


@pytest.fixture
def event(folder: Path) -> Callable[[Written], dict[str, Any]]:
    """Return a function that runs a command at a place, and returns the fields of the event that it saved."""

    def run(written: Written) -> dict[str, Any]:
        said, fair, words, _ = written
        pair(folder, "http://127.0.0.1:1", fair=fair, **said)
        ended = CliRunner().invoke(command, ["--folder", str(folder), *map(str, words)])
        assert ended.exception is None, ended.output
        spool = Spool(folder)
        (waiting,) = spool.oldest(10, 10**6)
        spool.close()
        data: dict[str, Any] = json.loads(waiting.body)["data"]
        return data

    return run


@pytest.mark.parametrize("field", FIELDS)
def test_a_command_of_the_terminal_writes_it(field: str, event: Callable[[Written], dict[str, Any]]) -> None:
    wanted = FIELDS[field][3]
    data = event(FIELDS[field])
    assert {name: data.get(name) for name in wanted} == wanted


def test_what_a_scanner_types_into_standard_input_is_not_manual(folder: Path) -> None:
    pair(folder, "http://127.0.0.1:1")
    CliRunner().invoke(command, ["--folder", str(folder), "scan"], input=f"{BADGE}\n")
    spool = Spool(folder)
    (waiting,) = spool.oldest(10, 10**6)
    spool.close()
    assert json.loads(waiting.body)["data"]["source_type"] == "qr"


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

"""Every KPI by example: `cases/<kpi>/<story>.json` tells what happens at the small fair, and gives the answer.

An event is written as its builder and the words for it: {"scan": "ada", "kind": "booth", "at": "11:05"},
{"touch": ...}, {"annulled": "ada", "target": ...}, {"deal": "d-1", ...}, {"amended": ...}, {"cancelled": ...}, or
{"raw": "{", "topic": "fair.scans"}.
More words change the record that a builder makes. "but" replaces fields, or removes them with null; "bytes" pads it to
a length; "topic" puts it into another topic. "fair", beside the events, replaces text in the small fair's file.
The answer gives values by label values (with `|` between them) for every window that it names. All other values of such
a window must be zero: for example, an amended deal leaves a 0 at its old stage. A 0 in the answer must be shown as 0.
"""

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import streams.kpis
from schemas.errors import InvalidEvent
from schemas.fair.model import Fair
from schemas.wire import MISPLACED, REASONS
from streams.fold.engine import Engine
from streams.fold.state import PartitionState
from streams.fold.windows import Values, day_values, fair_values, pane_values, people_of
from streams.kpis.aggregates import Value
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi, Window
from streams.shown.view import View
from tests.support.builders import LATENESS
from tests.support.remedies import measure_remedy
from tests.support.stories import CASES, TESTS, all_stories, fair_file_of, fair_in, records_of
from tests.support.streams_of import ENGINE, parsed

IN_NO_STORY = {"unknown_field", MISPLACED}
"""Only where events enter is an unknown field refused. Stories have no partitions."""

BY_NAME: dict[str, Kpi[Any, Any]] = {kpi.name: kpi for kpi in ALL_KPIS}


def values(state: PartitionState, kpi: Kpi[Any, Any], window: str, fair: Fair) -> Any:
    people = people_of(state, fair)
    match window:
        case "day":
            days = {day: told(day_values(state, kpi, day, people)) for day in state.days}
            return {day: groups for day, groups in days.items() if groups}
        case "fair":
            return told(fair_values(state, kpi, people))
        case _:
            end = View(ENGINE, lambda: {0: state}).end_minute()
            assert end is not None
            return told(pane_values(state, kpi, Window(window), end, people))


@pytest.mark.parametrize("case", sorted(CASES.glob("*/*.json")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_story_has_its_answer(case: Path) -> None:
    story = json.loads(case.read_text(encoding="utf-8"))
    kpi, state, fair = BY_NAME[case.parent.name], PartitionState(), fair_in(fair_file_of(story))
    engine = Engine(fair, LATENESS)
    for (_, topic), log in parsed(records_of(story["events"]), fair).items():
        engine.apply(state, engine.fold(state, topic, log))
    for window, answer in story["answer"].items():
        found = telling(values(state, kpi, window, fair), answer)
        assert found == answer, wrong_answer(case, window, found)


def wrong_answer(case: Path, window: str, found: dict[str, Any]) -> str:
    """Return what is wrong with a case and how to correct it, with the fold's answer in the format of the file."""
    kpi, story = BY_NAME[case.parent.name], json.loads(case.read_text(encoding="utf-8"))
    return (
        f"tests/{case.relative_to(TESTS)}: {story['story']}\n"
        f"the answer is {json.dumps({window: story['answer'][window]})}, the fold gives {json.dumps({window: found})}: "
        f"change `answer` there, or {measure_remedy(kpi)}"
    )


def test_a_wrong_answer_is_reported_with_its_file_and_in_the_format_of_the_file() -> None:
    case = CASES / "contract_value" / "latest_revision.json"
    assert wrong_answer(case, "fair", {"finance|EUR": 1}) == (
        "tests/kpis/cases/contract_value/latest_revision.json: "
        "A contract of 100 euros is corrected to 80; another is in yen.\n"
        'the answer is {"fair": {"finance|EUR": 8000, "travel|JPY": 500}}, the fold gives '
        '{"fair": {"finance|EUR": 1}}: change `answer` there, or put its measure in streams/kpis/deals.py right'
    )


def told(values: Values) -> dict[str, Value]:
    """Return values in the format of an answer."""
    return {"|".join(labels): value for labels, value in values.items()}


def telling(groups: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Leave out zeros, at any depth, unless the answer names them."""
    inner = {
        name: telling(value, answer.get(name, {})) if isinstance(value, dict) else value
        for name, value in groups.items()
    }
    return {name: value for name, value in inner.items() if name in answer or value not in (0, {})}


@pytest.mark.parametrize(
    ("shown", "answer", "right"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1, "b": 0}, {"a": 1}, True),
        ({"a": 1, "b": 0}, {"a": 1, "b": 0}, True),
        ({"a": 1}, {"a": 1, "b": 0}, False),
        ({"a": 1, "b": 2}, {"a": 1, "b": 0}, False),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"25": {"a": 0}, "26": {"a": 1}}, {"26": {"a": 1}}, True),
        ({"25": {"a": 0}, "26": {"a": 1}}, {"25": {"a": 0}, "26": {"a": 1}}, True),
        ({"25": {}, "26": {"a": 1}}, {"25": {"a": 0}, "26": {"a": 1}}, False),
    ],
)
def test_a_zero_in_an_answer_is_asked_for_and_any_other_is_not(
    shown: dict[str, Any], answer: dict[str, Any], *, right: bool
) -> None:
    assert (telling(shown, answer) == answer) is right


def test_every_reason_for_which_records_are_refused_occurs_in_some_story() -> None:
    refused = {
        event.reason
        for story in all_stories()
        for log in parsed(story.records(), story.fair).values()
        for _, event in log
        if isinstance(event, InvalidEvent)
    }
    assert refused == REASONS.keys() - IN_NO_STORY, "write a case of rejected_events for each missing reason"


@pytest.mark.parametrize("name", BY_NAME)
def test_every_kpi_has_a_case(name: str) -> None:
    assert list((CASES / name).glob("*.json")), f"write tests/kpis/cases/{name}/<a story>.json: events and the answer"


def test_no_case_is_left_of_a_kpi_that_is_gone() -> None:
    assert {folder.name for folder in CASES.iterdir()} <= BY_NAME.keys(), "delete the folder, or give the KPI its name"


def test_no_kpi_is_left_out_of_the_catalogue() -> None:
    for module in pkgutil.iter_modules(streams.kpis.__path__, "streams.kpis."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Kpi):
                assert value in ALL_KPIS, f"add {name} to KPIS in {module.name}"

"""A KPI that changes its meaning under the same version is named. A new story only has to be written to the file."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.codes import ScanKind
from schemas.events import VisitorScan
from streams.fold import meaning
from streams.fold.engine import Engine
from streams.kpis.booths import BOOTH_SCANS
from streams.kpis.definition import Derived, Kpi, On
from streams.kpis.gates import GATE_PASSAGES
from streams.kpis.labels import LabelValues
from streams.kpis.presence import PRESENT
from streams.kpis.visits import FIRST_TIME_VISITORS, RETURNING_VISITORS, VISITS
from tests.kpis import digests
from tests.kpis.digests import Digests, changed, fold, read, stale, text_of
from tests.support import stories
from tests.support.stories import all_stories
from tests.support.streams_of import FAIR

STORIES = [story for story in all_stories() if "gate_passages" in story.name or "/visits/" in story.name]
KPIS = (GATE_PASSAGES, BOOTH_SCANS, VISITS, RETURNING_VISITORS)


def _only_in(scan: VisitorScan, _: object) -> LabelValues | None:
    return (scan.gate_id or "", "entry") if scan.scan_kind is ScanKind.ENTRY else None


def with_passages(**change: Any) -> Sequence[Kpi[Any, Any]]:
    return (replace(GATE_PASSAGES, **change), *KPIS[1:])


def test_every_kpi_means_what_it_meant_when_its_version_was_declared() -> None:
    assert changed(read(), fold()) == []


def test_all_stories_and_kpis_are_written_down() -> None:
    assert stale(read(), fold()) == []


def test_the_file_is_written_as_it_is_read() -> None:
    assert text_of(read()) == digests.FILE.read_text(encoding="utf-8")


def test_another_measure_under_the_same_version_is_named_with_its_story_and_remedy() -> None:
    known = fold(KPIS, STORIES)
    in_and_out = [story for story in STORIES if story.name.endswith("/in_and_out")]
    (line,) = changed(known, fold(with_passages(measure=_only_in), in_and_out))
    assert line == (
        "gate_passages: its numbers changed under version 1, in tests/kpis/cases/gate_passages/in_and_out: "
        "raise `version` of the KPI to 2, or correct its measure "
        "(if fold, decoding or admission changed: raise FOLD_VERSION in streams/fold/meaning.py)"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"on": On[VisitorScan]((ScanKind.ENTRY,))},
        {"windows": GATE_PASSAGES.windows[-1:]},
        {"measure": lambda scan, _: None},
    ],
)
def test_a_change_of_a_kpis_numbers_changes_its_digests(change: dict[str, Any]) -> None:
    assert changed(fold(KPIS, STORIES), fold(with_passages(**change), STORIES))


def test_a_raised_version_makes_it_green_once_written_down_and_changes_the_fingerprint() -> None:
    known = fold(KPIS, STORIES)
    now = fold(with_passages(measure=_only_in, version=2), STORIES)
    assert changed(known, now) == []
    assert stale(known, now) == ["gate_passages has a new version: run: make generate"]
    written = Digests(**json.loads(text_of(now)))
    assert changed(written, now) == stale(written, now) == []
    old, new = (
        Engine(FAIR, timedelta(seconds=30), kpis).fingerprint
        for kpis in (KPIS, with_passages(measure=_only_in, version=2))
    )
    assert old != new


def test_a_version_that_went_back_is_named() -> None:
    lines = changed(fold(with_passages(version=3), STORIES), fold(with_passages(version=2), STORIES))
    assert lines == ["gate_passages: its version went back from 3 to 2: raise it above 3"]


def test_a_view_is_watched_too() -> None:
    other = (
        *KPIS[:3],
        replace(RETURNING_VISITORS, aggregate=FIRST_TIME_VISITORS.aggregate, windows=RETURNING_VISITORS.windows[:1]),
    )
    lines = changed(fold(KPIS, STORIES), fold(other, STORIES))
    assert [line.partition(":")[0] for line in lines] == ["returning_visitors"]


def _nobody(_scan: VisitorScan, _: object) -> None:
    return None


@pytest.mark.parametrize(("version", "named"), [(1, ["present"]), (2, [])])
def test_a_view_follows_from_the_traces_that_it_reads(
    version: int, named: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = replace(PRESENT, measure=_nobody, version=version)
    assert isinstance(VISITS.aggregate, Derived)
    assert isinstance(RETURNING_VISITORS.aggregate, Derived)
    visits = replace(VISITS, aggregate=replace(VISITS.aggregate, of=(base,)))
    back = replace(RETURNING_VISITORS, aggregate=replace(RETURNING_VISITORS.aggregate, of=(base,)))
    known = fold(KPIS, STORIES)
    monkeypatch.setattr("streams.kpis.presence.PRESENT", base)
    now = fold((back, *KPIS[:2], visits), STORIES)
    assert known.digests["returning_visitors"] != now.digests["returning_visitors"]
    assert [line.partition(":")[0] for line in changed(known, now)] == named


def test_a_new_story_is_only_a_missing_line_and_refolds_no_fair() -> None:
    known, now = fold(KPIS, STORIES[:-1]), fold(KPIS, STORIES)
    assert changed(known, now) == []
    assert stale(known, now) == [f"tests/{STORIES[-1].name} is new, or was changed: run: make generate"]


def test_a_story_with_other_events_is_a_new_one() -> None:
    told, other = STORIES[0], STORIES[-1]
    retold = told._replace(content="another", records=other.records)
    known, now = fold(KPIS, [told]), fold(KPIS, [retold])
    assert known.digests != now.digests
    assert changed(known, now) == []
    assert stale(known, now) == [f"tests/{told.name} is new, or was changed: run: make generate"]


def test_another_fair_file_of_the_house_makes_other_cases_and_leaves_recordings_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "small.yaml"
    text = stories.example_fair_path("small").read_text(encoding="utf-8")
    other = "host_country: NO  # before: host_country: DE"  # which some stories replace
    elsewhere.write_text(text.replace("host_country: DE", other), encoding="utf-8")
    known = fold()
    monkeypatch.setattr(stories, "example_fair_path", lambda _: elsewhere)
    now = fold()
    assert changed(known, now) == []
    assert {story for story, content in now.stories.items() if known.stories[story] == content} == {
        story for story in known.stories if story.startswith("recordings/")
    }
    assert known.digests["international_visitors"] != now.digests["international_visitors"]


def test_stories_and_kpis_that_are_gone_are_reported() -> None:
    known, now = fold(KPIS, STORIES), fold(KPIS[1:], STORIES[1:])
    assert changed(known, now) == []
    assert stale(known, now) == [
        f"tests/{STORIES[0].name} is gone: run: make generate",
        "gate_passages is gone: run: make generate",
    ]
    assert stale(now, known) == [
        f"tests/{STORIES[0].name} is new, or was changed: run: make generate",
        "gate_passages is new: run: make generate",
    ]


def test_a_raised_version_of_the_fold_lets_every_kpi_change(monkeypatch: pytest.MonkeyPatch) -> None:
    known = fold(KPIS, STORIES)
    before = Engine(FAIR, timedelta(seconds=30), KPIS).fingerprint
    monkeypatch.setattr(digests, "FOLD_VERSION", meaning.FOLD_VERSION + 1)
    monkeypatch.setattr(meaning, "FOLD_VERSION", meaning.FOLD_VERSION + 1)
    now = fold(with_passages(measure=_only_in), STORIES)
    assert changed(known, now) == []
    assert stale(known, now) == ["the fold has a new version: run: make generate"]
    assert changed(now, known)[0].startswith("FOLD_VERSION in streams/fold/meaning.py went back")
    assert Engine(FAIR, timedelta(seconds=30), KPIS).fingerprint != before


@pytest.fixture
def file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    path = tmp_path / "tests" / "kpis" / "digests.json"
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(digests, "FILE", path)
    return path


def run(monkeypatch: pytest.MonkeyPatch, kpis: Sequence[Kpi[Any, Any]], *arguments: str) -> int:
    now = fold(kpis, STORIES)
    monkeypatch.setattr(digests, "fold", lambda: now)
    monkeypatch.setattr("sys.argv", ["digests", *arguments])
    return digests.main()


def test_the_command_writes_what_is_new_and_refuses_what_has_changed(
    file: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, KPIS, "--check") == 1
    assert not file.exists()
    assert run(monkeypatch, KPIS) == 0
    written = file.read_text()
    assert run(monkeypatch, KPIS, "--check") == 0
    capsys.readouterr()
    assert run(monkeypatch, with_passages(measure=_only_in)) == 1
    assert "error: gate_passages: its numbers changed under version 1, in tests/" in capsys.readouterr().err
    assert file.read_text() == written
    assert run(monkeypatch, with_passages(measure=_only_in, version=2)) == 0
    assert run(monkeypatch, with_passages(measure=_only_in, version=2), "--check") == 0


def test_the_stories_are_all_cases_and_all_recordings() -> None:
    names = {story.name.split("/")[0] for story in all_stories()}
    assert names == {"kpis", "recordings"}
    assert len({story.name for story in all_stories()}) > 40

"""A badge that is read twice at once is saved once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from producers.terminal.cli import terminal as command
from producers.terminal.spool import Saved
from producers.terminal.terminal import BoothTerminal
from schemas.codes import BadgeRole, InteractionKind, ScanKind
from schemas.errors import Unavailable
from tests.support.terminals import BADGE, pair, paired

OTHER = "cd" * 16
ID = "0199a000-0000-7000-8000-0000000000{:02d}"
Step = tuple[float, str, bool]


class Watch:
    """A clock that is set by hand, in seconds."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def terminal(folder: Path, watch: Watch) -> Iterator[BoothTerminal]:
    made = paired(folder, elapsed=watch)
    yield made
    made.spool.close()


STORIES: dict[str, list[Step]] = {
    "twice in 60 ms": [(0, BADGE, False), (0.06, BADGE, True)],
    "exactly three seconds later": [(0, BADGE, False), (3, BADGE, True)],
    "after three seconds": [(0, BADGE, False), (3.001, BADGE, False)],
    "held on for ten seconds": [(0, BADGE, False), *((float(second), BADGE, True) for second in range(2, 11, 2))],
    "another badge in between": [(0, BADGE, False), (0.5, OTHER, False), (1, BADGE, True), (1.2, OTHER, True)],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_second_read_within_three_seconds_is_the_first_one(
    terminal: BoothTerminal, watch: Watch, story: list[Step]
) -> None:
    first: dict[str, Saved] = {}
    began = watch.now
    for second, badge, again in story:
        watch.now = began + second
        saved = terminal.scan(badge)
        assert saved.again is again
        if again:
            assert (saved.seq, saved.event_id) == (first[badge].seq, first[badge].event_id)
        else:
            first[badge] = saved
    assert terminal.spool.last_seq() == sum(not again for _, _, again in story)


def test_the_same_badge_at_something_else_is_saved(terminal: BoothTerminal) -> None:
    terminal.scan(BADGE)
    for exhibit in ("x-e1", "x-e2"):
        for kind in (InteractionKind.DEMO_STARTED, InteractionKind.LEAD_CAPTURED):
            assert not terminal.interact(exhibit, kind, badge=BADGE).again
            assert terminal.interact(exhibit, kind, badge=BADGE).again
    assert terminal.spool.last_seq() == 5


def test_in_and_out_within_a_second_are_two_passages(folder: Path) -> None:
    terminal = paired(folder, place="hall", place_id="h1", source="/fairs/small-2025/halls/h1/terminals/t-1")
    try:
        assert not terminal.scan(BADGE, kind=ScanKind.ZONE_IN).again
        assert not terminal.scan(BADGE, kind=ScanKind.ZONE_OUT).again
    finally:
        terminal.spool.close()


def test_another_badge_type_does_not_make_a_second_read_a_second_scan(terminal: BoothTerminal) -> None:
    terminal.scan(BADGE, role=BadgeRole.MEDIA)
    assert terminal.scan(BADGE).again


def test_visitors_without_a_badge_are_all_saved(terminal: BoothTerminal) -> None:
    assert [terminal.scan(None).again for _ in range(3)] == [False] * 3


def test_an_id_of_the_caller_is_an_event_of_its_own(terminal: BoothTerminal) -> None:
    assert not terminal.scan(BADGE, event_id=ID.format(1)).again
    assert not terminal.scan(BADGE, event_id=ID.format(2)).again
    assert terminal.spool.last_seq() == 2


def test_a_page_that_asks_again_after_a_lost_reply_gets_the_same_answer(terminal: BoothTerminal, watch: Watch) -> None:
    def read(number: int) -> Saved:
        return terminal.scan(BADGE, event_id=ID.format(number), debounce=True)

    first, second = read(1), read(2)
    assert (first.again, second.again) == (False, True)
    watch.now += 60
    assert read(1) == first
    assert read(2) == second
    assert not read(3).again


def test_what_could_not_be_saved_is_not_remembered(terminal: BoothTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Saved:
        raise Unavailable("full")

    with monkeypatch.context() as broken:
        broken.setattr(terminal.spool, "save", full)
        with pytest.raises(Unavailable):
            terminal.scan(BADGE)
    assert not terminal.scan(BADGE).again


def test_lines_of_standard_input_are_debounced_and_say_so(folder: Path) -> None:
    pair(folder, "http://127.0.0.1:1")
    lines = f"{BADGE}\n{BADGE}\n{OTHER}\n"
    said = CliRunner().invoke(command, ["--folder", str(folder), "scan"], input=lines).stdout.splitlines()
    assert [line.split()[:2] for line in said] == [["saved", "1"], ["again", "1"], ["saved", "2"]]
    assert said[0].split()[2] == said[1].split()[2]
    terminal = paired(folder)
    assert len([json.loads(one.body) for one in terminal.spool.oldest(10, 10**6)]) == 2
    terminal.spool.close()

"""The texts at the start and the end of a demo: wrapped at words, and in the words of the person who started it."""

from io import StringIO

import pytest
from rich.console import Console

from streams.local.parts import tell
from streams.local.verdicts import not_counted, with_proof

LAST = "22,572 events from 1,968 terminals, each counted once. Survived: worker killed once and came back after 3.1 s."


@pytest.mark.parametrize("width", [80, 100, 60, 40])
def test_a_text_is_wrapped_at_words_on_a_terminal(width: int) -> None:
    out = StringIO()
    tell(LAST, Console(file=out, width=width, force_terminal=True))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(line.strip() for line in lines) == LAST


def test_a_text_stays_one_line_where_there_is_no_terminal() -> None:
    out = StringIO()
    tell(LAST, Console(file=out, width=40))
    assert out.getvalue() == LAST + "\n"


@pytest.mark.parametrize(
    ("read", "counted", "told"),
    [
        (22_660, 22_572, " (88 of 22,660 records were refused, came again, or a test)"),
        (22_573, 22_572, " (1 of 22,573 records was refused, came again, or a test)"),
        (22_572, 22_572, ""),
    ],
)
def test_records_that_are_more_than_the_events_are_explained(read: int, counted: int, told: str) -> None:
    assert not_counted(read, counted) == told


@pytest.mark.parametrize(
    ("environment", "command"),
    [({"MAKELEVEL": "1"}, "DEMO_SECONDS=60 make demo"), ({}, "fairpulse demo --seconds 60")],
)
def test_the_proof_is_offered_in_the_command_that_was_typed(environment: dict[str, str], command: str) -> None:
    assert with_proof(environment) == command

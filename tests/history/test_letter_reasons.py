"""What `fairpulse dead-letters` says of reasons: those that there are, and today's beside a letter's own."""

import base64

import pytest
from click.testing import CliRunner, Result

from schemas.dead_letters import DeadLetter
from schemas.fair.file import example_fair_path
from schemas.settings import KafkaSettings
from streams.history.letters import DeadLetters
from streams.history.letters_cli import dead_letters


def kept(*letters: tuple[str, bytes]) -> DeadLetters:
    """Dead letters with these reasons and records, one behind the other in partition 0 of `fair.rejected`."""
    return DeadLetters(
        {
            (0, at): DeadLetter(
                topic="fair.scans", reason=reason, size=len(raw), value=base64.b64encode(raw).decode("ascii")
            )
            for at, (reason, raw) in enumerate(letters)
        },
        frozenset(),
    )


FOUND = kept(("wrong_source", b'{"type":"fair.visitor.scanned.v1"}'), ("not_json", b"{"))


@pytest.mark.parametrize(
    ("letters", "complaint"),
    [
        (FOUND, '--reason: no dead letter has the reason "nonsense"; they have: not_json, wrong_source'),
        (kept(), '--reason: no dead letter has the reason "nonsense"; there are no dead letters at all'),
    ],
)
@pytest.mark.parametrize("words", [("list",), ("redrive", "--dry-run")])
def test_a_reason_that_does_not_exist_is_refused_with_those_that_do(
    letters: DeadLetters, complaint: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = asked(letters, monkeypatch, *words, "--reason", "nonsense")
    assert str(result.exception) == complaint


def test_a_reason_that_no_letter_has_by_chance_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "0 dead letters" in asked(FOUND, monkeypatch, "list", "--reason", "unknown_place").stderr


def test_what_is_still_refused_is_named_as_in_the_list_and_todays_reason_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = asked(FOUND, monkeypatch, "redrive", "--dry-run", "--fair", str(example_fair_path("small"))).stdout
    assert lines.splitlines()[1:] == [
        "1 still refused: not_json",
        "1 still refused: wrong_source (today: missing_field)",
    ]


def asked(letters: DeadLetters, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    """Run a command on letters that are given, not read from Kafka."""

    async def given(_: KafkaSettings) -> DeadLetters:
        return letters

    monkeypatch.setattr("streams.history.letters.read_letters", given)
    return CliRunner().invoke(dead_letters, words, standalone_mode=False)

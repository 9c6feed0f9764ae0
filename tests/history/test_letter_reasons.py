"""What `fairpulse dead-letters` says of reasons: those that there are, and today's beside a letter's own."""

import base64

import pytest
from click.testing import CliRunner, Result

from schemas.dead_letters import HEADERS_MAX_BYTES, DeadLetter, posted_letter, read_letter, record_letter
from schemas.errors import InvalidEvent
from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings
from schemas.wire import encode
from streams.history.letters import DeadLetters, admitted
from streams.history.letters_cli import dead_letters
from tests.support import builders


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


ERROR = InvalidEvent("unknown_place", "no such hall", field="hall_id", hint="correct it")
HEADERS = [("ce_id", b"A-1"), ("ce_place", "Köln".encode()), ("ce_id", b"again"), ("raw", b"\xff\x1b"), ("none", None)]


@pytest.mark.parametrize("of_a_worker", [True, False])
def test_a_letter_keeps_the_headers_as_they_were(of_a_worker: bool) -> None:
    if of_a_worker:
        _, value = record_letter("fair.scans", 1, 2, b"{}", ERROR, HEADERS)
    else:
        _, value = posted_letter("fair.scans", "t", "2025-09-10T09:00:00.000Z", b"{}", ERROR, headers=HEADERS)
    letter = read_letter(value)
    assert isinstance(letter, DeadLetter)
    assert (letter.record_headers, letter.is_whole) == (HEADERS, True)


def test_headers_too_large_for_a_letter_are_left_out_and_the_letter_is_not_redriven() -> None:
    raw = encode(builders.scan())
    _, value = record_letter("fair.scans", 1, 2, raw, ERROR, [("ce_id", b"x" * HEADERS_MAX_BYTES)])
    letter = read_letter(value)
    assert isinstance(letter, DeadLetter)
    assert (letter.headers, letter.is_whole, letter.raw) == (None, False, raw)
    verdict = admitted({(0, 0): letter}, load_fair(example_fair_path("small")))[0, 0]
    assert isinstance(verdict, InvalidEvent)
    assert verdict.reason == "too_large"


def test_a_letter_from_before_there_were_headers_is_read_and_has_none() -> None:
    letter = read_letter(b'{"topic":"fair.scans","partition":0,"offset":1,"reason":"not_json","size":1,"value":"ew=="}')
    assert isinstance(letter, DeadLetter)
    assert (letter.record_headers, letter.is_whole) == ([], True)


def test_a_letter_is_shown_with_its_headers_and_nothing_in_them_reaches_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    letter = read_letter(record_letter("fair.scans", 1, 2, b"{}", ERROR, HEADERS)[1])
    assert isinstance(letter, DeadLetter)
    shown = asked(DeadLetters({(0, 0): letter}, frozenset()), monkeypatch, "show", "0-0").stdout.splitlines()
    assert [line for line in shown if line.startswith("header")] == [
        "header    'ce_id': 'A-1'",
        "header    'ce_place': 'K\\xf6ln'",
        "header    'ce_id': 'again'",
        "header    'raw': '\\\\xff\\x1b'",
        "header    'none': null",
    ]


def asked(letters: DeadLetters, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    """Run a command on letters that are given, not read from Kafka."""

    async def given(_: KafkaSettings) -> DeadLetters:
        return letters

    monkeypatch.setattr("streams.history.letters.read_letters", given)
    return CliRunner().invoke(dead_letters, words, standalone_mode=False)

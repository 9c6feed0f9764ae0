"""An answer repeats the text that was typed, names its option or argument, and says why in plain words."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    PolicyViolationError,
    UnknownTopicOrPartitionError,
)
from click.testing import CliRunner

from schemas.console import program, run
from schemas.errors import InvalidSettings
from schemas.nearest import nearest
from schemas.outputs import reason
from schemas.settings import KafkaSettings

RECORDING = str(Path(__file__).parents[1] / "recordings/amendment_before_deal.fairrec")

ANSWERS = [
    (["kpis", RECORDING, "--at", "yesterday"], '--at: "yesterday" is not a time; '),
    (["kpis", RECORDING, "--at", "a\nb"], '--at: "a\\nb" is not a time; '),
    (["record", "x.fairrec", "--from", "yesterday"], '--from: "yesterday" is not a time; give a local time such as'),
    (
        ["record", "x.fairrec", "--until", "2025-13-01"],
        '--until: "2025-13-01" is not a time; give a local time such as',
    ),
    (["simulate", "--dry-run", "--start", "9"], '--start: "9" is not a day of the fair; give a day from 1 to '),
    (["simulate", "--dry-run", "--start", "noon"], '--start: "noon" is neither a day nor a time; give a day from 1'),
    (["simulate", "--dry-run", "--start", "2001-01-01"], '--start: "2001-01-01" lies outside the fair; give a day'),
    (["simulate", "--gateway", "ftp://h"], '--gateway: "ftp://h" cannot be used: '),
    (["simulate", "--gateway", "https://u:hunter2@h"], '--gateway: "https://***@h" cannot be used: '),
    (["terminal", "pair", "--server", "h"], '--server: "h" cannot be used: '),
    (["terminals", "enrol", "x y", "--desk"], 'TERMINAL_ID: "x y" is not a terminal id; use 1-64 letters'),
    (["terminals", "enrol", "x", "--booth", "nobooth"], '--booth: "nobooth" is not a booth of '),
    (["terminals", "enrol", "x", "--hall", "a\nb"], '--hall: "a\\nb" is not a hall of '),
    (["terminals", "revoke", "x"], 'there is no terminal "x"; see `fairpulse terminals list`'),
    (["terminals", "list", "--terminals", "/"], 'the registry of terminals "/" cannot be used (unable to open '),
]


@pytest.mark.parametrize(("arguments", "told"), ANSWERS, ids=[told for _, told in ANSWERS])
def test_a_wrong_word_comes_back_with_the_name_of_its_place(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAIRPULSE_TERMINALS_SHARED", "false")  # no Kafka is needed to say what is wrong
    assert run(program, ["terminals", "init"]) == 0
    assert run(program, arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {told}")
    assert said.count("\n") == 1
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("hun ter2", "has a blank"),
        ("hunter2\x01x", "has a character that cannot be printed"),
        ("hunter2\N{SNOWMAN}", "has a character that is not ASCII"),
    ],
    ids=ascii,
)
def test_a_token_that_is_typed_is_checked_like_a_variable(tmp_path: Path, typed: str, said: str) -> None:
    command = ["terminal", "--folder", str(tmp_path), "pair", "--server", "http://127.0.0.1:1"]
    refused = CliRunner().invoke(program, command, input=f"{typed}\n").exception
    assert isinstance(refused, InvalidSettings)
    assert str(refused).startswith(f"token: what was typed {said}; give the token alone")
    assert "hun" not in str(refused)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), "is a directory"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "it is not UTF-8 text"),
        (sqlite3.OperationalError("unable to open database file"), "unable to open database file"),
        (TimeoutError(), "no answer in time"),
        (KafkaTimeoutError(), "no answer in time"),
        (KafkaConnectionError("Connection at h:1 closed"), "the connection failed"),
        (UnknownTopicOrPartitionError(), "this request is for a topic or partition that does not exist on this broker"),
        (PolicyViolationError, "request parameters do not satisfy the configured policy"),
        (None, "no reason is given"),
        (RuntimeError("x = None"), "no reason is given"),
        (OSError(), "no reason is given"),
    ],
    ids=repr,
)
def test_an_error_of_a_library_is_told_in_words(error: BaseException | type[BaseException] | None, said: str) -> None:
    assert reason(error) == said


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read (is a directory)"), (b"\xff", "cannot be read (it is not UTF-8 text)"), (b"a\nb", "line")],
    ids=ascii,
)
def test_a_file_of_a_password_that_holds_none_is_told_in_words(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "password"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(InvalidSettings, match=r"^FAIRPULSE_SASL_PASSWORD_FILE: the ") as refused:
        KafkaSettings.load(security_protocol="SASL_SSL", sasl_username="a", sasl_password_file=file)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("--latenes", ("--latest", "--lateness"), "--lateness"),
        ("--step", ("--help",), ""),
        ("--chek", ("--help", "--check"), "--check"),
        ("lateness", ("ALLOWED_LATENESS", "PARTITIONS"), "ALLOWED_LATENESS"),
        ("hunter2", ("GENERATION",), ""),
        ("x", (), ""),
    ],
)
def test_only_a_close_word_is_suggested(word: str, known: tuple[str, ...], near: str) -> None:
    assert nearest(word, known) == near

"""The registry keeps the first badge key of a fair, for all gateways that share it, until somebody forgets it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from producers.registry import file as registry_file
from producers.registry.badge_keys import BadgeKey, forget_badge_key, read_badge_keys, tell_badge_key
from producers.registry.cli import terminals
from producers.registry.file import RegistryFile
from producers.registry.store import Registry, read_keys
from schemas.errors import Unavailable
from schemas.fair.file import example_fair_path
from tests.support.gateway import FAIR_ID, NOW

ONE, TWO = "0123456789abcdef", "fedcba9876543210"
FIRST = BadgeKey(ONE, "stand-1", NOW)
SECOND = BadgeKey(TWO, "stand-2", datetime(2025, 10, 25, 10, tzinfo=UTC))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A registry in which no badge key was told."""
    made = tmp_path / "terminals.sqlite"
    Registry(made, create=True).close()
    return made


@pytest.fixture
def locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A registry that cannot be written, because another program is writing to it."""
    monkeypatch.setattr(registry_file, "LOCKED_S", 0.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield path


def test_the_first_fingerprint_of_a_fair_is_kept_and_every_other_one_is_answered_with_it(path: Path) -> None:
    assert tell_badge_key(path, FAIR_ID, FIRST) == FIRST
    assert tell_badge_key(path, FAIR_ID, SECOND) == FIRST
    assert tell_badge_key(path, FAIR_ID, replace(SECOND, told_by="stand-3")) == FIRST
    assert read_badge_keys(path) == {FAIR_ID: FIRST}


def test_each_fair_has_a_badge_key_of_its_own(path: Path) -> None:
    tell_badge_key(path, FAIR_ID, FIRST)
    assert tell_badge_key(path, "other-2025", SECOND) == SECOND
    assert forget_badge_key(path, FAIR_ID) == FIRST
    assert read_badge_keys(path) == {"other-2025": SECOND}


def test_of_many_that_tell_at_once_one_is_the_first_for_all(path: Path) -> None:
    gate, answers = threading.Barrier(8), list[BadgeKey]()

    def tell(number: int) -> None:
        gate.wait()
        answers.append(tell_badge_key(path, FAIR_ID, BadgeKey(f"{number:016x}", f"stand-{number}", NOW)))

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(answers) == 8
    assert set(answers) == {read_badge_keys(path)[FAIR_ID]}


def test_a_fingerprint_that_another_program_is_just_writing_is_the_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_badge_key(path, "other-2025", FIRST)
    about_to_write, answers = threading.Event(), list[BadgeKey]()
    changing = RegistryFile.changing

    def noted(file: RegistryFile) -> AbstractContextManager[None]:
        about_to_write.set()
        return changing(file)

    monkeypatch.setattr(RegistryFile, "changing", noted)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO badge_keys SELECT ?, fingerprint, told_by, told_ms FROM badge_keys", (FAIR_ID,))
        late = threading.Thread(target=lambda: answers.append(tell_badge_key(path, FAIR_ID, SECOND)))
        late.start()
        assert about_to_write.wait(30)
        other.execute("COMMIT")
        late.join()
    assert answers == [FIRST]


def test_a_forgotten_fingerprint_makes_room_for_the_next(path: Path) -> None:
    tell_badge_key(path, FAIR_ID, FIRST)
    assert forget_badge_key(path, FAIR_ID) == FIRST
    assert forget_badge_key(path, FAIR_ID) is None
    assert tell_badge_key(path, FAIR_ID, SECOND) == SECOND


def test_a_registry_that_cannot_be_written_says_so_and_is_still_read(locked: Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot be written \(database is locked\); let this user write the file"):
        tell_badge_key(locked, FAIR_ID, FIRST)
    assert read_badge_keys(locked) == {}
    assert read_keys(locked) == {}


def test_a_kept_fingerprint_is_answered_even_if_the_registry_cannot_be_written(path: Path) -> None:
    tell_badge_key(path, FAIR_ID, FIRST)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert tell_badge_key(path, FAIR_ID, SECOND) == FIRST


def command(path: Path, *words: str) -> Result:
    small = str(example_fair_path("small"))
    return CliRunner(env={"FAIRPULSE_TERMINALS_SHARED": "false"}).invoke(
        terminals, ["badge-key", *words, "--fair", small, "--terminals", str(path)]
    )


def test_the_command_shows_the_fingerprint_since_when_and_by_which_terminal(path: Path) -> None:
    shown = command(path)
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert shown.stderr == "no terminal of small-2025 has told its badge key\n"
    tell_badge_key(path, FAIR_ID, FIRST)
    assert command(path).stdout == "0123456789abcdef  told by stand-1 on 2025-10-25 09:00 UTC\n"


def test_the_command_forgets_the_fingerprint_and_says_what_follows(path: Path) -> None:
    tell_badge_key(path, FAIR_ID, FIRST)
    forgotten = command(path, "--forget")
    assert (forgotten.exit_code, forgotten.stdout) == (0, "")
    assert forgotten.stderr.startswith("forgotten: 0123456789abcdef  told by stand-1 on 2025-10-25 09:00 UTC\n")
    assert "the next terminal that pairs chooses the badge key of small-2025" in forgotten.stderr
    assert "pair them again" in forgotten.stderr
    assert read_badge_keys(path) == {}

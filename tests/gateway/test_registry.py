"""Terminals and their tokens: shown once, kept as hashes, two at a time, ended when the organiser says so."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from producers.registry.cli import terminals
from producers.registry.doorkeeper import Doorkeeper, RegistryUnreadable
from producers.registry.store import KEYS_LIVE, Registry, digest_of
from schemas.api.terminals import PlaceKind, Terminal, Token, parse_token
from schemas.errors import FairpulseError, Unavailable
from schemas.fair.file import example_fair_path

NOW = datetime(2025, 10, 25, 9, tzinfo=UTC)
STAND = Terminal("stand-1", "small-2025", PlaceKind.BOOTH, "h1-001")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "terminals.sqlite"


@pytest.fixture
def registry(path: Path) -> Iterator[Registry]:
    made = Registry(path, create=True)
    yield made
    made.close()


ALONE = {"FAIRPULSE_TERMINALS_SHARED": "false"}


def live(registry: Registry) -> set[str]:
    return set(registry.keys())


def test_a_token_proves_its_terminal(registry: Registry) -> None:
    token = registry.enrol(STAND, NOW, None)
    key = registry.keys()[token.kid]
    assert key.terminal == STAND
    assert key.digest == digest_of(token.secret)
    assert parse_token(token.text()) == token


def test_the_secret_is_not_in_the_file_and_the_file_is_its_owners(registry: Registry, path: Path) -> None:
    token = registry.enrol(STAND, NOW, None)
    registry.close()
    assert token.secret.encode() not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_token_in_a_log_hides_its_secret() -> None:
    assert "s3cret" not in repr(Token("kid", "s3cret"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tf_",
        "tf_12345678_" + "a" * 42,
        "tf_12345678_" + "a" * 44,
        "tf_12345678_" + "a" * 43 + "\n",
        "TF_12345678_" + "a" * 43,
        "tf_1234567_" + "a" * 43,
        "tf_12345678_" + "é" * 43,
        " tf_12345678_" + "a" * 43,
    ],
)
def test_other_text_is_not_a_token(text: str) -> None:
    assert parse_token(text) is None


def test_two_keys_work_while_a_terminal_changes_over_and_the_third_ends_the_first(registry: Registry) -> None:
    first = registry.enrol(STAND, NOW, None)
    second = registry.rotate("stand-1", NOW, None)
    assert live(registry) == {first.kid, second.kid}
    third = registry.rotate("stand-1", NOW, None)
    assert live(registry) == {second.kid, third.kid}
    assert len(live(registry)) == KEYS_LIVE


def test_revoking_ends_every_key_and_pairing_again_keeps_the_terminal_id(registry: Registry) -> None:
    registry.enrol(STAND, NOW, None)
    registry.rotate("stand-1", NOW, None)
    registry.revoke("stand-1", NOW)
    assert live(registry) == set()
    with pytest.raises(FairpulseError, match="revoked"):
        registry.rotate("stand-1", NOW, None)
    token = registry.enrol(STAND, NOW, None, again=True)
    assert live(registry) == {token.kid}
    assert registry.keys()[token.kid].terminal == STAND


def test_a_terminal_is_enrolled_once_and_never_moved(registry: Registry) -> None:
    registry.enrol(STAND, NOW, None)
    with pytest.raises(FairpulseError, match="enrolled"):
        registry.enrol(STAND, NOW, None)
    moved = Terminal("stand-1", "small-2025", PlaceKind.BOOTH, "h2-001")
    with pytest.raises(FairpulseError, match="is enrolled at /fairs/small-2025/booths/h1-001/"):
        registry.enrol(moved, NOW, None, again=True)


def test_an_unknown_terminal_can_neither_be_revoked_nor_rotated(registry: Registry) -> None:
    with pytest.raises(FairpulseError, match="no terminal"):
        registry.revoke("nobody", NOW)
    with pytest.raises(FairpulseError, match="no terminal"):
        registry.rotate("nobody", NOW, None)


def test_reading_a_missing_registry_does_not_create_it(path: Path) -> None:
    with pytest.raises(Unavailable):
        Registry(path)
    assert not path.exists()


async def test_the_doorkeeper_knows_a_token_until_it_ends(registry: Registry, path: Path) -> None:
    token = registry.enrol(STAND, NOW, NOW + timedelta(hours=1)).text()
    doorkeeper = Doorkeeper(path)
    doorkeeper.read()
    key = doorkeeper.identify(token, NOW)
    assert key is not None
    assert key.terminal == STAND
    assert doorkeeper.identify(token, NOW + timedelta(hours=1)) is None
    assert doorkeeper.identify(token[:-1] + ("a" if token[-1] != "a" else "b"), NOW) is None
    registry.revoke("stand-1", NOW)
    doorkeeper.read()
    assert doorkeeper.identify(token, NOW) is None


async def test_a_doorkeeper_that_never_read_the_registry_lets_nobody_in(path: Path) -> None:
    with pytest.raises(RegistryUnreadable):
        Doorkeeper(path).identify("tf_12345678_" + "a" * 43, NOW)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner(env=ALONE).invoke(terminals, arguments, standalone_mode=False)
    if isinstance(result.exception, FairpulseError):
        return 1, result.stdout, str(result.exception)
    return result.exit_code, result.stdout, result.stderr


def test_the_command_prints_the_token_alone_and_lists_without_secrets(path: Path) -> None:
    small, file = str(example_fair_path("small")), str(path)
    code, out, said = run("enrol", "stand-1", "--booth", "h1-001", "--fair", small, "--file", file)
    assert code == 0
    token = parse_token(out.strip())
    assert token is not None
    assert "/fairs/small-2025/booths/h1-001/terminals/stand-1" in said
    assert run("rotate", "stand-1", "--file", file)[0] == 0
    listed = run("list", "--file", file)[1]
    assert "2 tokens" in listed
    assert token.secret not in listed
    assert run("revoke", "stand-1", "--file", file)[0] == 0
    assert "revoked" in run("list", "--file", file)[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("stand-1", "--booth", "h9-999"), '--booth: "h9-999" is not a booth of '),
        (("stand-1", "--gate", "h1-001"), '--gate: "h1-001" is not a gate of '),
        (("stand 1", "--booth", "h1-001"), 'TERMINAL_ID: "stand 1" is not a terminal id'),
        (("stand-1\n", "--booth", "h1-001"), 'TERMINAL_ID: "stand-1\\n" is not a terminal id'),
    ],
)
def test_an_invalid_place_or_id_is_refused(path: Path, arguments: tuple[str, ...], said: str) -> None:
    code, _, error = run("enrol", *arguments, "--fair", str(example_fair_path("small")), "--file", str(path))
    assert code == 1
    assert said in error


@pytest.mark.parametrize("place", [("--booth", "h1-001"), ("--gate", "north"), ("--hall", "h1"), ("--desk",)])
def test_whoever_must_pair_a_terminal_again_gets_the_command_to_type(path: Path, place: tuple[str, ...]) -> None:
    file = ("--terminals", str(path))
    fair = ("--fair", str(example_fair_path("small")))
    assert run("enrol", "stand-1", *place, *fair, *file)[0] == 0
    again = " ".join(["fairpulse terminals enrol stand-1", *place, "--again", *file])
    for words in (("enrol", "stand-1", *place, *fair), ("revoke", "stand-1"), ("rotate", "stand-1")):
        assert run(*words, *file)[2].endswith(f": {again}\n" if words[0] == "revoke" else f": {again}")
    assert run(*again.split()[2:], *fair)[0] == 0


def test_a_terminal_has_one_place(path: Path) -> None:
    result = CliRunner(env=ALONE).invoke(
        terminals, ["enrol", "t", "--file", str(path), "--booth", "h1-001", "--gate", "north"]
    )
    assert result.exit_code == 2
    assert "exactly one place" in result.output


@pytest.mark.parametrize("change", ["terminals SET place = 'moon'", "keys SET expires_ms = 9007199254740991"])
def test_a_file_with_something_that_no_registry_has_is_damaged(path: Path, registry: Registry, change: str) -> None:
    """A gateway that reads it says so, and looks again; nothing else may come out of the reading."""
    registry.enrol(STAND, NOW, None)
    registry.file.write(f"UPDATE {change}")
    with pytest.raises(Unavailable, match=r"is damaged .*; move it away"):
        registry.keys()

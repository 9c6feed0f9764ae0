"""A test terminal is enrolled as one, is told so, and every event that it posts says so."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from producers.gateway.events.envelope import open_event
from producers.gateway.events.reading import read_posting
from producers.gateway.events.stamping import ServersField, stamp
from producers.registry.cache import adopt, read_rows
from producers.registry.cli import terminals
from producers.registry.mark import TopicMark
from producers.registry.rows import Rows
from producers.registry.store import Registry
from schemas.api.terminals import PlaceKind, Terminal
from schemas.errors import FairpulseError
from schemas.fair.file import example_fair_path
from schemas.registry_changes import ChangedRows, RegistryChange, TerminalRow, change_text, read_change
from tests.support.gateway import FAIR_ID, NOW, Paired, event
from tests.support.gateway_app import gateway_app

TEST = Terminal("try-1", FAIR_ID, PlaceKind.BOOTH, "h1-001", test=True)
REAL = Terminal("stand-1", FAIR_ID, PlaceKind.BOOTH, "h1-001")
OLD_TABLE = """
CREATE TABLE terminals (
    terminal_id TEXT PRIMARY KEY, fair_id TEXT NOT NULL, place TEXT NOT NULL, place_id TEXT NOT NULL,
    enrolled_ms INTEGER NOT NULL, revoked_ms INTEGER
) STRICT;
CREATE TABLE keys (
    kid TEXT PRIMARY KEY, terminal_id TEXT NOT NULL REFERENCES terminals, digest BLOB NOT NULL,
    made_ms INTEGER NOT NULL, expires_ms INTEGER, revoked_ms INTEGER
) STRICT;
INSERT INTO terminals VALUES ('stand-1', 'small-2025', 'booth', 'h1-001', 1, NULL);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A registry file from before there were test terminals."""
    path = tmp_path / "terminals.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.executescript(OLD_TABLE)
    return path


def of(path: Path) -> list[Terminal]:
    with closing(Registry(path)) as registry:
        return [one.terminal for one in registry.list()]


def test_the_command_enrols_a_test_terminal_and_lists_it_as_one(tmp_path: Path) -> None:
    environment = {"FAIRPULSE_TERMINALS_SHARED": "false", "FAIRPULSE_FAIR_FILE": str(example_fair_path("small"))}
    file = ["--terminals", str(tmp_path / "t.sqlite")]
    for name, *more in (("try-1", "--test"), ("stand-1",)):
        done = CliRunner().invoke(terminals, ["enrol", name, "--booth", "h1-001", *more, *file], env=environment)
        assert done.exit_code == 0, done.output
    listed = CliRunner().invoke(terminals, ["list", *file], env=environment).stdout.splitlines()
    assert ["test, 1 token" in line for line in listed] == [False, True]


def test_a_terminal_is_never_turned_into_a_test_terminal_nor_back(tmp_path: Path) -> None:
    with closing(Registry(tmp_path / "t.sqlite", create=True)) as registry:
        registry.enrol(TEST, NOW, None)
        assert registry.again(TEST).endswith("--booth h1-001 --test --again --terminals " + str(tmp_path / "t.sqlite"))
        with pytest.raises(FairpulseError, match="try-1 is a test terminal; its events count nowhere"):
            registry.enrol(Terminal("try-1", FAIR_ID, PlaceKind.BOOTH, "h1-001"), NOW, None, again=True)
        registry.enrol(TEST, NOW, None, again=True)


def test_a_file_from_before_is_read_as_it_is_and_gets_the_column_with_the_first_terminal(old: Path) -> None:
    assert read_rows(old)[0].terminals["stand-1"].test is False
    assert of(old) == [REAL]
    with closing(sqlite3.connect(old)) as file:
        assert [name for _, name, *_ in file.execute("PRAGMA table_info(terminals)")][-1] == "revoked_ms"
    with closing(Registry(old)) as registry:
        registry.enrol(TEST, NOW, None)
    assert of(old) == [REAL, TEST]


def test_a_file_from_before_takes_a_test_terminal_from_the_topic(old: Path) -> None:
    rows = Rows().take(ChangedRows((TerminalRow("stand-1", FAIR_ID, PlaceKind.BOOTH, "h1-001", 1),)))
    rows.take(ChangedRows((TerminalRow("try-1", FAIR_ID, PlaceKind.BOOTH, "h1-001", 2, test=True),)))
    adopt(old, rows, TopicMark(2, 1, b""))
    assert read_rows(old)[0].terminals == rows.terminals
    assert of(old) == [REAL, TEST]


def test_a_change_from_before_is_read_as_one_without_test_terminals() -> None:
    row = TerminalRow("stand-1", FAIR_ID, PlaceKind.BOOTH, "h1-001", 1)
    change = RegistryChange(1, "0" * 32, -1, "enrol", 1, ChangedRows((row,)))
    written = json.loads(change_text(change))
    del written["rows"]["terminals"][0]["test"]
    assert read_change(json.dumps(written).encode()) == change


@pytest.mark.parametrize(("terminal", "said"), [(TEST, True), (REAL, None)])
def test_every_event_of_a_test_terminal_says_so(terminal: Terminal, said: bool | None) -> None:
    posting = read_posting(json.dumps(event(terminal)).encode(), terminal, "2025-10-25T09:00:00.000Z")
    assert stamp(open_event(posting.items[0], terminal.source), posting).fields.get("test") is said


@pytest.mark.parametrize("terminal", [TEST, REAL])
def test_nobody_posts_that_it_is_a_test(terminal: Terminal) -> None:
    posted = event(terminal, data={"scan_kind": "booth", "badge_role": "media", "test": True})
    posting = read_posting(json.dumps(posted).encode(), terminal, "2025-10-25T09:00:00.000Z")
    with pytest.raises(ServersField, match="test: the server sets this field"):
        stamp(open_event(posting.items[0], terminal.source), posting)


async def test_a_test_terminal_is_told_that_it_is_one(tmp_path: Path) -> None:
    paired = Paired(tmp_path / "t.sqlite")
    paired.enrol(TEST)
    paired.enrol(REAL)
    async with gateway_app(paired) as app:
        assert [(await app.who_am_i(one)).json()["test"] for one in (TEST, REAL)] == [True, False]

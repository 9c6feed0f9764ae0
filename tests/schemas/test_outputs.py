"""Every command ends in good order when nobody reads it, the disk is full, or a standard stream is closed."""

import ast
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.ports import free_port
from schemas.settings import LOOPBACK
from tests.support.commands import ALL_COMMANDS
from tests.support.forked import Ended, Forker, forker

ROOT = Path(__file__).parents[2]
RECORDING = str(Path(__file__).parents[1] / "recordings/amendment_before_deal.fairrec")
FAIR = str(Path(__file__).parents[2] / "schemas/fair/examples/small.yaml")
PATHS = [path for path in ALL_COMMANDS if not path.startswith("python")]
PRINTING: dict[str, list[str]] = {
    **{f"{path} --help": [*path.split(), "--help"] for path in PATHS},
    "kpis": ["kpis"],
    "settings": ["settings"],
    "topics": ["topics"],
    "acls": ["acls"],
    "acls --print-commands": ["acls", "--print-commands"],
    "fair example": ["fair", "example", "ciftis"],
    "recording inspect": ["recording", "inspect", RECORDING],
    "recording export": ["recording", "export", RECORDING],
    "backfill": ["backfill", RECORDING],
    "audit": ["audit", RECORDING],
    "simulate": ["simulate", "--dry-run", "--events", "200"],
    "terminals enrol": ["terminals", "enrol", "T-1", "--again", "--desk", "--days", "1"],
    "terminals list": ["terminals", "list"],
}
"""Commands that print and need no Kafka; of the others, the help."""

ALONE = {"FAIRPULSE_TERMINALS_SHARED": "false"}

FULL = "error: standard output cannot be written: no space left on device; nothing after this point was written\n"


@pytest.fixture(scope="module")
def whole() -> dict[str, Ended]:
    """The output of commands when nothing is in their way."""
    return {}


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forker]:
    with forker(tmp_path_factory.mktemp("outputs"), ALONE) as forking:
        assert forking.run(["terminals", "init"]).code == 0
        assert forking.run(["terminals", "enrol", "T-1", "--desk", "--days", "1"]).code == 0
        yield forking


@pytest.mark.parametrize("name", PRINTING)
def test_a_standard_output_that_takes_nothing_ends_a_command_in_good_order(fork: Forker, name: str) -> None:
    """A reader that goes away and a closed stream are not errors; a full disk is, in one line."""
    gone, closed, full = (fork.run(PRINTING[name], out=out) for out in ("gone", "closed", "/dev/full"))
    for quiet in (gone, closed):
        assert quiet.code == 0
        assert not re.search("error|Traceback|ignored", quiet.err)
    assert full.code == 1
    assert full.err.endswith(FULL)
    assert full.err.count("error: ") == 1
    assert not re.search("Traceback|ignored", full.err)


@pytest.mark.parametrize("err", ["closed", "gone", "/dev/full"])
@pytest.mark.parametrize("name", [name for name in PRINTING if "--help" not in name])
def test_a_standard_error_that_takes_nothing_changes_neither_output_nor_exit_code(
    fork: Forker, whole: dict[str, Ended], name: str, err: str
) -> None:
    if name not in whole:
        whole[name] = fork.run(PRINTING[name])
    deaf = fork.run(PRINTING[name], err=err)
    assert deaf.code == whole[name].code == 0
    assert deaf.out.count("\n") == whole[name].out.count("\n") > 0


@pytest.mark.parametrize("path", PATHS)
def test_wrong_usage_ends_with_2_also_where_it_cannot_be_said(fork: Forker, path: str) -> None:
    assert fork.run([*path.split(), "--zzz"], err="closed").code == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["recording", "export", RECORDING, "--to", "/dev/full"], "the lines cannot be written"),
        (
            ["simulate", "--dry-run", "--events", "5", "--ledger", "/dev/full/x"],
            "--ledger: cannot be written (not a directory)",
        ),
        (
            ["simulate", "--dry-run", "--events", "5", "--receipt", "/dev/full"],
            "--receipt: cannot be written (no space left on device)",
        ),
        (["audit", RECORDING, "--out", "/dev/full/x"], "the audit cannot be written"),
        (["recording", "import", "/dev/null", "/dev/full/x"], "the recording cannot be written (not a directory)"),
        (["fair", "check", "/dev/full/x"], '"/dev/full/x" is not there'),
        (["recording", "inspect", "/dev/full/x"], "cannot be read"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_a_file_that_cannot_be_written_or_read_is_an_error_in_one_line(
    fork: Forker, arguments: list[str], named: str
) -> None:
    ended = fork.run(arguments)
    assert ended.code == 1
    line = ended.err.splitlines()[-1]
    assert line.startswith("error: ")
    assert named.lower() in line.lower()
    assert "Traceback" not in ended.err


PROGRAM = "import sys; from schemas.console import main; main()"


def started(*arguments: str, before: str = "") -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "FAIRPULSE_BOOTSTRAP_SERVERS": f"{LOOPBACK}:1",
        "FAIRPULSE_EXPORTER_PORT": str(free_port()),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", before + PROGRAM, *arguments], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    while "serving Kafka's state" not in (line := process.stderr.readline()):
        assert line, "it ended early"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_service_ends_cleanly_at_every_signal_that_asks_for_it(number: signal.Signals) -> None:
    process = started("kafka-exporter", "--every", "1m")
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in said


def test_a_hangup_that_is_ignored_at_the_start_stays_ignored() -> None:
    nohup = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    process = started("kafka-exporter", "--every", "1m", before=nohup)
    for _ in range(3):
        process.send_signal(signal.SIGHUP)
        time.sleep(0)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


SLEEPER = """
import sys, time
import click
from schemas.console import main

@click.command()
def sleeper():
    try:
        print("awake", flush=True)
        time.sleep(60)
    finally:
        print("tidied up", flush=True)

main(sleeper)
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
def test_a_command_that_runs_once_tidies_up_and_ends_with_the_code_of_the_signal(
    number: signal.Signals, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "awake\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (code, "tidied up\n")
    assert "Traceback" not in err


SHOWING = [
    (path, call)
    for package in ("schemas", "streams", "producers", "dashboards")
    for path in sorted((ROOT / package).rglob("*.py"))
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "print" and call.args
]


def test_no_line_is_broken_on_its_way_to_a_file_or_a_pipe() -> None:
    """rich breaks lines after 80 characters, also within a path, unless it is told not to."""
    assert SHOWING
    broken = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in SHOWING
        if "soft_wrap" not in {keyword.arg for keyword in call.keywords}
    ]
    assert broken == []

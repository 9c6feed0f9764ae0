"""A power cut: every event that was called saved is there, whatever the disk had not written yet."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from producers.terminal.spool import Spool
from schemas.errors import Unavailable
from tests.support import traced_terminal
from tests.support.power_cut import CALLS, moments

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is needed to see what reaches the disk")

CUTS = 60


def lost_in_cuts(tmp_path: Path, synchronous: str) -> int:
    """Trace a terminal, cut the power at seeded moments; return how many cuts lost something that was called saved."""
    folder, trace = tmp_path / "terminal", tmp_path / "trace"
    tracing = ["strace", "-xx", "-s", "2000000", "-e", CALLS, "-o", trace]
    run = subprocess.run(
        [*tracing, sys.executable, "-m", traced_terminal.__name__, folder, synchronous],
        check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    if "ptrace" in run.stderr.lower():
        pytest.skip("this machine does not let strace trace")
    assert run.returncode == 0, run.stderr
    chance = Random(7)
    count = sum(1 for _ in moments(trace, folder))
    chosen = set(chance.sample(range(count), CUTS))
    lost = 0
    for number, moment in enumerate(moments(trace, folder)):
        if number not in chosen:
            continue
        found = tmp_path / f"cut-{number}"
        found.mkdir()
        for name, content in moment.disk.after_a_cut(chance).items():
            if name.startswith("spool.sqlite3") and not name.endswith("-shm"):
                (found / name).write_bytes(content)
        lost += not survives(found, moment.printed)
    return lost


def survives(folder: Path, printed: str) -> bool:
    """Return whether the spool of a folder opens, is sound, and holds everything that was printed as saved."""
    said = [line.split() for line in printed.splitlines()]
    saved = {int(number) for word, number in said if word == "saved"}
    settled = {int(number) for word, number in said if word == "settled"}
    try:
        spool = Spool(folder, ballast_bytes=0)
        sound = spool._database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        waiting = {one.seq for one in [*spool.oldest(10_000, 10**9), *spool.rows(1, 10_000)]}
        last_event, number = spool.last_event(), spool.last_seq() - 1
        expected = None if number < 0 or number % 4 == 3 else f"e{number}"
        noted = (None if last_event is None else last_event.event_id) == expected
        whole = all(one.body.startswith(f"{one.seq}:".encode()) for one in spool.oldest(10_000, 10**9))
        last = spool.last_seq()
        spool.close()
    except (Unavailable, sqlite3.DatabaseError):
        return False
    return sound and whole and noted and saved - settled <= waiting | settled and last >= max(saved, default=0)


def test_no_power_cut_loses_what_was_called_saved(tmp_path: Path) -> None:
    assert lost_in_cuts(tmp_path, "FULL") == 0


def test_the_test_of_power_cuts_finds_a_real_loss(tmp_path: Path) -> None:
    assert lost_in_cuts(tmp_path, "NORMAL") > 0

"""Spools that are damaged on purpose: real files, cut, flipped and overwritten as a seed decides."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from producers.terminal.spool import Refusal, Spool
from tests.support.terminals import BADGE, pair

PAGE = 4_096
EVENTS = 120

Damage = Callable[[Path, Random], None]


def body(name: str, seq: int) -> bytes:
    data = {"terminal_seq": seq, "badge_ref": BADGE, "pad": "x" * (seq % 7 * 60)}
    return json.dumps({"id": name, "data": data}).encode()


def used_folder(folder: Path, *, log: bool) -> dict[int, bytes]:
    """Make a paired spool with events in every state; return the bytes of those that wait or are in the drawer.

    Args:
        folder: a new one.
        log: leave a part of it in the write-ahead log, as after a power cut.
    """
    made = folder.with_name(f"{folder.name}-made")
    pair(made, "http://127.0.0.1:1")
    spool = Spool(made)
    for number in range(EVENTS):
        name = f"0199e000-0000-7000-8000-{number:012x}"
        spool.save(name, "scan", number, lambda seq, name=name: body(name, seq))
        if number == EVENTS // 2:
            spool._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    spool.settle(0, delivered=range(1, 31), refused=[Refusal(40, "bad_value"), Refusal(41, "unknown_place", "say")])
    kept = {one.seq: one.body for one in [*spool.oldest(999, 10**9), *spool.rows(1, 999)]}
    if log:
        shutil.copytree(made, folder)
        (folder / "spool.sqlite3-shm").unlink()
        spool.close()
    else:
        spool.close()
        shutil.copytree(made, folder)
    return kept


def flip(path: Path, offset: int, count: int, chance: Random) -> None:
    """Overwrite bytes with others."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(chance.randrange(256) for _ in range(count)))


def random_flip(folder: Path, chance: Random) -> str:
    """Damage a file of the spool anywhere, by a bit, a few bytes, a sector or a page; return what was done."""
    files = [one for one in (folder / "spool.sqlite3", folder / "spool.sqlite3-wal") if one.exists()]
    path = chance.choice(files)
    size, count = path.stat().st_size, chance.choice([1, 1, 4, 32, 512, PAGE])
    offset = chance.randrange(size)
    if count == PAGE:
        offset -= offset % PAGE
    flip(path, offset, min(count, size - offset), chance)
    return f"{path.name} {offset} {count}"


def cut(folder: Path, length: int) -> None:
    os.truncate(folder / "spool.sqlite3", length)

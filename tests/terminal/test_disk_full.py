"""A full disk: scanning stops visibly, nothing saved is lost, and sending makes room again."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from producers.terminal.clock import new_event_id
from producers.terminal.drawer_file import export_to
from producers.terminal.link import Link
from producers.terminal.repair import repair
from producers.terminal.sender import Sender
from producers.terminal.spool import Refusal, Spool, SpoolFull
from producers.terminal.spool_trouble import SpoolTrouble
from schemas.errors import InvalidSettings
from tests.support.scripted_server import ScriptedServer


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def save(spool: Spool) -> str:
    name = new_event_id(0)
    spool.save(name, "scan", 0, lambda seq: f'{{"id":"{name}","pad":"{"x" * 3_000}"}}'.encode())
    return name


def fill(spool: Spool) -> list[str]:
    """Save until the disk is full; return what was saved."""
    saved = []
    for _ in range(100_000):
        try:
            saved.append(save(spool))
        except SpoolFull:
            return saved
    raise AssertionError("the disk is never full")


def fill_up(path: Path) -> None:
    """Write a file as large as the disk lets it."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4_096))


async def drain(spool: Spool, server: ScriptedServer) -> None:
    async with Link(server.url) as link:
        await Sender(spool, link, lambda: "t", chance=lambda: 0.0).drain()


async def test_a_full_disk_stops_scanning_and_sending_starts_it_again(small_disk: Path, server: ScriptedServer) -> None:
    spool = Spool(small_disk / "terminal")
    saved = fill(spool)
    assert len(saved) > 500
    assert spool.totals().full
    assert (small_disk / "terminal" / "ballast").stat().st_size == 0, "its room is for sending now"
    with pytest.raises(SpoolFull):
        save(spool)
    await drain(spool, server)
    assert server.order == saved
    assert not spool.totals().full
    assert save(spool)
    spool.close()


async def test_a_full_disk_survives_a_restart_and_still_drains(small_disk: Path, server: ScriptedServer) -> None:
    first = Spool(small_disk / "terminal")
    saved = fill(first)
    first.close()
    again = Spool(small_disk / "terminal")
    assert again.totals().full
    with pytest.raises(SpoolFull):
        save(again)
    await drain(again, server)
    assert server.order == saved
    again.close()


async def test_somebody_else_filling_the_disk_to_the_last_byte_loses_nothing(
    small_disk: Path, server: ScriptedServer
) -> None:
    spool = Spool(small_disk / "terminal")
    saved = [save(spool) for _ in range(100)]
    fill_up(small_disk / "film.mp4")
    saved += fill(spool)
    await drain(spool, server)
    assert server.order == saved
    assert spool.totals().full, "the film is still there"
    (small_disk / "film.mp4").unlink()
    assert save(spool), "room again: scanning goes on by itself"
    spool.close()


def test_a_repair_on_a_full_disk_says_so_and_changes_nothing(small_disk: Path) -> None:
    folder = small_disk / "terminal"
    spool = Spool(folder)
    for _ in range(300):
        save(spool)
    spool.close()
    file = folder / "spool.sqlite3"
    file.write_bytes(b"\xff" * 100 + file.read_bytes()[100:])
    fill_up(small_disk / "film.mp4")
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    with pytest.raises(SpoolTrouble, match="nothing was changed") as trouble:
        repair(folder)
    assert trouble.value.cause == "disk_full"
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before
    (small_disk / "film.mp4").unlink()
    done = repair(folder)
    assert done is not None
    assert done.waiting == 300


async def test_a_disk_that_others_fill_while_the_terminal_is_off_does_not_keep_it_from_sending(
    small_disk: Path, server: ScriptedServer
) -> None:
    first = Spool(small_disk / "terminal")
    saved = [save(first) for _ in range(3)]
    first.close()
    fill_up(small_disk / "log of another program")
    spool = Spool(small_disk / "terminal")
    assert spool.totals().full
    await drain(spool, server)
    assert server.order == saved
    with pytest.raises(SpoolFull):
        save(spool)
    (small_disk / "log of another program").unlink()
    assert save(spool)
    spool.close()


def test_a_full_disk_without_ballast_is_called_full(small_disk: Path) -> None:
    Spool(small_disk / "terminal").close()
    (small_disk / "terminal" / "ballast").write_bytes(b"")
    fill_up(small_disk / "log of another program")
    with pytest.raises(SpoolTrouble, match="the disk is full") as found:
        Spool(small_disk / "terminal")
    assert found.value.cause == "disk_full"


def test_a_full_disk_takes_no_half_of_the_drawer(small_disk: Path, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "terminal")
    for _ in range(300):
        save(spool)
    spool.settle(0, refused=[Refusal(seq, "bad_value") for seq in range(1, 301)])
    fill_up(small_disk / "film.mp4")
    with pytest.raises(InvalidSettings, match="not exported") as refused:
        export_to(spool, small_disk / "drawer")
    assert refused.value.hint == "name a file on another disk, or make space"
    assert (spool.totals().rejected, (small_disk / "drawer").exists()) == (300, False)
    (small_disk / "film.mp4").unlink()
    assert export_to(spool, small_disk / "drawer") == 300, "the same name works once there is space"
    spool.close()

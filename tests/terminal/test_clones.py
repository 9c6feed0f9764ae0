"""A folder that was copied is noticed: by its own program, by the gateway's answer, and by the numbers it sends."""

import shutil
from pathlib import Path

import pytest

from producers.terminal import instance
from producers.terminal.instance import epoch_of, has_moved, instance_of
from producers.terminal.line import copies_in
from producers.terminal.link import Link, ServerAnswer
from producers.terminal.paired import Paired
from producers.terminal.pairing import keep
from producers.terminal.renewal import link_of
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool
from producers.terminal.status import asked
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import pair


def copy_of(folder: Path, name: str) -> Path:
    target = folder.with_name(name)
    shutil.copytree(folder, target)
    return target


def facts(folder: Path) -> tuple[str, str, bool]:
    """Return epoch, instance, and whether the folder has moved."""
    spool = Spool(folder)
    found = epoch_of(spool), instance_of(spool), has_moved(spool)
    spool.close()
    return found


def test_a_copy_on_the_same_machine_has_the_epoch_and_another_instance(folder: Path) -> None:
    pair(folder, "http://127.0.0.1:1")
    epoch, first, moved = facts(folder)
    assert (len(epoch), len(first), moved) == (8, 16, False)
    assert facts(folder) == (epoch, first, False), "the same folder again is the same instance"
    copied_epoch, second, copied = facts(copy_of(folder, "copy"))
    assert (copied_epoch, copied) == (epoch, True)
    assert second != first
    assert facts(folder) == (epoch, first, False), "the original has not moved"


def test_two_folders_never_share_an_epoch(tmp_path: Path) -> None:
    epochs = set()
    for number in range(20):
        pair(tmp_path / str(number), "http://127.0.0.1:1")
        epochs.add(facts(tmp_path / str(number))[0])
    assert len(epochs) == 20


MACHINES = {
    "another machine": ("another-machine", "another-boot", True),
    "the same machine after a restart": ("this-machine", "another-boot", False),
}


@pytest.mark.parametrize(("machine", "boot", "moved"), MACHINES.values(), ids=MACHINES)
def test_another_machine_is_told_from_a_restart(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, boot: str, moved: bool
) -> None:
    ids = {"machine": tmp_path / "machine-id", "boot": tmp_path / "boot_id"}
    monkeypatch.setattr(instance, "MACHINE_IDS", (ids["machine"],))
    monkeypatch.setattr(instance, "BOOT_ID", ids["boot"])
    ids["machine"].write_text("this-machine\n")
    ids["boot"].write_text("this-boot\n")
    pair(folder, "http://127.0.0.1:1")
    before = facts(folder)
    ids["machine"].write_text(machine)
    ids["boot"].write_text(boot)
    after = facts(folder)
    assert after[0] == before[0]
    assert after[1] != before[1], "every start of a machine is another instance"
    assert (before[2], after[2]) == (False, moved)


def test_pairing_again_says_that_the_copy_is_meant(folder: Path) -> None:
    pair(folder, "http://127.0.0.1:1")
    copy = copy_of(folder, "copy")
    spool = Spool(copy)
    paired = Paired.read(spool)
    assert paired.moved
    keep(spool, paired.pairing, paired.card)
    assert not Paired.read(spool).moved
    spool.close()


def test_a_machine_without_an_id_is_named_by_its_network_card_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "MACHINE_IDS", ())
    monkeypatch.setattr(instance.uuid, "getnode", lambda: 0x0242AC110002)
    assert instance.machine_id() == "0242ac110002"
    monkeypatch.setattr(instance.uuid, "getnode", lambda: 0x0342AC110002)
    assert instance.machine_id() == "", "a made-up number differs in every process"


async def test_every_request_names_the_instance_and_a_copy_is_known_until_it_is_silent(
    folder: Path, server: ScriptedServer
) -> None:
    pair(folder, server.url)
    spool = Spool(folder)
    spool.save("0199e000-0000-7000-8000-000000000001", "scan", 0, lambda _: b'{"id": "0199e000"}')
    async with link_of(spool, Paired.read(spool)) as link:
        sender = Sender(spool, link, lambda: "tf_k_s")
        server.answers_also = {"Terminal-Copies": "7"}
        await sender.step()
        assert sender.status.copies == 7
        await sender._ask()
        server.answers_also = {}
        await sender._ask()
        assert sender.status.copies is None
    assert {request.headers["terminal-instance"] for request in server.requests} == {instance_of(spool)}
    spool.close()


@pytest.mark.parametrize("value", ["", "-1", "soon", "1.5", "\N{ARABIC-INDIC DIGIT SEVEN}"])
def test_a_header_that_is_not_a_number_of_seconds_says_nothing(value: str) -> None:
    assert copies_in(ServerAnswer(200, {"terminal-copies": value}, b"", 0)) is None
    assert copies_in(ServerAnswer(200, {"terminal-copies": "12"}, b"", 0)) == 12


async def test_many_terminals_on_one_link_name_no_instance(spool: Spool, server: ScriptedServer) -> None:
    async with Link(server.url) as link:
        await Sender(spool, link, lambda: "t")._ask()
    assert "terminal-instance" not in server.requests[0].headers


async def test_two_programs_on_copies_of_one_folder_are_two_instances_for_the_gateway(
    folder: Path, server: ScriptedServer
) -> None:
    pair(folder, server.url)
    for where in (folder, copy_of(folder, "copy")):
        spool = Spool(where)
        async with link_of(spool, Paired.read(spool)) as link:
            await link.who_am_i("tf_k_s")
        spool.close()
    first, second = (request.headers["terminal-instance"] for request in server.requests)
    assert first != second


async def test_the_state_in_words_names_copies_moves_and_the_epoch(folder: Path, server: ScriptedServer) -> None:
    pair(folder, server.url)
    server.answers_also = {"Terminal-Copies": "7"}
    spool = Spool(copy_of(folder, "copy"))
    paired = Paired.read(spool)
    said = (await asked(spool, paired, "", "")).text()
    assert "copies    another machine sends as this terminal too, last 7 s ago; stop one of them" in said
    assert "moved     this folder was copied or moved" in said
    assert f"numbers   none yet, epoch {paired.epoch}" in said
    spool.close()

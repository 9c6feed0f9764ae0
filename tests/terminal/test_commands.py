"""`fairpulse terminal`, as scripts and staff use it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from producers.terminal.gateway_address import checked_server
from producers.terminal.one_sender import OneSender
from producers.terminal.spool import Spool
from schemas.badges.key import key_fingerprint
from schemas.errors import InvalidSettings
from schemas.fair.file import example_fair_path
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import BADGE, pair


async def run(folder: Path, *arguments: str, given: str = "", **environment: str) -> tuple[int, str, str]:
    return await run_bytes(folder, *arguments, given=given.encode(), **environment)


async def run_bytes(folder: Path, *arguments: str, given: bytes, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("fairpulse"), "terminal", "--folder", folder, *arguments,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "FAIRPULSE_FAIR_FILE": str(example_fair_path("small")), **environment},
    )  # fmt: skip
    said, complained = await process.communicate(given)
    assert process.returncode is not None
    return process.returncode, said.decode(), complained.decode()


ID_BYTES = b"\xff0199e000"


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["scan", BADGE, "--anonymous"], "BADGE and --anonymous do not go together"),
        (["scan", "--id", "0199e000-0000-7000-8000-000000000001"], "--id is for one scan"),
        (["scan", BADGE, "--id", "0199E000-0000-7000-8000-000000000001"], "--id: the value is not a UUID"),
        (["scan", BADGE, "--id", os.fsdecode(ID_BYTES)], "--id: the value is not a UUID"),
        (["undo", "--id", os.fsdecode(ID_BYTES)], "--id: the value is not a UUID"),
    ],
)
async def test_options_that_cannot_all_be_meant_save_nothing(folder: Path, arguments: list[str], wrong: str) -> None:
    pair(folder, "http://127.0.0.1:1")
    code, said, complained = await run(folder, *arguments, given=BADGE)
    assert code != 0
    assert (said, wrong in complained, "Traceback" in complained) == ("", True, False)
    spool = Spool(folder)
    assert spool.last_seq() == 0, "a visitor who does not want to be tracked is not saved with a badge"
    spool.close()


@pytest.mark.parametrize(
    ("given", "code", "complaint"),
    [
        ("tf_k_s\n", 0, ""),
        ("  tf_k_s", 0, ""),
        ("", 1, "error: token: none was given; type it, or set FAIRPULSE_TERMINAL_TOKEN\n"),
        ("\n", 1, "error: token: none was given; type it, or set FAIRPULSE_TERMINAL_TOKEN\n"),
    ],
)
async def test_a_script_gives_the_token_on_standard_input(
    folder: Path, server: ScriptedServer, given: str, code: int, complaint: str
) -> None:
    ended, _, complained = await run(folder, "pair", "--server", server.url, given=given)
    assert (ended, complained) == (code, complaint)


async def test_from_pairing_to_an_empty_spool(folder: Path, server: ScriptedServer) -> None:
    code, said, _ = await run(folder, "pair", "--server", server.url, FAIRPULSE_TERMINAL_TOKEN="tf_k_s")
    assert (code, said) == (0, "paired: t-1 at Example Bank, Small Services Fair 2025\n")
    badge_id = "0199e000-0000-7000-8000-000000000001"
    for _ in range(2):
        assert await run(folder, "scan", BADGE, "--id", badge_id) == (0, f"saved 1 {badge_id}\n", "")
    code, said, complained = await run(folder, "scan", given=f"{BADGE}\n\nnonsense here\n{'cd' * 16}\n")
    assert [line.split()[:2] for line in said.splitlines()] == [["saved", "2"], ["saved", "3"]]
    assert "not saved: badge" in complained
    assert "nonsense" not in complained
    assert (await run(folder, "interact", "x-e1", "lead_captured", "--badge", BADGE))[0] == 0
    deal = ("deal", "--partner", "ACME", "--country", "JP", "--amount", "10.50", "--currency", "EUR")
    assert (await run(folder, *deal, given="n\n"))[0] != 0
    code, _, complained = await run(folder, *deal, given="y\n")
    assert (code, "value: EUR 10.50" in complained) == (0, True)
    code, said, _ = await run(folder, "status")
    assert "events    saved here: 5, sent: 0" in said
    assert "knows this terminal, clock correct" in said
    assert "tf_k_s" not in said
    assert await run(folder, "drain") == (0, "saved here: 0, sent: 5, rejected: 0\n", "")
    assert [event["data"]["terminal_seq"] for event in server.events.values()] == [1, 2, 3, 4, 5]


async def test_a_deal_is_shown_as_it_will_be_stored_before_it_is_signed(folder: Path, server: ScriptedServer) -> None:
    pair(folder, server.url)
    deal = ("deal", "--partner", "ACME", "--country", "jp", "--amount", "1.5", "--unit", "wan", "--currency", "EUR")
    shown = "transaction contract with ACME (JP)\nvalue: EUR 15,000.00\nin words: EUR fifteen thousand and 00/100\n"
    code, said, asked = await run(folder, *deal, given="n\n")
    assert (code != 0, "saved" in said, asked.startswith(f"{shown}Sign it? [y/N]:")) == (True, False, True)
    code, said, asked = await run(folder, *deal, "--yes")
    assert (code, said[:8], asked) == (0, "saved 1 ", shown)
    spool = Spool(folder)
    (saved,) = spool.oldest(10, 10**6)
    spool.close()
    data = json.loads(saved.body)["data"]
    assert (data["value_minor"], data["currency"], data["parties"][1]["country"]) == (1_500_000, "EUR", "JP")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (
            ("--amount", "12,50"),
            "12.50 (twelve and 50/100) or 1,250 (one thousand two hundred fifty); write 12.50 or 1,250",
        ),
        (
            ("--amount", "1.250", "--unit", "wan"),
            (
                "12,500 (twelve thousand five hundred) or 12,500,000 (twelve million five hundred thousand); "
                "write 12,500 or 12,500,000, with 1 as the unit"
            ),
        ),
        (("--amount", "1.250,00"), "amount: this fair writes a decimal point; write 1,250 if that is meant"),
        (("--amount", "2亿", "--unit", "wan"), "it ends with yi, but the unit wan is chosen"),
        (("--amount", "5", "--country", "UK"), "country: it is not the code of a country; did you mean GB?"),
        (("--amount", "5", "--currency", "USD"), "currency: the fair does not accept it; choose one of EUR, JPY, KWD"),
    ],
)
async def test_a_deal_that_is_not_clear_is_refused_with_what_it_may_mean(
    folder: Path, server: ScriptedServer, typed: tuple[str, ...], told: str
) -> None:
    pair(folder, server.url)
    usual = ("deal", "--yes", "--partner", "ACME", "--country", "JP", "--currency", "EUR")
    code, said, complained = await run(folder, *usual, *typed)
    assert (code, said) == (1, "")
    assert told in complained


async def refused(folder: Path, server: ScriptedServer, count: int) -> list[str]:
    """Save events and have all of them refused for an unknown place; return their ids."""
    pair(folder, server.url)
    names = [f"0199e000-0000-7000-8000-00000000000{number}" for number in range(count)]
    server.refuse_ids = dict.fromkeys(names, "unknown_place")
    for name in names:
        await run(folder, "scan", BADGE, "--id", name)
    assert f"rejected: {count}" in (await run(folder, "drain"))[1]
    return names


async def test_the_drawer_opens_events_go_to_a_new_file_and_come_back(
    folder: Path, server: ScriptedServer, tmp_path: Path
) -> None:
    (name,) = await refused(folder, server, 1)
    said = (await run(folder, "drawer", "list"))[1]
    assert "scan  the gate, hall, booth, exhibit or section is not in the fair file (unknown_place)" in said
    assert "next: `fairpulse terminal drawer send`" in said
    listed = json.loads((await run(folder, "drawer", "list", "--json"))[1])
    assert (listed["number"], listed["event_id"], listed["reason"]) == (1, name, "unknown_place")
    file = tmp_path / "drawer.jsonl"
    file.write_text("something else")
    code, _, complained = await run(folder, "drawer", "export", str(file))
    assert (code, "file exists" in complained.lower()) == (1, True)
    file.unlink()
    code, said, _ = await run(folder, "drawer", "export", str(file))
    assert (code, f"1 event moved to {file}" in said) == (0, True)
    exported = json.loads(file.read_text())
    assert (exported["reason"], exported["event_id"]) == ("unknown_place", name)
    assert json.loads(exported["event"])["data"]["badge_ref"] == BADGE
    assert file.stat().st_mode & 0o077 == 0
    assert (await run(folder, "drawer", "list"))[1] == "the drawer is empty\n"
    assert "no file was written" in (await run(folder, "drawer", "export", str(tmp_path / "again")))[1]
    server.refuse_ids = {}
    file.write_text(file.read_text() + "nonsense\n")
    code, said, complained = await run(folder, "drawer", "send", "--file", str(file))
    assert (code, "1 event waiting again" in said) == (1, True)
    assert complained == "line 2: not taken back: this is not an event that a terminal exported\n"
    assert await run(folder, "drain") == (0, "saved here: 0, sent: 1, rejected: 0\n", "")
    assert server.order == [name]
    assert (
        "1 event of the file still here or already sent"
        in (await run(folder, "drawer", "send", "--file", str(file)))[1]
    )


async def test_chosen_events_of_the_drawer_are_sent_again(folder: Path, server: ScriptedServer) -> None:
    names = await refused(folder, server, 4)
    server.refuse_ids = {}
    code, _, complained = await run(folder, "drawer", "send", "3", "9")
    assert (code, "not in the drawer: 9" in complained) == (1, True)
    assert (await run(folder, "drawer", "send", "--reason", "bad_value"))[1].startswith("nothing to send")
    assert (await run(folder, "drawer", "send", "3", "--reason", "bad_value"))[0] == 1
    assert (await run(folder, "drawer", "send", "3"))[1].startswith("1 event waiting again")
    await run(folder, "drain")
    assert server.order == [names[2]]
    assert (await run(folder, "drawer", "send", "--reason", "unknown_place"))[1].startswith("3 events waiting again")
    await run(folder, "drain")
    assert server.order == [names[2], names[0], names[1], names[3]]
    assert [event["data"]["terminal_seq"] for event in server.events.values()] == [3, 1, 2, 4]


async def test_a_refused_token_is_told_and_keeps_the_spool(folder: Path, server: ScriptedServer) -> None:
    pair(folder, server.url)
    await run(folder, "scan", BADGE)
    server.tokens = {"tf_other"}
    code, _, complained = await run(folder, "drain")
    assert (code, "pair it again" in complained) == (1, True)
    code, _, complained = await run(folder, "pair", "--server", server.url, FAIRPULSE_TERMINAL_TOKEN="tf_bad")
    assert (code, "does not know this token" in complained, "tf_bad" in complained) == (1, True, False)
    code, _, _ = await run(folder, "pair", "--server", server.url, FAIRPULSE_TERMINAL_TOKEN="tf_other")
    assert code == 0
    assert await run(folder, "drain") == (0, "saved here: 0, sent: 1, rejected: 0\n", "")


async def test_a_drain_with_a_time_limit_gives_up_and_keeps_everything(folder: Path, server: ScriptedServer) -> None:
    pair(folder, server.url)
    server.otherwise = 503
    await run(folder, "scan", BADGE)
    code, _, complained = await run(folder, "drain", "--seconds", "0.3")
    assert (code, "saved here: 1" in complained) == (1, True)


@pytest.mark.parametrize(("key", "warned"), [("", True), ("a-key-of-32-characters-for-a-test", False)])
async def test_serve_warns_at_its_start_when_plain_codes_cannot_be_scanned(
    folder: Path, server: ScriptedServer, key: str, warned: bool
) -> None:
    pair(folder, server.url, badge_key=key_fingerprint(key.encode()) if key else "")
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("fairpulse"), "terminal", "--folder", folder, "serve", "--port", "0",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **({"FAIRPULSE_BADGE_KEY": key} if key else {})},
    )  # fmt: skip
    assert process.stdout is not None
    assert b"the page of the booth" in await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, complained = await process.communicate()
    warning = "warning: without a badge key only pseudonyms can be scanned; set FAIRPULSE_BADGE_KEY"
    assert (warning in complained.decode()) is warned


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "ftp://x",
        "http://",
        "http://a:x",
        "https://user:pw@host",
        "https://host/path",
        "http://gateway.example",
    ],
)
def test_an_unsuitable_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        checked_server(address)
    assert address not in str(refused.value)
    assert checked_server("https://gateway.example:8443/") == "https://gateway.example:8443"
    assert checked_server("http://10.0.0.1:8080", insecure=True) == "http://10.0.0.1:8080"


async def test_repair_says_what_was_saved_and_is_refused_while_another_program_sends(
    folder: Path, server: ScriptedServer
) -> None:
    pair(folder, server.url)
    await run(folder, "scan", BADGE)
    assert await run(folder, "repair") == (0, "the spool is sound; nothing was changed\n", "")
    file = folder / "spool.sqlite3"
    file.write_bytes(b"\xff" * 100 + file.read_bytes()[100:])
    for command in (["scan", BADGE], ["status"], ["drain"], ["drawer", "list"], ["serve", "--port", "0"]):
        code, _, complained = await run(folder, *command)
        assert (code, "`fairpulse terminal repair`" in complained, "Traceback" in complained) == (1, True, False)
    with OneSender(folder):
        code, _, complained = await run(folder, "repair")
        assert (code, "already sends" in complained) == (1, True)
    code, said, _ = await run(folder, "repair")
    assert (code, said.splitlines()[0]) == (0, "saved: 1 waiting, 0 in the drawer")
    assert "next number: 2" in said
    assert await run(folder, "drain") == (0, "saved here: 0, sent: 1, rejected: 0\n", "")


async def test_a_folder_that_is_not_there_is_not_repaired(folder: Path) -> None:
    code, _, complained = await run(folder, "repair")
    assert (code, "no such folder" in complained) == (1, True)

"""Pairing: the authority's file, the badge key, and a running program that takes up a new pairing as a whole."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from producers.terminal.pairing import PAIRING, Pairing
from producers.terminal.spool import Spool
from producers.terminal.terminal import BoothTerminal
from producers.terminal.trust import authorities_in
from schemas.badges.key import key_fingerprint
from schemas.errors import InvalidSettings
from schemas.fair.file import example_fair_path
from tests.support.certificates import authority
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import BADGE, SAID, pair

KEY, OTHER = "the-key-of-the-fair-32-characters", "another-key-of-the-fair-32-characters"
THE_FAIRS, THE_OTHER = key_fingerprint(KEY.encode()), key_fingerprint(OTHER.encode())
SMALL = example_fair_path("small")


async def started(folder: Path, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("fairpulse"), "terminal", "--folder", folder, *arguments,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={
            **os.environ, "PYTHONUNBUFFERED": "1", "FAIRPULSE_FAIR_FILE": str(SMALL),
            "FAIRPULSE_TERMINAL_TOKEN": "tf_k_s", **environment,
        },
    )  # fmt: skip


async def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    process = await started(folder, *arguments, **environment)
    said, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), complained.decode()


@asynccontextmanager
async def serving(folder: Path, **environment: str) -> AsyncIterator[tuple[str, list[str]]]:
    """Run `serve`; give the address of its page, and what it has complained about when it has ended."""
    process = await started(folder, "serve", "--port", "0", **environment)
    assert process.stdout is not None
    complaints: list[str] = []
    line = (await process.stdout.readline()).decode()
    try:
        yield line.partition(": ")[2].strip(), complaints
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        complaints.append((await process.communicate())[1].decode())


async def state(page: str, wanted: dict[str, Any], path: str = "api/state") -> dict[str, Any]:
    """Ask until the page's program answers these facts."""
    async with aiohttp.ClientSession() as web:
        while True:
            async with web.get(page + path) as answer:
                said: dict[str, Any] = await answer.json()
            if wanted.items() <= said.items():
                return said
            await asyncio.sleep(0.05)


def test_a_file_that_is_not_one_of_authorities_is_refused_by_what_is_wrong_with_it(tmp_path: Path) -> None:
    own = authority(tmp_path / "authority")
    (tmp_path / "words.pem").write_text("no certificate here")
    (tmp_path / "bytes.pem").write_bytes(b"\x30\x82\xff\xfe")
    (tmp_path / "damaged.pem").write_text(own.text[:200] + "\n-----END CERTIFICATE-----\n")
    (tmp_path / "both.pem").write_text(own.text + own.key_file.read_text())
    for name, wrong in (
        ("nowhere.pem", "cannot be read (no such file or directory)"),
        ("authority", "cannot be read (is a directory)"),
        ("words.pem", "holds no certificate in PEM"),
        ("bytes.pem", "is not PEM text"),
        ("damaged.pem", "a certificate in it is damaged"),
        ("authority/ca.key", "holds a private key"),
        ("both.pem", "holds a private key"),
    ):
        with pytest.raises(InvalidSettings) as refused:
            authorities_in(tmp_path / name)
        assert wrong in refused.value.message
        assert refused.value.message.startswith("FAIRPULSE_TERMINAL_CA_FILE: ")
        assert refused.value.hint
    assert authorities_in(own.file) == own.text
    assert authorities_in(None) == ""


@pytest.mark.parametrize("command", [("pair", "--server", "https://127.0.0.1:1"), ("serve",), ("drain",), ("status",)])
async def test_every_command_that_sends_looks_at_the_file_of_authorities_first(
    tmp_path: Path, folder: Path, command: tuple[str, ...]
) -> None:
    pair(folder, "https://127.0.0.1:1")
    code, _, complained = await run(folder, *command, FAIRPULSE_TERMINAL_CA_FILE=str(tmp_path / "nowhere.pem"))
    assert (code, complained.count("\n")) == (1, 1)
    assert "FAIRPULSE_TERMINAL_CA_FILE: the file cannot be read" in complained


async def test_the_authority_is_kept_by_pairing_and_used_by_every_command(tmp_path: Path, folder: Path) -> None:
    own = authority(tmp_path / "authority")
    server = ScriptedServer()
    server.tls = own.server()
    async with server:
        code, _, complained = await run(folder, "pair", "--server", server.url)
        assert (code, "name the PEM file of its authority in FAIRPULSE_TERMINAL_CA_FILE" in complained) == (1, True)
        assert (await run(folder, "pair", "--server", server.url, FAIRPULSE_TERMINAL_CA_FILE=str(own.file)))[0] == 0
        await run(folder, "scan", BADGE)
        assert "knows this terminal" in (await run(folder, "status"))[1]
        assert (await run(folder, "drain"))[0] == 0
        async with serving(folder) as (page, _):
            await run(folder, "scan", "cd" * 16)
            await state(page, {"line": "online", "sent": 2})


async def test_a_new_authority_may_stand_in_the_settings_until_the_terminal_is_paired_again(
    tmp_path: Path, folder: Path
) -> None:
    own = authority(tmp_path / "authority")
    server = ScriptedServer()
    server.tls = own.server()
    async with server:
        pair(folder, server.url)
        for command in (("status", "--json"), ("drain", "--seconds", "1s")):
            _, said, complained = await run(folder, *command, FAIRPULSE_TERMINAL_CA_FILE=str(own.file))
            assert "certificate" not in said + complained


async def test_a_running_program_reads_a_file_of_authorities_that_is_replaced(tmp_path: Path, folder: Path) -> None:
    own, file = authority(tmp_path / "authority"), tmp_path / "ca.pem"
    file.write_text(authority(tmp_path / "another").text)
    server = ScriptedServer()
    server.tls = own.server()
    async with server:
        pair(folder, server.url)
        async with serving(folder, FAIRPULSE_TERMINAL_CA_FILE=str(file)) as (page, _):
            await run(folder, "scan", BADGE)
            await state(page, {"line": "trouble", "cause": "tls_unknown_ca", "pending": 1})
            file.write_text("half a file is passed over")
            await state(page, {"line": "trouble", "cause": "tls_unknown_ca", "pending": 1})
            file.write_text(own.text)
            await state(page, {"line": "online", "cause": "", "sent": 1})


async def test_a_running_program_takes_up_all_of_a_new_pairing(tmp_path: Path, folder: Path) -> None:
    own = authority(tmp_path / "authority")
    changed = tmp_path / "fair.yaml"
    changed.write_text(SMALL.read_text().replace("Example Bank", "Example Savings Bank"))
    before, after = ScriptedServer(), ScriptedServer()
    after.tls, after.tokens = own.server(), {"tf_new_token"}
    async with before, after:
        await run(folder, "pair", "--server", before.url)
        async with serving(folder) as (page, _):
            first = await state(page, {"title": "Example Bank"}, "api/card")
            await state(page, {"line": "online", "version": first["version"]})
            await before.down()
            code, _, complained = await run(
                folder, "pair", "--server", after.url, FAIRPULSE_TERMINAL_CA_FILE=str(own.file),
                FAIRPULSE_TERMINAL_TOKEN="tf_new_token", FAIRPULSE_FAIR_FILE=str(changed),
            )  # fmt: skip
            assert code == 0, complained
            second = await state(page, {"title": "Example Savings Bank"}, "api/card")
            assert second["version"] != first["version"]
            await run(folder, "scan", BADGE)
            await state(page, {"line": "online", "sent": 1, "version": second["version"]})
        assert len(after.events) == 1


KEYS = {
    "none here, none there": (None, None, 0, ""),
    "the first of the fair": (KEY, None, 0, THE_FAIRS),
    "the fair's": (KEY, THE_FAIRS, 0, THE_FAIRS),
    "another one": (OTHER, THE_FAIRS, 1, f"({THE_OTHER}) is not the fair's ({THE_FAIRS})"),
    "none here, one there": (None, THE_FAIRS, 0, f"the fair has a badge key ({THE_FAIRS})"),
}


@pytest.mark.parametrize(("key", "there", "code", "words"), KEYS.values(), ids=KEYS)
async def test_pairing_compares_the_badge_key_with_the_fairs(
    folder: Path, server: ScriptedServer, key: str | None, there: str | None, code: int, words: str
) -> None:
    if there:
        server.terminal["badge_key"] = there
    environment = {} if key is None else {"FAIRPULSE_BADGE_KEY": key}
    ended, said, complained = await run(folder, "pair", "--server", server.url, **environment)
    assert ended == code
    assert words in said + complained
    assert not key or key not in said + complained


STARTS = {
    "the fair's key": (KEY, THE_FAIRS, ""),
    "no key": (None, THE_FAIRS, ""),
    "no key, and the fair has none": (None, "", ""),
    "another key": (OTHER, THE_FAIRS, "is not the fair's"),
    "a key that was never compared": (KEY, "", "was never compared with the fair's; pair again"),
}


@pytest.mark.parametrize(("key", "kept", "refused"), STARTS.values(), ids=STARTS)
async def test_no_pseudonym_is_made_with_a_key_that_is_not_the_fairs(
    folder: Path, server: ScriptedServer, key: str | None, kept: str, refused: str
) -> None:
    pair(folder, server.url, badge_key=kept)
    environment = {} if key is None else {"FAIRPULSE_BADGE_KEY": key}
    commands = (("scan", BADGE), ("interact", "x-e1", "lead_captured", "--badge", BADGE), ("serve", "--port", "0"))
    for command in commands if refused else commands[:2]:
        code, _, complained = await run(folder, *command, **environment)
        assert (code, refused in complained) == (1 if refused else 0, True)
    spool = Spool(folder)
    assert spool.totals().saved == (0 if refused else 2)
    spool.close()
    for command in (("status",), ("drain",)):
        assert (await run(folder, *command, **environment))[0] == 0, "what needs no key works with any"


async def test_a_key_that_changes_while_the_page_is_open_is_trouble_and_saves_no_badge(
    folder: Path, server: ScriptedServer
) -> None:
    await run(folder, "pair", "--server", server.url, FAIRPULSE_BADGE_KEY=KEY)
    async with serving(folder, FAIRPULSE_BADGE_KEY=KEY) as (page, _):
        await state(page, {"line": "online", "cause": ""})
        server.terminal["badge_key"] = THE_OTHER
        said = await state(page, {"line": "trouble", "cause": "badge_key_changed"})
        assert said["facts"] == {"ours": THE_FAIRS, "theirs": THE_OTHER}
        async with aiohttp.ClientSession() as web:
            form = {"exhibit": "x-e1", "kind": "lead_captured", "lines": [BADGE], "end": "enter"}
            form["ids"] = ["0199e000-0000-7000-8000-000000000001"]
            async with web.post(f"{page}api/interact", json=form) as answer:
                (said,) = (await answer.json())["results"]
        assert said["word"] == "badge_key_changed"
        server.terminal["badge_key"] = THE_FAIRS
        await state(page, {"line": "online", "cause": ""})


def test_a_pairing_of_an_earlier_program_is_still_read(folder: Path) -> None:
    pair(folder, "https://gateway.example")
    spool = Spool(folder)
    spool.set_notes({PAIRING: json.dumps({"server": "https://gateway.example", "token": "tf_k_s", **SAID})})
    pairing = Pairing.load(spool)
    assert pairing is not None
    assert (pairing.authorities, pairing.badge_key, pairing.known_ms) == ("", "", 0)
    assert BoothTerminal(spool).scan(BADGE).seq == 1
    with pytest.raises(InvalidSettings, match="pair again"):
        BoothTerminal(spool, badge_key=KEY.encode())
    spool.close()

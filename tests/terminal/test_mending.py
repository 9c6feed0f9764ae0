"""Events that a corrected fair file or list of terminals may have mended are sent again, once for each correction."""

import asyncio
import json
from pathlib import Path

import pytest

from producers.terminal.link import Link, ServerAnswer
from producers.terminal.mending import mended
from producers.terminal.refusals import MENDED
from producers.terminal.sender import Sender
from producers.terminal.spool import Refusal, Spool
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import SAID, pair

OTHERS = ["bad_value", "event_id_conflict", "missing_field", "unknown_type"]


def told(status: int = 200, **changed: object) -> ServerAnswer:
    return ServerAnswer(status, {}, json.dumps({**SAID, "fair_file": "00", **changed}).encode(), 0)


def fill(spool: Spool) -> None:
    """Save one event for each reason, and have it refused for that."""
    reasons = [*MENDED, *OTHERS]
    for reason in reasons:
        spool.save(reason, "scan", 0, lambda seq, reason=reason: f'{{"id":"{reason}","seq":{seq}}}'.encode())
    spool.settle(0, refused=[Refusal(number, reason) for number, reason in enumerate(reasons, 1)])


def refuse_again(spool: Spool) -> list[str]:
    """Have everything that waits refused again; return its reasons."""
    waiting = spool.oldest(99, 99_999)
    spool.settle(0, refused=[Refusal(one.seq, one.event_id) for one in waiting])
    return [one.event_id for one in waiting]


@pytest.mark.parametrize(
    "changed", [{"fair_file": "01"}, {"fair_id": "other"}, {"source": "/fairs/x/booths/y/terminals/z"}]
)
def test_another_setup_of_the_gateway_sends_what_it_may_have_mended_once(spool: Spool, changed: dict[str, str]) -> None:
    mended(spool, told())
    fill(spool)
    assert mended(spool, told(server_time="later")) == 0, "nothing was corrected"
    assert mended(spool, told(**changed)) == len(MENDED)
    assert refuse_again(spool) == list(MENDED)
    assert mended(spool, told(**changed)) == 0, "no loop: it waits for the next correction"
    assert mended(spool, told()) == len(MENDED), "a correction that is taken back is one too"


@pytest.mark.parametrize(
    "answer",
    [
        told(401),
        told(503),
        told(fair_file=None),
        told(fair_file=7),
        ServerAnswer(200, {}, b"<html>Wi-Fi</html>", 0),
        ServerAnswer(200, {}, b"[]", 0),
    ],
)
def test_an_answer_without_the_setup_of_the_gateway_changes_nothing(spool: Spool, answer: ServerAnswer) -> None:
    mended(spool, told())
    fill(spool)
    assert mended(spool, answer) == 0
    assert mended(spool, told()) == 0, "what was noted is still noted"


def test_pairing_again_sends_what_it_may_have_mended(folder: Path) -> None:
    pair(folder, "http://127.0.0.1:1")
    spool = Spool(folder)
    fill(spool)
    pair(folder, "http://127.0.0.1:1", token="tf_new")
    assert refuse_again(spool) == list(MENDED)
    spool.close()


async def test_a_terminal_that_always_has_something_to_send_still_learns_of_a_correction(
    spool: Spool, server: ScriptedServer
) -> None:
    mended(spool, told())
    fill(spool)
    server.terminal["fair_file"] = "01"
    spool.save("more", "scan", 0, lambda seq: f'{{"id":"more","seq":{seq}}}'.encode())
    async with Link(server.url) as link:
        task = asyncio.create_task(Sender(spool, link, lambda: "t", ask_idle_s=5).run())
        await server.until_stored(1 + len(MENDED))
        task.cancel()
    assert set(server.order) == {"more", *MENDED}

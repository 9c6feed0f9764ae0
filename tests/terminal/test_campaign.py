"""A seeded campaign of faults, judged by an oracle that reads nothing but what was called saved, the server and the
drawer; and a client with a bug, which the oracle must catch.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

import pytest

from producers.terminal import sender as sender_module
from producers.terminal.answers import Then, Verdict, judge
from producers.terminal.clock import new_event_id
from producers.terminal.link import Link
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool, Waiting
from producers.terminal.spool_tables import REJECTED
from tests.support.scripted_server import PROBLEM, Cut, Say, ScriptedServer, Step, Store, Swallow

Judge = Callable[[int, Mapping[str, str], bytes, Sequence[Waiting], float], Verdict]

FAULTS: tuple[Step, ...] = (
    Store(), Swallow(), Cut(0), Cut(500), 401, 403, 408, 413, 415, 500, 502, 503, Say(429, {"Retry-After": "0"}),
    Say(404, {"Content-Type": "text/html"}, b"no such page"), Say(200, {"Content-Type": "text/html"}, b"Wi-Fi login"),
    Say(302, {"Location": "http://127.0.0.1:1/"}), 400,
    Say(413, {"Content-Type": "text/html"}, b"<html>nginx</html>"), Say(403, {"Content-Type": "text/html"}, b"blocked"),
    Say(422, PROBLEM, {"type": "about:blank", "code": "rejected"}),
)  # fmt: skip


async def lost(folder: Path, server: ScriptedServer, seed: int) -> set[str]:
    """Save and send under faults, drain at the end; return what was called saved and is nowhere."""
    chance, spool = Random(seed), Spool(folder)
    saved: list[str] = []
    refused = {new_event_id(number) for number in range(5)}
    server.refuse_ids = dict.fromkeys(refused, "bad_value")
    async with Link(server.url, patience_s=1) as link:
        sender = Sender(spool, link, lambda: "t", chance=lambda: 0.0)
        for name in [*refused, *(new_event_id(number) for number in range(60))]:
            spool.save(name, "scan", 0, lambda seq, name=name: f'{{"id":"{name}","seq":{seq}}}'.encode())
            saved.append(name)
            server.script.append(chance.choice(FAULTS))
            await sender.step()
        server.script.clear()
        sender.try_now()
        await sender.drain()
    drawer = {row[1] for row in spool.rows(REJECTED, 10_000)}
    totals = spool.totals()
    spool.close()
    assert totals.saved == len(saved)
    assert all(count >= 1 for count in server.stored.values())
    assert server.conflicts == 0
    return set(saved) - set(server.events) - drawer


@pytest.mark.parametrize("seed", range(5))
async def test_under_every_fault_nothing_that_was_called_saved_is_lost(
    folder: Path, server: ScriptedServer, seed: int
) -> None:
    assert await lost(folder, server, seed) == set()


async def test_a_client_that_deletes_on_every_4xx_turns_the_campaign_red(
    folder: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(
        status: int, headers: Mapping[str, str], body: bytes, sent: Sequence[Waiting], now_s: float
    ) -> Verdict:
        if 400 <= status < 500:
            return Verdict(Then.GO_ON, delivered=tuple(one.seq for one in sent))
        return judge(status, headers, body, sent, now_s)

    monkeypatch.setattr(sender_module, "judge", careless)
    assert await lost(folder, server, seed=0)

import asyncio
from pathlib import Path

import pytest

from producers.terminal.clock import new_event_id
from producers.terminal.link import Link
from producers.terminal.sender import Line, OneSender, Sender
from producers.terminal.spool import Spool
from schemas.errors import Unavailable
from tests.support.scripted_server import JSON, PROBLEM, Cut, Hang, Say, ScriptedServer, Swallow


def fill(spool: Spool, count: int) -> list[str]:
    ids = [new_event_id(number) for number in range(count)]
    for name in ids:
        spool.save(name, "scan", 0, lambda seq, name=name: f'{{"id":"{name}","seq":{seq}}}'.encode())
    return ids


async def drain(spool: Spool, server: ScriptedServer, **options: object) -> Sender:
    """Drain without waiting between attempts."""
    async with Link(server.url, patience_s=0.5) as link:
        sender = Sender(spool, link, lambda: "tf_k_s", chance=lambda: 0.0, **options)  # type: ignore[arg-type]
        await sender.drain()
        return sender


async def test_events_arrive_once_in_the_order_they_happened(spool: Spool, server: ScriptedServer) -> None:
    ids = fill(spool, 1_203)
    await drain(spool, server)
    assert server.order == ids
    assert set(server.stored.values()) == {1}
    sizes = [len(request.ids) for request in server.requests]
    assert sizes[:3] == [100, 125, 156], "more at once while answers come quickly"
    assert max(sizes) <= 500
    assert spool.totals().accepted == 1_203


async def test_a_request_says_who_sends_what_and_when(spool: Spool, server: ScriptedServer) -> None:
    fill(spool, 1)
    await drain(spool, server, clock=lambda: 1_700_000_000_123)
    headers = server.requests[0].headers
    assert headers["authorization"] == "Bearer tf_k_s"
    assert headers["content-type"] == "application/cloudevents-batch+json"
    assert headers["sent-at"] == "2023-11-14T22:13:20.123Z"


KEEPING = [401, 403, 404, 405, 408, 415, 418, 425, 429, 431, 451, 500, 501, 502, 503, 504, 507, 599, 204, 301, 307, 226]
PORTAL = Say(200, {"Content-Type": "text/html"}, b"<html>Welcome to the fair's Wi-Fi</html>")
PROXY = Say(400, {"Content-Type": "text/html"}, b"<html>bad gateway configuration</html>")
STRANGE = [
    PORTAL,
    PROXY,
    Say(202, JSON, b""),
    Say(202, JSON, b'{"accepted":'),
    Say(202, JSON, {"accepted": 2, "duplicates": 0}),
    Say(202, JSON, {"accepted": True, "duplicates": 2}),
    Say(207, JSON, {"results": []}),
    Say(207, JSON, {"results": [{"index": 0, "id": "another", "outcome": "accepted"}] * 3}),
    Say(422, JSON, {}),
    Cut(0),
    Cut(40),
    Swallow(),
    Hang(),
]


@pytest.mark.parametrize("step", [*KEEPING, *STRANGE], ids=str)
async def test_an_answer_that_is_not_final_keeps_every_event(
    spool: Spool, server: ScriptedServer, step: int | Say
) -> None:
    fill(spool, 3)
    server.otherwise = step
    async with Link(server.url, patience_s=0.5) as link:
        sender = Sender(spool, link, lambda: "t")
        wait = await sender.step()
    assert wait is not None
    assert sender.status.line is not Line.ONLINE
    assert sender.status.failures == 1
    assert spool.totals().pending == 3


@pytest.mark.parametrize("step", [Swallow(), Hang(), 503], ids=str)
async def test_the_same_bytes_are_sent_again_when_nobody_knows_what_happened(
    spool: Spool, server: ScriptedServer, step: int
) -> None:
    fill(spool, 3)
    server.script.append(step)
    await drain(spool, server)
    first, second = server.requests
    assert first.body == second.body
    assert spool.totals().pending == 0


async def test_a_swallowed_answer_makes_duplicates_not_losses(spool: Spool, server: ScriptedServer) -> None:
    ids = fill(spool, 5)
    server.script.append(Swallow())
    await drain(spool, server)
    assert dict(server.stored) == dict.fromkeys(ids, 2)
    assert (spool.totals().accepted, spool.totals().duplicates) == (0, 5)


async def test_rejected_events_go_to_the_drawer_and_the_others_are_sent(spool: Spool, server: ScriptedServer) -> None:
    ids = fill(spool, 10)
    server.refuse_ids = {ids[2]: "unknown_place", ids[7]: "event_id_conflict"}
    await drain(spool, server)
    assert {(row[1], row[4]) for row in spool.rows(1, 99)} == {(ids[2], "unknown_place"), (ids[7], "event_id_conflict")}
    assert server.order == [name for name in ids if name not in server.refuse_ids]


async def test_a_batch_of_rejected_events_goes_to_the_drawer_whole(spool: Spool, server: ScriptedServer) -> None:
    ids = fill(spool, 30)
    server.refuse_ids = dict.fromkeys(ids, "wrong_fair")
    await drain(spool, server)
    assert spool.totals().rejected == 30, "also those that the server did not explain"
    assert {row[4] for row in spool.rows(1, 99)} == {"wrong_fair", "rejected"}


async def test_a_batch_that_is_not_understood_is_halved_until_the_event_at_fault_is_alone(
    spool: Spool, server: ScriptedServer
) -> None:
    ids = fill(spool, 400)
    server.offends = {ids[0], ids[123], ids[399]}
    await drain(spool, server)
    assert {row[1] for row in spool.rows(1, 99)} == server.offends
    assert server.order == [name for name in ids if name not in server.offends]
    assert len(server.requests) < 100


async def test_a_batch_that_is_too_large_is_halved(spool: Spool, server: ScriptedServer) -> None:
    ids = fill(spool, 300)
    server.most = 70
    await drain(spool, server)
    assert server.order == ids
    assert spool.totals().rejected == 0


async def test_one_event_that_is_too_large_alone_goes_to_the_drawer(spool: Spool, server: ScriptedServer) -> None:
    fill(spool, 1)
    server.script.append(413)
    await drain(spool, server)
    assert spool.totals().rejected == 1


async def test_retry_after_is_waited_at_least(spool: Spool, server: ScriptedServer) -> None:
    fill(spool, 1)
    server.script += [Say(429, {"Retry-After": "7"}), Say(503, PROBLEM, {"retry_after_ms": 2_300})]
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "t", chance=lambda: 0.5)
        assert await sender.step() == 7 + 0.25
        assert await sender.step() == 2.3 + 0.5
        assert await sender.step() == 0, "a good answer resets it"
        assert sender.status.failures == 0


async def test_a_revoked_terminal_keeps_everything_and_drain_says_what_to_do(
    spool: Spool, server: ScriptedServer
) -> None:
    fill(spool, 3)
    server.tokens = {"tf_new"}
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "tf_old")
        with pytest.raises(Unavailable, match="pair it again"):
            await sender.drain()
        assert spool.totals().pending == 3
        sender.token = lambda: "tf_new"
        await sender.drain()
    assert spool.totals().accepted == 3


async def test_a_running_sender_posts_nothing_while_its_token_is_refused(spool: Spool, server: ScriptedServer) -> None:
    fill(spool, 3)
    server.tokens = set()
    async with Link(server.url) as link:
        task = asyncio.create_task(Sender(spool, link, lambda: "tf_mine", ask_again_s=0.01).run())
        await server.until(requests=8)
        assert [request.method for request in server.requests[:8]] == ["POST"] + ["GET"] * 7
        server.tokens = {"tf_mine"}
        await server.until_stored(3)
        task.cancel()


async def test_after_an_outage_of_the_server_everything_is_sent(spool: Spool, server: ScriptedServer) -> None:
    ids = fill(spool, 20)
    await server.down()
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "t", chance=lambda: 0.0)
        for _ in range(5):
            await sender.step()
        assert sender.status.line is Line.OFFLINE
        assert sender.status.trouble == f"nothing listens at 127.0.0.1:{server.port}"
        await server.up()
        await sender.drain()
        assert sender.status.line is Line.ONLINE
    assert server.order == ids


def test_two_programs_never_send_from_one_spool(spool: Spool, folder: Path) -> None:
    with OneSender(folder), pytest.raises(Unavailable, match="already sends"), OneSender(folder):
        pass
    with OneSender(folder):
        pass


async def test_a_server_that_cannot_keep_up_gets_less_at_once(spool: Spool, server: ScriptedServer) -> None:
    ids = fill(spool, 400)
    server.script += [503, Hang(), 503, 503, 503]
    await drain(spool, server)
    assert [len(request.ids) for request in server.requests][:6] == [100, 50, 25, 20, 20, 20]
    assert server.order == ids

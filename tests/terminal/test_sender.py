import asyncio
from pathlib import Path

import pytest

from producers.terminal import holding
from producers.terminal.clock import new_event_id
from producers.terminal.line import Line
from producers.terminal.link import Link
from producers.terminal.one_sender import OneSender
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool
from schemas.errors import Unavailable
from tests.support.scripted_server import JSON, PROBLEM, Cut, Hang, Say, ScriptedServer, Store, Swallow


def fill(spool: Spool, count: int) -> list[str]:
    ids = [new_event_id(number) for number in range(count)]
    for name in ids:
        spool.save(name, "scan", 0, lambda seq, name=name: f'{{"id":"{name}","seq":{seq}}}'.encode())
    return ids


async def drain(spool: Spool, server: ScriptedServer, patience_s: float = 20.0, **options: object) -> Sender:
    """Drain without waiting between attempts."""
    async with Link(server.url, patience_s=patience_s) as link:
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


async def goes_on(spool: Spool, server: ScriptedServer, until: int) -> Sender:
    """Send without pauses until this number of events is stored."""
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "t", chance=lambda: 0.0)
        while len(server.stored) < until:
            await sender.step()
        return sender


async def tries_now(server: ScriptedServer, sender: Sender) -> None:
    """Let a sender that somebody tells to try now drain through a new link."""
    async with Link(server.url) as link:
        sender.link = link
        sender.try_now()
        await sender.drain()


KEEPING = [401, 403, 404, 405, 408, 415, 418, 425, 429, 431, 451, 500, 501, 502, 503, 504, 507, 599, 204, 301, 307, 226]
PORTAL = Say(200, {"Content-Type": "text/html"}, b"<html>Welcome to the fair's Wi-Fi</html>")
PROXY = Say(400, {"Content-Type": "text/html"}, b"<html>bad gateway configuration</html>")
STRANGE = [
    PORTAL,
    Say(202, JSON, b""),
    Say(202, JSON, b'{"accepted":'),
    Say(202, JSON, {"accepted": 2, "duplicates": 0}),
    Say(202, JSON, {"accepted": True, "duplicates": 2}),
    Say(207, JSON, {"results": []}),
    Say(207, JSON, {"results": [{"index": 0, "id": "another", "outcome": "accepted"}] * 3}),
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
        for _ in range(3):  # what somebody else says is first asked again with fewer events
            if not sender.status.failures:
                assert await sender.step() is not None
                assert sender.status.line is not Line.ONLINE
    assert sender.status.failures == 1
    assert spool.totals().pending == 3


@pytest.mark.parametrize("step", [PROXY, Say(422, JSON, {}), Say(403, {"Content-Type": "text/html"})], ids=str)
async def test_what_a_proxy_refuses_is_kept_whole_and_is_not_called_online(
    spool: Spool, server: ScriptedServer, step: Say
) -> None:
    fill(spool, 3)
    server.otherwise = step
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "t", chance=lambda: 0.0)
        for _ in range(6):
            await sender.step()
            assert sender.status.line is Line.TROUBLE
    assert [len(request.ids) for request in server.requests] == [3, 1, 1, 1]
    assert spool.totals().pending == 3


@pytest.mark.parametrize("step", [Swallow(), Hang(), 503], ids=str)
async def test_the_same_bytes_are_sent_again_when_nobody_knows_what_happened(
    spool: Spool, server: ScriptedServer, step: int
) -> None:
    fill(spool, 3)
    server.script.append(step)
    await drain(spool, server, patience_s=2.0)
    first, second = server.requests
    assert first.body == second.body
    assert spool.totals().pending == 0


async def test_a_swallowed_answer_makes_duplicates_not_losses(spool: Spool, server: ScriptedServer) -> None:
    ids = fill(spool, 5)
    server.script.append(Swallow())
    await drain(spool, server, patience_s=2.0)
    assert dict(server.stored) == dict.fromkeys(ids, 2)
    assert (spool.totals().accepted, spool.totals().duplicates) == (0, 5)


async def test_rejected_events_go_to_the_drawer_and_the_others_are_sent(spool: Spool, server: ScriptedServer) -> None:
    ids = fill(spool, 10)
    server.refuse_ids = {ids[2]: "unknown_place", ids[7]: "event_id_conflict"}
    await drain(spool, server)
    assert {(row[1], row[4]) for row in spool.rows(1, 99)} == {(ids[2], "unknown_place"), (ids[7], "event_id_conflict")}
    assert server.order == [name for name in ids if name not in server.refuse_ids]


async def test_of_a_refused_batch_those_that_the_server_names_are_settled_and_the_rest_is_sent_again(
    spool: Spool, server: ScriptedServer
) -> None:
    ids = fill(spool, 100)
    server.refuse_ids, server.errors_max = dict.fromkeys(ids, "wrong_fair"), 20
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "t")
        assert await sender.step() == 0
        assert {row.event_id for row in spool.rows(1, 999)} == set(ids[:20])
        assert spool.totals().pending == 80
        await sender.drain()
    assert {row.reason for row in spool.rows(1, 999)} == {"wrong_fair"}
    assert [len(request.ids) for request in server.requests] == [100, 80, 60, 40, 20]


async def test_a_batch_that_is_not_understood_is_halved_and_the_event_at_fault_is_kept_and_passed(
    spool: Spool, server: ScriptedServer
) -> None:
    """As a gateway answers that names no events, and as those did that were older than this program."""
    ids = fill(spool, 400)
    server.offends = {ids[0], ids[123], ids[399]}
    sender = await goes_on(spool, server, until=397)
    assert server.order == [name for name in ids if name not in server.offends]
    assert len(server.requests) < 100
    assert (spool.totals().rejected, spool.totals().pending) == (0, 3)
    assert sender.status.cause == "program_old"
    server.offends = set()
    await tries_now(server, sender)
    assert sorted(server.order) == sorted(ids)


async def test_events_that_are_not_cloudevents_wait_in_the_drawer_and_the_others_are_sent_without_them(
    spool: Spool, server: ScriptedServer
) -> None:
    ids = fill(spool, 5)
    wrong = {1: "unknown_type", 3: "wrong_source"}
    errors = [{"index": index, "id": ids[index], "code": code, "message": "no"} for index, code in wrong.items()]
    problem = {"type": "urn:fairpulse:problem:not_a_cloudevent", "code": "not_a_cloudevent", "errors": errors}
    server.script.append(Say(400, PROBLEM, problem))
    await drain(spool, server)
    assert server.order == [ids[0], ids[2], ids[4]]
    assert {(row.event_id, row.reason) for row in spool.rows(1, 9)} == {(ids[n], code) for n, code in wrong.items()}


BROKEN = Say(502, {"Content-Type": "text/html"}, b"<html>502 Bad Gateway</html>")
BUG = Say(500, PROBLEM, {"type": "urn:fairpulse:problem:bug", "code": "bug"})


@pytest.mark.parametrize(("step", "cause"), [(BROKEN, "proxy"), (BUG, "program_old")], ids=["a proxy", "a bug"])
async def test_an_event_at_which_a_server_fails_each_time_is_passed_by_after_some_minutes(
    spool: Spool, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, step: Say, cause: str
) -> None:
    monkeypatch.setattr(holding, "HELD_S", 0)
    ids = fill(spool, 40)
    server.blocked = {ids[0]: step, ids[17]: step}
    sender = await goes_on(spool, server, until=38)
    assert server.order == [name for name in ids if name not in server.blocked]
    assert len(server.requests) < 80
    assert sender.skipping.verdict is not None
    assert sender.skipping.verdict.problem.cause == cause
    server.blocked = {}
    await tries_now(server, sender)
    assert sorted(server.order) == sorted(ids)


async def test_while_a_server_fails_at_all_events_none_is_passed_by_for_good(
    spool: Spool, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "HELD_S", 0)
    ids = fill(spool, 40)
    server.otherwise = BROKEN
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "t", chance=lambda: 0.0)
        for _ in range(50):
            assert await sender.step() is not None
            assert sender.status.line is Line.BUSY
        server.otherwise = Store()
        await sender.drain()
    assert sorted(server.order) == sorted(ids)
    first = {request.ids[0] for request in server.requests[:50]}
    assert first <= set(ids[:2]), "the oldest one, and for a trial the next one"


async def test_a_batch_that_is_too_large_is_halved(spool: Spool, server: ScriptedServer) -> None:
    ids = fill(spool, 300)
    server.most = 70
    await drain(spool, server)
    assert server.order == ids
    assert spool.totals().rejected == 0


NGINX_413 = Say(413, {"Content-Type": "text/html"}, b"<html>413 Request Entity Too Large</html>")


async def test_an_event_that_a_proxy_never_lets_through_stays_named_and_blocks_no_other(
    spool: Spool, server: ScriptedServer
) -> None:
    ids = fill(spool, 40)
    server.blocked = {ids[0]: NGINX_413, ids[17]: NGINX_413}
    sender = await goes_on(spool, server, until=38)
    assert spool.totals().rejected == 0
    assert server.order == [name for name in ids if name not in server.blocked]
    assert "answers in its place (status 413)" in sender.status.trouble
    assert sender.skipping.verdict is not None
    assert (sender.skipping.verdict.problem.cause, sender.skipping.verdict.problem.facts) == (
        "proxy",
        {"status": "413"},
    )
    server.blocked = {}
    await tries_now(server, sender)
    assert sorted(server.order) == sorted(ids)
    assert (sender.status.trouble, sender.skipping.verdict) == ("", None)


@pytest.mark.parametrize("blocked", [range(30), range(0, 60, 2)], ids=["in a row", "every second one"])
async def test_events_that_a_proxy_never_lets_through_wait_until_the_others_were_tried(
    spool: Spool, server: ScriptedServer, blocked: range
) -> None:
    ids = fill(spool, 60)
    server.blocked = {ids[number]: NGINX_413 for number in blocked}
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "t", chance=lambda: 0.0)
        sender.skipping.again_s = 0  # the next round is due at once, as after many slow attempts
        for _ in range(300):
            await sender.step()
        assert server.order == [name for name in ids if name not in server.blocked]
        new = fill(spool, 1)
        await sender.step()
        assert server.order[-1:] == new, "an event that was not tried goes before those that were skipped"
        server.blocked = {}
        await sender.drain()
    assert sorted(server.order) == sorted([*ids, *new])


async def test_a_proxy_that_refuses_everything_is_asked_less_and_less_often(
    spool: Spool, server: ScriptedServer
) -> None:
    fill(spool, 64)
    server.otherwise = NGINX_413
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "t", chance=lambda: 1.0)
        waits = [await sender.step() for _ in range(14)]
    assert [len(request.ids) for request in server.requests] == [64, 32, 16, 8, 4, 2, *[1] * 8]
    assert waits == [0, 0, 0, 0, 0, 0, 0.5, 1, 2, 4, 8, 8, 8, 8]
    assert spool.totals().pending == 64


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
    await drain(spool, server, patience_s=2.0)
    assert [len(request.ids) for request in server.requests][:6] == [100, 50, 25, 20, 20, 20]
    assert server.order == ids

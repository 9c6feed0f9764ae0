"""The terminal measures its clock as NTP does, and does not use what it measured under another setting of the clock."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from producers.terminal.clock_offset import ClockOffsets, Measured, clock_offset_ms, measured
from producers.terminal.link import Link, ServerAnswer
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool
from schemas.times import epoch_ms
from tests.support.scripted_server import ScriptedServer

NOON = datetime(2025, 10, 25, 12, tzinfo=UTC)
NOON_MS = epoch_ms(NOON)


def answer(received_s: float, answered_s: float, took_s: float, **said: object) -> ServerAnswer:
    """Return an answer by the server's clock, in seconds after noon; its Date is noon."""
    stamps = [(NOON + timedelta(seconds=at)).isoformat() for at in (received_s, answered_s)]
    body = {"terminal_id": "t-1", "received_at": stamps[0], "answered_at": stamps[1], **said}
    return ServerAnswer(200, {"Date": format_datetime(NOON, usegmt=True)}, json.dumps(body).encode(), took_s)


@pytest.mark.parametrize(
    ("received_s", "answered_s", "took_s", "now_s", "offset_ms", "way_ms"),
    [
        (0, 0, 0, 0, 0, 0),
        (1, 1.5, 2.5, 2.5, 0, 2_000),  # 1 s there, 0.5 s at the server, 1 s back
        (61, 61.5, 2.5, 2.5, 60_000, 2_000),  # the same with a terminal that is a minute slow
        (-59, -58.5, 2.5, 2.5, -60_000, 2_000),
        (8, 8, 8.2, 8.2, 3_900, 8_200),  # 8 s there, 0.2 s back: wrong by half of the way at most
    ],
)
def test_the_offset_is_measured_by_both_stamps(
    received_s: float, answered_s: float, took_s: float, now_s: float, offset_ms: int, way_ms: int
) -> None:
    one = measured(answer(received_s, answered_s, took_s), NOON_MS + int(now_s * 1_000))
    assert one == Measured(offset_ms, way_ms)


@pytest.mark.parametrize(
    "odd",
    [
        answer(0, 0, 1, received_at=None),
        answer(0, 0, 1, answered_at=7),
        answer(0, 0, 1, answered_at="noon"),
        answer(0, 0, 1, received_at="2025-10-25T12:00:00"),  # without an offset
        answer(1, 0, 3),  # answered before it was asked
        answer(0, 5, 3),  # took longer at the server than in all
        ServerAnswer(503, {"Date": format_datetime(NOON, usegmt=True)}, b"{}", 0),
        ServerAnswer(200, {"Date": format_datetime(NOON, usegmt=True)}, b"<html>", 0),
    ],
)
def test_without_stamps_that_can_be_the_date_is_shown_and_nothing_is_sent(odd: ServerAnswer) -> None:
    offsets = ClockOffsets()
    now_ms = NOON_MS - 60_000
    offsets.hear(odd, now_ms, 0)
    assert offsets.best_ms(now_ms, 0) is None
    assert offsets.shown_ms(now_ms, 0) == clock_offset_ms(odd, now_ms)
    assert 58_000 <= (offsets.shown_ms(now_ms, 0) or 0) <= 62_500


def test_of_ten_minutes_the_measurement_with_the_shortest_way_counts() -> None:
    offsets = ClockOffsets()
    for at_s, took_s in ((0, 2.0), (100, 0.5), (200, 4.0)):  # the way there takes no time: off by half of the way back
        offsets.hear(answer(at_s, at_s, took_s), NOON_MS + int((at_s + took_s) * 1_000), at_s + took_s)
    assert offsets.best_ms(NOON_MS + 210_000, 210) == -250
    assert offsets.best_ms(NOON_MS + 700_500, 700.5) == -250
    assert offsets.best_ms(NOON_MS + 701_000, 701) == -2_000
    assert not offsets.needs_one(NOON_MS + 701_000, 701)
    assert offsets.best_ms(NOON_MS + 804_100, 804.1) is None
    assert offsets.needs_one(NOON_MS + 804_100, 804.1)


@pytest.mark.parametrize(("set_ms", "is_forgotten"), [(400, False), (-400, False), (600, True), (-7_200_000, True)])
def test_what_was_measured_before_the_clock_was_set_is_forgotten(set_ms: int, *, is_forgotten: bool) -> None:
    offsets = ClockOffsets()
    offsets.hear(answer(60, 60, 0), NOON_MS, 5)
    assert offsets.best_ms(NOON_MS + 10_000, 15) == 60_000
    after_ms = NOON_MS + 20_000 + set_ms
    assert (offsets.best_ms(after_ms, 25) is None) is is_forgotten
    assert offsets.needs_one(after_ms, 25) is is_forgotten


async def test_a_terminal_measures_its_clock_before_it_sends_and_tells_the_offset(
    spool: Spool, server: ScriptedServer
) -> None:
    spool.save("a", "scan", 0, lambda seq: b'{"id":"a"}')
    now_ms = [NOON_MS]
    server.terminal |= {"fair_file": "0", "received_at": "2025-10-25T13:00:00Z", "answered_at": "2025-10-25T13:00:00Z"}
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "t", clock=lambda: now_ms[0])
        await sender.look_up()
        await sender.drain()
        now_ms[0] += 86_400_000  # somebody sets the clock
        spool.save("b", "scan", 0, lambda seq: b'{"id":"b"}')
        await sender.drain()
    asked, first, second = (request.headers for request in server.requests)
    assert "clock-offset" not in asked
    # Its clock stands still: the way there and back makes up to half a second of difference.
    assert 3_600_000 <= int(first["clock-offset"]) < 3_601_000
    assert "clock-offset" not in second
    assert second["sent-at"] == "2025-10-26T12:00:00.000Z"


async def test_a_running_terminal_asks_before_its_first_post_and_again_once_its_clock_was_set(
    spool: Spool, server: ScriptedServer
) -> None:
    now_ms = [NOON_MS]
    server.terminal |= {"fair_file": "0", "received_at": NOON.isoformat(), "answered_at": NOON.isoformat()}
    spool.save("a", "scan", 0, lambda seq: b'{"id":"a"}')
    async with Link(server.url) as link:
        sender = Sender(spool, link, lambda: "t", clock=lambda: now_ms[0], ask_idle_s=0)
        running = asyncio.create_task(sender.run())
        await server.until_stored(1)
        now_ms[0] -= 3_600_000
        spool.save("b", "scan", 0, lambda seq: b'{"id":"b"}')
        sender.wake()
        await server.until_stored(2)
        running.cancel()
    posts = [index for index, request in enumerate(server.requests) if request.method == "POST"]
    assert [server.requests[index - 1].method for index in posts] == ["GET", "GET"]
    first, second = (int(server.requests[index].headers["clock-offset"]) for index in posts)
    assert (abs(first) < 1_000, abs(second - 3_600_000) < 1_000) == (True, True)

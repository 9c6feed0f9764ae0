"""The simulator's stream through real terminals over HTTP."""

import json
from collections import Counter
from datetime import datetime
from itertools import islice
from pathlib import Path
from random import Random

from producers.play.fleet import TOGETHER_MS, HttpSink, terminals_of
from producers.play.simulator.emission import BadRecord, Emission
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from producers.play.sinks import Acknowledged, MemorySink
from producers.records import Record
from schemas.api.http import SENT_AT, SIMULATED_TIME
from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair
from schemas.times import epoch_ms
from schemas.topics import BADGES
from tests.support.scripted_server import Request, Say, ScriptedServer, Store, Swallow

FAIR = load_fair(example_fair_path("small"))


def day(count: int) -> list[Emission]:
    return list(islice(emissions(FAIR, scenario_named("fair_day"), seed=3), count))


def sent_by(server: ScriptedServer) -> Counter[str]:
    return Counter(event["source"].rpartition("/")[2] for event in server.events.values())


async def test_every_event_of_the_simulator_reaches_the_server_through_its_own_terminal(
    tmp_path: Path, server: ScriptedServer
) -> None:
    told: list[Record] = []
    sink = HttpSink(server.url, dict.fromkeys(terminals_of(FAIR), "tf_k_s"), tmp_path, told.append)
    stream = day(1_500)
    good = [one for one in stream if not isinstance(one.fact, BadRecord)]
    async with sink:
        for one in stream:
            await sink.send(one)
    assert sink.left_out >= len([one for one in stream if isinstance(one.fact, BadRecord) and not one.value])
    assert set(server.events) >= {one.event_id for one in good}
    assert Counter(one.event_id for one in told if isinstance(one, Emission) and one in good) == Counter(
        one.event_id for one in good
    )
    assert all(event["source"].startswith("/fairs/small-2025/") for event in server.events.values())


async def test_an_outage_and_a_failing_server_delay_events_and_lose_none(
    tmp_path: Path, server: ScriptedServer
) -> None:
    chance = Random(1)
    stream = [one for one in day(1_200) if not isinstance(one.fact, BadRecord)]
    sink = HttpSink(server.url, dict.fromkeys(terminals_of(FAIR), "tf_k_s"), tmp_path)
    names = [one.terminal_id for one in terminals_of(FAIR)]
    server.script += [chance.choice([Swallow(), Store(), 503, Say(429, {"Retry-After": "0"})]) for _ in range(40)]
    async with sink:
        for number, one in enumerate(stream):
            await sink.send(one)
            if number == 300:
                sink.unplug(names[::2])
            if number == 900:
                assert sent_by(server).keys() <= set(names)
                sink.plug_in()
    assert sink.acknowledged == sink.sent == len(stream)
    assert set(server.events) == {one.event_id for one in stream}
    assert server.conflicts == 0
    assert sink.statuses[503] > 0


async def test_what_a_fleet_had_saved_is_sent_by_the_next_one(tmp_path: Path, server: ScriptedServer) -> None:
    stream = [one for one in day(300) if not isinstance(one.fact, BadRecord)]
    tokens = dict.fromkeys(terminals_of(FAIR), "tf_k_s")
    first = HttpSink(server.url, tokens, tmp_path)
    first.unplug(one.terminal_id for one in tokens)
    await first.start()
    for one in stream:
        await first.send(one)
    await first.stop()
    assert not server.events
    async with HttpSink(server.url, tokens, tmp_path):
        pass
    assert set(server.events) == {one.event_id for one in stream}


async def test_what_is_sent_before_the_fair_is_live_is_sent_at_its_own_time(
    tmp_path: Path, server: ScriptedServer
) -> None:
    stream = [one for one in day(600) if not isinstance(one.fact, BadRecord)]
    live_from_ms = stream[400].at_ms
    sink = HttpSink(server.url, dict.fromkeys(terminals_of(FAIR), "tf_k_s"), tmp_path, live_from_ms=live_from_ms)
    server.script += [Say(429, {"Retry-After": "0"})] * 10
    async with sink:
        for one in stream:
            await sink.send(one)
    times = Counter(one.event_id for one in stream)
    due = {one.event_id: one.at_ms for one in stream[:400] if times[one.event_id] == 1}
    late = [
        epoch_ms(datetime.fromisoformat(request.headers[SIMULATED_TIME.lower()])) - due[name]
        for request in server.requests
        for name in request.ids
        if name in due
    ]
    assert len(late) > 300
    assert all(0 <= one <= TOGETHER_MS for one in late), max(late)


async def test_a_terminal_whose_clock_is_wrong_says_so_with_every_request(
    tmp_path: Path, server: ScriptedServer
) -> None:
    stream = [one for one in day(1_500) if not isinstance(one.fact, BadRecord)]
    wrong = {name: offset for one in stream for name, offset in [clock_of(one)] if offset}
    sink = HttpSink(server.url, dict.fromkeys(terminals_of(FAIR), "tf_k_s"), tmp_path, live_from_ms=2**62)
    async with sink:
        for one in stream:
            await sink.send(one)
    told = {
        request.events[-1]["source"].rpartition("/")[2]: ms(request, SIMULATED_TIME) - ms(request, SENT_AT)
        for request in server.requests
    }
    assert len(wrong) > 3
    assert {name: offset for name, offset in told.items() if offset} == wrong


def clock_of(emission: Emission) -> tuple[str, int]:
    """Return a terminal, and how far its clock is behind, as the simulated server has measured it."""
    members = json.loads(emission.value or b"")
    return members["terminal_id"], members["clock_offset_ms"]


def ms(request: Request, header: str) -> int:
    return epoch_ms(datetime.fromisoformat(request.headers[header.lower()]))


async def test_what_the_register_of_badges_says_goes_past_the_gateway(
    tmp_path: Path, server: ScriptedServer, register_fair: Fair
) -> None:
    stream = list(islice(emissions(register_fair, scenario_named("fair_day"), seed=3), 600))
    good = [one for one in stream if not isinstance(one.fact, BadRecord)]
    register = [one for one in stream if one.topic == BADGES.name]
    told: list[Record] = []
    straight: list[MemorySink] = []

    def make(acknowledged: Acknowledged) -> MemorySink:
        straight.append(MemorySink(acknowledged))
        return straight[0]

    tokens = dict.fromkeys(terminals_of(register_fair), "tf_k_s")
    async with HttpSink(server.url, tokens, tmp_path, told.append, register=make) as sink:
        for one in stream:
            await sink.send(one)
    assert [(one.topic, one.value) for one in straight[0].records] == [(one.topic, one.value) for one in register]
    assert len(register) > 100
    assert not server.events.keys() & {one.event_id for one in register}
    assert {one.event_id for one in told if isinstance(one, Emission)} == {one.event_id for one in good}

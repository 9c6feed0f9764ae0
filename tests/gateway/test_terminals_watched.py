"""What a gateway shows of its terminals: who is slow, whose clock is wrong, who is silent. Numbers by hand."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from producers.gateway.hearing import Hearing
from producers.gateway.lags import LAGS_MAX, Lags, Slow, nearest
from producers.gateway.skew import ClockTold, Off, Skew
from producers.registry.doorkeeper import Doorkeeper
from producers.registry.store import Key
from schemas.api.terminals import PlaceKind, Terminal
from schemas.ids import FairId, TerminalId
from schemas.settings import KafkaSettings
from schemas.topics import SCANS
from schemas.watched import CLOCK_SKEW, LAG_RECENT_S, TERMINAL_LAG, TERMINALS_SILENT, WatchedNumber
from streams.audit.recount.times import epoch_ms
from streams.local.kafka import LocalKafka
from tests.support.devices import Devices
from tests.support.gateway import BOOTH, ELSEWHERE, FAIR_ID, GATE, OTHER_BOOTH, Paired, enrolled, event
from tests.support.gateway_app import GatewayApp, gateway_app
from tests.support.workers import read_back

ONE, OTHER = TerminalId("stand-1"), TerminalId("stand-2")
TEN = datetime(2025, 10, 25, 9, tzinfo=UTC)
LAGS_S = [1, 2, 3, 4, 5, 6, 7, 8, 9, 90]
"""Of these ten lags, half are at most 5 s, and 99 in a hundred at most 90 s."""


@pytest.mark.parametrize(
    ("numbers", "half", "most"),
    [([7], 7, 7), ([1, 2], 1, 2), ([1, 2, 3], 2, 3), (list(range(1, 101)), 50, 99), (list(range(1, 102)), 51, 100)],
)
def test_a_quantile_is_the_least_number_that_its_part_does_not_exceed(numbers: list[int], half: int, most: int) -> None:
    assert (nearest(numbers, 50), nearest(numbers, 99)) == (half, most)


def test_lags_of_any_order_and_any_postings_give_the_same_figure() -> None:
    for seed in range(20):
        chance, lags, left = random.Random(seed), Lags(), [1_000 * one for one in LAGS_S]
        chance.shuffle(left)
        while left:
            size = chance.randrange(1, 5)
            lags.heard(ONE, left[:size], 0)
            left = left[size:]
        assert lags.slowest(0) == [Slow(ONE, 5_000, 90_000)]


def test_the_slowest_terminals_come_first_and_old_events_and_negative_lags_do_not_count() -> None:
    lags = Lags()
    lags.heard(ONE, [900_000], 0)
    lags.heard(ONE, [-4_000], LAG_RECENT_S + 1)
    lags.heard(OTHER, [2_000], LAG_RECENT_S + 1)
    assert lags.slowest(LAG_RECENT_S)[0] == Slow(ONE, 0, 900_000)
    assert lags.slowest(LAG_RECENT_S + 1) == [Slow(OTHER, 2_000, 2_000), Slow(ONE, 0, 0)]
    assert lags.slowest(LAG_RECENT_S + 1, most=1) == [Slow(OTHER, 2_000, 2_000)]
    assert lags.slowest(10 * LAG_RECENT_S) == []


def test_what_is_kept_of_lags_is_bounded_by_terminals_and_by_events() -> None:
    lags = Lags(most=2)
    for name in ("a", "b", "c"):
        lags.heard(TerminalId(name), [1] * (LAGS_MAX + 5), 0)
    assert [slow.terminal_id for slow in lags.slowest(0)] == ["c", "b"]
    assert sum(len(one.recent) for one in lags._known.values()) == 2 * LAGS_MAX


def test_the_clocks_furthest_off_are_shown_and_every_one_beyond_two_minutes() -> None:
    skew = Skew()
    for name, offset_ms in (("right", 0), ("slow", 120_000), ("fast", -120_001), ("worst", 7_200_000)):
        skew.offset_ms(TerminalId(name), ClockTold(None, offset_ms, True), 0)
    skew.offset_ms(TerminalId("silent on its clock"), ClockTold(None, None, True), 0)
    ranked = [Off("worst", 7_200_000), Off("fast", -120_001), Off("slow", 120_000), Off("right", 0)]  # type: ignore[arg-type]
    assert skew.worst(0) == ranked
    assert skew.worst(0, most=1) == ranked[:2]
    assert skew.worst(601) == []


def test_an_enrolled_terminal_that_was_never_heard_has_no_time_and_a_revoked_one_no_series() -> None:
    hearing, gone = Hearing(), Terminal(TerminalId("gone"), FairId(FAIR_ID), PlaceKind.BOOTH, "h1-001")
    trial = Terminal(TerminalId("trial"), FairId(FAIR_ID), PlaceKind.GATE, "north", test=True)
    for name in (BOOTH.terminal_id, gone.terminal_id, trial.terminal_id):
        hearing.heard(name, 100.0)
    assert [(one.terminal.terminal_id, one.at_s) for one in hearing.of([BOOTH, GATE, BOOTH, trial])] == [
        ("stand-1", 100.0),
        ("lane-1", 0.0),
    ]


@pytest.fixture
def paired(tmp_path: Path) -> Paired:
    """A registry of this test alone: others enrol terminals of their own in the shared one."""
    return enrolled(tmp_path / "terminals.sqlite")


@pytest.fixture
def trial(paired: Paired) -> Terminal:
    """A terminal for tests, enrolled beside the others."""
    made = Terminal(TerminalId("trial"), FairId(FAIR_ID), PlaceKind.BOOTH, "h1-001", test=True)
    paired.enrol(made, again=True)
    return made


def shown(app: GatewayApp, watched: WatchedNumber) -> dict[tuple[str, ...], float]:
    page = generate_latest(app.gateway.metrics.registry).decode()
    return {
        tuple(sample.labels[name] for name in watched.labels): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == watched.metric
    }


async def test_any_request_with_a_valid_token_is_heard_and_one_without_is_not(paired: Paired) -> None:
    async with gateway_app(paired) as app:
        app.gateway.clock = lambda: TEN
        assert (await app.who_am_i(GATE)).status_code == 200
        assert (await app.post(event(BOOTH), BOOTH)).status_code == 503  # no Kafka, but heard
        assert (await app.send("GET", "/v1/terminal", [("authorization", "Bearer tf_x")])).status_code == 401
        found = shown(app, TERMINALS_SILENT)
    assert found == {
        ("lane-1", "gate", "north"): TEN.timestamp(),
        ("stand-1", "booth", "h1-001"): TEN.timestamp(),
        ("stand-2", "booth", "h2-001"): 0,
        ("door-1", "hall", "h1"): 0,
        ("desk-1", "desk", ""): 0,
    }


async def test_the_clock_of_a_test_terminal_corrects_its_events_and_is_not_shown(
    paired: Paired, trial: Terminal
) -> None:
    async with gateway_app(paired) as app:
        told = [await app.who_am_i(one, {"clock-offset": "7200000"}) for one in (trial, GATE)]
        found = shown(app, CLOCK_SKEW)
    assert [one.json()["clock_offset_ms"] for one in told] == [7_200_000, 7_200_000]
    assert found == {("lane-1",): 7_200}


def test_a_terminal_whose_only_token_has_expired_is_not_enrolled() -> None:
    doorkeeper = Doorkeeper(Path("unread"))
    doorkeeper._keys = {"k": Key("k", BOOTH, b"", TEN), "other fair": Key("other fair", ELSEWHERE, b"", None)}
    assert list(doorkeeper.terminals(FairId(FAIR_ID), TEN - timedelta(seconds=1))) == [BOOTH]
    assert list(doorkeeper.terminals(FairId(FAIR_ID), TEN)) == []


@pytest.mark.broker
async def test_lag_and_clock_of_terminals_are_those_of_the_recount_and_of_the_hand(
    paired: Paired, trial: Terminal, log_of_events: LocalKafka
) -> None:
    """One terminal is slow, the other has a clock that is 5 minutes slow; its events take 2 s by the right clock.

    A test terminal is slower, and its clock is further off. Neither figure has it.
    """
    kafka = KafkaSettings(bootstrap_servers=log_of_events.bootstrap_servers, partitions=4)
    began = TEN + timedelta(hours=3)
    async with gateway_app(paired, kafka=kafka) as app:
        app.gateway.supervisor.start()
        try:
            async with asyncio.timeout(60):
                while not app.gateway.supervisor.is_connected:
                    await asyncio.sleep(0.05)
            app.gateway.clock = lambda: began
            slow = [event(BOOTH, time=(began - timedelta(seconds=one)).isoformat()) for one in LAGS_S]
            assert (await app.post(slow, BOOTH)).status_code == 202
            assert (await app.post(slow, BOOTH)).status_code == 202  # again: duplicates are not accepted anew
            wrong = event(OTHER_BOOTH, time=(began - timedelta(seconds=302)).isoformat())
            assert (await app.post(wrong, OTHER_BOOTH, {"clock-offset": "300000"})).status_code == 202
            tried = event(trial, time=(began - timedelta(hours=3)).isoformat())
            assert (await app.post(tried, trial, {"clock-offset": "7200000"})).status_code == 202
            lags, offsets = shown(app, TERMINAL_LAG), shown(app, CLOCK_SKEW)
        finally:
            await app.gateway.supervisor.stop()
    assert lags == {
        ("stand-1", "0.5"): 5,
        ("stand-1", "0.99"): 90,
        ("stand-2", "0.5"): 2,
        ("stand-2", "0.99"): 2,
    }
    assert offsets == {("stand-2",): 300}
    devices = Devices()
    at = int(began.timestamp()) * 1_000
    for *_, value in await asyncio.to_thread(read_back, kafka.bootstrap_servers, SCANS.name):
        assert value is not None
        stored = json.loads(value)
        if epoch_ms(stored["received_at"]) == at:  # by this gateway's clock: else another test has posted it
            devices.take(stored, at)
    assert [devices.delay(name, part, at, at) for name in ("stand-1", "stand-2") for part in (50, 99)] == [
        5_000,
        90_000,
        2_000,
        2_000,
    ]
    assert devices.corrections["stand-2"] == (at, 300_000)
    assert "stand-2" in devices.wrong_clocks(120_000)

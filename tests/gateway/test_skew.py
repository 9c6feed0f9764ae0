"""The offset of a terminal's clock: the time that a request is on its way is not taken for it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from producers.gateway.http.heading import Heading
from producers.gateway.skew import DIFFERENCES_MAX, ClockTold, Skew, clock_told
from schemas.ids import TerminalId
from tests.support.gateway import BOOTH, Paired
from tests.support.gateway_app import gateway_app

ONE, OTHER = TerminalId("stand-1"), TerminalId("stand-2")
NOON = datetime(2025, 10, 25, 12, tzinfo=UTC)
HOUR_S = 3_600


def told(headers: dict[str, str | list[str]], received_at: datetime = NOON) -> ClockTold:
    given = {name.lower(): value if isinstance(value, list) else [value] for name, value in headers.items()}
    return clock_told(Heading("POST", "/v1/events", b"", given), received_at)


def stamped(offset_s: float, transit_s: float, *, measured: bool = False) -> ClockTold:
    """Return what a request says that is sent at noon by the server's clock.

    Args:
        offset_s: server clock minus terminal clock.
        transit_s: how long the request is on its way.
        measured: whether the terminal sends the offset, too.
    """
    headers: dict[str, str | list[str]] = {"Sent-At": (NOON - timedelta(seconds=offset_s)).isoformat()}
    if measured:
        headers["Clock-Offset"] = str(int(offset_s * 1_000))
    return told(headers, NOON + timedelta(seconds=transit_s))


@pytest.mark.parametrize(
    ("clock", "offset_s", "transit_s", "first_ms", "later_ms"),
    [
        ("right", 0, 0, 0, 0),
        ("right", 0, 8, 0, 0),
        ("fast", -5, 0, -5_000, -5_000),
        ("fast", -5, 8, 0, -5_000),  # 3 s that may be its way
        ("slow", 5, 0, 0, 5_000),  # 5 s that may be its way
        ("slow", 5, 8, 0, 5_000),
        ("very fast", -HOUR_S, 0, -3_600_000, -3_600_000),
        ("very fast", -HOUR_S, 8, -3_592_000, -3_600_000),
        ("very slow", HOUR_S, 0, 3_600_000, 3_600_000),
        ("very slow", HOUR_S, 8, 3_608_000, 3_600_000),
        ("slow by what may be a way", 19.999, 0, 0, 19_999),
        ("slow by more than a way", 20, 0, 20_000, 20_000),
    ],
)
@pytest.mark.parametrize("measured", [False, True])
def test_the_way_of_a_request_is_not_taken_for_an_offset(
    clock: str, offset_s: float, transit_s: float, first_ms: int, later_ms: int, *, measured: bool
) -> None:
    """First: nothing else was heard. Later: another request came straight here nine minutes ago."""
    del clock
    request = stamped(offset_s, transit_s, measured=measured)
    exact = int(offset_s * 1_000)
    assert Skew().offset_ms(ONE, request, 0) == (exact if measured else first_ms)
    skew = Skew()
    skew.offset_ms(ONE, stamped(offset_s, 0), 0)
    assert skew.offset_ms(ONE, request, 540) == (exact if measured else later_ms)


@pytest.mark.parametrize(
    ("what", "heard", "expected_ms"),
    [
        ("another terminal's way says nothing", [(OTHER, 0, stamped(3, 0)), (ONE, 1, stamped(3, 8))], 0),
        ("one of ten minutes ago counts", [(ONE, 0, stamped(3, 0)), (ONE, 600, stamped(3, 8))], 3_000),
        ("an older one does not", [(ONE, 0, stamped(3, 0)), (ONE, 600.1, stamped(3, 8))], 0),
        (
            "the least one counts",
            [(ONE, 0, stamped(3, 9)), (ONE, 1, stamped(3, 1)), (ONE, 2, stamped(3, 5)), (ONE, 3, stamped(3, 8))],
            4_000,
        ),
        (
            "when the least one is forgotten, the least one since then counts",
            [(ONE, 0, stamped(3, 0)), (ONE, 500, stamped(3, 1)), (ONE, 550, stamped(3, 5)), (ONE, 601, stamped(3, 8))],
            4_000,
        ),
        ("a clock that is put forward is believed", [(ONE, 0, stamped(HOUR_S, 0)), (ONE, 1, stamped(0, 0))], 0),
        ("a clock that is put back is believed", [(ONE, 0, stamped(0, 0)), (ONE, 1, stamped(HOUR_S, 8))], 3_608_000),
        ("a way of a minute is a way", [(ONE, 0, stamped(1, 0)), (ONE, 1, stamped(1, 60))], 1_000),
        ("a request without a time has no offset", [(ONE, 0, stamped(3, 0)), (ONE, 1, told({}))], 0),
        ("a measured offset needs no time", [(ONE, 0, told({"Clock-Offset": "-70"}))], -70),
    ],
)
def test_of_the_requests_of_ten_minutes_the_one_with_the_shortest_way_counts(
    what: str, heard: list[tuple[TerminalId, float, ClockTold]], expected_ms: int
) -> None:
    skew = Skew()
    for terminal, now_s, request in heard:
        offset = skew.offset_ms(terminal, request, now_s)
    assert offset == expected_ms, what


def test_the_memory_of_a_terminal_and_of_terminals_is_bounded() -> None:
    skew = Skew(most=3)
    for second in range(5 * DIFFERENCES_MAX):
        assert skew.offset_ms(ONE, stamped(0, 1 + second / 10), second) == (1_000 if second else 0)
    for number in range(10):
        skew.offset_ms(TerminalId(f"t-{number}"), stamped(0, 0), 100)
    assert len(skew) == 3
    assert skew.offset_ms(ONE, stamped(0, 8), 101) == 0, "it was forgotten"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Sent-At", "yesterday"),
        ("Sent-At", "2005-01-01T00:00:00Z"),  # over three years
        *(
            ("Clock-Offset", value)
            for value in ("", "soon", "1.5", "1e3", "+5", "0x10", "1_000", "\u0661", "100000000001", "9" * 5_000)
        ),
        ("Clock-Offset", ["1", "1"]),
    ],
)
def test_a_value_that_cannot_be_used_is_told_apart_and_ignored(header: str, value: str | list[str]) -> None:
    request = told({header: value})
    assert (request.is_readable, Skew().offset_ms(ONE, request, 0)) == (False, 0)


def test_without_a_usable_offset_the_time_of_sending_counts() -> None:
    sent_at = (NOON - timedelta(hours=1)).isoformat()
    request = told({"Sent-At": sent_at, "Clock-Offset": "an hour"})
    assert (request.is_readable, Skew().offset_ms(ONE, request, 0)) == (False, 3_600_000)
    assert told({"Clock-Offset": "-100000000000"}) == (None, -(10**11), True)


async def test_who_am_i_has_both_stamps_and_its_own_way_counts(paired: Paired) -> None:
    async with gateway_app(paired) as app:
        times = iter((NOON, NOON + timedelta(milliseconds=250)))
        app.gateway.clock = lambda: next(times)
        sent_at = NOON - timedelta(seconds=2)
        said = (await app.who_am_i(BOOTH, {"sent-at": sent_at.isoformat()})).json()
        stamps = [said[name] for name in ("received_at", "answered_at", "server_time")]
        assert stamps == ["2025-10-25T12:00:00.000Z", "2025-10-25T12:00:00.250Z", "2025-10-25T12:00:00.250Z"]
        slow = told({"Sent-At": sent_at.isoformat()}, NOON + timedelta(seconds=8))
        now_s = asyncio.get_running_loop().time()
        assert app.gateway.skew.offset_ms(TerminalId(BOOTH.terminal_id), slow, now_s) == 2_000

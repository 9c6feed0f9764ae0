"""An id is another event's only once Kafka has confirmed that one; until then the answer is one to come back after."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from producers.gateway.events import memory
from producers.gateway.events.memory import DOUBT_S, IdInDoubt, Look, Remembered
from producers.gateway.outbox import STOP_S
from producers.gateway.supervisor import NotStored, Supervisor
from producers.records import RawRecord
from schemas.settings import KafkaSettings
from tests.support.gateway import Paired, event
from tests.support.gateway_app import GatewayApp, gateway_app

ONE, OTHER = {b"k": b"one"}, {b"k": b"other"}


# the memory


def test_an_event_is_a_duplicate_and_another_a_conflict_only_after_it_was_confirmed() -> None:
    known = Remembered(10)
    known.begin(ONE, 0)
    assert [known.look(b"k", content) for content in (b"one", b"other")] == [Look.NEW, Look.NEW]
    known.confirm(b"k", b"one")
    assert [known.look(b"k", content) for content in (b"one", b"other")] == [Look.DUPLICATE, Look.CONFLICT]


def must_wait(known: Remembered, now_s: float) -> bool:
    """Return whether another event with the id must wait; if not, it is certainly not stored."""
    try:
        known.begin(OTHER, now_s)
    except IdInDoubt:
        return True
    known.forget(OTHER)
    return False


def forgotten(known: Remembered) -> None:
    known.forget(ONE)


def doubted(known: Remembered) -> None:
    known.doubt(ONE, 0)


def confirmed(known: Remembered) -> None:
    known.confirm(b"k", b"one")


@pytest.mark.parametrize(
    ("ends", "now_s", "waits"),
    [
        ([], 9_999, True),
        ([forgotten], 0, False),
        ([doubted], DOUBT_S - 1, True),
        ([doubted], DOUBT_S, False),
        ([forgotten, forgotten], 0, False),
        ([forgotten, None], 9_999, True),
        ([doubted, None], DOUBT_S, True),
        ([doubted, forgotten], DOUBT_S - 1, True),
        ([forgotten, doubted], DOUBT_S - 1, True),
        ([doubted, forgotten], DOUBT_S, False),
        ([confirmed], 9_999, True),
        ([confirmed, forgotten], 9_999, True),
        ([confirmed, doubted], 9_999, True),
    ],
    ids=lambda value: (
        "-".join(one.__name__ if one else "under way" for one in value) if isinstance(value, list) else None
    ),
)
def test_another_event_waits_while_any_delivery_of_the_first_may_still_be_stored(
    ends: Sequence[Callable[[Remembered], None] | None], now_s: float, waits: bool
) -> None:
    known = Remembered(10)
    for _ in ends or [None]:
        known.begin(ONE, 0)
    for end in ends:
        if end is not None:
            end(known)
    assert must_wait(known, now_s) is waits


def test_of_several_events_all_begin_or_none() -> None:
    known = Remembered(10)
    known.begin(ONE, 0)
    with pytest.raises(IdInDoubt):
        known.begin({b"new": b"c", **OTHER}, 0)
    known.begin({b"new": b"another"}, 0)


def test_an_event_that_was_forgotten_by_the_full_memory_may_end_in_any_way() -> None:
    known = Remembered(1)
    known.begin({**ONE, b"newer": b"c"}, 0)
    known.forget(ONE)
    known.doubt(ONE, 0)
    assert not must_wait(known, 0)


def test_the_end_of_a_delivery_that_was_forgotten_is_not_taken_for_that_of_another_event() -> None:
    known = Remembered(1)
    for events in (ONE, {b"newer": b"c"}, OTHER):
        known.begin(events, 0)
    known.forget(ONE)
    with pytest.raises(IdInDoubt):
        known.begin(ONE, 0)


def test_the_doubt_outlasts_a_producer_that_is_being_stopped() -> None:
    assert DOUBT_S > 2 * STOP_S


# the answers


class Scripted(Supervisor):
    """Kafka as a test wants it.

    Attributes:
        fault: ends every delivery; None if Kafka stores it.
        gate: a delivery waits until it is open.
        stored: every record that was stored.
    """

    def __init__(self) -> None:
        super().__init__(KafkaSettings())
        self.fault: NotStored | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()
        self.stored: list[RawRecord] = []

    @property
    def is_connected(self) -> bool:
        return True

    async def deliver(self, records: Sequence[RawRecord]) -> None:
        self.waiting.set()
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.stored += records


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def corrected(one: dict[str, Any]) -> dict[str, Any]:
    """Return another event with the same id, as a corrected program posts it."""
    return {**one, "time": "2025-10-25T08:59:00.000Z"}


def with_kafka(app: GatewayApp) -> Scripted:
    kafka = Scripted()
    app.gateway.supervisor = kafka
    return kafka


async def under_way(app: GatewayApp, one: dict[str, Any]) -> tuple[Scripted, asyncio.Task[httpx.Response]]:
    """Post an event, and return as soon as its delivery waits for Kafka's gate."""
    kafka = with_kafka(app)
    kafka.gate.clear()
    posting = asyncio.create_task(app.post(one))
    await kafka.waiting.wait()
    return kafka, posting


NOT_STORED, UNKNOWN = NotStored(unknown=False), NotStored(unknown=True)
ALONE: Callable[[Any], Any] = lambda one: one  # noqa: E731 - beside the next one
IN_A_BATCH: Callable[[Any], Any] = lambda one: [event(), one, event()]  # noqa: E731


@pytest.mark.parametrize("shape", [ALONE, IN_A_BATCH], ids=["alone", "in a batch"])
@pytest.mark.parametrize(
    ("fault", "first", "alone", "in_a_batch"),
    [
        (NOT_STORED, (503, "kafka_unavailable"), (202, ""), (202, "")),
        (UNKNOWN, (503, "kafka_timeout"), (503, "kafka_timeout"), (503, "kafka_timeout")),
        (None, (202, ""), (409, "event_id_conflict"), (207, "")),
    ],
    ids=["not stored", "unknown", "stored"],
)
async def test_another_event_is_refused_for_good_only_if_the_first_stands(
    paired: Paired,
    shape: Callable[[Any], Any],
    fault: NotStored | None,
    first: tuple[int, str],
    alone: tuple[int, str],
    in_a_batch: tuple[int, str],
) -> None:
    one = event()
    async with gateway_app(paired) as app:
        kafka = with_kafka(app)
        kafka.fault = fault
        assert told(await app.post(one)) == first
        kafka.fault, before = None, len(kafka.stored)
        answer = await app.post(shape(corrected(one)))
        assert told(answer) == (alone if shape is ALONE else in_a_batch)
        if answer.status_code == 503:
            assert (answer.json()["outcome"], answer.json()["action"]) == ("unknown", "resend")
            assert len(kafka.stored) == before, "nothing of a request that must wait is stored"
        stands = answer.status_code == 202
        assert told(await app.post(one)) == ((409, "event_id_conflict") if stands else (202, "")), "the first, again"


async def test_another_event_waits_while_the_first_is_under_way(paired: Paired) -> None:
    one = event()
    async with gateway_app(paired) as app:
        kafka, first = await under_way(app, one)
        assert told(await app.post(corrected(one))) == (503, "kafka_timeout")
        kafka.gate.set()
        assert told(await first) == (202, "")
        assert told(await app.post(corrected(one))) == (409, "event_id_conflict")


@pytest.mark.parametrize(("doubt_s", "other"), [(DOUBT_S, (503, "kafka_timeout")), (0, (202, ""))], ids=str)
async def test_a_delivery_that_was_broken_off_leaves_a_doubt_that_ends(
    paired: Paired, monkeypatch: pytest.MonkeyPatch, doubt_s: float, other: tuple[int, str]
) -> None:
    monkeypatch.setattr(memory, "DOUBT_S", doubt_s)
    one = event()
    async with gateway_app(paired) as app:
        kafka, first = await under_way(app, one)
        first.cancel()
        await asyncio.wait([first])
        kafka.gate.set()
        assert told(await app.post(corrected(one))) == other


@pytest.mark.parametrize("fault", [None, NOT_STORED, UNKNOWN], ids=["stored", "not stored", "unknown"])
async def test_of_two_events_with_one_id_in_one_request_the_first_counts(
    paired: Paired, fault: NotStored | None
) -> None:
    one = event()
    async with gateway_app(paired) as app:
        kafka = with_kafka(app)
        kafka.fault = fault
        both = [one, corrected(one), one]
        assert (await app.post(both)).status_code == (207 if fault is None else 503)
        kafka.fault = None
        results = (await app.post(both)).json()["results"]
        first = "duplicate" if fault is None else "accepted"
        assert [result["outcome"] for result in results] == [first, "rejected", "duplicate"]

"""Assumptions about Faust's consumer thread and aiokafka. If a test fails, compare the seam with the new version."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.consumer.fetcher import READ_COMMITTED, OffsetResetStrategy
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import GroupAuthorizationFailedError, OffsetOutOfRangeError, TopicAuthorizationFailedError
from aiokafka.protocol.metadata import MetadataResponse_v1
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from streams.worker.app import Worker
from streams.worker.chunks import FetchedTo
from streams.worker.seams import thread as seam
from streams.worker.seams.thread import FETCH_MIN_BYTES, FETCH_WAIT_MS, hidden_error
from tests.support.still_kafka import EVENTS, on_still_kafka, records

DENIED = TopicAuthorizationFailedError(EVENTS.topic)


class Left(BaseException):
    """Raised where the worker would end. Nothing in between may catch it."""


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reason why the worker would end."""
    reasons: list[str] = []

    def leave(what: str, error: BaseException, **_: Any) -> None:
        reasons.append(f"{what}: {error}")
        raise Left

    monkeypatch.setattr(seam, "leave", leave)
    return reasons


def made_by(worker: Worker) -> AIOKafkaConsumer:
    """Return the client that Faust makes for the worker."""
    consumer: Any = worker.app.consumer
    return consumer._thread._create_consumer(asyncio.get_running_loop())


@asynccontextmanager
async def started(client: AIOKafkaConsumer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Start a client that finds no broker."""

    async def nowhere(_: Any) -> None:
        """Do not connect."""

    monkeypatch.setattr(AIOKafkaClient, "bootstrap", nowhere)
    monkeypatch.setattr(GroupCoordinator, "_coordination_routine", nowhere)
    await client.start()
    try:
        yield
    finally:
        await client.stop()


async def test_faust_makes_its_client_where_we_set_how_long_a_fetch_waits_and_the_fetcher_gets_it(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = made_by(worker)
    async with started(client, monkeypatch):
        assert client._client._conns == {}, "_conns: aiokafka keeps its connections elsewhere"
        fetcher = client._fetcher
        assert (fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes) == (FETCH_WAIT_MS, FETCH_MIN_BYTES), (
            "_create_worker_consumer: Faust makes its client elsewhere, or aiokafka passes these on in another way"
        )


async def test_faust_still_has_no_setting_for_how_long_a_fetch_waits(worker: Worker) -> None:
    consumer: Any = worker.app.consumer
    stock = AIOKafkaConsumerThread._create_worker_consumer(consumer._thread, worker.app.transport)  # type: ignore[arg-type]
    assert (stock._fetch_max_wait_ms, stock._fetch_min_bytes) == (1500, 1), "look for a setting in the new Faust"
    await stock.stop()
    assert not any("fetch_max_wait" in name or "fetch_min" in name for name in dir(worker.app.conf))


async def test_a_commit_that_is_refused_ends_the_worker(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, left: list[str]
) -> None:
    async def refuse(*_: Any) -> None:
        raise DENIED

    monkeypatch.setattr(AIOKafkaConsumer, "commit", refuse)
    consumer, _ = on_still_kafka(worker, EVENTS)
    consumer._thread._consumer = made_by(worker)
    monkeypatch.setattr(consumer._thread, "assignment", lambda: {EVENTS})
    with pytest.raises(Left):
        await consumer._commit({EVENTS: 1})
    assert "Read on topic fair.scans" in left[0], "commit: Faust commits without the client's own commit"


async def test_a_fetch_that_is_refused_ends_the_worker(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, left: list[str]
) -> None:
    consumer, kafka = on_still_kafka(worker, EVENTS)

    async def refuse(*_: Any, **__: Any) -> None:
        raise DENIED

    monkeypatch.setattr(kafka, "fetched_records", refuse)
    with pytest.raises(Left):
        await consumer._getmany({EVENTS}, 0)
    assert "Read on topic fair.scans" in left[0], "_fetch_records: Faust fetches elsewhere"


async def test_aiokafka_keeps_an_error_of_the_group_until_it_is_asked(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = made_by(worker)
    async with started(client, monkeypatch):
        assert hidden_error(client) is None
        client._coordinator._push_error_to_user(GroupAuthorizationFailedError("a-group")).close()
        found = hidden_error(client)
        assert isinstance(found, GroupAuthorizationFailedError), "_pending_exception: aiokafka keeps it elsewhere"
        assert found.args == ("a-group",)
        client._coordinator._pending_exception = None


async def test_a_coordination_that_has_died_is_found(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    client = made_by(worker)
    async with started(client, monkeypatch):

        async def dies() -> None:
            raise RuntimeError("no coordination any more")

        client._coordinator._coordination_task = asyncio.create_task(dies())
        await asyncio.wait([client._coordinator._coordination_task])
        assert str(hidden_error(client)) == "no coordination any more"
        with pytest.raises(RuntimeError, match="no coordination"):
            client._coordinator.check_errors()  # aiokafka looks for it in the same place
        client._coordinator._coordination_task = asyncio.create_task(asyncio.sleep(0))


async def test_aiokafka_notes_a_topic_that_it_may_no_longer_see(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = made_by(worker)
    async with started(client, monkeypatch):
        broker = [(0, "127.0.0.1", 9092, None)]
        denied = [(DENIED.errno, EVENTS.topic, False, [])]
        client._client.cluster.update_metadata(MetadataResponse_v1(broker, 0, denied))
        found = hidden_error(client)
        assert isinstance(found, TopicAuthorizationFailedError), "unauthorized_topics: aiokafka keeps them elsewhere"
        assert EVENTS.topic in str(found)


async def test_faust_keeps_its_client_where_the_watch_looks(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, left: list[str]
) -> None:
    consumer: Any = worker.app.consumer
    thread = consumer._thread
    client = made_by(worker)
    monkeypatch.setattr(thread, "_create_consumer", lambda loop: client)
    monkeypatch.setattr(seam, "LOOK_S", 0)
    async with started(client, monkeypatch):
        monkeypatch.setattr(AIOKafkaConsumer, "start", lambda _: asyncio.sleep(0))
        thread._thread_loop = asyncio.get_running_loop()
        await AIOKafkaConsumerThread.on_start(thread)
        client._coordinator._pending_exception = GroupAuthorizationFailedError("a-group")
        with pytest.raises(Left):
            await asyncio.wait_for(thread.watch(), 5)
        assert "group a-group" in left[0]
        client._coordinator._pending_exception = None


async def test_aiokafka_does_not_move_on_by_itself_while_events_flow(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer, kafka = on_still_kafka(worker, EVENTS)
    strategies: list[int] = []

    async def out_of_range(*_: Any, **__: Any) -> None:
        strategies.append(kafka._default_reset_strategy)  # type: ignore[attr-defined]
        raise OffsetOutOfRangeError({TopicPartition(*EVENTS): 7})

    monkeypatch.setattr(kafka, "fetched_records", out_of_range)
    monkeypatch.setattr(seam, "OUT_OF_RANGE_S", 0)
    held: list[Any] = []
    monkeypatch.setattr(consumer, "_hold", lambda tp, *, reconnected: held.append((tp, reconnected)))
    consumer.resume_flow()
    await consumer.read_from(EVENTS, 7)
    for worker.app.rebalancing in (True, False):
        assert [found async for found in consumer.getmany(0)] == []
    assert strategies == [OffsetResetStrategy.EARLIEST, OffsetResetStrategy.NONE]
    assert held == [(EVENTS, False)] * 2
    assert list(consumer.reading.cut(EVENTS, records(EVENTS, 7))) == [], "it is read no further"


async def test_a_partition_is_held_when_the_connection_to_its_broker_is_another_one(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer, kafka = on_still_kafka(worker, EVENTS)
    held: list[Any] = []
    monkeypatch.setattr(consumer, "_hold", lambda tp, *, reconnected: held.append((tp, reconnected)))
    consumer.resume_flow()
    await consumer.read_from(EVENTS, 0)
    for line in ("first", "first", "second"):
        kafka._client._conns[1, ConnectionGroup.DEFAULT] = line
        kafka.fetched = [{EVENTS: records(EVENTS, 7)}]
        await consumer.read_from(EVENTS, 7)
        found = [message async for message in consumer.getmany(0)]
        assert bool(found) is (line == "first")
    assert held == [(EVENTS, True)]


async def test_aiokafka_keeps_the_strategy_and_the_level_of_isolation_where_the_seam_sets_them(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = made_by(worker)
    async with started(client, monkeypatch):
        fetcher = client._fetcher
        assert fetcher._default_reset_strategy == OffsetResetStrategy.EARLIEST
        assert fetcher._isolation_level == READ_COMMITTED, "_isolation_level: aiokafka passes it on in another way"
        client.assign([TopicPartition(*EVENTS)])
        client.seek(TopicPartition(*EVENTS), 5)
        consumer: Any = worker.app.consumer
        consumer._thread._consumer = client
        found = consumer._thread._reached()
        assert found == {EVENTS: FetchedTo(5, 5, None)}, "aiokafka keeps positions elsewhere"

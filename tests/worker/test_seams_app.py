"""Assumptions about Faust's app and producer, and mode. If a test fails, compare the seam with the new version."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from faust.exceptions import ProducerSendError
from faust.types import TP, RecordMetadata
from mode import Service
from mode.types import ServiceT
from typing_extensions import override

from streams.worker.app import Worker
from streams.worker.run import process_of
from streams.worker.seams.app import SAID_TWICE, FilelessApp, place_of
from tests.support.still_kafka import EVENTS, on_still_kafka


async def test_an_app_that_starts_makes_directories_and_ours_makes_none(tmp_path: Path) -> None:
    stock = faust.App("stock", datadir=tmp_path / "stock", autodiscover=False)
    await stock.on_first_start()
    assert (tmp_path / "stock").is_dir(), "Faust makes its directories elsewhere, or none any more"
    ours = FilelessApp("ours", datadir=tmp_path / "ours", autodiscover=False)
    await ours.on_first_start()
    assert not (tmp_path / "ours").exists(), "_create_directories: Faust makes its directories elsewhere"


async def test_an_append_gives_its_place_once_kafka_has_it(worker: Worker) -> None:
    future = worker.app.tables["journal"].send_changelog(3, b"fair.scans", b"\x00raw")
    message = future.message
    assert (message.partition, message.key, message.value) == (3, b"fair.scans", b"\x00raw")
    tp = TP(worker.journal.name, 3)
    future.set_result(RecordMetadata(tp.topic, tp.partition, tp, 17, 1_234, 1))
    assert await place_of(future) == (17, 1_234), "send_changelog: the result of an append is given in another way"


async def test_a_refused_append_raises_aiokafka_s_error_early_or_late(worker: Worker) -> None:
    denied = TopicAuthorizationFailedError("fair.rejected")

    class Refusing:
        async def send(self, *_: Any, **__: Any) -> None:
            raise denied

    producer: Any = worker.app.producer
    producer._producer = Refusing()
    sending = producer.send("fair.rejected", b"k", b"v", partition=0, timestamp=None, headers=None)
    with pytest.raises(ProducerSendError):
        await sending
    sending = producer.send("fair.rejected", b"k", b"v", partition=0, timestamp=None, headers=None)
    with pytest.raises(TopicAuthorizationFailedError):
        await place_of(sending)
    late = worker.app.tables["journal"].send_changelog(3, b"fair.scans", b"")
    late.set_exception(denied)
    with pytest.raises(TopicAuthorizationFailedError):
        await place_of(late)


@pytest.mark.parametrize("name", SAID_TWICE)
async def test_a_silenced_logger_repeats_an_error_that_the_sender_gets(
    worker: Worker, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    future = worker.app.tables["journal"].send_changelog(3, b"fair.scans", b"")
    topic: Any = worker.app.tables["journal"].changelog_topic
    producer: Any = worker.app.producer
    state = worker.app.sensors.on_send_initiated(producer, worker.journal.name, future.message, 0, 0)
    refused: Any = worker.app.loop.create_future()
    refused.set_exception(TopicAuthorizationFailedError(worker.journal.name))
    with caplog.at_level(logging.WARNING):
        topic._on_published(refused, future, producer, state)
    assert [record.name for record in caplog.records] == [name], "Faust warns of a failed append elsewhere"
    assert isinstance(future.exception(), TopicAuthorizationFailedError)


async def test_faust_tells_the_app_of_the_beginning_and_the_end_of_a_rebalance(worker: Worker) -> None:
    on_still_kafka(worker, EVENTS)
    worker.health.recovered(0)
    listener: Any = worker.app.consumer.RebalanceListener(worker.app.consumer._thread)  # type: ignore[attr-defined]
    listener.on_partitions_revoked([]).close()
    assert worker.app.rebalancing
    assert not worker.health.ready, "WorkerApp: Faust does not tell the app that a rebalance begins"
    worker.app.on_rebalance_end()
    assert worker.app.rebalancing, "this was the end of an earlier one: the partitions are not known yet"
    worker.app.on_rebalance_return()
    worker.app.on_rebalance_end()
    assert not worker.app.rebalancing
    assert worker.health.ready, "WorkerApp: Faust does not tell the app that a rebalance is over"


@pytest.mark.parametrize(
    ("steps", "over"),
    [
        ("begin assign recover end", True),
        ("begin assign begin recover end", False),
        ("begin assign begin recover end assign recover end", True),
        ("begin assign recover begin assign end", False),
        ("begin assign begin assign recover end", True),
    ],
)
async def test_a_rebalance_is_over_when_the_partitions_of_the_last_one_that_began_are_recovered(
    worker: Worker, steps: str, over: bool
) -> None:
    on_still_kafka(worker, EVENTS)
    app, states = worker.app, worker.states

    def assign() -> None:
        states.assigned({0}, set())
        app.on_rebalance_return()

    calls = {
        "begin": app.on_rebalance_start,
        "assign": assign,
        "recover": lambda: states.recovered({0}),
        "end": app.on_rebalance_end,
    }
    for step in steps.split():
        calls[step]()
    assert (app.rebalancing, worker.health.ready) == (not over, over)


async def test_a_service_that_is_added_at_the_start_runs_before_its_parents_dependencies() -> None:
    """The pages answer before the consumer joins its group."""
    up: list[str] = []

    class Part(Service):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        @override
        async def on_start(self) -> None:
            up.append(self.name)

    class Whole(Service):
        @override
        def on_init_dependencies(self) -> Iterable[ServiceT]:
            return [Part("consumer")]

        @override
        async def on_start(self) -> None:
            await self.add_runtime_dependency(Part("pages"))

    async with Whole():
        assert up == ["pages", "consumer"], "add_runtime_dependency: mode starts services in another order"


async def test_faust_s_process_leaves_our_logging_and_standard_output_alone(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    process = process_of(worker.app)
    monkeypatch.setattr(process, "install_signal_handlers", lambda: None)
    monkeypatch.setattr(process, "_setproctitle", lambda _: None)
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    await process.on_first_start()
    await process.on_startup_finished()
    assert (root.handlers, root.level) == before, "override_logging: mode sets up logging anyway"
    assert capsys.readouterr().out == "", "spinner: Faust writes to the terminal anyway"

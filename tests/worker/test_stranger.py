"""A program that is not a worker takes part in the workers' group: it is named, and the cure."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from schemas.topics import EVENT_TOPICS
from tests.support.workers import WorkerProcess

pytestmark = pytest.mark.broker


class AsFaust(RoundRobinPartitionAssignor):
    """Shares partitions under the name that workers use."""

    name = "faust"


async def joined(broker: str, group: str, assignor: type[RoundRobinPartitionAssignor]) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        EVENT_TOPICS[0].name,
        bootstrap_servers=broker,
        group_id=group,
        client_id="report-tool",
        partition_assignment_strategy=(assignor,),
    )
    await consumer.start()
    while not consumer.assignment():
        await asyncio.sleep(0.05)
    return consumer


@pytest.mark.parametrize(
    ("assignor", "how"),
    [(RoundRobinPartitionAssignor, "it shares partitions by roundrobin"), (AsFaust, "it reads other topics")],
)
async def test_a_stranger_in_the_group_is_named_before_the_worker_starts(
    broker: str, start_worker: Callable[..., WorkerProcess], assignor: type[RoundRobinPartitionAssignor], how: str
) -> None:
    first = start_worker()
    await asyncio.to_thread(first.wait_ready)
    group = first.said().split(" group=")[1].split()[0]
    first.process.terminate()
    await asyncio.to_thread(first.process.wait)
    stranger = await joined(broker, group, assignor)
    try:
        worker = start_worker()
        assert await asyncio.to_thread(worker.wait_exit) == 1
    finally:
        await stranger.stop()
    said = worker.said()
    assert (
        f"error: consumer group {group} has a member that is not a worker of this fair: report-tool at 127.0.0.1"
        f" ({how}); stop that program or give it a group of its own: workers share their group with nobody\n"
    ) in said
    assert "Traceback" not in said

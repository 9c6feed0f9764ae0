"""A registry of terminals that has lost records in Kafka is named, and its cure makes it whole again."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka.admin import NewPartitions

from schemas.cures import REGISTRY_ANEW
from schemas.settings import KafkaSettings
from schemas.topics import TERMINALS
from streams.kafka.topics import admin
from streams.local.kafka import LocalKafka
from tests.support.fairpulse import fairpulse
from tests.support.logs import drop_before
from tests.support.registry_machines import Machine, make_topics
from tests.support.topics import delete_topics

pytestmark = pytest.mark.broker


def more_partitions(servers: str) -> None:
    async def add() -> None:
        async with admin(KafkaSettings(bootstrap_servers=servers)) as client:
            await client.create_partitions({TERMINALS.name: NewPartitions(2)})

    asyncio.run(add())


def head_gone(servers: str) -> None:
    drop_before(servers, TERMINALS.name, 1, [0])


CAUSES: dict[str, tuple[Callable[[str], None], str]] = {
    "partitions added": (more_partitions, "topic fair.terminals has 2 partitions, not 1"),
    "head gone": (head_gone, "fair.terminals[0] begins at offset 1: older records are gone"),
}


@pytest.mark.parametrize("cause", ["partitions added", pytest.param("head gone", marks=pytest.mark.long)])
def test_a_registry_that_is_no_longer_whole_is_named_and_is_whole_after_the_cure(cause: str, tmp_path: Path) -> None:
    spoil, says = CAUSES[cause]
    with LocalKafka.start() as kafka:
        servers = kafka.bootstrap_servers
        make_topics(servers)
        one = Machine(servers, tmp_path / "one")
        one.gateway.start(wait=False)
        one.wait_ready()
        token, lost = (one.done("enrol", name, "--booth", "h1-001") for name in ("stand-1", "stand-2"))
        one.done("revoke", "stand-2")
        spoil(servers)
        said = fairpulse(servers, "topics", "--check", code=1, partitions="1")
        assert f"WRONG  {says}; {REGISTRY_ANEW}" in said

        one.stop()
        asyncio.run(delete_topics(servers, TERMINALS.name))
        fairpulse(servers, "topics", "--create", partitions="1")
        fresh = Machine(servers, tmp_path / "fresh")
        one.done("restore", str(one.path))
        for machine in (one, fresh):
            machine.gateway.start(wait=False)
            machine.wait_ready()
            assert (machine.status(token), machine.status(lost)) == (200, 401)
            machine.stop()
        assert "0 wrong" in fairpulse(servers, "topics", "--check", partitions="1")

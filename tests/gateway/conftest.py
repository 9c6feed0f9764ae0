"""One Kafka and one gateway for all tests that do not harm them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from schemas.settings import KafkaSettings
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.badge_desk import Desk, opened_desk
from tests.support.gateway import GatewayProcess, Paired, enrolled


@pytest.fixture(scope="session")
def log_of_events() -> Iterator[LocalKafka]:
    """A Kafka with our topics."""
    with LocalKafka.start() as kafka:
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=4)))
        yield kafka


@pytest.fixture(scope="session")
def paired(tmp_path_factory: pytest.TempPathFactory) -> Paired:
    """A registry in which one terminal of every kind is enrolled."""
    return enrolled(tmp_path_factory.mktemp("registry") / "terminals.sqlite")


@pytest.fixture(scope="session")
def gateway(
    log_of_events: LocalKafka, paired: Paired, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """A gateway that is ready; terminals may send as fast as they like."""
    log: Path = tmp_path_factory.mktemp("gateway") / "gateway.log"
    process = GatewayProcess(log_of_events.bootstrap_servers, paired, log).start()
    yield process
    assert process.stop() == 0, process.said()
    assert "because of a bug" not in process.said()
    assert "Traceback" not in process.said()


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A gateway of a fair with a register of badges, which was read to its end."""
    async with opened_desk(tmp_path, monkeypatch) as made:
        yield made

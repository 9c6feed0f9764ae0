"""Which Kafka the tests use."""

import pytest

from streams.local.properties import Ports, as_environment, server_properties
from tests.support.broker import BROKER, Broker, choose


def never() -> bool:
    raise AssertionError("Docker was asked")


def test_a_named_broker_wins_and_docker_is_not_asked() -> None:
    assert choose({BROKER: "kafka:9092"}, never) == "existing"


def test_a_container_is_used_when_docker_has_the_image() -> None:
    assert choose({}, lambda: True) == "container"


@pytest.mark.parametrize("environment", [{}, {BROKER: ""}])
def test_without_docker_a_local_kafka_is_started(environment: dict[str, str]) -> None:
    assert choose(environment, lambda: False) == "local"


def test_a_container_gets_the_settings_of_a_local_kafka() -> None:
    settings = as_environment(server_properties(1, [Ports(20_001, 20_002)], "/tmp/kafka-data", host="0.0.0.0"))
    assert settings["KAFKA_LISTENERS"] == "PLAINTEXT://0.0.0.0:20001,CONTROLLER://127.0.0.1:20002"
    assert settings["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://127.0.0.1:20001"
    assert settings["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


@pytest.mark.broker
def test_the_fixture_gives_a_broker_that_has_an_address(kafka: Broker) -> None:
    assert ":" in kafka.bootstrap_servers

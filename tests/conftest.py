"""Fixtures that every test may ask for; fast tests run first."""

import pytest

pytest_plugins = ["tests.support.broker", "tests.support.kafkas", "tests.support.scripted_server"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what needs a Kafka after everything that does not: a broken rule shows in seconds."""
    items.sort(key=lambda item: item.get_closest_marker("broker") is not None)

"""Fixtures that every test may ask for; fast tests run first."""

import gc

import pytest

pytest_plugins = ["fairpulse", "tests.support.broker", "tests.support.kafkas", "tests.support.scripted_server"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what needs a Kafka after everything that does not: a broken rule shows in seconds."""
    items.sort(key=lambda item: item.get_closest_marker("broker") is not None)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Look for what was left open at the end of each file: else a later test of another file fails for it."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()

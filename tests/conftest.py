"""Fixtures that every test may ask for; fast tests run first."""

import gc
import os
from pathlib import Path

import pytest

from schemas import ports

pytest_plugins = ["fairpulse", "tests.support.broker", "tests.support.kafkas", "tests.support.scripted_server"]


LONG = ("campaign", "worker", "history", "kafka", "audit")
"""Folders with the longest files: begun first among those with a Kafka, none of them is left over at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run what needs a Kafka last: a broken rule shows in seconds. Leave out long tests unless `LONG` is set."""

    def turn(item: pytest.Item) -> tuple[bool, int]:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        return item.get_closest_marker("broker") is not None, LONG.index(folder) if folder in LONG else len(LONG)

    items.sort(key=turn)
    left_out = set() if os.environ.get("LONG") else {item for item in items if item.get_closest_marker("long")}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def pytest_configure() -> None:
    """Give each of the processes that run tests side by side ports of its own: between choice and use lie seconds."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    many = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    each = len(ports.RANGE) // many
    ports.RANGE = ports.RANGE[number * each : (number + 1) * each]  # type: ignore[misc]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Look for what was left open at the end of each file: else a later test of another file fails for it."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()

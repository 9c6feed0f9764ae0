"""The findings of the last look have its time. Up to it is known how long a transaction has been open."""

import pytest
from prometheus_client import CollectorRegistry

from streams.shown import checks
from streams.shown.checks import Checks

PLACE = ("fair.scans", 0)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("offsets", "seconds"),
    [([7], None), ([7, 7], 10), ([7, 8], None), ([7, 7, 7], 20), ([7, 7, None], None), ([7, 7, 8], None)],
)
def test_a_transaction_waits_from_the_look_that_found_it_to_the_last_one_that_still_did(
    monkeypatch: pytest.MonkeyPatch, offsets: list[int | None], seconds: float | None
) -> None:
    clock, registry = Clock(), CollectorRegistry()
    monkeypatch.setattr(checks, "time", clock)
    told = Checks(registry, "kafka:9092")
    for at, offset in enumerate(offsets):
        clock.now = 100.0 + 10 * at
        told.checked([], {} if offset is None else {PLACE: offset})
    clock.now += 600
    told.failed(TimeoutError())
    labels = {"topic": PLACE[0], "partition": "0"}
    assert registry.get_sample_value("fair_worker_transaction_seconds", labels) == seconds


def test_the_last_look_is_shown_once_there_was_one(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = CollectorRegistry()
    told = Checks(registry, "kafka:9092")
    monkeypatch.setattr(checks, "wall_ms", lambda: 5_000)
    told.failed(TimeoutError())
    assert registry.get_sample_value("fair_topics_checked_timestamp_seconds") is None
    told.checked([], {})
    monkeypatch.setattr(checks, "wall_ms", lambda: 9_000)
    told.failed(TimeoutError())
    assert registry.get_sample_value("fair_topics_checked_timestamp_seconds") == 5

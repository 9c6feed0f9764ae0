"""A connection that is open at one end only must not stop a worker for minutes."""

from datetime import timedelta

import pytest

from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings, WorkerSettings
from streams.worker.app import create_worker


@pytest.mark.parametrize(("session_s", "within_s"), [(2, 15), (10, 15), (30, 35)])
def test_no_request_is_waited_for_longer_than_a_rebalance_and_five_seconds(session_s: int, within_s: int) -> None:
    settings = WorkerSettings(session_timeout=timedelta(seconds=session_s))
    conf = create_worker(load_fair(example_fair_path("small")), KafkaSettings(), settings).app.conf
    assert conf.broker_rebalance_timeout < conf.broker_request_timeout == within_s
    assert conf.producer_request_timeout == within_s, "an append of unknown outcome is waited for too long"
    assert conf.broker_session_timeout < conf.broker_request_timeout

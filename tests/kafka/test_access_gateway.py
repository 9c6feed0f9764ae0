"""A gateway accepts no events that it may no longer write to Kafka."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kafka.principals import ADMIN, Rule
from streams.local.kafka import LocalKafka
from tests.support.access import RULES, run, variables, without
from tests.support.gateway import GatewayProcess, Paired, event
from tests.support.workers import eventually

pytestmark = pytest.mark.broker
GATEWAY = "fairpulse-gateway"
SCANS = Rule(GATEWAY, "Topic", "fair.scans", prefixed=False, operation="Write")
DENIED = f"Kafka denies {GATEWAY} Write on topic fair.scans"


@pytest.fixture
def gateway(guarded: LocalKafka, paired: Paired, tmp_path: Path) -> Iterator[GatewayProcess]:
    process = GatewayProcess(
        guarded.bootstrap_servers, paired, tmp_path / "gateway.log", variables(guarded, GATEWAY)
    ).start()
    yield process
    assert process.stop() == 0, process.said()
    assert "Traceback" not in process.said()


def test_a_gateway_that_may_no_longer_write_says_so_takes_nothing_and_comes_back_by_itself(
    guarded: LocalKafka, gateway: GatewayProcess
) -> None:
    assert SCANS in RULES
    assert gateway.post(event()).status == 202
    kept = event()
    with without(guarded, [SCANS]):
        eventually(lambda: gateway.post(kept).status == 503, "a post is refused")
        for _ in range(20):
            answer = gateway.post(kept)
            assert (answer.status, "retry-after" in answer.headers) == (503, True), answer
        assert gateway.get("/readyz")[0] == 503
        assert f"MISSING  {SCANS.text()}" in run(guarded, ADMIN, "acls", "--check", code=1)
        assert gateway.post(kept).status == 503
    eventually(lambda: gateway.post(kept).status == 202, "a post is accepted again")
    eventually(lambda: gateway.get("/readyz")[0] == 200, "the gateway is ready again")
    lines = [line for line in gateway.said().splitlines() if DENIED in line]
    assert len(lines) == 1, gateway.said()
    assert "fairpulse acls --apply" in lines[0]


def test_a_gateway_to_which_nobody_posts_notices_too(guarded: LocalKafka, gateway: GatewayProcess) -> None:
    with without(guarded, [SCANS]):
        eventually(lambda: gateway.get("/readyz")[0] == 503, "the gateway is not ready")
        eventually(lambda: DENIED in gateway.said(), "the log names the right")
    eventually(lambda: gateway.get("/readyz")[0] == 200, "the gateway is ready again")

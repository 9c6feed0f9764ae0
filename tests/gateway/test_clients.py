"""The clients of tests/clients that need nothing but Python and curl; `make clients` runs all of them."""

import uuid
from pathlib import Path

import pytest

from tests.clients.programs import missing, post
from tests.clients.table import CLIENTS, Client
from tests.support.gateway import BOOTH, GatewayProcess

pytestmark = pytest.mark.broker

USUAL = [one for one in CLIENTS if one.program == "curl" or (one.program == "python" and "sdk" not in one.way)]


@pytest.mark.parametrize("client", USUAL, ids=[one.name for one in USUAL])
def test_every_event_of_a_usual_client_counts_once(gateway: GatewayProcess, client: Client, tmp_path: Path) -> None:
    if lacking := missing(client.program):
        pytest.skip(f"{lacking} is not installed")
    before = gateway.metric("fair_gateway_events_total", outcome="accepted")
    ids, address = [str(uuid.uuid4()) for _ in range(20)], f"http://127.0.0.1:{gateway.port}/v1/events"
    statuses, trouble = post(client, ids, BOOTH, gateway.paired.of(BOOTH), address, tmp_path)
    assert set(statuses) == {"202"}, trouble
    assert gateway.metric("fair_gateway_events_total", outcome="accepted") == before + len(ids)

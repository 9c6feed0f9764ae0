"""No two programs of one machine listen on the same port by default."""

import re
from collections import Counter
from pathlib import Path

from schemas.environment import default_of
from schemas.settings import ALL_SETTINGS, KAFKA_PORT, GrafanaSettings

ROOT = Path(__file__).parents[2]
LISTENING = {
    f"{owner.__name__}.{field}": default_of(owner, field)
    for owner in ALL_SETTINGS
    for field in owner.model_fields
    if field.endswith("_port")
}
"""The default of every port that one of our programs listens on."""
GRAFANA = int(re.findall(r":([0-9]+)", default_of(GrafanaSettings, "grafana_url"))[0])
OTHERS = {KAFKA_PORT + 1: "a second local node", KAFKA_PORT + 2: "a third", 9090: "Prometheus", GRAFANA: "Grafana"}
"""Ports of what runs beside them."""


def test_every_program_has_a_port_of_its_own() -> None:
    assert len(LISTENING) > 5
    twice = {name: port for name, port in LISTENING.items() if Counter(LISTENING.values())[port] > 1}
    assert twice == {}


def test_no_program_has_the_port_of_what_runs_beside_it() -> None:
    assert {name: OTHERS[port] for name, port in LISTENING.items() if port in OTHERS} == {}

"""Programs serve their numbers on IPv6, and name the address with brackets."""

import socket
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from schemas.errors import Unavailable
from schemas.ports import free_port
from schemas.settings import WorkerSettings
from schemas.version import build_info
from schemas.web import authority
from streams.shown.build import show_build
from streams.shown.pages import refuse_taken
from streams.shown.serving import serving

pytestmark = pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")


@pytest.mark.parametrize(
    ("host", "written"), [("::1", "[::1]:80"), ("127.0.0.1", "127.0.0.1:80"), ("a.example", "a.example:80")]
)
def test_an_ipv6_address_has_brackets_in_front_of_its_port(host: str, written: str) -> None:
    assert authority(host, 80) == written


def test_a_worker_on_ipv6_is_read_at_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRPULSE_METRICS_HOST", "::1")
    assert WorkerSettings.load(metrics_port=8000).address == "http://[::1]:8000"


def test_a_port_on_ipv6_is_checked_and_served_with_the_version_of_the_program() -> None:
    port, registry = free_port(), CollectorRegistry()
    show_build(registry, "audit")
    refuse_taken("::1", port)
    with serving(registry, "::1", port):
        with pytest.raises(Unavailable):
            refuse_taken("::1", port)
        with urlopen(f"http://{authority('::1', port)}/metrics", timeout=5) as answer:
            families = {one.name: one for one in text_string_to_metric_families(answer.read().decode())}
    [sample] = families["fair_audit_build_info"].samples
    assert (sample.labels, sample.value) == (build_info(), 1)

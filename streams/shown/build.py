"""The series that says which version of fairpulse runs in a program."""

from prometheus_client import CollectorRegistry, Gauge

from schemas.version import build_info


def show_build(registry: CollectorRegistry, program: str) -> None:
    """Add `fair_<program>_build_info`, which is always 1: its labels say what runs here."""
    info = build_info()
    gauge = Gauge(f"fair_{program}_build_info", "1: its labels say what runs here.", list(info), registry=registry)
    gauge.labels(**info).set(1)

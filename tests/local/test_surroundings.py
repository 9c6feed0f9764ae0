"""Settings around a demo: a wrong one is refused before anything starts, and a stray one reaches no program of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.environment import PREFIX
from schemas.errors import InvalidSettings
from streams.local.surroundings import default_settings

DEMO = [str(Path(sys.executable).with_name("fairpulse")), "demo", "--seconds", "5s"]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.upper().startswith(PREFIX)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METRICS_PORT", "x"),
        ("SASL_PASSWORD", "s3cret"),
        ("GENERATION", "0"),
        ("GATEWAY_RATE", "-1"),
        ("AUDIT_PORT", "0"),
        ("EXPORTER_EVERY", "soon"),
        ("BADGE_KEY", ""),
        ("METRICS_PROT", "9464"),
    ],
)
def test_a_wrong_setting_of_any_program_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", value)
    with pytest.raises(InvalidSettings, match=f"^{PREFIX}{name}"), default_settings():
        pass


def test_a_demo_with_a_wrong_setting_says_so_in_one_line_and_starts_nothing() -> None:
    environment = {**os.environ, f"{PREFIX}SASL_PASSWORD": "s3cret"}
    ended = subprocess.run(DEMO, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"error: {PREFIX}SASL_PASSWORD")
    assert ended.stderr.count("\n") == 1
    assert "s3cret" not in ended.stderr


STRAYS = {"METRICS_HOST": "10.9.9.9", "GENERATION": "7", "GATEWAY_HOST": "10.9.9.9", "LOG_FORMAT": "json"}
LOGIN = {"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_USERNAME": "fairpulse-worker", "SASL_PASSWORD": "s3cret"}


@pytest.mark.parametrize("named", [None, "kafka-1:9092"])
def test_programs_of_a_demo_see_no_setting_but_the_way_to_a_kafka_that_is_named(
    monkeypatch: pytest.MonkeyPatch, named: str | None
) -> None:
    way = {f"{PREFIX}{name}": value for name, value in LOGIN.items()}
    if named is not None:
        way[f"{PREFIX}BOOTSTRAP_SERVERS"] = named
    for name, value in {**way, **{f"{PREFIX}{name}": value for name, value in STRAYS.items()}}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("fairpulse_clock", "event")  # case does not matter
    before = ours()
    with default_settings() as kafka:
        assert kafka == named
        assert ours() == ({} if named is None else way)
    assert ours() == before

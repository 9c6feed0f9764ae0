"""The environment is checked before anything starts: a typo must not quietly become a default."""

import subprocess
import sys
from pathlib import Path

import pytest

from schemas.environment import FOREIGN, known_names, refuse_unknown, variable
from schemas.errors import InvalidSettings
from schemas.settings import ALL_SETTINGS, FairSettings, KafkaSettings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in known_names():
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_are_a_kafka_on_this_machine_with_eight_partitions() -> None:
    settings = KafkaSettings.load()
    assert settings.bootstrap_servers == "127.0.0.1:9092"
    assert settings.partitions == 8
    assert settings.replication_factor == 1


def test_without_a_fair_file_there_is_none() -> None:
    assert FairSettings.load().fair_file is None


def test_the_environment_is_read_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRPULSE_PARTITIONS", "16")
    monkeypatch.setenv("fairpulse_fair_file", "/srv/fair.yaml")
    assert KafkaSettings.load().partitions == 16
    assert FairSettings.load().fair_file == Path("/srv/fair.yaml")


def test_an_option_wins_over_the_environment_unless_it_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRPULSE_PARTITIONS", "16")
    assert KafkaSettings.load(partitions=4).partitions == 4
    assert KafkaSettings.load(partitions=None).partitions == 16


def test_settings_do_not_change_once_read() -> None:
    settings = KafkaSettings.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.partitions = 4  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize(
    "servers", ["kafka:9092", "10.0.0.1:9092,10.0.0.2:9092", "[::1]:9092", "k-1.fair.example:29092"]
)
def test_brokers_are_named_by_host_and_port(servers: str) -> None:
    assert KafkaSettings.load(bootstrap_servers=servers).bootstrap_servers == servers


@pytest.mark.parametrize("servers", ["a:9092, b:9092", " a:9092 ,b:9092\n", "a:9092,\tb:9092"])
def test_blanks_around_the_commas_of_a_list_of_brokers_do_no_harm(servers: str) -> None:
    assert KafkaSettings.load(bootstrap_servers=servers).bootstrap_servers == "a:9092,b:9092"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("FAIRPULSE_PARTITION", "FAIRPULSE_PARTITIONS"),
        ("FAIRPULSE_BOOTSTRAP_SERVER", "FAIRPULSE_BOOTSTRAP_SERVERS"),
        ("FAIRPULSE_FAIRFILE", "FAIRPULSE_FAIR_FILE"),
        ("fairpulse_replication_facter", "FAIRPULSE_REPLICATION_FACTOR"),
    ],
)
def test_a_mistyped_variable_is_refused_with_the_nearest_name(name: str, near: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        refuse_unknown({name: "s3cret"})
    assert str(refused.value) == f"{name} is not a setting; did you mean {near}?"


def test_a_variable_near_to_nothing_is_refused_with_a_remedy_and_without_its_value() -> None:
    with pytest.raises(InvalidSettings) as refused:
        refuse_unknown({"FAIRPULSE_" + "Z" * 40: "s3cret"})
    assert refused.value.hint == "remove it"
    assert "s3cret" not in str(refused.value)


def test_loading_any_settings_looks_at_the_whole_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRPULSE_PARTITION", "4")
    with pytest.raises(InvalidSettings, match="FAIRPULSE_PARTITION is not a setting"):
        FairSettings.load()


@pytest.mark.parametrize("module", sorted({owner.__module__ for owner in ALL_SETTINGS}))
def test_a_program_that_imports_one_file_of_settings_knows_the_variables_of_all(module: str) -> None:
    known = {variable(field): "" for owner in ALL_SETTINGS for field in owner.model_fields}
    code = f"import {module}\nfrom schemas.environment import refuse_unknown\nrefuse_unknown({known!r})"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_variables_of_other_programs_and_of_the_tests_are_ignored() -> None:
    refuse_unknown(
        {"PATH": "/bin", "FAIR": "1", "FAIRPULSE": "1", "KAFKA_HEAP_OPTS": "", **dict.fromkeys(FOREIGN, "x")}
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FAIRPULSE_PARTITIONS", "s3cret"),
        ("FAIRPULSE_PARTITIONS", "0"),
        ("FAIRPULSE_PARTITIONS", "513"),
        ("FAIRPULSE_PARTITIONS", "8.5"),
        ("FAIRPULSE_PARTITIONS", "1_0"),
        ("FAIRPULSE_PARTITIONS", ""),
        ("FAIRPULSE_REPLICATION_FACTOR", "10"),
        ("FAIRPULSE_BOOTSTRAP_SERVERS", "s3cret"),
        ("FAIRPULSE_BOOTSTRAP_SERVERS", ""),
        ("FAIRPULSE_BOOTSTRAP_SERVERS", "user:s3cret@kafka:9092"),
        ("FAIRPULSE_BOOTSTRAP_SERVERS", "kafka:9092 s3cret:9092"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable_and_not_echoed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings) as refused:
        KafkaSettings.load()
    text = str(refused.value)
    assert text.startswith(f"{name}: ")
    assert "\n" not in text
    assert "s3cret" not in text
    assert refused.value.hint.startswith("give ")
    assert refused.value.__cause__ is None

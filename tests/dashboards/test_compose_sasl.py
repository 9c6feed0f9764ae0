"""docker-compose.sasl.yml: every client of Kafka has a principal from the table, and no password is exposed."""

from pathlib import Path
from typing import Any

import yaml

from streams.kafka.principals import ADMIN, BROKER, all_users
from streams.local.sasl import MOUNTED, mounted_files

ROOT = Path(__file__).parents[2]


class _Loader(yaml.SafeLoader):
    """Knows compose's !override."""


def _override(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    assert isinstance(node, yaml.SequenceNode)
    return loader.construct_sequence(node, deep=True)


_Loader.add_constructor("!override", _override)
OVERRIDE: dict[str, Any] = yaml.load((ROOT / "docker-compose.sasl.yml").read_text(encoding="utf-8"), _Loader)
BASE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
CLIENTS = {
    name: one for name, one in OVERRIDE["services"].items() if "FAIRPULSE_SASL_USERNAME" in one.get("environment", {})
}


def test_every_service_that_talks_to_kafka_has_a_principal_of_the_table_and_only_its_own_password() -> None:
    ours = {
        name for name, one in BASE["services"].items() if "FAIRPULSE_BOOTSTRAP_SERVERS" in one.get("environment", {})
    }
    assert "gateway" in ours
    assert ours <= CLIENTS.keys()
    for name, one in CLIENTS.items():
        user = one["environment"]["FAIRPULSE_SASL_USERNAME"]
        assert user in all_users()
        assert user == (ADMIN if name == "acls" else f"fairpulse-{name}")
        assert one["secrets"] == [user]
        assert one["environment"]["FAIRPULSE_SASL_PASSWORD_FILE"] == f"/run/secrets/{user}"


def test_no_password_is_in_an_environment() -> None:
    for one in OVERRIDE["services"].values():
        assert not {key for key in one.get("environment", {}) if "PASSWORD" in key and not key.endswith("_FILE")}


def test_a_tool_that_judges_events_reads_the_same_fair_file_as_the_services() -> None:
    tool = OVERRIDE["services"]["dead-letters"]
    assert tool["configs"] == BASE["services"]["worker"]["configs"]
    file = "FAIRPULSE_FAIR_FILE"
    assert tool["environment"][file] == BASE["services"]["worker"]["environment"][file]


def test_kafka_makes_a_user_for_every_principal_and_the_brokers_password_is_kafkas_alone() -> None:
    assert set(OVERRIDE["services"]["kafka"]["secrets"]) == set(all_users()) == set(OVERRIDE["secrets"])
    assert not [name for name, one in CLIENTS.items() if BROKER in one["secrets"]]


def test_kafkas_settings_are_those_of_the_local_one_and_controllers_are_out_of_reach() -> None:
    for name, text in mounted_files().items():
        assert (MOUNTED / name).read_text(encoding="utf-8") == text, "run python -m streams.local.sasl"
    settings = mounted_files()["server.properties"]
    assert "listeners=SASL://:9092,CONTROLLER://127.0.0.1:9093\n" in settings
    assert "PLAINTEXT://" not in settings
    assert "allow.everyone.if.no.acl.found=false" in settings

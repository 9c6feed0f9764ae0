"""How we log in to Kafka: half a login is refused early, and a password is shown nowhere."""

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import InvalidSettings
from schemas.kafka_access import client_arguments
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS, Topic, journal_topic
from streams.kafka.principals import PREFIX, ROLES, all_rules

LOGIN = {"security_protocol": "SASL_SSL", "sasl_username": "fairpulse-worker", "sasl_password": "s3cret"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"sasl_username": "x"}, "SASL_USERNAME"),
        ({"sasl_password": "s3cret"}, "SASL_PASSWORD"),
        ({**LOGIN, "sasl_username": None}, "SASL_USERNAME"),
        ({**LOGIN, "sasl_password": None}, "SASL_PASSWORD_FILE"),
        ({**LOGIN, "sasl_password": ""}, "SASL_PASSWORD"),
        ({**LOGIN, "sasl_password_file": Path("/etc/hostname")}, "SASL_PASSWORD_FILE"),
        ({**LOGIN, "sasl_password": None, "sasl_password_file": Path("/no/such/file")}, "SASL_PASSWORD_FILE"),
        ({**LOGIN, "sasl_password": None, "sasl_password_file": Path("/dev/null")}, "SASL_PASSWORD_FILE"),
        ({**LOGIN, "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"}, "SASL_MECHANISM"),
        ({**LOGIN, "ssl_ca_file": Path("/no/such/file")}, "SSL_CA_FILE"),
        ({"ssl_ca_file": Path("/etc/hostname")}, "SSL_CA_FILE"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_its_name_and_without_the_password(
    given: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidSettings) as refused:
        KafkaSettings.load({}, **given)
    assert refused.value.message.startswith(f"FAIRPULSE_{named}: ")
    assert refused.value.hint
    assert "s3cret" not in str(refused.value)


def test_an_open_kafka_is_told_nothing_but_its_address() -> None:
    assert client_arguments(KafkaSettings()) == {"bootstrap_servers": "127.0.0.1:9092"}


def test_a_login_over_tls_checks_authority_and_host_and_reads_the_password_anew(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("first\n")
    kafka = KafkaSettings.load({}, **{**LOGIN, "sasl_password": None, "sasl_password_file": file})
    arguments = client_arguments(kafka)
    context = arguments.pop("ssl_context")
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert arguments == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "fairpulse-worker",
        "sasl_plain_password": "first",
    }
    file.write_text("second")
    assert client_arguments(kafka)["sasl_plain_password"] == "second"


def test_a_password_is_not_in_the_representation() -> None:
    assert "s3cret" not in repr(KafkaSettings.load({}, **LOGIN))


def test_no_two_roles_have_the_same_rights_and_only_four_both_read_and_write_a_topic() -> None:
    rights = {frozenset(replace(rule, principal="") for rule in role.rules("fair")) for role in ROLES}
    assert len(rights) == len(ROLES)
    rules = all_rules("fair")
    both = {
        one.principal
        for one in rules
        for other in rules
        if (one.principal, one.name, one.resource) == (other.principal, other.name, other.resource)
        and (one.operation, other.operation, one.prefixed) == ("Read", "Write", False)
    }
    assert both == {"fairpulse-replay", "fairpulse-dead-letters", "fairpulse-gateway", "fairpulse-badges"}


@pytest.mark.parametrize("topic", ALL_TOPICS, ids=lambda topic: topic.name)
def test_who_writes_and_reads_a_topic_by_its_declaration_may_do_so_and_nobody_else(topic: Topic) -> None:
    rules = all_rules("fair")
    for operation, named in (("Write", topic.producers), ("Read", topic.consumers)):
        may = {one.principal for one in rules if (one.name, one.operation) == (topic.name, operation)}
        assert may == {f"{PREFIX}{name}" for name in named}, (
            "schemas/topics.py names principals of ROLES, without fairpulse-"
        )


def test_the_journal_is_written_and_read_by_those_that_its_declaration_names() -> None:
    journal, rules = journal_topic("fairpulse-fair-ab-journal-changelog"), all_rules("fair")
    for operation, named in (("Write", journal.producers), ("Read", journal.consumers)):
        may = {
            one.principal
            for one in rules
            if one.resource == "Topic"
            and one.prefixed
            and journal.name.startswith(one.name)
            and one.operation == operation
        }
        assert may == {f"{PREFIX}{name}" for name in named}

"""A Kafka with passwords and access rules, its commands as one of its users, and rules taken away for a while."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aiokafka.protocol.admin import DeleteAclsRequest

from schemas.fair.file import example_fair_path, load_fair
from schemas.settings import KafkaSettings
from streams.kafka.access import grant, protocol_fields, rules_in_kafka
from streams.kafka.principals import ADMIN, Rule, all_rules
from streams.kafka.topics import admin, ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.builders import LATENESS

FAIRPULSE = Path(sys.executable).with_name("fairpulse")
FAIR_FILE = example_fair_path("small")
RULES = all_rules(load_fair(FAIR_FILE).fair_id)
PARTITIONS = 4


def settings_of(kafka: LocalKafka, user: str) -> KafkaSettings:
    """Return the settings with which our clients reach Kafka as this user."""
    return kafka.settings(user).model_copy(update={"partitions": PARTITIONS})


def variables(kafka: LocalKafka, user: str) -> dict[str, str]:
    """Return the environment of a user's commands, without where the brokers are."""
    settings = kafka.settings(user)
    given = {
        "FAIRPULSE_SECURITY_PROTOCOL": settings.security_protocol,
        "FAIRPULSE_SASL_USERNAME": user,
        "FAIRPULSE_SASL_PASSWORD_FILE": str(settings.sasl_password_file),
        "FAIRPULSE_FAIR_FILE": str(FAIR_FILE),
        "FAIRPULSE_PARTITIONS": str(PARTITIONS),
        "FAIRPULSE_ALLOWED_LATENESS": str(LATENESS.total_seconds()),
    }
    if settings.ssl_ca_file is not None:
        given["FAIRPULSE_SSL_CA_FILE"] = str(settings.ssl_ca_file)
    return given


def run(
    kafka: LocalKafka, user: str, *command: str, code: int = 0, environment: Mapping[str, str] | None = None
) -> str:
    """Run a command as a user; return its output."""
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FAIRPULSE_")},
        **variables(kafka, user),
        "FAIRPULSE_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        **(environment or {}),
    }
    done = subprocess.run(
        [str(FAIRPULSE), *command], env=given, capture_output=True, text=True, timeout=120, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    return said


@contextmanager
def guarded_kafka() -> Iterator[LocalKafka]:
    """Start a Kafka with the rules of the small fair and its topics, each step as its principal."""
    with (
        tempfile.TemporaryDirectory() as directory,
        LocalKafka.start(passwords=Path(directory) / "passwords") as kafka,
    ):
        asyncio.run(grant(kafka.settings(ADMIN), RULES))
        asyncio.run(ensure_topics(settings_of(kafka, "fairpulse-topics")))
        yield kafka


def rules_of(user: str, resource: str, operation: str, beginning: str = "") -> list[Rule]:
    """Return the matching rules of a user; at least one."""
    found = [
        rule
        for rule in RULES
        if (rule.principal, rule.resource, rule.operation) == (user, resource, operation)
        and rule.name.startswith(beginning)
    ]
    assert found
    return found


async def take_away(kafka: LocalKafka, rules: Collection[Rule]) -> None:
    """Remove rules from Kafka, as the administrator would."""
    async with admin(kafka.settings(ADMIN)) as client:
        for rule in rules:
            answer = await client._send_request(DeleteAclsRequest(*protocol_fields(rule)))
            (code, _, gone), *_ = answer.filter_responses
            assert (code, len(gone)) == (0, 1), rule.text()
    while not set(rules).isdisjoint(await rules_in_kafka(kafka.settings(ADMIN))):  # brokers apply it a moment later
        await asyncio.sleep(0.05)


async def give_back(kafka: LocalKafka, rules: Collection[Rule]) -> None:
    """Create rules in Kafka, as the administrator would."""
    await grant(kafka.settings(ADMIN), rules)
    while not set(rules) <= await rules_in_kafka(kafka.settings(ADMIN)):
        await asyncio.sleep(0.05)


@contextmanager
def without(kafka: LocalKafka, rules: Iterable[Rule]) -> Iterator[None]:
    """Take rules away, and give them back."""
    rules = list(rules)
    asyncio.run(take_away(kafka, rules))
    try:
        yield
    finally:
        asyncio.run(give_back(kafka, rules))

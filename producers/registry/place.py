"""Where the commands find the registry: its file, and the Kafka in which it is shared."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from schemas import options
from schemas.errors import FairpulseError

if TYPE_CHECKING:
    from producers.registry.store import Registry
    from schemas.settings import KafkaSettings

Returned = TypeVar("Returned")

FILE = options.setting("GatewaySettings", "terminals_file", "--terminals", "--file")


@dataclass(frozen=True, slots=True)
class RegistryPlace:
    """A registry.

    Attributes:
        path: its file.
        kafka: where it is shared; None if the file alone is the registry.
    """

    path: Path
    kafka: "KafkaSettings | None"

    def change(self, command: str, rules: "Callable[[Registry], Returned]", *, create: bool = False) -> Returned:
        """Change it, and return what the rules return. Raises as `sharing.change`."""
        from producers.registry.sharing import change  # noqa: PLC0415 - aiokafka is slow to import

        return asyncio.run(change(self.kafka, self.path, command, rules, create=create))

    def refresh(self) -> bool:
        """Take what is new in the topic into the file; return whether that worked, and say why if it did not."""
        if self.kafka is None:
            return True
        from producers.registry.sharing import refresh  # noqa: PLC0415 - aiokafka is slow to import

        try:
            asyncio.run(refresh(self.kafka, self.path))
        except FairpulseError as error:
            click.echo(f"warning: this is the file as it was, and may be old: {error}", err=True)
            return False
        return True


def place_of(terminals_file: Path | None, bootstrap_servers: str | None) -> RegistryPlace:
    """Return the registry that options and environment name. Raises InvalidSettings."""
    from schemas.settings import GatewaySettings, KafkaSettings  # noqa: PLC0415 - slow to import

    settings = GatewaySettings.load(terminals_file=terminals_file)
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers) if settings.terminals_shared else None
    return RegistryPlace(settings.terminals_file, kafka)

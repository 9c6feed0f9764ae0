"""What every command of the register needs: the fair, its badge key, and Kafka."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from schemas.errors import FairpulseError, InvalidSettings

if TYPE_CHECKING:
    from schemas.fair.model import Fair
    from schemas.settings import KafkaSettings

TELL_EVERY_S: Final = 2.0
"""Pause between two lines about a work that takes long."""


@dataclass(frozen=True, slots=True)
class RegisterPlace:
    """A register.

    Attributes:
        fair: whose it is.
        key: the fair's badge key.
        kafka: where its topics are.
    """

    fair: "Fair"
    key: bytes
    kafka: "KafkaSettings"


def place_of(fair_file: Path | None, bootstrap_servers: str | None) -> RegisterPlace:
    """Return the register that options and environment name.

    Raises:
        FairpulseError: the fair has no register.
        InvalidSettings: the badge key is missing, or a setting is wrong.
        InvalidFairFile: the fair file cannot be read.
    """
    from schemas.badges.key import SET_KEY  # noqa: PLC0415 - a command imports this when it runs
    from schemas.fair.chosen import chosen_fair  # noqa: PLC0415
    from schemas.settings import KafkaSettings  # noqa: PLC0415
    from schemas.terminal_settings import TerminalSettings  # noqa: PLC0415

    fair = chosen_fair(fair_file)
    if not fair.badge_register:
        raise FairpulseError(
            f"the fair {fair.fair_id} has no register of badges",
            hint="write `badge_register: yes` into its fair file, or name another one with --fair",
        )
    if (key := TerminalSettings.load().pseudonym_key()) is None:
        raise InvalidSettings("FAIRPULSE_BADGE_KEY: is missing", hint=SET_KEY)
    return RegisterPlace(fair, key, KafkaSettings.load(bootstrap_servers=bootstrap_servers))


class Teller:
    """Says on standard error how far a work is, at most every `TELL_EVERY_S`."""

    def __init__(self) -> None:
        self._told_s = time.monotonic()

    def __call__(self, text: str) -> None:
        """Say it, unless something was said a moment ago."""
        if time.monotonic() - self._told_s >= TELL_EVERY_S:
            click.echo(text, err=True)
            self._told_s = time.monotonic()

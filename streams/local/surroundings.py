"""The settings around a demo: its programs get those that it decides itself, and none that happens to be set."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.environment import PREFIX, variable
from schemas.settings import ALL_SETTINGS, KafkaSettings


@contextmanager
def default_settings() -> Iterator[str | None]:
    """Take all settings out of the environment, for the body and the programs that it starts; put them back at its end.

    Yields:
        The Kafka that the environment names, or None. How to reach that one stays in the environment.

    Raises:
        InvalidSettings: one of the settings is wrong, whichever program would read it.
    """
    for owner in ALL_SETTINGS:
        owner.load()
    kafka = KafkaSettings.load()
    named = kafka.bootstrap_servers if "bootstrap_servers" in kafka.model_fields_set else None
    kept = set() if named is None else {variable(field) for field in KafkaSettings.model_fields}
    taken = {
        name: value
        for name, value in os.environ.items()
        if name.upper().startswith(PREFIX) and name.upper() not in kept
    }
    for name in taken:
        del os.environ[name]
    try:
        yield named
    finally:
        os.environ.update(taken)

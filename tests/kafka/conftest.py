"""Terminals for tests of access to Kafka."""

from pathlib import Path

import pytest

from tests.support.gateway import BOOTH, Paired


@pytest.fixture
def paired(tmp_path: Path) -> Paired:
    """A registry with one terminal."""
    registry = Paired(tmp_path / "terminals.sqlite")
    registry.enrol(BOOTH)
    return registry

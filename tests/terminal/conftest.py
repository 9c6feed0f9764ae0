"""A folder for a spool, and the spool."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from producers.terminal.spool import Spool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "terminal"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    opened = Spool(folder)
    yield opened
    opened.close()

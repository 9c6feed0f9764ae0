"""A folder for a spool, and a server on a real socket that answers what it is told."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from producers.terminal.spool import Spool
from tests.support.scripted_server import ScriptedServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "terminal"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    opened = Spool(folder)
    yield opened
    opened.close()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running

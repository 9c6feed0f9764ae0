"""One Chromium for all tests of the page; each test has a terminal program, a server and a fresh page of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from schemas.fair.model import Fair
from tests.support.booth_page import CHROMIUM, SCREEN, Booth, playwright
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import FAIR, pair


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator["playwright.Browser"]:
    """One Chromium for all tests; each has a fresh page."""
    async with playwright.async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
def paired_at() -> dict[str, str]:
    """Where the terminal is, as the server tells it; a stand unless a test says otherwise."""
    return {}


@pytest.fixture
def fair() -> Fair:
    """The fair of the terminal; without a register of badges unless a test says otherwise."""
    return FAIR


@pytest_asyncio.fixture(loop_scope="session")
async def booth(
    folder: Path, server: ScriptedServer, browser: "playwright.Browser", paired_at: dict[str, str], fair: Fair
) -> AsyncIterator[Booth]:
    server.terminal |= paired_at
    pair(folder, server.url, fair=fair, **paired_at)
    context = await browser.new_context(viewport=SCREEN)
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
    booth = Booth(folder, server, page)
    await booth.start()
    await booth.open()
    yield booth
    await booth.kill()
    await context.close()
    assert problems == [], "no script failed and nothing broke the content security policy"

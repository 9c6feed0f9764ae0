"""The page of a booth in a real browser: a terminal program, its page on a 7-inch screen, and its server."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.keyboard import NAMED, PERSON_MS, Keyboard, Press, presses
from tests.support.scripted_server import ScriptedServer
from tests.support.terminals import BADGE

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
playwright.expect.set_options(timeout=20_000)
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
IN_A_BROWSER: Final = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
]
"""The marks of a test that uses the page: `pytestmark = IN_A_BROWSER`."""

SCREEN: Final = {"width": 1024, "height": 600}
PICTURES: Final = Path(__file__).parents[2] / "producers" / "terminal" / "screenshots"


WATCH: Final = """if (!window.said) {
  window.said = [];
  window.keyTimes = [];
  const noted = ({ key, timeStamp }) => key === "Shift" || window.keyTimes.push([timeStamp, performance.now()]);
  window.addEventListener("keydown", noted, { capture: true });
  document.addEventListener("said", ({ detail }) => window.said.push(detail));
}"""
"""Keeps what the page has said, for `said`, and when each key was pressed and when it came."""


async def patient(route: "playwright.Route") -> None:
    """Serve the page's script of saving, which says after 0.7 s that a save takes long: here it waits for longer.

    Else a busy machine would say it between the ends of the actions that a test looks at.
    """
    answer = await route.fetch()
    script = await answer.text()
    assert script.count("SLOW_MS = 700;") == 1
    await route.fulfill(response=answer, body=script.replace("SLOW_MS = 700;", "SLOW_MS = 20000;"))


class Booth:
    """A terminal program and a browser that shows its page."""

    def __init__(self, folder: Path, server: ScriptedServer, page: "playwright.Page") -> None:
        self.folder = folder
        self.server = server
        self.page = page
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the program, on the same port again after the first time."""
        program = Path(sys.executable).with_name("fairpulse")
        self._process = await asyncio.create_subprocess_exec(
            program, "terminal", "--folder", self.folder, "serve", "--port", str(self.port),
            stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()
        self.url = line.split(": ")[1].strip()
        self.port = int(self.url.rstrip("/").rpartition(":")[2])

    async def kill(self) -> None:
        """Pull the plug of the program."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def open(self) -> None:
        """Open the page in the browser, at its own address."""
        await self.page.add_init_script(WATCH)
        await self.page.route("**/saving.js", patient)
        self.keyboard = Keyboard(await self.page.context.new_cdp_session(self.page))
        await self.open_again()

    async def open_again(self) -> None:
        """Open the page anew, after `open`."""
        await self.page.goto(self.url)
        await self.page.wait_for_selector("body[data-ready]")

    async def reads(self, selector: str, text: str) -> None:
        """Wait until an element has this text."""
        await playwright.expect(self.page.locator(selector)).to_have_text(text)

    async def contains(self, selector: str, text: str) -> None:
        await playwright.expect(self.page.locator(selector)).to_contain_text(text)

    async def type(self, *keys: str) -> None:
        """Do what a quick person does: press keys one after the other, names such as Enter or Shift+Tab, or text."""
        pressed: list[Press] = []
        for key in keys:
            named = key in NAMED or key.startswith("Shift+")
            pressed += [Press(key, PERSON_MS)] if named else presses(key, PERSON_MS)
        await self.keyboard.press(pressed)

    async def scan(self, badge: str = BADGE, end: str = "\n") -> None:
        """Do what a wedge scanner does."""
        await self.keyboard.press(presses(badge + end))

    async def said(self, number: int) -> list[str]:
        """Return how the actions on the page ended, when this number of them has: good, again, bad, wait or undone."""
        await self.page.wait_for_function("(number) => window.said.length >= number", arg=number, timeout=20_000)
        moods: list[str] = await self.page.evaluate("window.said.map((one) => one.mood)")
        return moods

    async def picture(self, name: str) -> None:
        """Take a picture for the README, if asked to."""
        if os.environ.get("TERMINAL_PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            await self.page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")

"""The page in a real Chromium, at the size of a 7-inch screen, against a real terminal program and a fault server."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.support.scripted_server import Say, ScriptedServer
from tests.support.terminals import BADGE, pair

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
]

SCREEN = {"width": 1024, "height": 600}
PICTURES = Path(__file__).parents[2] / "producers" / "terminal" / "screenshots"


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
        await self.page.goto(self.url)
        await self.page.wait_for_selector("body[data-ready]")

    async def reads(self, selector: str, text: str) -> None:
        """Wait until an element has this text."""
        await playwright.expect(self.page.locator(selector)).to_have_text(text, timeout=20_000)

    async def contains(self, selector: str, text: str) -> None:
        await playwright.expect(self.page.locator(selector)).to_contain_text(text, timeout=20_000)

    async def type(self, *keys: str) -> None:
        """Press keys one after the other: names such as Enter, or text."""
        for key in keys:
            if key in {"Enter", "Tab", "Escape", "ArrowRight", "ArrowDown", "Space"} or key.startswith(("F", "Shift+")):
                await self.page.keyboard.press(key)
            else:
                await self.page.keyboard.type(key)

    async def scan(self, badge: str = BADGE) -> None:
        """Do what a wedge scanner does."""
        await self.type(badge, "Enter")

    async def picture(self, name: str) -> None:
        """Take a picture for the README, if asked to."""
        if os.environ.get("TERMINAL_PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            await self.page.screenshot(path=PICTURES / f"{name}.png")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator["playwright.Browser"]:
    """One Chromium for all tests; each has a fresh page."""
    async with playwright.async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def booth(folder: Path, server: ScriptedServer, browser: "playwright.Browser") -> AsyncIterator[Booth]:
    pair(folder, server.url)
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


async def test_a_scan_is_shown_as_saved_and_reaches_the_server(booth: Booth) -> None:
    await booth.scan()
    await booth.contains("#said-word", "Saved no. 1")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    await booth.reads("#words", "Online")
    (event,) = booth.server.events.values()
    assert event["type"] == "fair.visitor.scanned.v1"
    assert event["data"]["badge_ref"] == BADGE
    assert event["data"]["terminal_seq"] == 1
    assert event["data"]["capture"] == "online"
    for number in range(2, 42):
        await booth.scan(f"{number:032x}")
    await booth.reads("#counts", "saved here: 0, sent: 41")
    await booth.picture("online")


async def test_offline_the_booth_goes_on_and_everything_is_sent_afterwards(booth: Booth) -> None:
    await booth.scan()
    await booth.reads("#counts", "saved here: 0, sent: 1")
    await booth.server.down()
    for number in range(12):
        await booth.scan(f"{number:032x}")
    await booth.reads("#counts", "saved here: 12, sent: 1")
    await booth.reads("#words", "Offline")
    await booth.contains("#said-word", "Saved no. 13")
    await booth.picture("offline")
    await booth.server.up()
    await booth.page.click("#try-now")
    await booth.reads("#counts", "saved here: 0, sent: 13")
    await booth.reads("#words", "Online")
    assert len(booth.server.events) == 13
    captures = [event["data"]["capture"] for event in booth.server.events.values()]
    assert captures[0] == "online"
    assert captures[-1] == "offline_replay"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (503, "Server not ready"),
        (500, "Server not ready"),
        (401, "Pair this terminal again"),
        (Say(200, {"Content-Type": "text/html"}, b"<p>Wi-Fi login</p>"), "Call the organiser"),
    ],
    ids=["503", "500", "401", "captive portal"],
)
async def test_with_a_failing_server_the_page_says_so_and_keeps_saving(
    booth: Booth, step: int | Say, words: str
) -> None:
    booth.server.otherwise = step
    await booth.scan()
    await booth.reads("#words", words)
    await booth.scan("cd" * 16)
    await booth.reads("#counts", "saved here: 2, sent: 0")
    await booth.contains("#said-word", "Saved no. 2")


async def test_the_status_line_is_right_even_while_nobody_scans(booth: Booth) -> None:
    await booth.reads("#words", "Online")
    await booth.reads("#clock", "clock correct")
    await booth.server.down()
    await booth.reads("#words", "Offline")
    await booth.server.up()
    await booth.reads("#words", "Online")


async def test_a_rejected_event_is_shown_with_its_reason(booth: Booth) -> None:
    booth.server.otherwise = 503
    await booth.scan()
    await booth.scan("cd" * 16)
    await booth.reads("#counts", "saved here: 2, sent: 0")
    first = next(request for request in booth.server.requests if request.method == "POST").ids[0]
    booth.server.refuse_ids = {first: "unknown_place"}
    booth.server.otherwise = ScriptedServer().otherwise
    await booth.page.click("#try-now")
    await booth.reads("#counts", "saved here: 0, sent: 1, rejected: 1")
    await booth.type("F6")
    await booth.contains("#rejected-rows", "The place is not in the fair file")
    await booth.picture("rejected")


async def test_an_interaction_by_keyboard_alone(booth: Booth) -> None:
    await booth.type("F3", "Space", "Tab", "Space", "ArrowRight", "Tab")
    await booth.scan()
    await booth.contains("#said-word", "Saved no. 1")
    await booth.picture("interaction")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    (event,) = booth.server.events.values()
    assert event["data"]["interaction_kind"] == "demo_completed"
    assert event["data"]["exhibitor_id"] in {"e1", "e2"}


async def test_a_deal_by_keyboard_alone_is_reviewed_before_it_is_signed(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "jp", "Tab", "Tab", "1,250,000.50", "Enter")
    await booth.contains("#review-terms", "EUR 1,250,000.50")
    await booth.picture("review")
    assert not booth.server.events
    await booth.type("Enter")
    await playwright.expect(booth.page.locator("#review")).to_be_hidden()
    assert not booth.server.events, "Enter twice changes the deal, it does not sign it"
    await booth.type("Enter")
    await playwright.expect(booth.page.locator("#review")).to_be_visible()
    await booth.contains("#review-terms", "ACME (JP)")
    await booth.type("Tab", "Enter")
    await booth.contains("#said-word", "Saved no. 1")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    (event,) = booth.server.events.values()
    assert event["type"] == "fair.deal.signed.v1"
    assert event["data"]["value_minor"] == 125_000_050
    assert event["data"]["binding"] is True
    assert event["data"]["trade_direction"] == "export"


async def test_a_wrong_field_of_a_deal_is_named_and_focused(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "JP", "Tab", "Tab", "12,5x", "Enter")
    await booth.contains("#said-more", "amount")
    await playwright.expect(booth.page.locator("#deal-amount")).to_be_focused()
    await playwright.expect(booth.page.locator("#deal-amount")).to_have_attribute("aria-invalid", "true")


async def test_a_scan_while_the_program_is_down_is_not_shown_as_saved_and_is_saved_once_later(booth: Booth) -> None:
    await booth.scan()
    await booth.reads("#counts", "saved here: 0, sent: 1")
    await booth.kill()
    await booth.scan("cd" * 16)
    await booth.reads("#said-word", "Not saved yet")
    await booth.reads("#words", "Terminal program stopped")
    await booth.start()
    await booth.contains("#said-word", "Saved no. 2")
    await booth.reads("#counts", "saved here: 0, sent: 2")
    assert len(booth.server.events) == 2


async def test_an_unreadable_badge_is_not_saved(booth: Booth) -> None:
    await booth.scan("hello")
    await booth.reads("#said-word", "Not saved")
    await booth.reads("#counts", "saved here: 0, sent: 0")


@pytest.mark.parametrize("tab", ["scan", "interact", "deal", "rejected"])
async def test_everything_fits_on_a_seven_inch_screen(booth: Booth, tab: str) -> None:
    await booth.page.click(f"#tab-{tab}")
    await booth.picture(f"tab-{tab}") if tab == "deal" else None
    for selector in ("html", "main"):
        fits = (
            "([node, slack]) => node.scrollWidth <= node.clientWidth && node.scrollHeight <= node.clientHeight + slack"
        )
        handle = await booth.page.query_selector(selector)
        assert await booth.page.evaluate(fits, [handle, 1]), f"{selector} needs scrolling"
    for node in await booth.page.query_selector_all("button, select, main input:not([type=radio]), .choices label"):
        box = await node.bounding_box()
        if box is not None and await node.is_visible():
            assert box["height"] >= 44, "a finger needs 44 pixels"


async def test_other_sites_cannot_use_the_page(booth: Booth) -> None:
    async with aiohttp.ClientSession() as web:
        scan = f"{booth.url}api/scan"
        for headers in (
            {"Origin": "https://evil.example", "Content-Type": "application/json"},
            {"Host": "evil.example", "Content-Type": "application/json"},
            {"Content-Type": "text/plain"},
        ):
            async with web.post(scan, data=b"{}", headers=headers) as answer:
                assert answer.status == 403
        async with web.get(f"{booth.url}api/state", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403

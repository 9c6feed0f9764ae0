"""A web page of another origin posts to the gateway from a real browser, which asks for leave beforehand (CORS)."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from schemas.ports import HOST
from tests.support.booth_page import CHROMIUM, IN_A_BROWSER, playwright
from tests.support.gateway import BOOTH, GatewayProcess, Paired
from tests.support.workers import eventually

pytestmark = IN_A_BROWSER

FETCH = """async ({ url, method, headers }) => {
  try {
    const answer = await fetch(url, { method, headers, body: method === "POST" ? "{}" : undefined });
    return [answer.status, answer.headers.get("request-id"), (await answer.json()).code ?? ""];
  } catch (error) { return [0, error.name, ""]; }
}"""


class _Page(BaseHTTPRequestHandler):
    @override
    def log_message(self, format: str, *arguments: object) -> None: ...

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()


@pytest.fixture
def sites() -> Iterator[list[str]]:
    """The origins of two sites: the first is let in."""
    servers = [ThreadingHTTPServer((HOST, 0), _Page) for _ in range(2)]
    for one in servers:
        threading.Thread(target=one.serve_forever, daemon=True).start()
    yield [f"http://{HOST}:{one.server_address[1]}" for one in servers]
    for one in servers:
        one.shutdown()
        one.server_close()


async def test_a_page_of_a_named_origin_reads_answers_and_problems_and_another_page_nothing(
    paired: Paired, tmp_path: Path, sites: list[str]
) -> None:
    gateway = GatewayProcess("127.0.0.1:1", paired, tmp_path / "gateway.log", gateway_origins=sites[0])
    gateway.start(wait=False)
    try:
        await asyncio.to_thread(eventually, lambda: "terminals may post" in gateway.said(), "it serves")
        url, token = (
            f"http://{HOST}:{gateway.port}",
            {"authorization": f"Bearer {paired.of(BOOTH)}", "request-id": "r-1"},
        )
        wanted: list[dict[str, Any]] = [
            {"url": f"{url}/v1/terminal", "method": "GET", "headers": token},
            {"url": f"{url}/v1/events", "method": "POST", "headers": {"ce-id": "1", "request-id": "r-2"}},
        ]
        told = []
        async with playwright.async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for site in sites:
                page = await browser.new_page()
                await page.goto(site)
                told.append([await page.evaluate(FETCH, one) for one in wanted])
            await browser.close()
        assert told == [
            [[200, "r-1", ""], [401, "r-2", "token_missing"]],
            [[0, "TypeError", ""], [0, "TypeError", ""]],
        ]
    finally:
        assert gateway.stop() == 0

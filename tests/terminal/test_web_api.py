"""The addresses below /api answer facts: what was saved, what was refused with its word, and the state."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from producers.terminal.link import Link
from producers.terminal.spool import Refusal
from producers.terminal.terminal import BoothTerminal
from producers.terminal.web import Page
from tests.support.terminals import BADGE, paired

EVENT_ID = "0199313c-a804-7c4e-9d31-5b8f20c1e604"


@pytest.fixture
def terminal(folder: Path) -> BoothTerminal:
    return paired(folder)


@pytest_asyncio.fixture
async def client(terminal: BoothTerminal) -> AsyncIterator[TestClient]:
    """A browser of the page whose gateway is not there."""
    async with (
        Link("http://127.0.0.1:1") as link,
        TestClient(TestServer(Page(terminal, link).application())) as running,
    ):
        yield running
    terminal.spool.close()


def refused(terminal: BoothTerminal, *reasons: str) -> None:
    """Fill the drawer with an event per reason."""
    for number, _ in enumerate(reasons):
        terminal.scan(f"{number:032x}")
    terminal.spool.settle(0, refused=[Refusal(number, why) for number, why in enumerate(reasons, 1)])


async def test_the_drawer_is_shown_newest_first_with_what_is_mended_elsewhere(
    client: TestClient, terminal: BoothTerminal
) -> None:
    refused(terminal, "unknown_place", "bad_value")
    async with client.get("/api/drawer") as answer:
        drawer = await answer.json()
    assert drawer["count"] == 2
    assert [(one["seq"], one["reason"], one["mends"]) for one in drawer["events"]] == [
        (2, "bad_value", False),
        (1, "unknown_place", True),
    ]


async def test_an_exported_event_stays_in_the_drawer_until_it_is_forgotten(
    client: TestClient, terminal: BoothTerminal
) -> None:
    refused(terminal, "bad_value", "bad_value", "bad_value")
    async with client.post("/api/drawer/export", json={"numbers": [1, 3]}) as answer:
        exported = await answer.json()
    assert exported["numbers"] == [1, 3]
    assert exported["lines"].count("\n") == 2
    assert terminal.spool.totals().rejected == 3
    async with client.post("/api/drawer/forget", json={"numbers": exported["numbers"]}) as answer:
        assert await answer.json() == {"count": 2}
    assert terminal.spool.totals().rejected == 1


async def test_an_empty_drawer_makes_no_file(client: TestClient) -> None:
    async with client.post("/api/drawer/export", json={}) as answer:
        assert await answer.json() == {"numbers": [], "file": "", "lines": ""}


@pytest.mark.parametrize(
    ("path", "form", "word"),
    [
        ("/api/drawer/forget", {}, "missing_field"),
        ("/api/drawer/forget", {"numbers": "1"}, "unknown_field"),
        ("/api/drawer/send", {"numbers": [1.5]}, "bad_value"),
        ("/api/drawer/send", {"numbers": [True]}, "bad_value"),
        ("/api/drawer/export", {"number": [1]}, "unknown_field"),
        ("/api/deal", [], "not_json"),
    ],
)
async def test_a_form_that_is_not_right_is_refused_with_a_word_and_changes_nothing(
    client: TestClient, terminal: BoothTerminal, path: str, form: object, word: str
) -> None:
    refused(terminal, "bad_value")
    before = terminal.spool.totals()
    async with client.post(path, json=form) as answer:
        assert answer.status == 400
        told = await answer.json()
    assert told["word"] == word
    assert told.keys() == {"word", "facts", "error", "hint", "field"}
    assert terminal.spool.totals() == before


async def test_no_file_outside_of_the_page_is_served(client: TestClient) -> None:
    for path in ("/../web.py", "/texts/", "/static/page.js", "/%2e%2e/web.py"):
        async with client.get(path) as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    ("path", "fields"),
    [("scan", {"role": "visitor_public"}), ("interact", {"exhibit": "x-e1", "kind": "lead_captured"})],
)
@pytest.mark.parametrize(("end", "source"), [("typed", "manual"), ("enter", "qr"), ("silence", "qr")])
async def test_a_code_that_a_person_typed_is_manual(
    client: TestClient, terminal: BoothTerminal, path: str, fields: dict[str, str], end: str, source: str
) -> None:
    form = {"ids": [EVENT_ID], "lines": [BADGE], "end": end, **fields}
    async with client.post(f"/api/{path}", json=form) as answer:
        assert answer.status == 200, await answer.text()
    (waiting,) = terminal.spool.oldest(10, 10**6)
    assert json.loads(waiting.body)["data"]["source_type"] == source

"""A scan is a scan whatever has the focus: one event, said once, and nothing else on the page changes (C1).

Each element meets one end of a scan, the next element the next one. `LONG=1` lets each meet all of them, and also
runs every place in Firefox.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.booth_hands import ChromiumHands, FirefoxHands, Hands, KeysTooSlowError, press_fast, until
from tests.support.booth_page import IN_A_BROWSER, Booth
from tests.support.firefox import FIREFOX, Firefox
from tests.support.keyboard import presses

pytestmark = IN_A_BROWSER

ENDS = {"Enter": "\n", "Tab": "\t", "silence": ""}
LONG = bool(os.environ.get("LONG"))
IN_FIREFOX = {"scan", "review of a deal"}
FAST_MS = 5
ATTEMPTS = 10

CAN_HAVE_FOCUS = """(() => {
  const room = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
  const found = [...room.querySelectorAll("a[href], button, input, select, textarea, [tabindex]")];
  window.focusable = [document.body, ...found.filter((one) => one.checkVisibility() && !one.disabled)];
  return window.focusable.map((one) => one.id || `${one.tagName} ${one.name ?? ""} ${one.value ?? one.textContent}`);
})()"""
FOCUS = """(() => {
  const number = %d;
  if (number === 0) document.activeElement.blur();
  else window.focusable[number].focus();
})()"""
STATE = """({
  values: [...document.querySelectorAll("input, select, textarea")]
    .map((one) => `${one.id || one.name} ${one.type === "radio" ? `${one.value} ${one.checked}` : one.value}`),
  tab: document.querySelector("[role=tab][aria-selected=true]").id,
  dialogs: [...document.querySelectorAll("dialog[open]")].map((one) => one.id || one.className),
  focus: document.activeElement.id === "undo" ? "" : `${document.activeElement.id} ${document.activeElement.value}`,
  language: document.documentElement.lang,
  sound: localStorage.getItem("muted"),
})"""
MOODS = "window.said.map((one) => one.mood)"
CHOOSE = """(() => {
  for (const group of ["exhibits", "interactions"]) document.querySelector(`#${group} input`).checked = true;
})()"""


async def at_tab(hands: Hands, tab: str) -> None:
    await hands.tap(f"#tab-{tab}")


async def at_review(hands: Hands) -> None:
    await at_tab(hands, "deal")
    for selector, text in (("#deal-partner", "ACME"), ("#deal-country", "JP")):
        await hands.look(f"document.querySelector({selector!r}).value = {text!r}")
    await hands.tap("#deal-form button[type=submit]")
    await until(hands, "document.getElementById('review').open")


async def at_list(hands: Hands, select: str) -> None:
    await hands.tap(select)
    await until(hands, "document.querySelector('dialog.list').open")


async def at_question(hands: Hands) -> None:
    await at_tab(hands, "rejected")
    await hands.look("document.getElementById('confirm').showModal()")


PLACES: dict[str, Callable[[Hands], Awaitable[None]]] = {
    "scan": lambda hands: at_tab(hands, "scan"),
    "interact": lambda hands: at_tab(hands, "interact"),
    "deal": lambda hands: at_tab(hands, "deal"),
    "drawer": lambda hands: at_tab(hands, "rejected"),
    "review of a deal": at_review,
    "list of badge types": lambda hands: at_list(hands, "#scan-role"),
    "list of languages": lambda hands: at_list(hands, "#language"),
    "question before removing": at_question,
}


@pytest_asyncio.fixture(params=["chromium", pytest.param("firefox", marks=pytest.mark.alone)], loop_scope="session")
async def hands(request: pytest.FixtureRequest, booth: Booth, tmp_path: Path) -> AsyncIterator[Hands]:
    """The hands at one of the browsers."""
    if request.param == "firefox" and not LONG and request.getfixturevalue("place") not in IN_FIREFOX:
        pytest.skip("Firefox shows the other places in the campaign: LONG=1")
    if request.param == "chromium":
        yield ChromiumHands(booth)
        return
    if FIREFOX is None:
        pytest.skip("no Firefox on this machine (Debian: apt-get install firefox-esr)")
    profile = tmp_path / "firefox"
    profile.mkdir()
    async with Firefox(profile) as firefox:
        yield FirefoxHands(booth, firefox)


async def scan_at(hands: Hands, place: str, index: int, code: str) -> list[str]:
    """Scan with the focus on one element; return what is wrong.

    Raises:
        KeysTooSlowError: the machine was too busy.
    """
    await hands.look(FOCUS % index)
    before: dict[str, Any] = await hands.look(STATE)
    moods = await hands.look(MOODS)
    if place == "interact":
        await hands.look(CHOOSE)
    await press_fast(hands, presses(code, FAST_MS))
    await until(hands, f"window.said.length > {len(moods)}")
    now = await hands.look(MOODS)
    after = await hands.look(STATE)
    wrong = [] if now == [*moods, "good"] else [f"said {now[len(moods) :]}"]
    return wrong + [f"{part} changed" for part in before if before[part] != after[part]]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("place", PLACES)
async def test_a_scan_is_saved_whatever_has_the_focus_and_changes_nothing_else(
    booth: Booth, hands: Hands, place: str
) -> None:
    async def begin() -> list[str]:
        await hands.open()
        await PLACES[place](hands)
        elements: list[str] = await hands.look(CAN_HAVE_FOCUS)
        return elements

    elements = await begin()
    number, judged = 0, set[str]()
    wrong: list[str] = []
    for index, element in enumerate(elements):
        for name, end in list(ENDS.items()) if LONG else [list(ENDS.items())[index % len(ENDS)]]:
            for _ in range(ATTEMPTS):
                number += 1
                badge = f"{number:032x}"
                try:
                    wrong += [f"{element}, {name}: {one}" for one in await scan_at(hands, place, index, badge + end)]
                except KeysTooSlowError:
                    assert len(await begin()) == len(elements)
                else:
                    judged.add(badge)
                    break
            else:
                pytest.skip("the machine is too busy for this test")
    assert wrong == []
    await until(hands, "(async () => (await (await fetch('/api/state')).json()).pending === 0)()")
    events = [event["data"] | {"type": event["type"]} for event in booth.server.events.values()]
    events = [event for event in events if event["badge_ref"] in judged]
    assert sorted(event["badge_ref"] for event in events) == sorted(judged)
    kinds = {event["type"] for event in events}
    assert kinds == {"fair.exhibit.interaction.v1" if place == "interact" else "fair.visitor.scanned.v1"}
    assert place == "interact" or {event["badge_role"] for event in events} == {"visitor_professional"}
    print(f"{place}: {len(elements)} elements, {len(judged)} scans saved, {number - len(judged)} void")

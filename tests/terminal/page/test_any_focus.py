"""A scan is a scan whatever has the focus: one event, said once, and nothing else on the page changes (C1)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright
from tests.support.keyboard import presses

pytestmark = IN_A_BROWSER

ENDS = {"Enter": "\n", "Tab": "\t", "silence": ""}
FAST_MS = 5

CAN_HAVE_FOCUS = """() => {
  const room = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
  const found = [...room.querySelectorAll("a[href], button, input, select, textarea, [tabindex]")];
  window.focusable = [document.body, ...found.filter((one) => one.checkVisibility() && !one.disabled)];
  return window.focusable.map((one) => one.id || `${one.tagName} ${one.name ?? ""} ${one.value ?? one.textContent}`);
}"""
FOCUS = """(number) => {
  if (number === 0) document.activeElement.blur();
  else window.focusable[number].focus();
}"""
STATE = """() => ({
  values: [...document.querySelectorAll("input, select, textarea")]
    .map((one) => `${one.id || one.name} ${one.type === "radio" ? `${one.value} ${one.checked}` : one.value}`),
  tab: document.querySelector("[role=tab][aria-selected=true]").id,
  dialogs: [...document.querySelectorAll("dialog[open]")].map((one) => one.id || one.className),
  focus: document.activeElement.id === "undo" ? "" : `${document.activeElement.id} ${document.activeElement.value}`,
  language: document.documentElement.lang,
  sound: localStorage.getItem("muted"),
})"""
CHOOSE = """() => {
  for (const group of ["exhibits", "interactions"]) document.querySelector(`#${group} input`).checked = true;
}"""


async def at_tab(booth: Booth, tab: str) -> None:
    await booth.page.click(f"#tab-{tab}")


async def at_review(booth: Booth) -> None:
    await booth.type("F4", "ACME", "Tab", "jp", "Enter")
    await playwright.expect(booth.page.locator("#review")).to_be_visible()


async def at_list(booth: Booth, select: str) -> None:
    await booth.page.click(select)
    await playwright.expect(booth.page.locator("dialog.list")).to_be_visible()


async def at_dialog(booth: Booth, dialog: str) -> None:
    await booth.page.evaluate(f"document.getElementById('{dialog}')?.showModal()")


PLACES: dict[str, Callable[[Booth], Awaitable[None]]] = {
    "scan": lambda booth: at_tab(booth, "scan"),
    "interact": lambda booth: at_tab(booth, "interact"),
    "deal": lambda booth: at_tab(booth, "deal"),
    "drawer": lambda booth: at_tab(booth, "rejected"),
    "review of a deal": at_review,
    "list of badge types": lambda booth: at_list(booth, "#scan-role"),
    "list of languages": lambda booth: at_list(booth, "#language"),
    "dialog before removing": lambda booth: at_dialog(booth, "confirm"),
}


@pytest.mark.parametrize("place", PLACES)
async def test_a_scan_is_saved_wherever_the_focus_is_and_changes_nothing_else(booth: Booth, place: str) -> None:
    await PLACES[place](booth)
    elements: list[str] = await booth.page.evaluate(CAN_HAVE_FOCUS)
    number = 0
    wrong: list[str] = []
    for index, element in enumerate(elements):
        for name, end in ENDS.items():
            number += 1
            await booth.page.evaluate(FOCUS, index)
            before: dict[str, Any] = await booth.page.evaluate(STATE)
            if place == "interact":
                await booth.page.evaluate(CHOOSE)
            await booth.keyboard.press(presses(f"{number:032x}{end}", FAST_MS))
            moods = await booth.said(number)
            after = await booth.page.evaluate(STATE)
            if moods[number - 1 :] != ["good"]:
                wrong.append(f"{element}, {name}: said {moods[number - 1 :]}")
            wrong += [f"{element}, {name}: {part} changed" for part in before if before[part] != after[part]]
    assert wrong == []
    await booth.contains("#counts", f"sent: {number}")
    events = [event["data"] | {"type": event["type"]} for event in booth.server.events.values()]
    assert sorted(event["badge_ref"] for event in events) == [f"{one:032x}" for one in range(1, number + 1)]
    kinds = {event["type"] for event in events}
    assert kinds == {"fair.exhibit.interaction.v1" if place == "interact" else "fair.visitor.scanned.v1"}
    assert place == "interact" or {event["badge_role"] for event in events} == {"visitor_professional"}
    print(f"{place}: {len(elements)} elements x {len(ENDS)} ends, {number} scans saved")

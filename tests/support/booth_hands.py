"""The hands at a booth page, in Chromium or Firefox: keys with their times, taps, and a look at the page."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from tests.support.booth_page import WATCH, Booth
from tests.support.firefox import Firefox
from tests.support.keyboard import Press, silence_ms

LOOK_S = 0.05
UNDER_A_FINGER = """(() => {
  const one = document.querySelector("%s");
  const { x, y, width, height } = one?.getBoundingClientRect() ?? {};
  return Boolean(one) && one.contains(document.elementFromPoint(x + width / 2, y + height / 2));
})()"""
"""Whether an element can be touched: it is there, and nothing lies over it."""

PATIENCE_S = 20.0

TAP = """(() => {
  const one = document.querySelector("%s");
  const { x, y, width, height } = one.getBoundingClientRect();
  const at = { bubbles: true, cancelable: true, clientX: x + width / 2, clientY: y + height / 2 };
  if (one.dispatchEvent(new MouseEvent("mousedown", at))) one.focus();
  for (const kind of ["mouseup", "click"]) one.dispatchEvent(new MouseEvent(kind, at));
})()"""
"""A tap as events of the page: Firefox loses clicks that are driven from outside once a modal dialog was open."""


class Hands(Protocol):
    """The deeds of a person and of a scanner at the page.

    Attributes:
        gaps_ms: what may be asked for between two keys of a scanner.
    """

    gaps_ms: tuple[int, ...]

    async def open(self) -> None:
        """Open the page anew."""

    async def press(self, keys: Sequence[Press]) -> None:
        """Press keys, and wait until the page has taken them."""

    async def tap(self, selector: str) -> None:
        """Touch an element."""

    async def look(self, expression: str) -> Any:
        """Return the value of an expression of the page."""


class ChromiumHands:
    """See `Hands`; keys have exact times."""

    gaps_ms = (5, 10, 25)

    def __init__(self, booth: Booth) -> None:
        self._booth = booth

    async def open(self) -> None:
        """Open the page anew."""
        await self._booth.open_again()

    async def press(self, keys: Sequence[Press]) -> None:
        """Press keys, and wait until the page has taken them."""
        await self._booth.keyboard.press(keys)

    async def tap(self, selector: str) -> None:
        """Touch an element."""
        await self._booth.page.click(selector, timeout=PATIENCE_S * 1000)

    async def look(self, expression: str) -> Any:
        """Return the value of an expression of the page."""
        return await self._booth.page.evaluate(expression)


class FirefoxHands:
    """See `Hands`; the browser itself waits between two keys, so they are as fast as the machine is idle.

    A test with these hands has the mark `alone`.
    Its keys are real, its taps are events of the page.
    """

    gaps_ms = (0, 5, 10)

    def __init__(self, booth: Booth, firefox: Firefox) -> None:
        self._booth = booth
        self._firefox = firefox
        self._watched = False

    async def open(self) -> None:
        """Open the page anew."""
        if not self._watched:
            await self._firefox.before_scripts(f"() => {{ {WATCH} }}")
            self._watched = True
        await self._firefox.goto(self._booth.url)
        await until(self, "document.body.dataset.ready === 'yes'")

    async def press(self, keys: Sequence[Press]) -> None:
        """Press keys, and wait until the page has taken them."""
        await self._firefox.press(*(one.key for one in keys), pause_ms=round(keys[-1].after_ms))
        await asyncio.sleep(silence_ms(keys) / 1000)

    async def tap(self, selector: str) -> None:
        """Touch an element."""
        await until(self, UNDER_A_FINGER % selector)
        await self._firefox.evaluate(TAP % selector)

    async def look(self, expression: str) -> Any:
        """Return the value of an expression of the page."""
        return await self._firefox.evaluate(expression)


KEYS_CAME = "window.keyTimes.length >= %d"
WORST_GAPS = """[
  Math.max(0, ...window.keyTimes.slice(1).map(([time], index) => time - window.keyTimes[index][0])),
  Math.max(0, ...window.keyTimes.slice(1).map(([, came], index) => came - window.keyTimes[index][0])),
]"""
"""The longest time between two keys, and the longest from a key until the next one came."""
FAST_MS = 50
LATE_MS = 100


class KeysTooSlowError(Exception):
    """The machine was too busy to press keys as fast as a scanner, so the page must not take them as a scan."""


async def press_fast(hands: Hands, keys: Sequence[Press]) -> None:
    """Press keys as a scanner does.

    Raises:
        KeysTooSlowError: they all came, and the browser's own times of them are not those of a scanner.
    """
    await hands.look("window.keyTimes = []")
    await hands.press(keys)
    with suppress(TimeoutError):
        await until(hands, KEYS_CAME % len(keys))
        gap, late = await hands.look(WORST_GAPS)
        if gap > FAST_MS or late > FAST_MS + LATE_MS:
            raise KeysTooSlowError(f"{gap:.0f} ms between two keys, {late:.0f} ms until one came")


async def until(hands: Hands, expression: str) -> None:
    """Return when an expression of the page is true.

    Raises:
        TimeoutError: it does not become true.
    """
    async with asyncio.timeout(PATIENCE_S):
        while not await hands.look(expression):
            await asyncio.sleep(LOOK_S)

"""What is a scan and what is typing: the rule alone, as a function of keys and times, run by the browser."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.booth_page import IN_A_BROWSER, playwright

pytestmark = IN_A_BROWSER

RULE = (Path(__file__).parents[3] / "producers/terminal/static/scanner.js").read_text(encoding="utf-8")
FEED = """async ([rule, keys, minimum]) => {
  const { Scanner } = await import(`data:text/javascript,${encodeURIComponent(rule)}`);
  const scanner = new Scanner(minimum);
  const ends = [];
  let typed = "";
  for (const key of keys) {
    const read = scanner.key(key);
    if (read.closed) ends.push(read.closed);
    if (!read.stop) typed += key.key + " ";
  }
  const last = scanner.silence(1e9);
  if (last) ends.push(last);
  return { ends, typed: typed.trim() };
}"""
Key = dict[str, Any]


def keys(text: str, gap: float, *, field: bool = False, start: float = 1_000, **more: Any) -> list[Key]:
    """Return keys with one gap between them; a line feed is Enter, a tab is Tab."""
    names = {"\n": "Enter", "\t": "Tab"}
    return [
        {"key": names.get(one, one), "time": start + gap * number, "field": field, **more}
        for number, one in enumerate(text)
    ]


def scan(*lines: str, end: str) -> Key:
    return {"kind": "scan", "lines": list(lines), "end": end}


def loose(text: str, *, enter: bool = False) -> Key:
    return {"kind": "loose", "text": text, "enter": enter}


VCARD = ("BEGIN:VCARD", "VERSION:3.0", "N:Li;Wei", "ORG:ACME", "TEL:1234567", "END:VCARD")
LINES = "\n".join(VCARD) + "\n"

CASES: dict[str, tuple[list[Key], list[Key], str]] = {
    "a scan with Enter": (keys("CIF26-000417\n", 10), [scan("CIF26-000417", end="enter")], ""),
    "a scan with Tab": (keys("CIF26-000417\t", 10), [scan("CIF26-000417", end="tab")], ""),
    "a scan that ends in silence": (keys("CIF26-000417", 10), [scan("CIF26-000417", end="silence")], ""),
    "the slowest scanner": (keys("ABCDEF\n", 50), [scan("ABCDEF", end="enter")], ""),
    "keys just too slow": (
        keys("ABC\n", 51), [loose("A"), loose("B"), loose("C")], "Enter",
    ),
    "a scan into a field": (keys("ABCDEFGH\n", 10, field=True), [scan("ABCDEFGH", end="enter")], "A B C D E"),
    "a slow typist in a field": (keys("CIF26-000417\n", 90, field=True), [], " ".join("CIF26-000417") + " Enter"),
    "two letters rolled fast in a field": (keys("th", 20, field=True), [], "t h"),
    "three letters rolled fast and Enter, in a field": (keys("the\n", 20, field=True), [], "t h e Enter"),
    "two letters rolled fast outside of a field": (keys("th", 20), [loose("th")], ""),
    "a code that was cut off, outside of a field": (keys("417\n", 10), [scan("417", end="enter")], ""),
    "one letter and Enter, outside of a field": (keys("a\n", 20), [loose("a", enter=True)], ""),
    "a held key in a field": (
        keys("a", 0, field=True) + keys("a" * 20, 30, field=True, start=1_500, repeat=True), [], "a" + " a" * 20,
    ),
    "a held key outside of a field": (keys("a", 0) + keys("a" * 20, 30, start=1_500, repeat=True), [loose("a")], ""),
    "a held Enter": (keys("\n", 0) + keys("\n" * 9, 30, start=1_500, repeat=True), [], "Enter"),
    "Space, Enter and arrows alone": (
        [{"key": one, "time": 1_000 + 300 * n} for n, one in enumerate((" ", "Enter", "ArrowDown"))], [],
        "Enter ArrowDown",
    ),
    "a space within a scan": (keys("AB CD EF\n", 10), [scan("AB CD EF", end="enter")], ""),
    "a business card is one burst": (keys(LINES, 10), [scan(*VCARD, end="enter")], ""),
    "two badges back to back": (keys("ABCDEF\nGHIJKL\n", 10), [scan("ABCDEF", "GHIJKL", end="enter")], ""),
    "two badges with silence between": (
        keys("ABCDEF", 10) + keys("GHIJKL", 10, start=1_101),
        [scan("ABCDEF", end="silence"), scan("GHIJKL", end="silence")], "",
    ),
    "two badges less than 50 ms apart": (
        keys("ABCDEF\n", 10) + keys("GHIJKL\n", 10, start=1_110), [scan("ABCDEF", "GHIJKL", end="enter")], "",
    ),
    "Enter twice": (keys("ABCDEF\n\n", 10), [scan("ABCDEF", end="enter")], ""),
    "the focus leaves the field in the middle": (
        keys("ABCDEF", 10, field=True) + keys("GHI\n", 10, start=1_060), [scan("ABCDEFGHI", end="enter")], "A B C D E",
    ),
    "the focus comes into a field in the middle": (
        keys("ABC", 10) + keys("DEFGHI\n", 10, start=1_030, field=True), [scan("ABCDEFGHI", end="enter")], "D E",
    ),
    "Ctrl+J after the code": (
        keys("ABCDEF", 10, field=True)
        + keys("j", 10, start=1_060, field=True, control=True)
        + keys("\n", 10, start=1_070, field=True),
        [scan("ABCDEF", end="enter")], "A B C D E",
    ),
    "a function key within a scan": (
        [*keys("ABCDEF", 10), {"key": "F2", "time": 1_060}, *keys("G\n", 10, start=1_070)],
        [scan("ABCDEFG", end="enter")], "",
    ),
    "a dead key of another layout": (
        [*keys("ABC", 10), {"key": "Dead", "time": 1_030}, *keys("DEF\n", 10, start=1_040)],
        [scan("ABC\ufffdDEF", end="enter")], "",
    ),
    "an input method takes the keys": (
        keys("ABCDEF\n", 10, field=True, composing=True), [{"kind": "method", "count": 7}],
        "A B C D E F Enter",
    ),
    "a person writes with an input method": (keys("nihao", 120, field=True, composing=True), [], "n i h a o"),
    "Shift before each letter": (
        [
            {"key": key, "time": 1_000 + 80 * n + after}
            for n, one in enumerate("ABCDEF") for key, after in (("Shift", 0), (one, 40))
        ],
        [scan("ABCDEF", end="silence")], " ".join(["Shift"] * 6),
    ),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(browser: "playwright.Browser") -> AsyncIterator["playwright.Page"]:
    """An empty page, on which the rule runs."""
    opened = await browser.new_page()
    yield opened
    await opened.close()


@pytest.mark.parametrize(("pressed", "ends", "typed"), CASES.values(), ids=CASES.keys())
async def test_a_scan_is_told_from_typing_by_its_speed(
    page: "playwright.Page", pressed: list[Key], ends: list[Key], typed: str
) -> None:
    read = await page.evaluate(FEED, [RULE, pressed, 6])
    assert read["ends"] == ends
    assert read["typed"].split() == typed.split()


@pytest.mark.parametrize(("minimum", "ends"), [(4, [scan("4711", end="silence")]), (5, [])])
async def test_the_length_of_the_fairs_codes_is_the_shortest_scan(
    page: "playwright.Page", minimum: int, ends: list[Key]
) -> None:
    read = await page.evaluate(FEED, [RULE, keys("4711", 10, field=True), minimum])
    assert read["ends"] == ends

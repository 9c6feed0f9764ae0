"""The bar at the top: trouble that only a person can mend is red and says what to do. It promises only what is true."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright
from tests.support.certificates import authority
from tests.support.page_texts import LANGUAGES, texts
from tests.support.terminals import pair

pytestmark = IN_A_BROWSER
CAUSES = sorted({name.split(".")[1] for name in texts("en") if name.startswith("cause.")})
FACTS = {
    "at": "gateway.example:8443",
    "host": "gateway.example",
    "status": "413",
    "when": "1970-01-01 00:03",
    "why": "handshake failed",
}
MENDS_ITSELF = {
    "dns": "offline", "refused": "offline", "timeout": "offline", "no_network": "offline", "not_http": "offline",
    "server_not_ready": "busy", "asked_to_slow_down": "busy",
}  # fmt: skip
FULL = {"disk_full", "spool_full"}
NOT_SAFE = {*FULL, "disk", "spool_damaged", "badge_key_changed"}
STATE: dict[str, Any] = {
    "line": "online", "cause": "", "facts": FACTS, "pending": 123, "sent": 4567, "rejected": 89, "full": False,
    "clock_ms": -180_000, "version": "", "copies": None, "moved": False,
}  # fmt: skip


def state_with(cause: str) -> dict[str, Any]:
    """Return the state of a terminal that has this cause of trouble."""
    match cause:
        case "copies":
            return {**STATE, "copies": 3}
        case "moved":
            return {**STATE, "moved": True}
        case "token":
            return {**STATE, "line": "repair", "cause": cause}
        case _:
            return {**STATE, "line": MENDS_ITSELF.get(cause, "trouble"), "cause": cause, "full": cause in FULL}


async def bar(booth: Booth, state: dict[str, Any]) -> dict[str, str]:
    """Return the words of the page for a state."""
    shown: dict[str, str] = await booth.page.evaluate(f"import('/bar.js').then((m) => m.barOf({json.dumps(state)}))")
    return shown


async def test_a_cause_that_a_person_must_mend_is_red_with_what_to_do(booth: Booth) -> None:
    words = texts("en")
    for cause in CAUSES:
        shown = await bar(booth, state_with(cause))
        if cause in MENDS_ITSELF:
            assert shown["colour"] == MENDS_ITSELF[cause]
            assert shown["words"] == words[f"line.{MENDS_ITSELF[cause]}"]
        elif cause == "moved":
            assert (shown["colour"], shown["more"]) == ("moved", words["cause.moved"])
        else:
            assert shown["colour"] in {"trouble", "repair", "full"}, cause
            assert shown["words"] == words[f"cause.{cause}"].format_map(FACTS)
            assert shown["more"].startswith(words[f"cause.{cause}.do"].format_map(FACTS)), cause


async def test_the_bar_promises_safety_only_while_the_disk_works(booth: Booth) -> None:
    promise = texts("en")["line.safe"]
    for cause in CAUSES:
        promised = promise in (await bar(booth, state_with(cause)))["more"]
        assert promised == (cause not in NOT_SAFE and cause != "moved"), cause


async def test_a_damaged_spool_is_named_before_a_full_one(booth: Booth) -> None:
    shown = await bar(booth, {**STATE, "line": "trouble", "cause": "spool_damaged", "full": True})
    assert shown["words"] == "Saved events are damaged"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_cause_fits_the_bar_and_leaves_room_for_the_page(booth: Booth, language: str) -> None:
    await booth.page.select_option("#language", language)
    await booth.page.click("#tab-interact")
    await booth.page.route("**/api/state", lambda route: route.abort())
    tall = await booth.page.evaluate(
        """async ([states]) => {
            const { barOf, countsOf, clockOf } = await import('/bar.js');
            const at = (id) => document.getElementById(id);
            at('try-now').hidden = false;
            const found = [];
            for (const state of states) {
                const { words, more } = barOf(state);
                at('words').textContent = words;
                at('trouble').textContent = more;
                at('counts').textContent = countsOf(state);
                at('clock').textContent = clockOf(state.clock_ms);
                const wide = document.documentElement.scrollWidth > 1024;
                if (wide || at('state').offsetHeight > 105) found.push([state.cause, wide, at('state').offsetHeight]);
            }
            return found;
        }""",
        [[state_with(cause) for cause in CAUSES]],
    )
    assert tall == []


@pytest.mark.parametrize(
    ("language", "ms", "words"),
    [
        ("en", -180_000, "clock 3 minutes fast"),
        ("en", 7_200_000, "clock 2 hours slow"),
        ("de", 119_000, "Uhr geht 119 Sekunden nach"),
        ("zh", 180_000, "时钟慢 3分钟"),
        ("en", 2_000, "clock correct"),
        ("en", None, ""),
    ],
)
async def test_a_wrong_clock_is_told_in_the_largest_unit(
    booth: Booth, language: str, ms: int | None, words: str
) -> None:
    await booth.page.select_option("#language", language)
    assert await booth.page.evaluate(f"import('/bar.js').then((m) => m.clockOf({json.dumps(ms)}))") == words


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # asyncio, after a failed handshake
async def test_a_certificate_of_an_unknown_authority_is_named_and_scans_are_saved(booth: Booth, tmp_path: Path) -> None:
    await booth.server.down()
    booth.server.tls = authority(tmp_path / "authority").server()
    await booth.server.up()
    pair(booth.folder, booth.server.url)
    await booth.reads("#words", "Certificate not trusted")
    await booth.contains("#trouble", "FAIRPULSE_TERMINAL_CA_FILE")
    await booth.scan()
    await booth.reads("#counts", "saved here: 1, sent: 0")
    await booth.contains("#trouble", "events are safe here")
    await booth.picture("certificate")


async def test_two_machines_that_send_as_one_terminal_are_named(booth: Booth) -> None:
    booth.server.answers_also = {"Terminal-Copies": "3"}
    await booth.scan()
    await booth.reads("#words", "Two machines send as this terminal")
    assert await booth.page.locator("#state").get_attribute("data-line") == "trouble"


async def test_a_spool_that_is_damaged_while_the_booth_works_is_named_and_nothing_is_called_safe(booth: Booth) -> None:
    await booth.server.down()
    for number in range(3):
        await booth.scan(f"{number:032x}")
    await booth.reads("#counts", "saved here: 3, sent: 0")
    for path in booth.folder.glob("spool.sqlite3*"):
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.write(b"\xff" * size)
    await booth.scan("ab" * 16)
    await booth.contains("#said-more", "Saved events are damaged")
    await booth.reads("#words", "Saved events are damaged")
    await booth.contains("#trouble", "fairpulse terminal repair")
    await playwright.expect(booth.page.locator("#trouble")).not_to_contain_text("safe")
    await booth.picture("damaged")

"""The page at a gate and at a hall door: the lane keeps its direction, and the badge type goes back after each scan."""

from collections import Counter
from dataclasses import dataclass

import pytest

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright

pytestmark = IN_A_BROWSER

LARGE_PX = 24
"""Readable from the other side of a lane's table."""


@dataclass(frozen=True)
class Door:
    """A place whose scans have a direction: its id, and each direction with its words, the usual one first."""

    place: str
    place_id: str
    inwards: tuple[str, str]
    outwards: tuple[str, str]


DOORS = {
    "gate": Door("gate", "north", ("entry", "Entry"), ("exit", "Exit")),
    "hall": Door("hall", "h1", ("zone_in", "In"), ("zone_out", "Out")),
}


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> Door:
    return DOORS[request.param]


@pytest.fixture
def paired_at(door: Door) -> dict[str, str]:
    source = f"/fairs/small-2025/{door.place}s/{door.place_id}/terminals/t-1"
    return {"place": door.place, "place_id": door.place_id, "source": source}


async def shows(booth: Booth, direction: tuple[str, str]) -> None:
    """Check that a direction is chosen, in large letters on the screen, and stands out from the other one."""
    kind, words = direction
    chosen = booth.page.locator(f"#scan-kinds label:has(input[value={kind}]:checked)")
    await playwright.expect(chosen).to_have_text(words)
    await playwright.expect(chosen).to_be_in_viewport(ratio=1)
    look = "(one) => [parseFloat(getComputedStyle(one).fontSize), getComputedStyle(one).backgroundColor]"
    size, colour = await chosen.evaluate(look)
    others = [await one.evaluate(look) for one in await booth.page.locator("#scan-kinds label").all()]
    assert size >= LARGE_PX
    assert [found[1] for found in others].count(colour) == 1


async def test_the_direction_is_shown_large_and_kept_over_scans_and_reloads(booth: Booth, door: Door) -> None:
    await shows(booth, door.inwards)
    await booth.scan("01" * 16)
    await booth.page.click(f"#scan-kinds label:has(input[value={door.outwards[0]}])")
    await booth.scan("02" * 16)
    await booth.scan("03" * 16)
    await shows(booth, door.outwards)
    await booth.reads("#counts", "saved here: 0, sent: 3")
    await booth.open_again()
    await shows(booth, door.outwards)
    await booth.scan("04" * 16)
    await booth.reads("#counts", "saved here: 0, sent: 4")
    kinds = {event["data"]["badge_ref"]: event["data"]["scan_kind"] for event in booth.server.events.values()}
    out = door.outwards[0]
    assert kinds == {"01" * 16: door.inwards[0], "02" * 16: out, "03" * 16: out, "04" * 16: out}


async def test_the_badge_type_counts_for_one_scan_and_goes_back(booth: Booth, door: Door) -> None:
    for badge, role in (("01" * 16, "media"), ("02" * 16, None), ("03" * 16, "speaker")):
        if role is not None:
            await booth.page.select_option("#scan-role", role)
        await booth.scan(badge)
        await playwright.expect(booth.page.locator("#scan-role")).to_have_value("visitor_professional")
    await booth.reads("#counts", "saved here: 0, sent: 3")
    events = [event["data"] for event in booth.server.events.values()]
    roles = {event["badge_ref"]: event["badge_role"] for event in events}
    assert roles == {"01" * 16: "media", "02" * 16: "visitor_professional", "03" * 16: "speaker"}
    assert {event[f"{door.place}_id"] for event in events} == {door.place_id}
    assert Counter(event["scan_kind"] for event in events) == {door.inwards[0]: 3}


async def test_only_the_tabs_of_the_place_are_there(booth: Booth, door: Door) -> None:
    for tab in ("interact", "deal"):
        await playwright.expect(booth.page.locator(f"#tab-{tab}")).to_be_hidden()
    anonymous = booth.page.locator("#scan-anonymous")
    await (
        playwright.expect(anonymous).to_be_hidden()
        if door.place == "gate"
        else playwright.expect(anonymous).to_be_visible()
    )
    await booth.type("F3")
    await booth.scan()
    await booth.contains("#said-word", "Saved no. 1")

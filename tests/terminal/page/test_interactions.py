"""Interactions on the page."""

from tests.support.booth_page import IN_A_BROWSER, Booth

pytestmark = IN_A_BROWSER


async def test_an_interaction_by_keyboard_alone(booth: Booth) -> None:
    await booth.type("F3", "Space", "Tab", "Space", "ArrowRight", "Tab")
    await booth.scan()
    await booth.contains("#said-word", "Saved no. 1")
    await booth.picture("interaction")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    (event,) = booth.server.events.values()
    assert event["data"]["interaction_kind"] == "demo_completed"
    assert event["data"]["exhibitor_id"] in {"e1", "e2"}

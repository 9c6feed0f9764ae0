"""The form for meetings on the tab for interactions."""

from tests.support.booth_page import IN_A_BROWSER, Booth, playwright

pytestmark = IN_A_BROWSER


async def test_the_steps_of_a_meeting_are_saved_one_by_one(booth: Booth) -> None:
    await booth.type("F3")
    for number, step in enumerate(("invited", "accepted", "held"), 1):
        await booth.page.fill("#meeting-id", "m-17")
        await booth.page.select_option("#meeting-step", step)
        await booth.page.click("#meeting-form button")
        await booth.reads("#said-word", f"Saved no. {number}")
        await playwright.expect(booth.page.locator("#meeting-id")).to_have_value("")
    await booth.reads("#counts", "saved here: 0, sent: 3")
    events = sorted((event["data"] for event in booth.server.events.values()), key=lambda data: data["terminal_seq"])
    assert [(one["meeting_id"], one["step"], one["exhibitor_id"]) for one in events] == [
        ("m-17", "invited", "e1"), ("m-17", "accepted", "e1"), ("m-17", "held", "e1"),
    ]  # fmt: skip


async def test_a_co_exhibitor_of_the_booth_can_be_chosen(booth: Booth) -> None:
    await booth.type("F3")
    await booth.page.fill("#meeting-id", "m-18")
    await booth.page.select_option("#meeting-exhibitor", "e2")
    await booth.page.click("#meeting-form button")
    await booth.reads("#said-word", "Saved no. 1")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    (event,) = booth.server.events.values()
    assert event["data"]["exhibitor_id"] == "e2"


async def test_what_is_no_id_is_refused_in_words_and_stays_to_be_corrected(booth: Booth) -> None:
    await booth.type("F3")
    await booth.page.fill("#meeting-id", "meeting with ada")
    await booth.page.click("#meeting-form button")
    await booth.reads("#said-word", "Not saved")
    await booth.contains("#said-more", "Write the meeting's id")
    await playwright.expect(booth.page.locator("#meeting-id")).to_have_value("meeting with ada")

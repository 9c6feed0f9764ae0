"""A terminal that is paired again while its page is open: the page shows the new exhibits and sections by itself."""

from dataclasses import replace

from producers.terminal.card import Card, Choice, ShownExhibit
from producers.terminal.pairing import CARD, Pairing, keep
from producers.terminal.spool import Spool
from tests.support.booth_page import IN_A_BROWSER, Booth

pytestmark = IN_A_BROWSER


async def test_a_changed_card_is_shown_without_a_restart_and_keeps_the_choices(booth: Booth) -> None:
    await booth.page.select_option("#scan-role", "media")
    spool = Spool(booth.folder)
    pairing, card = Pairing.load(spool), Card.read(spool.note(CARD) or "")
    assert pairing is not None
    shown = ShownExhibit("tower", "Tower of light", card.exhibitors[0].id)
    new = replace(card, exhibits=(shown,), sections=(Choice(card.section, "Finance of today"),))
    keep(spool, replace(pairing, token="tf_new_token"), new)
    spool.close()
    await booth.contains("#exhibits", "Tower of light")
    await booth.contains("#deal-section", "Finance of today")
    assert await booth.page.locator("#scan-role").input_value() == "media"

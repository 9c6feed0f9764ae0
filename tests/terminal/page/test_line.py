"""The bar at the top says whether the server answers."""

import pytest

from tests.support.booth_page import IN_A_BROWSER, Booth
from tests.support.scripted_server import Say

pytestmark = IN_A_BROWSER


async def test_offline_the_booth_goes_on_and_everything_is_sent_afterwards(booth: Booth) -> None:
    await booth.scan()
    await booth.reads("#counts", "saved here: 0, sent: 1")
    await booth.server.down()
    for number in range(12):
        await booth.scan(f"{number:032x}")
    await booth.reads("#counts", "saved here: 12, sent: 1")
    await booth.reads("#words", "Offline")
    await booth.contains("#said-word", "Saved no. 13")
    await booth.picture("offline")
    await booth.server.up()
    await booth.page.click("#try-now")
    await booth.reads("#counts", "saved here: 0, sent: 13")
    await booth.reads("#words", "Online")
    assert len(booth.server.events) == 13
    captures = [event["data"]["capture"] for event in booth.server.events.values()]
    assert captures[0] == "online"
    assert captures[-1] == "offline_replay"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (503, "Server not ready"),
        (500, "Server not ready"),
        (401, "Pair this terminal again"),
        (Say(200, {"Content-Type": "text/html"}, b"<p>Wi-Fi login</p>"), "The Wi-Fi wants a login"),
    ],
    ids=["503", "500", "401", "captive portal"],
)
async def test_with_a_failing_server_the_page_says_so_and_keeps_saving(
    booth: Booth, step: int | Say, words: str
) -> None:
    booth.server.otherwise = step
    await booth.scan()
    await booth.reads("#words", words)
    await booth.scan("cd" * 16)
    await booth.reads("#counts", "saved here: 2, sent: 0")
    await booth.contains("#said-word", "Saved no. 2")


async def test_the_status_line_is_right_even_while_nobody_scans(booth: Booth) -> None:
    await booth.reads("#words", "Online")
    await booth.reads("#clock", "clock correct")
    await booth.server.down()
    await booth.reads("#words", "Offline")
    await booth.server.up()
    await booth.reads("#words", "Online")

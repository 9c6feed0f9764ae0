"""The tab of events that the server refused."""

from tests.support.booth_page import IN_A_BROWSER, Booth
from tests.support.scripted_server import ScriptedServer

pytestmark = IN_A_BROWSER


async def test_a_rejected_event_is_shown_with_its_reason(booth: Booth) -> None:
    booth.server.otherwise = 503
    await booth.scan()
    await booth.scan("cd" * 16)
    await booth.reads("#counts", "saved here: 2, sent: 0")
    first = next(request for request in booth.server.requests if request.method == "POST").ids[0]
    booth.server.refuse_ids = {first: "unknown_place"}
    booth.server.otherwise = ScriptedServer().otherwise
    await booth.page.click("#try-now")
    await booth.reads("#counts", "saved here: 0, sent: 1")
    await booth.reads("#rejected-count", "(1)")
    await booth.type("F6")
    await booth.contains("#rejected-rows", "The place is not in the fair file")
    await booth.picture("rejected")

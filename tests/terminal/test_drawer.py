"""What becomes of refused events: sent again, exported, taken back, forgotten; never lost, never another event."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from producers.terminal import drawer
from producers.terminal.drawer_file import export_to, take_back
from producers.terminal.refusals import MENDED
from producers.terminal.spool import Refusal, Spool, Waiting
from tests.support.terminals import SAID, pair


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pair(tmp_path / "terminal", "http://127.0.0.1:1")
    return tmp_path / "terminal"


def body(name: str, seq: int, source: str = SAID["source"]) -> bytes:
    return json.dumps({"id": name, "source": source, "data": {"terminal_seq": seq}}).encode()


def fill(spool: Spool, reasons: list[str]) -> list[Waiting]:
    """Save an event for each reason and have it refused; an empty reason stays waiting. Return them as they waited."""
    for number in range(len(reasons)):
        name = f"e{number}"
        spool.save(name, "scan", 1_700_000_000_000, lambda seq, name=name: body(name, seq))
    before = spool.oldest(99, 99_999)
    spool.settle(0, refused=[Refusal(one.seq, why, "say") for one, why in zip(before, reasons, strict=True) if why])
    return before


def test_an_entry_says_what_when_and_why_in_words(spool: Spool) -> None:
    fill(spool, ["unknown_currency", "bad_value", "a_reason_of_the_future"])
    first, second, third = drawer.entries(spool)
    assert (first.number, first.event_id, first.kind) == (1, "e0", "scan")
    assert (first.saved_at, first.detail) == ("2023-11-14T22:13:20.000Z", "say")
    assert first.words == "the currency is not in the fair file"
    assert first.mended_when == "the gateway's fair file gets the currency and its rate"
    assert (second.words, second.mended_when) == ("the value is not valid", "")
    assert third.words == "the gateway refused it"


@pytest.mark.parametrize(
    ("act", "sent"),
    [
        (drawer.send_again, [1, 2, 3, 4]),
        (lambda spool: drawer.send_again(spool, [3, 1, 1, 4, 77, -1]), [1, 3, 4]),
        (lambda spool: drawer.send_again(spool, []), [4]),
        (lambda spool: drawer.send_again_for(spool, ["unknown_place"]), [1, 3, 4]),
        (lambda spool: drawer.send_again_for(spool, []), [4]),
        (lambda spool: drawer.send_again_for(spool, MENDED), [1, 3, 4]),
    ],
)
def test_events_that_are_sent_again_are_the_same_to_the_last_byte(
    spool: Spool, act: Callable[[Spool], int], sent: list[int]
) -> None:
    before = fill(spool, ["unknown_place", "bad_value", "unknown_place", ""])
    assert act(spool) == len(sent) - 1
    assert spool.oldest(99, 99_999) == [one for one in before if one.seq in sent]
    assert spool.totals().saved == 4


def test_an_export_leaves_the_drawer_as_it_is_until_the_events_are_forgotten(spool: Spool) -> None:
    fill(spool, ["bad_value", "bad_value", ""])
    lines = drawer.exported(spool, [2, 3])
    assert [json.loads(line)["terminal_seq"] for line in lines] == [2]
    assert spool.totals().rejected == 2
    assert drawer.forget(spool, [2, 3, 3]) == 1, "an event that waits is not in the drawer"
    totals = spool.totals()
    assert (totals.rejected, totals.exported, totals.pending, totals.saved) == (1, 1, 1, 3)


def test_an_event_that_is_not_text_is_exported_whole_and_not_taken_back(spool: Spool, tmp_path: Path) -> None:
    spool.save("a", "scan", 0, lambda _: b'{"\xff"')
    spool.settle(0, refused=[Refusal(1, "not_json")])
    assert "event_base64" in json.loads(drawer.exported(spool)[0])
    assert export_to(spool, tmp_path / "file") == 1
    assert take_back(spool, tmp_path / "file").wrong == {1: "this is not an event that a terminal exported"}


def test_exported_events_come_back_with_number_id_and_bytes(spool: Spool, tmp_path: Path) -> None:
    before = fill(spool, ["bad_value"] * 3)
    assert export_to(spool, tmp_path / "file", [1, 3]) == 2
    found = take_back(spool, tmp_path / "file")
    assert (found.waiting, found.here, found.wrong) == (2, 0, {})
    assert spool.oldest(99, 99_999) == [before[0], before[2]]
    totals = spool.totals()
    assert (totals.pending, totals.rejected, totals.exported, totals.saved) == (2, 1, 0, 3)
    assert totals.bytes == sum(len(one.body) for one in before)
    assert take_back(spool, tmp_path / "file").here == 2, "a second time changes nothing"


def test_an_event_comes_back_after_its_id_was_forgotten(spool: Spool, tmp_path: Path) -> None:
    (before,) = fill(spool, ["bad_value"])
    export_to(spool, tmp_path / "file")
    spool._database.execute("DELETE FROM events")
    assert take_back(spool, tmp_path / "file").waiting == 1
    assert spool.oldest(9, 9_999) == [before]


def line(seq: object = 1, name: object = "e0", event: object = None, **more: object) -> str:
    said = {"terminal_seq": seq, "event_id": name, "kind": "scan", "saved_ms": 0, "event": event, **more}
    return json.dumps(said)


OTHER = "/fairs/small-2025/booths/h1-002/terminals/t-2"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nonsense", "not an event that a terminal exported"),
        ("[]", "not an event that a terminal exported"),
        ("{}", "not an event that a terminal exported"),
        ("[" * 100_000, "not an event that a terminal exported"),
        (line(event="nonsense"), "not an event that a terminal exported"),
        (line(event=[]), "not an event that a terminal exported"),
        (line(event='{"id": "e0", "data": {"terminal_seq": 1}}'), "not an event that a terminal exported"),
        (line(event=body("e0", 1).decode(), kind="\ud800"), "not an event that a terminal exported"),
        (line(event=body("e0", 1).decode(), kind=7), "not an event that a terminal exported"),
        (line(event=body("e1", 1).decode()), "its number or id was changed"),
        (line(event=body("e0", 2).decode()), "its number or id was changed"),
        (line(seq="1", event=body("e0", 1).decode()), "its number or id was changed"),
        (line(event=body("e0", 1).decode(), saved_ms="x"), "its number or id was changed"),
        (line(event=body("e0", 1, OTHER).decode()), "it belongs to another terminal"),
        (line(7, event=body("e0", 7).decode()), "it was saved in another folder"),
        (line(name="zz", event=body("zz", 1).decode()), "it was saved in another folder"),
    ],
)
def test_only_what_this_terminal_exported_comes_back(spool: Spool, tmp_path: Path, text: str, why: str) -> None:
    (before,) = fill(spool, [""])
    (tmp_path / "file").write_text(f"\n{text}\n")
    found = take_back(spool, tmp_path / "file")
    assert (found.waiting, list(found.wrong)) == (0, [2])
    assert why in found.wrong[2]
    assert spool.oldest(99, 99_999) == [before]

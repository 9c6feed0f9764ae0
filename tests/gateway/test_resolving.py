"""At a fair with a register of badges, an event names the person whose badge was read, or waits until it can."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from producers.badges.book import Book, Registration
from producers.gateway.events.badge_codes import BadgeCodes
from producers.gateway.events.intake import Intake, Judged
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import read_posting
from producers.gateway.events.redacting import LEFT_OUT, Redaction
from producers.gateway.http.answering import reply_to
from producers.gateway.http.problems import RequestRefused
from schemas.api.terminals import PlaceKind, Terminal
from schemas.badges.format import BadgeFormat
from schemas.badges.register import WornCodes, code_hash, person_ref
from schemas.codes import BadgeRole
from schemas.dead_letters import DeadLetter, read_letter
from schemas.errors import InvalidEvent
from schemas.events import VisitorScan
from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair
from schemas.ids import is_test_badge
from schemas.partitioning import partition_of
from schemas.topics import key_of
from streams.history.letters import admitted
from tests.support.gateway import BOOTH, DATA, DESK, FAIR_ID, GATE, HALL, deal, event

FAIR = replace(load_fair(example_fair_path("small")), badge_register=True)
KEY = b"0123456789abcdef0123456789abcdef"
CODES = BadgeCodes(KEY, None)
RECEIVED = "2025-10-25T09:00:01.250Z"
LATER = "2025-10-25T10:00:00.000Z"
TOUCH = "fair.exhibit.interaction.v1"
ANNULLED = "fair.scan.annulled.v1"
TARGET = "0199313c-a804-7c4e-9d31-5b8f20c1e604"

ADA, BOB, EVE = (person_ref(KEY, name) for name in ("ada", "bob", "eve"))
TRY = person_ref(KEY, "try", test=True)


def hashed(code: str) -> str:
    return code_hash(KEY, code)


@pytest.fixture
def book() -> Book:
    """Ada with a reprinted badge, bob who does not want to be tracked, a test badge, and a code without a person."""
    made = Book()
    for person, codes, replaced, consent in (
        (ADA, ["A-2"], ["A-1"], True),
        (BOB, ["B-1"], [], False),
        (TRY, ["T-1"], [], True),
    ):
        made.take_codes(person, WornCodes(tuple(map(hashed, codes)), tuple(map(hashed, replaced))))
        made.take_registration(person, Registration(1, BadgeRole.VISITOR_PUBLIC, "DE", consent=consent))
    made.take_codes(EVE, WornCodes((hashed("E-1"),)))
    return made


def judged(
    book: Book | None, value: Any, terminal: Terminal = GATE, *, codes: BadgeCodes = CODES, intake: Intake | None = None
) -> Judged:
    made = intake or Intake(FAIR, Remembered(100), codes, book)
    return made.judge(read_posting(json.dumps(value).encode(), terminal, RECEIVED))


def stored(book: Book, value: Any, terminal: Terminal = GATE) -> tuple[str, str, dict[str, Any]]:
    """Return the topic, the key and the stored event of the one record of a post that is accepted."""
    result = judged(book, value, terminal)
    assert result.accepted == 1, result.fates
    (record,) = result.records
    return record.topic, record.key.decode(), json.loads(record.value)


def scan(terminal: Terminal, **data: Any) -> dict[str, Any]:
    given = {"scan_kind": DATA[terminal.place]["scan_kind"], **data}
    return event(terminal, data=given)


def touch(**data: Any) -> dict[str, Any]:
    place = next(iter(FAIR.exhibits.values()))
    given = {"interaction_kind": "lead_captured", "exhibit_id": place.exhibit_id, "exhibitor_id": place.exhibitor}
    return event(AT_EXHIBIT, type=TOUCH, data={**given, **data})


def annulment(terminal: Terminal, target_type: str = "fair.visitor.scanned.v1", **data: Any) -> dict[str, Any]:
    given = {"target": TARGET, "target_type": target_type, "why": "mistake", **data}
    return event(terminal, type=ANNULLED, data=given)


_EXHIBITOR = next(iter(FAIR.exhibits.values())).exhibitor
AT_EXHIBIT = Terminal(
    "stand-x",
    FAIR_ID,
    PlaceKind.BOOTH,
    next(name for name, booth in FAIR.booths.items() if _EXHIBITOR in booth.exhibitors),
)


@pytest.mark.parametrize(
    ("badge", "person"),
    [
        ({"badge_code": "A-2"}, ADA),
        ({"badge_code": "]C1A-2\r\n"}, ADA),
        ({"badge_ref": hashed("A-2")}, ADA),
        ({"badge_code": "A-1"}, ADA),
        ({"badge_ref": ADA}, ADA),
        ({"badge_code": "B-1"}, BOB),
        ({"badge_code": "T-1"}, TRY),
        ({"badge_code": "A-2", "badge_ref": None}, ADA),
    ],
    ids=["code", "code as scanned", "hash", "replaced code", "person", "no consent, at a gate", "test badge", "null"],
)
def test_a_badge_of_the_register_becomes_its_person(book: Book, badge: Mapping[str, Any], person: str) -> None:
    topic, key, event_ = stored(book, scan(GATE, **badge))
    assert (topic, key, event_["badge_ref"]) == ("fair.scans", person, person)
    assert is_test_badge(key) is (person == TRY)


@pytest.mark.parametrize(
    ("badge", "key"),
    [
        ({"badge_code": "Z-9"}, hashed("Z-9")),
        ({"badge_ref": hashed("Z-9")}, hashed("Z-9")),
        ({"badge_code": "E-1"}, hashed("E-1")),
        ({"badge_ref": EVE}, EVE),
    ],
    ids=["code", "hash", "code whose registration is not there yet", "person whose registration is not there yet"],
)
def test_a_badge_that_the_register_lacks_waits_under_its_hash(book: Book, badge: Mapping[str, Any], key: str) -> None:
    topic, found, event_ = stored(book, scan(GATE, **badge, badge_role="media", residence_country="DE"))
    assert (topic, found, event_["badge_ref"]) == ("fair.unresolved", key, key)
    assert not {"badge_code", "badge_role", "residence_country"} & event_.keys()


@pytest.mark.parametrize(
    ("terminal", "data"),
    [
        (GATE, {"badge_code": "Z-9", "reason": "unknown_badge"}),
        (GATE, {"badge_code": "Z-9", "reason": "invalid", "scan_kind": "exit"}),
        (GATE, {"badge_ref": hashed("Z-9")}),
        (GATE, {"badge_code": "E-1", "reason": "unknown_badge"}),
        (GATE, {"badge_ref": EVE, "reason": "unknown_badge"}),
        (HALL, {"badge_code": "Z-9", "reason": "unknown_badge"}),
        (HALL, {"badge_code": "Z-9", "scan_kind": "zone_out", "source_type": "manual"}),
    ],
)
def test_a_denied_scan_of_a_badge_that_the_register_lacks_is_stored_at_once_without_it(
    book: Book, terminal: Terminal, data: dict[str, Any]
) -> None:
    topic, key, event_ = stored(book, scan(terminal, result="denied", **data), terminal)
    assert (topic, key, event_["result"]) == ("fair.scans", terminal.terminal_id, "denied")
    assert event_.get("reason") == data.get("reason")
    assert not {"badge_ref", "badge_code"} & event_.keys()


@pytest.mark.parametrize(
    ("post", "terminal", "topic"),
    [
        (scan(GATE, badge_code="Z-9"), GATE, "fair.scans"),
        (scan(GATE, badge_code="Z-9", scan_kind="exit"), GATE, "fair.scans"),
        (scan(GATE, badge_code="E-1"), GATE, "fair.scans"),
        (scan(BOOTH, badge_ref=hashed("Z-9")), BOOTH, "fair.scans"),
        (scan(HALL, badge_code="Z-9"), HALL, "fair.scans"),
        (scan(DESK, badge_code="Z-9"), DESK, "fair.scans"),
        (touch(badge_code="Z-9"), AT_EXHIBIT, "fair.interactions"),
        (annulment(GATE, badge_code="Z-9"), GATE, "fair.scans"),
        (annulment(AT_EXHIBIT, TOUCH, badge_code="Z-9"), AT_EXHIBIT, "fair.scans"),
    ],
)
def test_a_test_terminals_event_of_a_badge_that_the_register_lacks_is_stored_at_once_without_it(
    book: Book, post: dict[str, Any], terminal: Terminal, topic: str
) -> None:
    found, key, event_ = stored(book, post, replace(terminal, test=True))
    assert (found, key, event_["test"]) == (topic, terminal.terminal_id, True)
    assert not {"badge_ref", "badge_code"} & event_.keys()


def test_a_test_terminals_event_of_a_badge_that_the_register_has_names_nobody_either(book: Book) -> None:
    found, key, event_ = stored(book, scan(GATE, badge_code="A-2"), replace(GATE, test=True))
    assert (found, key, event_["test"]) == ("fair.scans", GATE.terminal_id, True)
    assert not {"badge_ref", "badge_code"} & event_.keys()


@pytest.mark.parametrize("post", [scan(GATE), annulment(GATE)])
def test_a_test_terminal_at_a_gate_must_post_a_badge_as_any_other(book: Book, post: dict[str, Any]) -> None:
    (fate,) = judged(book, post, replace(GATE, test=True)).fates
    assert (fate.code, fate.pointer) == ("missing_field", "/data/badge_ref")


def test_a_test_terminals_event_posted_again_after_the_registration_through_another_gateway_is_the_same(
    book: Book,
) -> None:
    post, trial = scan(GATE, badge_code="Z-9"), replace(GATE, test=True)
    first = stored(book, post, trial)
    book.take_codes(EVE, WornCodes((hashed("Z-9"),)))
    book.take_registration(EVE, Registration(1, BadgeRole.MEDIA))
    assert stored(book, post, trial)[:2] == first[:2]


@pytest.mark.parametrize(
    ("data", "topic", "key"),
    [
        ({"badge_code": "A-2"}, "fair.scans", ADA),
        ({"badge_code": "B-1"}, "fair.scans", BOB),
        ({"badge_ref": person_ref(KEY, "other", test=True)}, "fair.unresolved", person_ref(KEY, "other", test=True)),
    ],
    ids=["of the register", "without consent, at a gate", "test badge that the register lacks"],
)
def test_any_other_denied_scan_keeps_its_badge(book: Book, data: dict[str, Any], topic: str, key: str) -> None:
    found, its_key, event_ = stored(book, scan(GATE, result="denied", reason="unpaid", **data))
    assert (found, its_key, event_["badge_ref"]) == (topic, key, key)


@pytest.mark.parametrize("terminal", [BOOTH, GATE, HALL, DESK], ids=lambda one: one.place)
def test_the_register_alone_says_role_and_country(book: Book, terminal: Terminal) -> None:
    _, _, event_ = stored(book, scan(terminal, badge_code="A-2", badge_role="media", residence_country="FR"), terminal)
    assert not {"badge_code", "badge_role", "residence_country"} & event_.keys()
    anonymous = scan(BOOTH, badge_role="media")
    assert "badge_role" not in stored(book, anonymous, BOOTH)[2]


@pytest.mark.parametrize(
    ("post", "terminal", "named"),
    [
        (scan(GATE, badge_code="B-1"), GATE, True),
        (scan(GATE, badge_code="B-1", scan_kind="exit"), GATE, True),
        (scan(DESK, badge_code="B-1"), DESK, True),
        (scan(BOOTH, badge_code="B-1"), BOOTH, False),
        (scan(HALL, badge_code="B-1"), HALL, False),
        (scan(HALL, badge_code="B-1", scan_kind="zone_out"), HALL, False),
        (touch(badge_code="B-1"), AT_EXHIBIT, False),
        (annulment(GATE, badge_code="B-1"), GATE, True),
        (annulment(DESK, badge_code="B-1"), DESK, True),
        (annulment(BOOTH, badge_code="B-1"), BOOTH, False),
        (annulment(HALL, badge_code="B-1"), HALL, False),
        (annulment(AT_EXHIBIT, TOUCH, badge_code="B-1"), AT_EXHIBIT, False),
    ],
)
def test_without_consent_only_gates_and_desks_name_the_person(
    book: Book, post: dict[str, Any], terminal: Terminal, named: bool
) -> None:
    _, key, event_ = stored(book, post, terminal)
    assert event_.get("badge_ref") == (BOB if named else None)
    assert key == (BOB if named else terminal.terminal_id)


@pytest.mark.parametrize(
    ("post", "terminal"),
    [
        (scan(BOOTH, badge_code="T-1"), BOOTH),
        (scan(HALL, badge_code="T-1"), HALL),
        (scan(GATE, badge_code="T-1"), GATE),
        (touch(badge_code="T-1"), AT_EXHIBIT),
        (annulment(BOOTH, badge_code="T-1"), BOOTH),
    ],
)
def test_a_test_badge_without_consent_is_named_everywhere(book: Book, post: dict[str, Any], terminal: Terminal) -> None:
    book.take_registration(TRY, Registration(2, BadgeRole.VISITOR_PUBLIC, consent=False))
    _, key, event_ = stored(book, post, terminal)
    assert (key, event_["badge_ref"]) == (TRY, TRY)


@pytest.mark.parametrize("code", ["A-1", "A-2", "B-1", "Z-9"])
@pytest.mark.parametrize("terminal", [BOOTH, GATE, HALL, DESK], ids=lambda one: one.place)
def test_an_annulment_lies_in_the_partition_of_its_scan(book: Book, terminal: Terminal, code: str) -> None:
    keys = {
        stored(book, one, terminal)[:2]
        for one in (scan(terminal, badge_code=code), annulment(terminal, badge_code=code))
    }
    assert len(keys) == 1
    assert len({partition_of(key.encode(), 4) for _, key in keys}) == 1


@pytest.mark.parametrize(
    "badge",
    [{"badge_code": "Z-9"}, {"badge_ref": hashed("Z-9")}, {"badge_code": "Z-9", "result": "denied"}],
)
def test_a_post_repeated_after_the_registration_is_the_same_event(book: Book, badge: dict[str, str]) -> None:
    intake = Intake(FAIR, Remembered(100), CODES, book)
    post = scan(GATE, **badge, badge_role="media")
    first = judged(book, post, intake=intake)
    intake.confirm(first)
    book.take_codes(EVE, WornCodes((hashed("Z-9"),)))
    book.take_registration(EVE, Registration(1, BadgeRole.MEDIA))
    again = judged(book, post, intake=intake)
    assert (first.accepted, again.accepted, again.duplicates) == (1, 0, 1)
    other = judged(book, {**post, "data": {**post["data"], "badge_role": "speaker"}}, intake=intake)
    assert [fate.code for fate in other.fates] == ["event_id_conflict"]


@pytest.mark.parametrize(
    ("post", "terminal"),
    [
        (scan(GATE, badge_code="G-1"), GATE),
        (scan(GATE, badge_ref=hashed("G-1")), GATE),
        (scan(BOOTH, badge_code="G-1"), BOOTH),
        (scan(HALL, badge_code="G-1"), HALL),
        (scan(DESK, badge_code="G-1"), DESK),
        (touch(badge_code="G-1"), AT_EXHIBIT),
        (touch(badge_code="G-1", exhibit_id="unknown"), AT_EXHIBIT),
        (annulment(BOOTH, badge_code="G-1"), BOOTH),
    ],
    ids=["gate", "hash", "booth", "hall", "desk", "interaction", "a place that is unknown too", "annulment"],
)
def test_an_event_of_an_erased_persons_badge_is_refused_and_counted_apart(
    book: Book, post: dict[str, Any], terminal: Terminal
) -> None:
    book.take_spent(hashed("G-1"))
    result = judged(book, post, terminal)
    ((fate,), (record,)) = (result.fates, result.records)
    assert (fate.code, result.accepted, result.rejected) == ("badge_erased", 0, 1)
    assert "let the person get a new badge" in str(fate.message)
    letter = read_letter(record.value)
    assert isinstance(letter, DeadLetter)
    assert (record.topic, letter.reason) == ("fair.rejected", "badge_erased")
    assert "G-1" not in _value(record.value or b"")


def test_an_event_that_was_stored_before_the_erasure_is_a_duplicate_where_it_is_remembered_and_else_refused(
    book: Book,
) -> None:
    """Stored without a person, in another partition, it would count a second time."""
    intake, post = Intake(FAIR, Remembered(9), CODES, book), scan(BOOTH, badge_code="A-2")
    first = judged(book, post, BOOTH, intake=intake)
    intake.confirm(first)
    book.take_codes(ADA, None)
    book.take_spent(hashed("A-2"))
    again, elsewhere = judged(book, post, BOOTH, intake=intake), judged(book, post, BOOTH)
    assert (first.accepted, again.duplicates, again.rejected) == (1, 1, 0)
    assert (elsewhere.accepted, [fate.code for fate in elsewhere.fates]) == (0, ["badge_erased"])


def test_an_event_without_a_badge_and_a_deal_pass_as_they_are(book: Book) -> None:
    assert stored(book, scan(BOOTH), BOOTH)[:2] == ("fair.scans", BOOTH.terminal_id)
    assert stored(book, deal(), BOOTH)[0] == "fair.deals"


def test_a_waiting_event_that_only_the_fair_file_refused_can_be_sent_again_and_waits_then(book: Book) -> None:
    elsewhere = Terminal("lane-9", FAIR_ID, PlaceKind.GATE, "south-east")
    (letter,) = judged(book, scan(elsewhere, badge_code="Z-9"), elsewhere).records
    read = read_letter(letter.value)
    assert isinstance(read, DeadLetter)
    assert (letter.topic, read.topic, read.reason) == ("fair.rejected", "fair.unresolved", "unknown_place")
    assert isinstance(admitted({(0, 0): read}, FAIR)[0, 0], InvalidEvent)
    gates = {**FAIR.gates, "south-east": FAIR.gates["north"]}
    event_ = admitted({(0, 0): read}, replace(FAIR, gates=gates))[0, 0]
    assert isinstance(event_, VisitorScan)
    assert key_of(event_).decode() == hashed("Z-9")


# the code itself

FOREIGN = {
    "badge_url": "https://fair.example/ticket/7",
    "badge_vcard": "BEGIN:VCARD\nFN:Ada\nEND:VCARD",
    "badge_product": "4006381333931",
    "badge_alphabet": "CIF26-00041X",
    "badge_too_long": "CIF26-0004170",
    "badge_empty": "",
}


def formatted() -> BadgeCodes:
    return BadgeCodes(KEY, BadgeFormat(prefix="CIF26-", alphabet="0123456789", length=6))


@pytest.mark.parametrize(("word", "code"), FOREIGN.items())
def test_a_foreign_code_is_refused_with_its_word_and_kept_nowhere(book: Book, word: str, code: str) -> None:
    result = judged(book, scan(GATE, badge_code=code), codes=formatted())
    (fate,), (letter,) = result.fates, result.records
    assert (fate.code, fate.pointer, fate.word) == ("bad_value", "/data/badge_code", word)
    with pytest.raises(RequestRefused) as refused:
        reply_to(result)
    assert refused.value.errors is not None
    assert refused.value.errors[0].word == fate.word
    if code:
        assert code not in letter.value.decode() + str(refused.value.errors)
        assert code not in _value(letter.value)


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        ({"badge_code": "A-1", "badge_ref": ADA}, "bad_value", "send one of the two"),
        ({"badge_code": 417}, "bad_value", "write a text in quotes"),
        ({"badge_code": ["A-1"]}, "bad_value", "write a text in quotes"),
    ],
)
def test_a_code_is_a_text_and_the_only_badge(book: Book, data: dict[str, Any], code: str, says: str) -> None:
    (fate,) = judged(book, scan(GATE, **data)).fates
    assert (fate.code, fate.pointer) == (code, "/data/badge_code")
    assert says in str(fate.message)


def test_a_fair_without_a_register_takes_no_codes() -> None:
    made = Intake(load_fair(example_fair_path("small")), Remembered(100))
    result = judged(None, scan(GATE, badge_code="A-1", badge_role="media"), intake=made)
    (fate,) = result.fates
    assert (fate.code, fate.pointer) == ("unknown_field", "/data/badge_code")
    assert "no register of badges" in str(fate.message)
    assert "send badge_ref" in str(fate.message)
    assert "A-1" in _value(result.records[0].value), "a letter there is what was posted, as ever"


def test_a_deal_has_no_badge_so_no_code(book: Book) -> None:
    result = judged(book, deal(badge_code="A-1"), BOOTH)
    assert [fate.code for fate in result.fates] == ["unknown_field"]
    assert "A-1" not in _value(result.records[0].value)


FORMAT = BadgeFormat(prefix="CIF26-", alphabet="0123456789", length=6)
CODE = "CIF26-000417"
WITH_FORMAT = replace(FAIR, badge_codes=FORMAT)


@pytest.mark.parametrize(
    ("posted", "kept"),
    [
        ({"data": {"badge_code": CODE, "x": 1}}, {"data": {"badge_code": LEFT_OUT, "x": 1}}),
        ([{"data": [{"Badge-Code": 1}]}], [{"data": [{"Badge-Code": LEFT_OUT}]}]),
        ({"data": {"badge": CODE}}, {"data": {"badge": LEFT_OUT}}),
        ({"data": {"badgeRef": CODE.lower()}}, {"data": {"badgeRef": LEFT_OUT}}),
        ({"data": {"a": [{"code": f"]C1{CODE}\r"}]}}, {"data": {"a": [{"code": LEFT_OUT}]}}),
        ({"data": {CODE: 1}}, {"data": {LEFT_OUT: 1}}),
        ({"data": f'{{"badge": "{CODE}"}}'}, {"data": f'{{"badge": "{LEFT_OUT}"}}'}),
        (
            {"subject": f"badge:{CODE}", "note": f"no{CODE}so"},
            {"subject": f"badge:{LEFT_OUT}", "note": f"no{LEFT_OUT}so"},
        ),
        ({"data": {"badge_ref": "A-1"}}, {"data": {"badge_ref": LEFT_OUT}}),
        ({"data": {"badge_ref": ADA, "deal_id": "d-1"}}, {"data": {"badge_ref": ADA, "deal_id": "d-1"}}),
        ({"data_base64": "eyJhIjoxfQ=="}, {"data_base64": "eyJhIjoxfQ=="}),
        ({"data_base64": "?"}, {"data_base64": LEFT_OUT}),
        ({"data_base64": "eyJiYWRnZV9jb2RlIjoiQS0xIn0="}, {"data_base64": "eyJiYWRnZV9jb2RlIjoiKGxlZnQgb3V0KSJ9"}),
        (CODE, LEFT_OUT),
        (417, 417),
    ],
)
def test_a_dead_letter_has_everything_but_codes(posted: Any, kept: Any) -> None:
    assert Redaction(WITH_FORMAT).item(posted) == kept


@pytest.mark.parametrize(
    ("posted", "kept"),
    [
        ({"data": {"badge": "A-1"}}, {"data": {LEFT_OUT: LEFT_OUT}}),
        ({"data": {"exhibit_id": "A-1", "x": 1}}, {"data": {"exhibit_id": LEFT_OUT, LEFT_OUT: 1}}),
        ({"data": {"gate_id": "north", "scan_kind": "entry"}}, {"data": {"gate_id": "north", "scan_kind": "entry"}}),
        (
            {"id": TARGET, "time": RECEIVED, "source": GATE.source},
            {"id": TARGET, "time": RECEIVED, "source": GATE.source},
        ),
        ({"id": "A-1", "subject": "A-1", "data": "A-1"}, {"id": LEFT_OUT, "subject": LEFT_OUT, "data": LEFT_OUT}),
    ],
)
def test_where_any_text_may_be_a_code_a_dead_letter_has_only_words_and_ids(posted: Any, kept: Any) -> None:
    assert Redaction(FAIR).item(posted) == kept


@pytest.mark.parametrize("fair", [FAIR, WITH_FORMAT], ids=["any text", "format"])
def test_the_headers_of_a_stored_event_have_no_codes(book: Book, fair: Fair) -> None:
    post = {**scan(GATE, badge_code="A-2"), "id": CODE, "subject": CODE, "lane": CODE, "dataschema": f"urn:{CODE}"}
    result = judged(book, post, intake=Intake(fair, Remembered(100), CODES, book))
    assert result.accepted == 1
    (record,) = result.records
    assert CODE not in f"{record.headers} {record.value!r}"
    assert dict(record.headers)["ce_id"].decode() == json.loads(record.value)["event_id"]


def test_a_code_in_the_place_of_an_id_is_in_no_letter(book: Book) -> None:
    post = touch(badge_code="A-2", exhibit_id=CODE)
    (letter,) = judged(book, post, AT_EXHIBIT, intake=Intake(WITH_FORMAT, Remembered(9), CODES, book)).records
    assert letter.topic == "fair.rejected"
    assert CODE not in letter.value.decode() + _value(letter.value)


def test_without_a_register_headers_are_as_posted() -> None:
    made = Intake(replace(WITH_FORMAT, badge_register=False), Remembered(100))
    post = {**scan(GATE, badge_ref=ADA, badge_role="media"), "subject": CODE}
    (record,) = judged(None, post, intake=made).records
    assert dict(record.headers)["ce_subject"] == CODE.encode()


def _value(letter: bytes) -> str:
    return base64.b64decode(json.loads(letter)["value"]).decode()

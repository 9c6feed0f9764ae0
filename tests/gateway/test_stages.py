"""Every stage hands on one type, and an event passes each of them once, whatever its neighbours are."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import jiter
import pytest

from producers import records
from producers.gateway.events import admitting, bounds, decoding, intake, json_reading, refusing
from producers.gateway.events.decoding import decode
from producers.gateway.events.envelope import open_event
from producers.gateway.events.intake import Intake, Judged
from producers.gateway.events.json_reading import DIGITS_MAX
from producers.gateway.events.media import Announced
from producers.gateway.events.memory import Remembered
from producers.gateway.events.reading import Posting, UnreadableBody, read_posting
from producers.gateway.events.stamping import Stamped, stamp
from producers.gateway.http.answering import reply_to
from producers.gateway.http.incoming import Incoming
from producers.gateway.http.problems import RequestRefused, problem_of
from producers.gateway.shares.accounts import Accounts
from schemas.api.http import EVENT_MAX_BYTES, EVENTS_MAX, SERVER_FIELDS, Action, CloudEvent, Outcome
from schemas.api.terminals import Terminal
from schemas.errors import InvalidEvent
from schemas.events import DealSigned, VisitorScan
from schemas.fair.file import example_fair_path, load_fair
from tests.support.gateway import BOOTH, DATA, DESK, GATE, deal, event

FAIR = load_fair(example_fair_path("small"))
RECEIVED = "2025-10-25T09:00:01.250Z"
LATER = "2025-10-25T10:00:00.000Z"


def posted(value: Any, terminal: Terminal = BOOTH, received: str = RECEIVED, offset: int = 0) -> Posting:
    return read_posting(json.dumps(value).encode(), terminal, received, offset)


def stamped(value: Any, terminal: Terminal = BOOTH, **words: Any) -> Stamped:
    """Open one event and stamp it."""
    return stamp(open_event(value, terminal.source), posted(value, terminal, **words))


def fresh_intake() -> Intake:
    return Intake(FAIR, Remembered(1_000))


def stored(made: Intake, value: Any) -> Judged:
    """Judge a posting that Kafka then takes."""
    judged = made.judge(posted(value))
    made.confirm(judged)
    return judged


def scan_with(**data: Any) -> dict[str, Any]:
    return event(data={**DATA[BOOTH.place], **data})


# reading


def test_reading_keeps_the_order_of_a_batch_and_whether_it_was_one() -> None:
    assert (posted({"b": 1}).items, posted({"b": 1}).is_array) == ([{"b": 1}], False)
    assert (posted([2, {"b": 1}]).items, posted([2, {"b": 1}]).is_array) == ([2, {"b": 1}], True)


@pytest.mark.parametrize("batch", [True, False])
def test_reading_takes_only_the_shape_that_was_announced(batch: bool) -> None:
    with pytest.raises(UnreadableBody, match="wrong_shape"):
        read_posting(b"{}" if batch else b"[{}]", BOOTH, RECEIVED, head=Announced(batch))


async def test_a_body_that_was_cut_off_is_never_refused_for_good() -> None:
    parts = [{"type": "http.request", "body": b"[", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return parts.pop(0)

    accounts = Accounts(0.2, 10)
    state = {"guest": accounts.let_in(accounts.of_address(""))}
    scope = {"method": "POST", "path": "/v1/events", "query_string": b"", "headers": [], "state": state}
    with pytest.raises(RequestRefused) as refused:
        await Incoming(scope, receive).body(set(), lambda _: None)
    problem = problem_of(refused.value, "0")
    assert (problem.status, problem.action, problem.retryable) == (408, Action.RESEND, True)


NINES = "9" * (DIGITS_MAX + 1)


@pytest.mark.parametrize("number", [NINES, f"-{NINES}", f"{NINES}.5", f"{NINES}e5", f"{NINES * 20}.5E+7"], ids=len)
def test_a_number_of_any_length_refuses_its_own_event_and_no_other(number: str) -> None:
    body = json.dumps([event(), scan_with(dwell_ms=0.25), event()]).replace("0.25", number)
    judged = fresh_intake().judge(read_posting(body.encode(), BOOTH, RECEIVED))
    assert [fate.code for fate in judged.fates] == [None, "bad_value", None]


def test_texts_and_numbers_beside_a_number_of_any_length_are_read_as_they_are() -> None:
    texts = [NINES, f'\\"{NINES}', f"{NINES}\\", "é" * 9, "-1", f"[{NINES}]"]
    numbers = ["0", "-1", "1.5", f"1.{NINES}", f"0.{NINES}e-7", NINES[:-1], "1e5"]
    body = json.dumps([{"texts": texts, "numbers": [0.25]}]).replace("0.25", ",".join([*numbers, NINES]))
    (item,) = read_posting(body.encode(), BOOTH, RECEIVED).items
    assert item["texts"] == texts
    assert item["numbers"] == [*jiter.from_json(f"[{','.join(numbers)}]".encode()), float("inf")]


@pytest.mark.parametrize(
    ("rest", "code"),
    [('{"a": 1, "a": 2}', "duplicate_key"), ('"x', "not_json"), ("0" + NINES, "not_json"), ("NaN", "not_json"),
     ('"' + '\\"' * 200_000, "not_json"), ("[" * 300 + "]" * 300, "too_deep"), ("-", "not_json")],
    ids=["a key twice", "a text without an end", "a zero first", "not a number", "quotes", "deep", "a sign"],
)  # fmt: skip
def test_a_number_of_any_length_hides_nothing_else(rest: str, code: str) -> None:
    with pytest.raises(UnreadableBody, match=code):
        read_posting(f"[{NINES}, {rest}]".encode(), BOOTH, RECEIVED)


# stamping


def test_stamping_takes_fair_terminal_place_and_times_from_the_server() -> None:
    one = event()
    fields = stamped(one, received=LATER, offset=-7).fields
    assert fields == {
        **DATA[BOOTH.place],
        "type": one["type"],
        "event_id": one["id"],
        "fair_id": BOOTH.fair_id,
        "terminal_id": BOOTH.terminal_id,
        "booth_id": BOOTH.place_id,
        "occurred_at": one["time"],
        "received_at": LATER,
        "clock_offset_ms": -7,
    }


def test_stamping_leaves_what_was_posted_as_it_was() -> None:
    one = deal()
    before = json.dumps(one)
    assert stamped(one).opened.item is one
    assert json.dumps(one) == before


def test_a_desk_has_no_place_and_stamps_none() -> None:
    one = event(DESK)
    assert {"booth_id", "gate_id", "hall_id"}.isdisjoint(stamped(one, DESK).fields)


# decoding


@pytest.mark.parametrize(("made", "kind"), [(event(), VisitorScan), (deal(), DealSigned)])
def test_decoding_makes_an_event_of_its_type(made: dict[str, Any], kind: type) -> None:
    assert type(decode(stamped(made))) is kind


def filled(one: dict[str, Any], size: int) -> dict[str, Any]:
    """Return a bad event of the given size: an unknown field fills it up."""
    one["data"]["x"] = ""
    one["data"]["x"] = "a" * (size - len(bounds.plain_json(one)))
    return one


LONG = {"subject": "s" * 256, "dataschema": "s" * 256}


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (filled(scan_with(fair_id="small-2025"), EVENT_MAX_BYTES + 1), "too_large"),
        (filled(scan_with(fair_id="small-2025"), EVENT_MAX_BYTES), "unknown_field"),
        (filled({**event(), **LONG}, EVENT_MAX_BYTES + 1), "too_large"),
        (filled({**event(), **LONG}, EVENT_MAX_BYTES), "unknown_field"),
        (filled(deal(), EVENT_MAX_BYTES), "too_large"),
    ],
    ids=["posted", "just not", "posted, but not stamped", "just neither", "stamped, but not posted"],
)
def test_a_bad_event_of_more_than_64_kib_is_refused_for_its_size(one: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        decode(stamp(open_event(one, BOOTH.source), posted([one, event()])))
    assert refused.value.reason == reason


# admitting


def test_an_event_that_is_posted_again_later_and_with_another_clock_is_a_duplicate() -> None:
    made, one = fresh_intake(), event()
    stored(made, one)
    again = made.judge(posted(one, received=LATER, offset=86_400_000))
    assert (again.accepted, again.duplicates, again.records) == (0, 1, [])


def test_other_content_under_the_same_id_is_a_conflict() -> None:
    made, one = fresh_intake(), event()
    stored(made, one)
    other = {**one, "time": "2025-10-25T09:00:00.001Z"}
    assert [fate.code for fate in made.judge(posted(other)).fates] == ["event_id_conflict"]


def test_a_field_of_the_event_is_never_taken_for_the_servers_stamp() -> None:
    """The stamps are cut out of the written event before it is compared; a text in it must not be."""
    made, one = fresh_intake(), deal(signed_at=RECEIVED)
    stored(made, one)
    other = {**one, "data": {**one["data"], "signed_at": LATER}}
    assert [fate.code for fate in made.judge(posted(other, received=LATER)).fates] == ["event_id_conflict"]


# answering


@pytest.mark.parametrize(
    ("batch", "status"), [([event(), event()], 202), ([event(), scan_with(x=1)], 207)], ids=["good", "mixed"]
)
def test_the_answer_is_202_if_all_are_safe_and_207_if_some_were_rejected(batch: list[Any], status: int) -> None:
    reply = reply_to(fresh_intake().judge(posted(batch)))
    assert reply.status == status
    assert dict(reply.headers)[b"content-length"] == str(len(reply.body)).encode()


@pytest.mark.parametrize("size", [1, 2, 21, EVENTS_MAX])
def test_a_problem_names_every_event_of_its_request_by_index_and_id(size: int) -> None:
    bad = [scan_with(x=1) for _ in range(size)]
    with pytest.raises(RequestRefused) as refused:
        reply_to(fresh_intake().judge(posted(bad)))
    problem = problem_of(refused.value, "0")
    assert [(one.index, one.id) for one in problem.errors or ()] == [(n, one["id"]) for n, one in enumerate(bad)]
    assert problem.rejected == size
    assert problem.type == "urn:fairpulse:problem:rejected"


@pytest.mark.parametrize("wrong", [None, 77], ids=["all are right", "one is not a CloudEvent"])
def test_a_large_posting_is_judged_in_slices_between_which_others_are(wrong: int | None) -> None:
    made, small, large = fresh_intake(), event(), [event() for _ in range(100)]
    if wrong is not None:
        large[wrong]["source"] = GATE.source
    slices = 0
    for judged in made.judging(posted(large)):
        if judged is not None:
            break
        slices += 1
        assert stored(made, small).fates[0].outcome is (Outcome.ACCEPTED if slices == 1 else Outcome.DUPLICATE)
    assert slices == (3 if wrong is not None else 6)  # 100 events have three times 32, and are looked at twice
    assert [fate.at for fate in judged.fates or judged.misread] == (list(range(100)) if wrong is None else [wrong])


def test_the_answer_is_a_problem_if_every_event_was_rejected() -> None:
    made, one = fresh_intake(), event()
    stored(made, one)
    for bad, code in ((scan_with(x=1), "rejected"), ({**one, "time": LATER}, "event_id_conflict")):
        with pytest.raises(RequestRefused, match=code) as refused:
            reply_to(made.judge(posted([bad])))
        assert [error.id for error in refused.value.errors or []] == [bad["id"]]


# refusing

ATTRIBUTES = sorted(one.name for one in fields(CloudEvent))
POINTED = {
    **{f"no {name}": (event(**{name: ...}), f"/{name}") for name in ("specversion", "id", "source", "type", "time")},
    **{f"{name} of a wrong kind": (event(**{name: 7}), f"/{name}") for name in ATTRIBUTES},
    **{f"{name} in data": (scan_with(**{name: "x"}), f"/data/{name}") for name in sorted(SERVER_FIELDS)},
    "another terminal's source": (event(source=GATE.source), "/source"),
    "an unknown type": (event(type="fair.visitor.teleported.v1"), "/type"),
    "a bad field in base64": (event(data=..., data_base64="eyJzY2FuX2tpbmQiOiAieCJ9"), "/data_base64"),
    "a type that is posted elsewhere": (event(type="fair.weather.changed.v1"), "/type"),
    "a bad field": (scan_with(dwell_ms=-1), "/data/dwell_ms"),
    "a bad field in an object in a list": (
        deal(parties=[{"org_id": "o-1", "role": "s3cret", "country": "DE"}]), "/data/parties/0/role"),
    "an unknown field": (scan_with(colour=1), "/data/colour"),
    "no object": ([], ""),
}  # fmt: skip


@pytest.mark.parametrize(("one", "pointer"), list(POINTED.values()), ids=list(POINTED))
def test_the_pointer_of_a_refusal_leads_to_what_was_posted(one: Any, pointer: str) -> None:
    judged = fresh_intake().judge(posted([one]))
    (fate,) = [*judged.fates, *judged.misread]
    assert fate.outcome is (Outcome.REJECTED if judged.fates else None)
    assert fate.pointer == f"/0{pointer}"


@pytest.mark.parametrize("name", sorted({*ATTRIBUTES} - {"type"}))
def test_the_pointer_to_a_field_leads_into_data_even_if_an_attribute_has_its_name(name: str) -> None:
    error = InvalidEvent("bad_value", "the value is not valid", field=f"{name}.0.of")
    fate, _ = refusing.refuse(0, error, posted(event(data={name: [{"of": 1}]})), None)
    assert fate.pointer == f"/data/{name}/0/of"


# a bad neighbour

KNOWN = event()
BAD: dict[str, Callable[[], Any]] = {
    "too_many_fields": lambda: scan_with(**{f"k{number}": 0 for number in range(100)}),
    "bad_value, beyond all bounds": lambda: scan_with(dwell_ms=float("inf")),
    "bad_value, 31 digits": lambda: scan_with(dwell_ms=10**30),
    "bad_value, a word": lambda: scan_with(badge_role="s3cret"),
    "too_large": lambda: scan_with(badge_ref="a" * 70_000),
    "missing_field, in data": lambda: event(data={}),
    "missing_field, by the fair": lambda: deal(currency=...),
    "unknown_field, in data": lambda: scan_with(s3cret=1),
    "unknown_field, the server's": lambda: scan_with(fair_id="small-2025"),
    "unknown_currency": lambda: deal(currency="CHF"),
    "unknown_place": lambda: deal(section="s3cret"),
    "out_of_scope": lambda: scan_with(scan_kind="session"),
    "event_id_conflict": lambda: {**KNOWN, "time": LATER},
}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """How often each function was called with each event, by the event's id; the body counts for none."""
    counts: Counter[tuple[str, str]] = Counter()

    def spy(module: Any, name: str) -> None:
        watched = getattr(module, name)

        def watching(given: Any, *rest: Any, **words: Any) -> Any:
            counts[name, id_of(given)] += 1
            return watched(given, *rest, **words)

        monkeypatch.setattr(module, name, watching)

    spy(intake, "open_event")
    spy(intake, "stamp")
    spy(intake, "decode")
    spy(decoding, "decode_plain")
    spy(admitting, "check_scope")
    spy(admitting, "record_of")
    spy(records, "encode")
    spy(bounds, "plain_json")
    spy(refusing, "plain_json")
    parse = jiter.from_json

    def parsing(body: bytes, **words: Any) -> Any:
        counts["parse", ""] += 1
        return parse(body, **words)

    monkeypatch.setattr(json_reading.jiter, "from_json", parsing)
    return counts


def id_of(given: Any) -> str:
    """Return the id of an event, posted, stamped or decoded; empty if it has none."""
    if isinstance(given, tuple):
        given = given[0]
    if isinstance(given, dict):
        return str(given.get("id", given.get("event_id", "")))
    return str(getattr(given, "event_id", ""))


@pytest.mark.parametrize("count", [0, 1, 5, 19])
@pytest.mark.parametrize("what", BAD)
def test_a_bad_neighbour_costs_the_others_nothing(seen: Counter[tuple[str, str]], what: str, count: int) -> None:
    good, bad = [event() for _ in range(20 - count)], [BAD[what]() for _ in range(count)]
    batch = [one for pair in zip(bad, good, strict=False) for one in pair] + bad[len(good) :] + good[len(bad) :]
    made = fresh_intake()
    stored(made, KNOWN)
    alone = {one["id"]: made.judge(posted(one)) for one in good}  # Kafka has not answered: they stay new
    seen.clear()

    judged = made.judge(read_posting(as_json(batch), BOOTH, RECEIVED))

    assert {fate.code for fate in judged.fates if fate.outcome is Outcome.REJECTED} == ({code(what)} if bad else set())
    assert (judged.accepted, judged.rejected) == (len(good), len(bad))
    for one in good:
        touched = {name: times for (name, event_id), times in seen.items() if event_id == one["id"]}
        stages = ["open_event", "stamp", "decode", "decode_plain", "check_scope", "record_of", "encode"]
        assert touched == dict.fromkeys(stages, 1)
        (fate,), (record,) = alone[one["id"]].fates, alone[one["id"]].records
        assert fate._replace(at=batch.index(one)) in judged.fates
        assert record in judged.records
    assert seen["parse", ""] == 1


def as_json(batch: list[Any]) -> bytes:
    return json.dumps(batch).replace("Infinity", "1e400").encode()


def code(what: str) -> str:
    return what.partition(",")[0]


def test_a_batch_of_all_bad_neighbours_names_each_by_its_own_reason_and_pointer() -> None:
    made = fresh_intake()
    stored(made, KNOWN)
    judged = made.judge(read_posting(as_json([one() for one in BAD.values()]), BOOTH, RECEIVED))
    assert [fate.code for fate in judged.fates] == [code(what) for what in BAD]
    assert all((fate.pointer or "").startswith(f"/{index}") for index, fate in enumerate(judged.fates))

"""Imports of the registration system, and the questions of gates and hall doors, over HTTP."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from producers.badges.book import Registration
from producers.badges.change import event_of
from producers.badges.writing import codes_record, registration_record
from producers.gateway.http.problems import RequestRefused
from producers.gateway.internal import internal_app
from producers.gateway.register.importing import ERRORS_MAX
from producers.gateway.run import _watch_register
from producers.records import RawRecord, record_of
from producers.registry.badge_keys import BadgeKey
from schemas.api.http import BODY_MAX_BYTES
from schemas.api.terminals import Terminal
from schemas.badges.key import key_fingerprint
from schemas.badges.register import Origin, WornCodes, decode_codes
from schemas.codes import BadgeRole, DenyReason
from schemas.errors import InvalidSettings
from schemas.settings import GatewaySettings
from tests.support.badge_desk import PERSONS, TOKEN, Desk
from tests.support.gateway import BOOTH, DESK, GATE, HALL, NOW, Paired, event
from tests.support.gateway_app import gateway_app
from tests.support.registered import KEY, fair_with_register, hashed, person


async def test_persons_are_imported_once(desk: Desk) -> None:
    answer = await desk.import_(PERSONS)
    assert (answer.status_code, answer.json()) == (
        200,
        {"new": 2, "changed": 0, "unchanged": 0, "older": 0, "erased": 0, "dry_run": False},
    )
    whose, *written = desk.written
    assert (whose.topic, whose.key) == ("fair.badge-codes", b"key")
    assert decode_codes(whose.value or b"") == Origin(key_fingerprint(KEY.encode()), "small-2025")
    assert [one.topic for one in written] == ["fair.badges"] * 2 + ["fair.badge-codes"] * 2
    assert {one.key.decode() for one in written} == {person("ada"), person("bob")}
    said = json.loads(written[0].value or b"")
    assert (said["badge_ref"], said["role"], said["residence_country"]) == (person("ada"), "visitor_public", "DE")
    assert json.loads(written[3].value or b"") == {"codes": [hashed("B-1"), hashed("B-2")], "replaced": []}
    again = await desk.import_(PERSONS)
    assert (again.json()["unchanged"], len(desk.written)) == (2, 5)
    reprint = await desk.import_(b"person,role,class,country,codes\nada,visitor,public,DE,A-2\n")
    assert (reprint.json()["changed"], len(desk.written)) == (1, 6)
    assert desk.book.is_replaced(hashed("A-1"))


async def test_a_trial_writes_nothing(desk: Desk) -> None:
    answer = await desk.import_(PERSONS, "?dry_run=true")
    assert (answer.json()["new"], answer.json()["dry_run"], desk.written, len(desk.book)) == (2, True, [], 0)
    assert (await desk.import_(PERSONS, "?dry_run=false")).json()["dry_run"] is False


@pytest.mark.parametrize("query", ["?dry_run=1", "?x=1", "?dry_run=true&x=1"])
async def test_another_query_is_refused(desk: Desk, query: str) -> None:
    answer = await desk.import_(PERSONS, query)
    assert (answer.status_code, answer.json()["code"], desk.written) == (404, "no_such_resource", [])


async def test_one_wrong_line_and_nothing_is_imported(desk: Desk) -> None:
    wrong = [*PERSONS, {"person": "eve", "role": "visiter"}, {"person": "kim", "role": "media", "codes": ["A-1"]}]
    answer = await desk.import_(wrong)
    said = answer.json()
    assert (answer.status_code, said["code"], said["rejected"]) == (422, "badges_refused", 3)
    assert [one["line"] for one in said["lines"]] == [1, 3, 4]
    assert "A-1" not in answer.text
    assert desk.written == []


async def test_an_answer_lists_some_errors_and_counts_all(desk: Desk) -> None:
    answer = await desk.import_([{"person": str(number), "role": "x"} for number in range(ERRORS_MAX + 5)])
    assert (len(answer.json()["lines"]), answer.json()["rejected"]) == (ERRORS_MAX, ERRORS_MAX + 5)


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"", "The file is empty"), (b"name,town\nAda,Rome\n", "does not name the columns"), (b"[]", "one JSON list")],
)
async def test_a_body_that_is_no_list_of_persons_is_refused(desk: Desk, body: bytes, says: str) -> None:
    answer = await desk.import_(body)
    assert (answer.status_code, answer.json()["code"]) == (422, "badges_unreadable")
    assert says in answer.json()["detail"]


async def test_a_body_may_be_packed_and_has_a_limit(desk: Desk) -> None:
    lines = b"\n".join(json.dumps(one).encode() for one in PERSONS)
    packed = {"content-encoding": "gzip"}
    assert (await desk.ask("/v1/badges", gzip.compress(lines), TOKEN, **packed)).json()["new"] == 2
    assert (await desk.ask("/v1/badges", lines, TOKEN, **packed)).json()["code"] == "not_gzip"
    large = b" " * (BODY_MAX_BYTES + 1)
    for body, headers in ((large, {}), (gzip.compress(large), packed)):
        assert (await desk.ask("/v1/badges", body, TOKEN, **headers)).json()["code"] == "body_too_large"


async def test_each_token_opens_its_own_door_only(desk: Desk) -> None:
    for token in (desk.app._paired.of(GATE), TOKEN[:-1], TOKEN + "x", "", "é"):
        answer = await desk.ask("/v1/badges", b"", token)
        assert (answer.status_code, answer.json()["code"]) == (401, "badges_token")
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/v1/events", "/v1/badge-check"):
        answer = await desk.ask(path, event(GATE), TOKEN, **{"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (401, "token_unknown")
    assert (await desk.app.send("POST", "/v1/badges", [])).json()["code"] == "token_missing"


async def test_what_kafka_does_not_take_is_not_in_the_book_and_may_be_sent_again(desk: Desk) -> None:
    desk.refuses = RequestRefused("kafka_unavailable")
    assert (await desk.import_(PERSONS)).status_code == 503
    assert len(desk.book) == 0
    desk.refuses = None
    assert (await desk.import_(PERSONS)).json()["new"] == 2


async def test_an_import_is_compared_with_what_others_have_written_a_moment_ago(desk: Desk) -> None:
    said = Registration(7, BadgeRole.MEDIA)
    desk.first = [record_of(event_of(person("ada"), said, "small-2025", NOW))]
    answer = await desk.import_(PERSONS)
    assert (answer.json()["new"], answer.json()["changed"]) == (1, 1)
    assert desk.book.registration(person("ada")) == Registration(8, BadgeRole.VISITOR_PUBLIC, "DE")


async def test_an_erasure_that_came_later_stands(desk: Desk) -> None:
    """The person is erased between the last look of an import and its write: the codes do not stay."""
    deliver, said = desk.deliver, Registration(9, BadgeRole.MEDIA, erased=True)

    async def deliver_and_erase(records: Sequence[RawRecord]) -> None:
        if any(one.topic == "fair.badges" for one in records):
            await deliver([registration_record(person("ada"), said, "small-2025", NOW)])
        await deliver(records)

    desk.deliver = deliver_and_erase  # type: ignore[method-assign]
    assert (await desk.import_(PERSONS)).json()["new"] == 2
    assert desk.book.person_of(hashed("A-1")) is None
    assert desk.book.is_spent(hashed("A-1"))
    assert desk.book.codes_of(person("ada")) == WornCodes(())


def meanwhile(desk: Desk, *records: RawRecord) -> None:
    """Let others write records between the plan of the next import and its first write."""
    deliver, left = desk.deliver, list(records)

    async def after_others(own: Sequence[RawRecord]) -> None:
        await deliver([*left, *own])
        left.clear()

    desk.deliver = after_others  # type: ignore[method-assign]


async def test_what_others_wrote_after_the_plan_is_not_undone(desk: Desk) -> None:
    later = Registration(3, BadgeRole.SPEAKER, "FR")
    meanwhile(desk, registration_record(person("ada"), later, "small-2025", NOW))
    answer = await desk.import_([{**PERSONS[0], "revision": 2}, PERSONS[1]])
    assert (answer.status_code, answer.json()["new"], answer.json()["older"]) == (200, 1, 1)
    assert desk.book.registration(person("ada")) == later


async def test_a_line_that_others_made_impossible_after_the_plan_is_told_at_the_next_attempt(desk: Desk) -> None:
    meanwhile(desk, codes_record(person("eve"), WornCodes((hashed("B-2"),))))
    answer = await desk.import_(PERSONS)
    assert (answer.status_code, answer.json()["code"], answer.json()["action"]) == (503, "register_changed", "resend")
    assert desk.book.registration(person("ada")) is not None
    assert desk.book.registration(person("bob")) is None
    again = await desk.import_(PERSONS)
    assert (again.status_code, again.json()["code"]) == (422, "badges_refused")
    assert [(one["line"], one["message"].split(";")[0]) for one in again.json()["lines"]] == [
        (2, "code 2 is on the badge of another person")
    ]


async def test_while_kafka_cannot_be_read_nothing_is_imported(desk: Desk) -> None:
    desk.is_away = True
    answer = await desk.import_(PERSONS)
    assert (answer.status_code, answer.json()["code"], desk.written) == (503, "register_unready", [])


async def test_nothing_is_looked_up_before_the_register_was_read(desk: Desk) -> None:
    desk.register.follower.ready = False
    for answer in (
        await desk.import_(PERSONS),
        await desk.check({"badge_code": "A-1"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "register_unready")


async def test_another_key_in_the_registry_ends_everything_until_a_person_decides(desk: Desk) -> None:
    known = BadgeKey("0" * 16, "stand-1", NOW)
    desk.app.gateway.doorkeeper._badge_keys["small-2025"] = known
    assert "is not the fair's (0000000000000000), which stand-1 told" in desk.register.trouble(
        desk.app.gateway.doorkeeper
    )
    assert (await desk.check({"badge_code": "A-1"})).json()["code"] == "register_unready"


@pytest.mark.parametrize(("age_s", "status"), [(10, 200), (31, 503)])
async def test_a_gateway_whose_register_stands_still_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, age_s: float, status: int
) -> None:
    monkeypatch.setattr(type(desk.register.follower), "age_s", property(lambda _: age_s))
    assert bool(desk.register.stands_still) is (status == 503)
    transport = httpx.ASGITransport(app=internal_app(desk.app.gateway))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        told = (await client.get("/readyz")).text
        assert ("the register of badges was not read to its end for 31 s" in told) is (status == 503)
        assert f"fair_register_age_seconds {float(age_s)}" in (await client.get("/metrics")).text


@pytest.mark.parametrize("which", ["follower.follow", "releases.watch"])
async def test_a_gateway_that_reads_no_more_ends_and_says_why(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    async def broken() -> None:
        raise KeyError("x")

    async def for_ever() -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(desk.register.follower, "follow", for_ever)
    monkeypatch.setattr(desk.register.releases, "watch", for_ever)
    owner, name = which.split(".")
    monkeypatch.setattr(getattr(desk.register, owner), name, broken)
    stop = asyncio.Event()
    tasks = _watch_register(desk.app.gateway, stop)
    await asyncio.wait_for(stop.wait(), 5)
    (failed,) = [one for one in tasks if one.done() and one.exception() is not None]
    assert "any more" in str(failed.exception())
    for one in tasks:
        one.cancel()


async def test_a_gateway_shows_how_many_codes_several_persons_have(desk: Desk) -> None:
    def shown() -> float | None:
        return desk.app.gateway.metrics.registry.get_sample_value("fair_register_clashes")

    assert shown() == 0
    for name in ("ada", "bob", "eve"):
        desk.book.take_codes(person(name), WornCodes((hashed("X-1"), hashed(f"{name}-1"))))
    assert shown() == 1
    for name in ("ada", "bob"):
        desk.book.take_codes(person(name), None)
    assert shown() == 0


async def test_a_fair_without_a_register_has_none_of_its_metrics(tmp_path: Path) -> None:
    paired = Paired(tmp_path / "terminals.sqlite")
    paired.enrol(GATE)
    async with gateway_app(paired) as app:
        names = {metric.name for metric in app.gateway.metrics.registry.collect()}
    assert not {name for name in names if "register_" in name or "released" in name or "unresolved" in name}


# the question of a gate


@pytest.fixture
def filled(desk: Desk) -> Desk:
    for name, codes, replaced, denied in (
        ("ada", ["A-2"], ["A-1"], None),
        ("bob", ["B-1"], [], DenyReason.UNPAID),
    ):
        desk.book.take_codes(person(name), WornCodes(tuple(map(hashed, codes)), tuple(map(hashed, replaced))))
        desk.book.take_registration(person(name), Registration(1, BadgeRole.MEDIA, "DE", denied=denied))
    return desk


@pytest.mark.parametrize("terminal", [GATE, HALL], ids=lambda one: one.place)
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ({"badge_code": "A-2"}, {"known": True, "role": "media"}),
        ({"badge_code": "]C1A-2"}, {"known": True, "role": "media"}),
        ({"badge_ref": hashed("A-2")}, {"known": True, "role": "media"}),
        ({"badge_ref": person("ada")}, {"known": True, "role": "media"}),
        ({"badge_code": "A-1"}, {"known": True, "role": "media", "denied": "revoked"}),
        ({"badge_code": "B-1"}, {"known": True, "role": "media", "denied": "unpaid"}),
        ({"badge_code": "Z-9"}, {"known": False}),
    ],
)
async def test_a_gate_learns_the_role_and_the_reason_and_nothing_else(
    filled: Desk, terminal: Terminal, question: dict[str, str], answer: dict[str, Any]
) -> None:
    said = await filled.check(question, terminal)
    assert (said.status_code, said.json()) == (200, answer)
    assert said.headers["cache-control"] == "no-store"


async def test_the_badge_of_somebody_who_was_erased_is_revoked(filled: Desk) -> None:
    filled.book.take_spent(hashed("S-1"))
    said = await filled.check({"badge_code": "S-1"})
    assert said.json() == {"known": True, "denied": "revoked"}


@pytest.mark.parametrize("terminal", [BOOTH, DESK], ids=lambda one: one.place)
async def test_nobody_else_asks(filled: Desk, terminal: Terminal) -> None:
    answer = await filled.check({"badge_code": "A-2"}, terminal)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_here")


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"x",
        [],
        {},
        {"badge_code": "A-1", "badge_ref": hashed("A-1")},
        {"badge_ref": "A-1"},
        {"x": "A-1"},
        b'{"badge_code":"A-1","badge_code":"A-2"}',
        {"badge_code": "x" * 20_000},
    ],
)
async def test_a_question_names_one_badge(filled: Desk, question: object) -> None:
    answer = await filled.check(question)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_a_question")


async def test_a_code_that_is_no_badge_is_refused_with_its_word_and_not_repeated(filled: Desk) -> None:
    answer = await filled.check({"badge_code": "https://fair.example/7"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["word"]) == (422, "bad_value", "badge_url")
    assert error["pointer"] == "/badge_code"
    assert "fair.example" not in answer.text


async def test_a_fair_without_a_register_has_neither(tmp_path: Path) -> None:
    paired = Paired(tmp_path / "terminals.sqlite")
    paired.enrol(GATE)
    token = tmp_path / "token"
    token.write_text(TOKEN, encoding="utf-8")
    async with gateway_app(paired, gateway_badges_token_file=token) as app:
        made = [("/v1/badges", TOKEN), ("/v1/badge-check", paired.of(GATE))]
        for path, one in made:
            answer = await app.send("POST", path, [("authorization", f"Bearer {one}")])
            assert (answer.status_code, answer.json()["code"]) == (404, "no_register")


async def test_without_a_token_nobody_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRPULSE_BADGE_KEY", KEY)
    paired = Paired(tmp_path / "terminals.sqlite")
    paired.enrol(GATE)
    async with gateway_app(paired, fair_with_register(tmp_path)) as app:
        answer = await app.send("POST", "/v1/badges", [("authorization", "Bearer ")])
        assert (answer.status_code, answer.json()["code"]) == (401, "badges_token")


@pytest.mark.parametrize("text", ["", "short", "a" * 31, "a" * 40 + "\n" + "b" * 40, "a" * 40 + " b", "ä" * 40])
def test_a_token_that_can_be_guessed_or_is_none_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSettings, match="does not hold one token of at least 32 characters") as refused:
        GatewaySettings.load(gateway_badges_token_file=file).badges_token()
    assert not text or text not in str(refused.value)


def test_a_token_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="FAIRPULSE_GATEWAY_BADGES_TOKEN_FILE: the file cannot be read"):
        GatewaySettings.load(gateway_badges_token_file=tmp_path / "none").badges_token()

"""A gateway works only with the register of its own fair, made with its own badge key."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from producers.badges.book import Registration
from producers.badges.writing import origin_record, registration_record
from producers.gateway.register import register as register_module
from producers.gateway.register.register import Register
from producers.records import RawRecord
from schemas.badges.key import key_fingerprint
from schemas.badges.register import Origin
from schemas.codes import BadgeRole
from schemas.errors import FairpulseError
from tests.support.badge_desk import PERSONS, Desk
from tests.support.gateway import GATE, NOW, event
from tests.support.registered import KEY, person

OTHER_KEY = Origin("0" * 16, "small-2025")
OTHER_FAIR = Origin(key_fingerprint(KEY.encode()), "other-2025")


@pytest.mark.parametrize(
    ("origin", "says"),
    [
        (OTHER_KEY, "the register was made with another badge key: its fingerprint is 0000000000000000"),
        (OTHER_FAIR, "this is the register of the fair other-2025, not of small-2025"),
    ],
    ids=["key", "fair"],
)
async def test_in_the_register_of_another_key_or_fair_a_gateway_does_nothing(
    desk: Desk, origin: Origin, says: str
) -> None:
    desk.written.append(origin_record(origin))
    await desk.reach_end()
    assert says in desk.register.trouble(desk.app.gateway.doorkeeper)
    body = {"content-type": "application/cloudevents+json"}
    for answer in (
        await desk.import_(PERSONS),
        await desk.check({"badge_code": "A-1"}),
        await desk.ask("/v1/events", event(GATE), desk.app._paired.of(GATE), **body),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "register_unready")
    assert len(desk.written) == 1


@pytest.mark.parametrize("origin", [OTHER_KEY, OTHER_FAIR], ids=["key", "fair"])
@pytest.mark.parametrize("read", ["before the plan", "after the plan"])
async def test_an_import_that_learns_of_another_key_or_fair_writes_nothing_more(
    desk: Desk, origin: Origin, read: str
) -> None:
    if read == "after the plan":
        deliver = desk.deliver

        async def before_others(own: Sequence[RawRecord]) -> None:
            await deliver([*own, origin_record(origin)])

        desk.deliver = before_others  # type: ignore[method-assign]
    else:
        desk.first = [origin_record(origin)]
    answer = await desk.import_(PERSONS)
    assert (answer.status_code, answer.json()["code"]) == (503, "register_unready")
    assert "this is the register" in answer.json()["detail"].lower() or "another badge key:" in answer.json()["detail"]
    assert len(desk.book) == 0


@pytest.mark.parametrize(
    ("there", "origin", "status"),
    [
        ([], False, 200),
        (["ada"], False, 200),
        (["eve", "ada"], False, 200),
        (["eve"], False, 403),
        (["eve"], True, 200),
    ],
    ids=["an empty register", "a known person", "one known person", "no known person", "the register says its key"],
)
async def test_persons_without_a_key_prove_it_or_nothing_is_imported(
    desk: Desk, there: Sequence[str], origin: bool, status: int
) -> None:
    said = Registration(1, BadgeRole.MEDIA)
    desk.first = [registration_record(person(one), said, "small-2025", NOW) for one in there]
    if origin:
        desk.first.append(origin_record(Origin(key_fingerprint(KEY.encode()), "small-2025")))
    answer = await desk.import_(PERSONS)
    assert answer.status_code == status
    if status == 403:
        assert (answer.json()["code"], answer.json()["action"]) == ("key_unproven", "keep_and_alert")
        assert "does not say with which badge key" in answer.json()["detail"]
        assert desk.written == []
    else:
        assert desk.book.origin is not None


_other_origin: Callable[[Register], str] = Register.other_origin.fget  # type: ignore[attr-defined]


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_a_key_that_the_register_says_later_is_told_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gateway, register, looks = desk.app.gateway, desk.register, list[str]()

    def look(self: Register) -> str:
        looks.append(found := _other_origin(self))
        return found

    monkeypatch.setattr(register_module, "AGAIN_S", 0.001)
    monkeypatch.setattr(Register, "other_origin", property(look))
    register.is_key_kept = False
    watching = asyncio.create_task(register.watch_key(gateway.doorkeeper, gateway.clock))
    await until(lambda: register.is_key_kept)
    register.book.origin = OTHER_KEY
    await until(lambda: sum(map(bool, looks)) > 20)
    watching.cancel()
    assert [one.message.split(" error=")[0] for one in caplog.records] == ["the register of badges cannot be used"]
    assert "another badge key" in register.trouble(gateway.doorkeeper)


@pytest.mark.parametrize("origin", [OTHER_KEY, OTHER_FAIR], ids=["key", "fair"])
async def test_a_gateway_whose_register_is_anothers_tells_the_registry_no_key(desk: Desk, origin: Origin) -> None:
    gateway, register = desk.app.gateway, desk.register
    register.is_key_kept = False
    register.book.origin = origin
    with pytest.raises(FairpulseError, match="register"):
        await register.watch_key(gateway.doorkeeper, gateway.clock)
    assert not register.is_key_kept
    assert gateway.doorkeeper.known_badge_key("small-2025") is None

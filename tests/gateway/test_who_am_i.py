"""`GET /v1/terminal`: the fair's badge key, as the first terminal told it, and the gateway's fair file."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from producers.registry import doorkeeper
from producers.registry import file as registry_file
from producers.registry.badge_keys import BadgeKey, forget_badge_key, read_badge_keys, tell_badge_key
from schemas.fair.file import example_fair_path
from tests.support.gateway import BOOTH, ELSEWHERE, FAIR_ID, GATE, OTHER_BOOTH, Paired, enrolled
from tests.support.gateway_app import GatewayApp, gateway_app

ONE, TWO, THREE = "0123456789abcdef", "fedcba9876543210", "00000000000000ff"


@pytest.fixture
def fresh(tmp_path: Path) -> Paired:
    """A registry with terminals, in which no badge key was told."""
    return enrolled(tmp_path / "terminals.sqlite")


@pytest.fixture
async def app(fresh: Paired) -> AsyncIterator[GatewayApp]:
    async with gateway_app(fresh) as made:
        yield made


async def test_of_three_terminals_with_three_keys_the_first_is_kept_and_told_to_all(
    app: GatewayApp, fresh: Paired
) -> None:
    answers = [
        await app.who_am_i(terminal, {"badge-key": key})
        for terminal, key in ((BOOTH, ONE), (OTHER_BOOTH, TWO), (GATE, THREE))
    ]
    assert [(one.status_code, one.json()["badge_key"]) for one in answers] == [(200, ONE)] * 3
    kept = read_badge_keys(fresh.path)
    assert [(fair, one.fingerprint, one.told_by) for fair, one in kept.items()] == [(FAIR_ID, ONE, "stand-1")]


async def test_a_device_that_tells_no_key_learns_it_and_none_is_null(app: GatewayApp) -> None:
    before = (await app.who_am_i()).json()
    assert "badge_key" in before
    assert before["badge_key"] is None
    await app.who_am_i(OTHER_BOOTH, {"badge-key": TWO})
    assert (await app.who_am_i()).json()["badge_key"] == TWO


async def test_gateways_that_share_a_registry_keep_one_key_between_them(app: GatewayApp, fresh: Paired) -> None:
    async with gateway_app(fresh) as beside:
        assert (await app.who_am_i(BOOTH, {"badge-key": ONE})).json()["badge_key"] == ONE
        assert (await beside.who_am_i(GATE, {"badge-key": TWO})).json()["badge_key"] == ONE


async def test_a_forgotten_key_makes_room_for_the_next_one(app: GatewayApp, fresh: Paired) -> None:
    await app.who_am_i(BOOTH, {"badge-key": ONE})
    forget_badge_key(fresh.path, FAIR_ID)
    app.gateway.doorkeeper.read()  # as it does every second
    assert (await app.who_am_i(GATE, {"badge-key": TWO})).json()["badge_key"] == TWO


@pytest.mark.parametrize(
    "given",
    ["", "0", ONE[:-1], ONE + "0", ONE.upper(), f"{ONE}, {TWO}", "g" * 16, "\N{FULLWIDTH DIGIT ZERO}" * 16],
)
async def test_a_badge_key_that_is_not_a_fingerprint_is_refused_and_not_kept(
    app: GatewayApp, fresh: Paired, given: str
) -> None:
    answer = await app.who_am_i(BOOTH, {"badge-key": given.encode()})  # type: ignore[dict-item]  # as odd bytes come
    assert (answer.status_code, answer.json()["code"]) == (400, "badge_key_malformed")
    assert answer.json()["action"] == "keep_and_alert"
    assert read_badge_keys(fresh.path) == {}


async def test_two_badge_keys_in_one_request_are_refused(app: GatewayApp, fresh: Paired) -> None:
    token = ("authorization", f"Bearer {fresh.of(BOOTH)}")
    answer = await app.send("GET", "/v1/terminal", [token, ("badge-key", ONE), ("badge-key", ONE)])
    assert answer.json()["code"] == "badge_key_malformed"


@pytest.mark.parametrize("token", ["", "tf_12345678_" + "a" * 43])
async def test_nobody_chooses_the_badge_key_without_a_token(app: GatewayApp, fresh: Paired, token: str) -> None:
    answer = await app.send("GET", "/v1/terminal", [("authorization", f"Bearer {token}"), ("badge-key", ONE)])
    assert answer.status_code == 401
    assert read_badge_keys(fresh.path) == {}


async def test_a_terminal_of_another_fair_does_not_choose_the_badge_key(app: GatewayApp, fresh: Paired) -> None:
    assert (await app.who_am_i(ELSEWHERE, {"badge-key": ONE})).status_code == 403
    assert read_badge_keys(fresh.path) == {}


async def test_a_registry_that_cannot_be_written_pairs_nobody_and_says_so(
    app: GatewayApp, fresh: Paired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_file, "LOCKED_S", 0.0)
    with closing(sqlite3.connect(fresh.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = await app.who_am_i(BOOTH, {"badge-key": ONE})
        assert (refused.status_code, refused.json()["code"]) == (503, "registry_unwritable")
        assert refused.json()["retryable"]
        assert (await app.who_am_i(BOOTH)).status_code == 200, "a terminal that tells no key needs no writing"
        other.execute("ROLLBACK")
    assert (await app.who_am_i(GATE, {"badge-key": TWO})).json()["badge_key"] == TWO


async def test_terminals_that_tell_their_keys_at_once_take_one_thread_between_them(
    app: GatewayApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the registry needs a thread too: without it, a gateway lets nobody in."""
    started, go_on, written = threading.Event(), threading.Event(), list[str]()

    def slowly(path: Path, fair_id: str, told: BadgeKey) -> BadgeKey:
        written.append(told.fingerprint)
        started.set()
        go_on.wait(30)
        return tell_badge_key(path, fair_id, told)

    monkeypatch.setattr(doorkeeper, "tell_badge_key", slowly)
    first = asyncio.create_task(app.who_am_i(BOOTH, {"badge-key": ONE}))
    await asyncio.to_thread(started.wait, 30)
    others = [asyncio.create_task(app.who_am_i(GATE, {"badge-key": TWO})) for _ in range(20)]
    for _ in range(100):  # the others get as far as they can
        await asyncio.sleep(0)
    go_on.set()
    answers = await asyncio.gather(first, *others)
    assert [answer.json()["badge_key"] for answer in answers] == [ONE] * 21
    assert written == [ONE]


async def test_gateways_with_the_same_fair_file_tell_the_same_fingerprint_of_it(fresh: Paired, tmp_path: Path) -> None:
    content = example_fair_path("small").read_text(encoding="utf-8")
    told = []
    for name, text in (("a", content), ("b", content), ("c", content.replace("capacity: ", "capacity: 1"))):
        file = tmp_path / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")
        async with gateway_app(fresh, file) as app:
            told.append((await app.who_am_i()).json()["fair_file"])
    assert told[0] == told[1] != told[2]

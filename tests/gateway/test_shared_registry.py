"""Gateways on several machines share the registry: each has a file of its own, and the topic is between them."""

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from producers.gateway.tls.files import Files
from producers.records import RawRecord
from producers.registry.backup import read_backup
from producers.registry.badge_keys import BadgeKey, tell_in
from producers.registry.cache import rehearse
from producers.registry.doorkeeper import SHARED_STALE_S, Doorkeeper, RegistryUnreadable
from producers.registry.follower import Follower
from producers.registry.sharing import change
from producers.registry.store import Registry
from producers.registry.topic import Readable, TerminalsTopic
from schemas.api.terminals import PlaceKind, Terminal, Token
from schemas.cures import CORRECT_COMPACTED_REGISTRY
from schemas.errors import FairpulseError
from schemas.registry_changes import VERSION, RegistryChange, change_text
from schemas.topics import TERMINALS
from streams.kafka.topics import admin
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, DESK, FAIR_ID, NOW, Paired
from tests.support.registry_machines import Machine, make_topics
from tests.support.topics import delete_topics
from tests.support.transactions import abort, commit, transactional
from tests.support.workers import eventually, read_back

pytestmark = pytest.mark.broker

ONE, TWO = "0123456789abcdef", "fedcba9876543210"
STALE = "the registry of terminals is not known to be up to date within 10 s"
CURE = "run `fairpulse terminals restore"


@pytest.fixture(scope="module")
def kafka() -> Iterator[LocalKafka]:
    with LocalKafka.start() as local:
        make_topics(local.bootstrap_servers)
        yield local


@pytest.fixture(scope="module")
def machines(kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, Machine]]:
    """Two machines; their gateways run."""
    home = tmp_path_factory.mktemp("machines")
    both = Machine(kafka.bootstrap_servers, home / "one"), Machine(kafka.bootstrap_servers, home / "two")
    for one in both:
        one.gateway.start(wait=False)
    for one in both:
        one.wait_ready()
    yield both
    for one in both:
        one.stop()


def test_a_token_of_one_machine_is_known_and_revoked_on_all(machines: tuple[Machine, Machine]) -> None:
    one, two = machines
    first = one.done("enrol", "stand-1", "--booth", "h1-001")
    eventually(lambda: two.status(first) == 200, "the other gateway knows the token")
    second = two.done("rotate", "stand-1")
    eventually(lambda: one.status(second) == 200, "the first gateway knows the new token")
    assert one.status(first) == 200
    assert "2 tokens" in one.done("list")
    one.done("revoke", "stand-1")
    assert "revoked" in two.done("list")
    eventually(lambda: two.status(first) == two.status(second) == 401, "it is refused elsewhere", SHARED_STALE_S)
    assert one.status(first) == one.status(second) == 401
    assert "is revoked; pair it again" in two.refused("rotate", "stand-1")
    third = two.done("enrol", "stand-1", "--booth", "h1-001", "--again")
    eventually(lambda: one.status(third) == 200, "it is paired again")
    assert 0 <= one.gateway.metric("fair_gateway_registry_age_seconds") <= SHARED_STALE_S


async def test_of_changes_at_once_one_is_first_for_all(machines: tuple[Machine, Machine]) -> None:
    async def enrol(machine: Machine) -> Token | str:
        try:
            return await change(machine.kafka, machine.path, "enrol", lambda rules: rules.enrol(DESK, NOW, None))
        except FairpulseError as error:
            return str(error)

    said = await asyncio.gather(*(enrol(machine) for machine in machines * 2))
    [token] = [one for one in said if isinstance(one, Token)]
    assert [one.partition(";")[0] for one in said if isinstance(one, str)] == [
        "a terminal with the id desk-1 is already enrolled"
    ] * 3
    for machine in machines:
        await change(machine.kafka, machine.path, "x", lambda _: None)
        with closing(Registry(machine.path)) as registry:
            assert [key.kid for key in registry.keys().values() if key.terminal == DESK] == [token.kid]


def test_gateways_keep_one_badge_key_between_them(machines: tuple[Machine, Machine]) -> None:
    one, two = machines
    token = one.done("enrol", "stand-7", "--booth", "h1-001")
    eventually(lambda: two.status(token) == 200, "the other gateway knows the token")
    answers = {one.ask(token, **{"Badge-Key": ONE}), two.ask(token, **{"Badge-Key": TWO})}
    assert answers == {(200, ONE)}
    assert two.done("badge-key").startswith(f"{ONE}  told by stand-7 on ")
    two.done("badge-key", "--forget")
    eventually(lambda: one.ask(token) == (200, None), "the other gateway has forgotten it too")
    assert one.ask(token, **{"Badge-Key": TWO}) == (200, TWO)


async def test_what_is_not_a_change_is_ignored_and_counted_and_all_go_on(machines: tuple[Machine, Machine]) -> None:
    machine = machines[0]
    async with AIOKafkaProducer(bootstrap_servers=machine.servers) as producer:
        for value in (b"nonsense", b'{"version": 1}', b"", None):
            await producer.send_and_wait(TERMINALS.name, value, b"nobody")
    ignored = "fair_gateway_ignored_registry_changes_total"
    for one in machines:
        await asyncio.to_thread(
            eventually,
            lambda one=one: one.gateway.metric(ignored, why="not_a_change") == 4,  # type: ignore[misc]
            "the gateway counts them",
        )
    token = await asyncio.to_thread(machine.done, "enrol", "after", "--desk")
    await asyncio.to_thread(eventually, lambda: machines[1].status(token) == 200, "changes still count")


def test_without_kafka_nothing_is_changed_and_the_list_says_that_it_may_be_old(
    machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    away = Machine("127.0.0.1:9", tmp_path / "away")
    away.path.write_bytes(machines[0].path.read_bytes())
    before = away.done("list")
    for words in (
        ("enrol", "new", "--desk"),
        ("rotate", "stand-7"),
        ("revoke", "stand-7"),
        ("badge-key", "--forget"),
        ("restore", str(machines[0].path)),
    ):
        assert "no Kafka answers at 127.0.0.1:9" in away.refused(*words)
    listed = away.run("list")
    assert listed.stdout.strip() == before
    assert listed.stderr.startswith("warning: this is the file as it was, and may be old: no Kafka answers")


def test_a_gateway_that_is_cut_off_lets_nobody_in_and_comes_back(
    kafka: LocalKafka, machines: tuple[Machine, Machine]
) -> None:
    token = machines[0].done("enrol", "stand-8", "--booth", "h1-001")
    kafka.pause()
    try:
        for machine in machines:
            eventually(lambda machine=machine: STALE in machine.readiness, "it is not ready")  # type: ignore[misc]
            assert machine.ask(token) == (503, "registry_unreadable")
            assert machine.gateway.metric("fair_gateway_registry_age_seconds") > SHARED_STALE_S
    finally:
        kafka.resume()
    for machine in machines:
        eventually(lambda machine=machine: machine.status(token) == 200, "it is back")  # type: ignore[misc]
        machine.wait_ready()


async def test_a_setting_that_the_topic_must_not_have_stops_commands_and_gateways_until_it_is_corrected(
    machines: tuple[Machine, Machine],
) -> None:
    async def set_policy(policy: str) -> None:
        settings = {**TERMINALS.config(), "cleanup.policy": policy}
        async with admin(machines[0].kafka) as client:
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TERMINALS.name, settings)])

    token = await asyncio.to_thread(machines[0].done, "enrol", "stand-12", "--booth", "h1-001")
    await set_policy("compact")
    says = f"topic fair.terminals has cleanup.policy=compact, not delete; {CORRECT_COMPACTED_REGISTRY}"
    assert says == await asyncio.to_thread(machines[0].refused, "enrol", "stand-13", "--booth", "h1-001")
    for one in machines:
        await asyncio.to_thread(
            eventually,
            lambda one=one: (  # type: ignore[misc]
                says in one.readiness and STALE in one.readiness and one.status(token) == 503
            ),
            "it says what is wrong, and lets nobody in",
        )
        assert one.gateway.metric("fair_topic_findings", topic=TERMINALS.name, setting="cleanup.policy") == 1
    await set_policy("delete")
    for one in machines:
        await asyncio.to_thread(
            eventually,
            lambda one=one: one.status(token) == 200 and one.readiness == "ready\n",
            "it goes on",  # type: ignore[misc]
        )
    await asyncio.to_thread(machines[0].done, "enrol", "stand-13", "--booth", "h1-001")


@asynccontextmanager
async def watching(machine: Machine) -> AsyncIterator[Doorkeeper]:
    """Follow the registry as a gateway of the machine does, without the gateway."""
    doorkeeper = Doorkeeper(machine.path, Follower(machine.kafka, machine.path))
    doorkeeper.read()
    task = asyncio.create_task(doorkeeper.watch())
    try:
        yield doorkeeper
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(condition: Callable[[], bool], what: str) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.05)


async def test_a_reload_looks_into_the_topic_at_once(
    kafka: LocalKafka, machines: tuple[Machine, Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.registry.doorkeeper.POLL_S", 3_600)
    async with watching(Machine(kafka.bootstrap_servers, tmp_path / "third")) as doorkeeper:
        await until(lambda: doorkeeper.is_fresh, "it has looked once")
        token = await asyncio.to_thread(machines[0].done, "enrol", "stand-5", "--booth", "h1-001")
        assert doorkeeper.identify(token, NOW) is None
        Files(doorkeeper, None).reload()
        await until(lambda: doorkeeper.identify(token, NOW) is not None, "it has looked again")


async def test_a_gateway_that_starts_without_kafka_has_its_copy_and_lets_nobody_in(
    machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    away = Machine("127.0.0.1:9", tmp_path / "away")
    away.path.write_bytes(machines[0].path.read_bytes())
    async with watching(away) as doorkeeper:
        assert len(doorkeeper) > 0
        await until(lambda: "no Kafka answers at 127.0.0.1:9" in doorkeeper.trouble, "it says why")
        with pytest.raises(RegistryUnreadable):
            doorkeeper.identify("tf_12345678_" + "a" * 43, NOW)


async def test_a_registry_from_before_is_taken_in_by_the_command_that_is_named(
    kafka: LocalKafka, machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    old = Machine(kafka.bootstrap_servers, tmp_path / "old")
    token = old.paired.enrol(Terminal("stand-3", FAIR_ID, PlaceKind.BOOTH, "h1-001"))
    gone = old.paired.enrol(Terminal("stand-4", FAIR_ID, PlaceKind.BOOTH, "h1-001"))
    with closing(Registry(old.path)) as registry:
        registry.revoke("stand-4", NOW)
        tell_in(registry.file, "other-2025", BadgeKey(TWO, "stand-3", NOW))
    cure = f"run `fairpulse terminals restore {old.path}` once"
    async with watching(old) as doorkeeper:
        await until(lambda: cure in doorkeeper.trouble, "it is not ready, and says what to do")
        assert "because it was not shared so far" in doorkeeper.trouble
        assert cure in await asyncio.to_thread(old.refused, "enrol", "new", "--desk")
        told = await asyncio.to_thread(old.run, "restore", str(old.path), "--dry-run")
        assert "would add or change: 2 terminals, 1 token, 1 revoked token, 1 badge key" in told.stderr
        assert cure in await asyncio.to_thread(old.refused, "enrol", "new", "--desk")
        told = await asyncio.to_thread(old.run, "restore", str(old.path))
        assert "added or changed: 2 terminals, 1 token, 1 revoked token, 1 badge key" in told.stderr
        await until(lambda: not doorkeeper.trouble, "it is ready")
    two = machines[1]
    await asyncio.to_thread(eventually, lambda: two.status(token) == 200, "another gateway knows its token")
    assert await asyncio.to_thread(two.status, gone) == 401
    again = await asyncio.to_thread(old.run, "restore", str(old.path))
    assert "added or changed: 0 terminals, 0 tokens, 0 revoked tokens, 0 badge keys" in again.stderr


def test_a_file_that_was_changed_alone_is_not_taken_for_a_copy_again(kafka: LocalKafka, tmp_path: Path) -> None:
    machine = Machine(kafka.bootstrap_servers, tmp_path / "alone")
    machine.done("list")
    assert machine.run("enrol", "alone", "--desk", terminals_shared="false").exit_code == 0
    assert CURE in machine.refused("enrol", "new", "--desk")
    machine.done("restore", str(machine.path))
    assert "alone" in machine.done("list")


@pytest.mark.parametrize("made", ["missing", "empty", "text", "sqlite", "values"])
def test_a_file_that_is_no_registry_is_refused_and_nothing_is_changed(
    kafka: LocalKafka, tmp_path: Path, made: str
) -> None:
    machine, file = Machine(kafka.bootstrap_servers, tmp_path / "machine"), tmp_path / "file"
    match made:
        case "empty":
            file.touch()
        case "text":
            file.write_text("stand-1\n" * 1_000)
        case "sqlite":
            with closing(sqlite3.connect(file)) as other:
                other.execute("CREATE TABLE terminals (x)")
        case "values":
            Paired(file).enrol(DESK)
            with closing(sqlite3.connect(file)) as other, other:
                other.execute("UPDATE terminals SET place = 'moon'")
    before = read_back(kafka.bootstrap_servers, TERMINALS.name)
    said = machine.refused("restore", str(file))
    assert ("there is no file" if made == "missing" else "is not a registry of terminals") in said
    assert "name a file that `fairpulse terminals backup` made" in said
    assert read_back(kafka.bootstrap_servers, TERMINALS.name) == before


def test_a_backup_brings_all_terminals_into_an_empty_topic_and_no_revocation_is_lost(
    kafka: LocalKafka, machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    one, two = machines
    token = one.done("enrol", "stand-15", "--booth", "h1-001")
    lost = one.done("enrol", "stand-6", "--booth", "h1-001")
    backup, known = tmp_path / "backup", len(one.done("list").splitlines())
    saved = one.run("backup", str(backup))
    assert (saved.exit_code, stat.S_IMODE(backup.stat().st_mode)) == (0, 0o600)
    upto = len(read_back(kafka.bootstrap_servers, TERMINALS.name))
    assert f", as of record {upto} of the topic in {backup}" in saved.stderr
    one.done("revoke", "stand-6")
    assert two.done("list")
    two.stop()
    asyncio.run(delete_topics(kafka.bootstrap_servers, TERMINALS.name))
    eventually(lambda: "there is no topic fair.terminals" in one.readiness, "it says that the topic is gone")
    make_topics(kafka.bootstrap_servers)
    cure = f"run `fairpulse terminals restore {one.path}` once"
    eventually(lambda: "anew" in one.readiness and cure in one.readiness, "it says what to do")
    assert one.ask(token) == (503, "registry_unreadable")

    fresh = Machine(kafka.bootstrap_servers, tmp_path / "fresh")
    assert f"added or changed: {known} terminals" in fresh.run("restore", str(backup)).stderr
    assert "stand-6  1 token" in fresh.done("list")  # as the backup has it
    assert "changed: 1 terminal, 0 tokens, 1 revoked token, 0" in one.run("restore", str(one.path)).stderr
    one.wait_ready()  # without a restart
    assert one.status(token) == 200
    assert one.status(lost) == 401
    assert "stand-6  revoked" in fresh.done("list")
    two.gateway.start(wait=False)  # its file has nothing that the topic does not know
    eventually(lambda: two.status(token) == 200, "the other gateway follows the new topic by itself")
    assert two.status(lost) == 401


def test_a_backup_does_not_revive_what_the_registry_file_knows_to_be_revoked(kafka: LocalKafka, tmp_path: Path) -> None:
    """Neither the backup nor the topic made anew knows it."""
    machine, backup = Machine(kafka.bootstrap_servers, tmp_path / "machine"), tmp_path / "backup"
    lost = replace(BOOTH, terminal_id="stand-9")
    Paired(machine.path).enrol(lost)
    with closing(sqlite3.connect(machine.path)) as file, closing(sqlite3.connect(backup)) as copy:
        file.backup(copy)
    with closing(Registry(machine.path)) as registry:
        registry.revoke(lost.terminal_id, NOW)
    said = machine.run("restore", str(backup)).stderr
    assert "left out: 1 token that the registry knows to be revoked" in said
    assert f"{lost.terminal_id}  revoked" in machine.done("list")


def test_no_restore_overwrites_what_an_earlier_one_kept_aside(kafka: LocalKafka, tmp_path: Path) -> None:
    machine, backup = Machine(kafka.bootstrap_servers, tmp_path / "machine"), tmp_path / "backup"
    Paired(backup).enrol(replace(BOOTH, terminal_id="stand-20"))
    for name in ("stand-21", "stand-22"):  # only the file knows them
        machine.path.unlink(missing_ok=True)
        Paired(machine.path).enrol(replace(BOOTH, terminal_id=name))
        assert "before-restore" in machine.run("restore", str(backup)).stderr
    kept = sorted(machine.folder.glob("*.before-restore*"))
    assert [set(read_backup(one).rows.terminals) for one in kept] == [{"stand-21"}, {"stand-22"}]


async def test_a_change_counts_once_it_is_committed_and_never_if_it_is_given_up(
    machines: tuple[Machine, Machine],
) -> None:
    """Each transaction leaves a marker too, which takes an offset but is not a record."""
    machine = machines[0]
    token = await asyncio.to_thread(machine.done, "enrol", "stand-91", "--booth", "h1-001")
    for is_committed in (False, True):
        await asyncio.to_thread(machine.done, "list")
        record = RawRecord(TERMINALS.name, b"revoke", revocation_of(machine, "stand-91"))
        for one in (RawRecord(TERMINALS.name, b"nobody", b"nonsense"), record):
            await (commit if is_committed else abort)(machine.servers, [one], 0)
        after = await asyncio.to_thread(machine.done, "enrol", f"after-{is_committed}", "--desk")
        for one in machines:
            await asyncio.to_thread(eventually, lambda one=one, after=after: one.status(after) == 200, "changes count")  # type: ignore[misc]
            assert await asyncio.to_thread(one.status, token) == (401 if is_committed else 200)
        assert ("revoked" in _line_of("stand-91", await asyncio.to_thread(machines[1].done, "list"))) is is_committed


async def test_a_command_waits_for_a_transaction_that_is_about_to_end(
    machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka tells a producer that its transaction has ended before the marker is in the log."""
    looked, extent = asyncio.Event(), TerminalsTopic.extent
    loop = asyncio.get_running_loop()

    async def look(topic: TerminalsTopic) -> Readable:
        found = await extent(topic)
        if not found.is_all:
            loop.call_soon_threadsafe(looked.set)
        return found

    monkeypatch.setattr(TerminalsTopic, "extent", look)
    monkeypatch.setattr("producers.registry.topic.OPEN_S", 60.0)
    async with transactional(machines[0].servers) as stranger:
        await stranger.begin_transaction()
        await stranger.send_and_wait(TERMINALS.name, b"nonsense", b"nobody")
        command = asyncio.create_task(asyncio.to_thread(machines[0].done, "enrol", "patient", "--desk"))
        await asyncio.wait_for(looked.wait(), 60)
        await stranger.abort_transaction()
        assert await command


async def test_while_a_transaction_is_open_a_revocation_may_be_missed_so_nobody_is_let_in(
    machines: tuple[Machine, Machine],
) -> None:
    token = await asyncio.to_thread(machines[0].done, "enrol", "stand-92", "--booth", "h1-001")
    for one in machines:
        await asyncio.to_thread(eventually, lambda one=one: one.status(token) == 200, "it is known")  # type: ignore[misc]
    value = revocation_of(machines[0], "stand-92")
    async with transactional(machines[0].servers) as stranger:
        await stranger.begin_transaction()
        at = (await stranger.send_and_wait(TERMINALS.name, b"nonsense", b"nobody")).offset
        async with AIOKafkaProducer(bootstrap_servers=machines[0].servers) as producer:
            await producer.send_and_wait(TERMINALS.name, value, b"revoke")
        told = f"topic {TERMINALS.name} has an open transaction at offset {at}, and what is behind it cannot be read"
        for words in (
            ("enrol", "new", "--desk"),
            ("revoke", "stand-92"),
            ("restore", str(machines[1].path), "--dry-run"),
        ):
            said = await asyncio.to_thread(machines[0].refused, *words)
            assert told in said
            assert f"--partition 0 --start-offset {at}" in said
        for one in machines:
            await asyncio.to_thread(eventually, lambda one=one: told in one.readiness, "it is not ready")  # type: ignore[misc]
            assert await asyncio.to_thread(one.ask, token) == (503, "registry_unreadable")
            assert one.gateway.metric("fair_gateway_registry_age_seconds") > SHARED_STALE_S
        await stranger.abort_transaction()
    for one in machines:
        await asyncio.to_thread(one.wait_ready)
        assert await asyncio.to_thread(one.status, token) == 401


def revocation_of(machine: Machine, terminal: str) -> bytes:
    """Return the record that a machine would write now to revoke a terminal."""
    mark, rows, _ = rehearse(machine.path, lambda rules: rules.revoke(terminal, NOW))
    return change_text(RegistryChange(VERSION, "0" * 32, mark.head, "revoke", 1, rows))


def _line_of(terminal: str, listed: str) -> str:
    return next(line for line in listed.splitlines() if f"/{terminal} " in line)


def test_a_damaged_file_is_named_and_made_anew_when_it_is_moved_away(machines: tuple[Machine, Machine]) -> None:
    machine = machines[1]
    token = machine.done("enrol", "stand-18", "--booth", "h1-001")
    eventually(lambda: machine.status(token) == 200, "it is known")
    with machine.path.open("r+b") as file:
        file.write(b"x" * 4_096)
    eventually(lambda: "is damaged" in machine.readiness and "move it away" in machine.readiness, "it is named")
    machine.path.unlink()
    machine.wait_ready()
    assert machine.status(token) == 200

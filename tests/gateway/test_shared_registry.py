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
from click.testing import CliRunner, Result

from producers.gateway.tls.files import Files
from producers.registry.backup import read_backup
from producers.registry.badge_keys import BadgeKey, tell_in
from producers.registry.cli import terminals
from producers.registry.doorkeeper import SHARED_STALE_S, Doorkeeper, RegistryUnreadable
from producers.registry.follower import Follower
from producers.registry.sharing import change
from producers.registry.store import Registry
from schemas.api.terminals import PlaceKind, Terminal, Token
from schemas.errors import FairpulseError
from schemas.fair.file import example_fair_path
from schemas.settings import KafkaSettings
from schemas.topics import TERMINALS
from streams.kafka.topics import ensure_topics
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, DESK, FAIR_ID, NOW, GatewayProcess, Paired
from tests.support.topics import delete_topics
from tests.support.workers import eventually, read_back

pytestmark = pytest.mark.broker

ONE, TWO = "0123456789abcdef", "fedcba9876543210"
STALE = "the registry of terminals is not known to be up to date within 10 s"
CURE = "run `fairpulse terminals restore"


class Machine:
    """A machine: a registry file, the commands, and a gateway that is not started.

    Attributes:
        servers: how its programs reach Kafka.
    """

    def __init__(self, servers: str, folder: Path, **settings: str) -> None:
        folder.mkdir()
        self.servers, self.folder = servers, folder
        self.path = folder / "terminals.sqlite"
        self.paired = Paired(self.path)
        self.gateway = GatewayProcess(servers, self.paired, folder / "gateway.log", terminals_shared="true", **settings)

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self.servers)

    def run(self, *words: str, **settings: str) -> Result:
        """Run a command of the registry on this machine."""
        environment = {
            "FAIRPULSE_BOOTSTRAP_SERVERS": self.servers,
            "FAIRPULSE_FAIR_FILE": str(example_fair_path("small")),
            "FAIRPULSE_TERMINALS_FILE": str(self.path),
            **{f"FAIRPULSE_{name.upper()}": value for name, value in settings.items()},
        }
        return CliRunner(env=environment).invoke(terminals, words)

    def done(self, *words: str) -> str:
        """Run a command that works; return what it prints."""
        ran = self.run(*words)
        assert ran.exit_code == 0, ran.exception
        return ran.stdout.strip()

    def refused(self, *words: str) -> str:
        """Run a command that does not work; return why."""
        ran = self.run(*words)
        assert isinstance(ran.exception, FairpulseError), ran.stdout
        return str(ran.exception)

    def status(self, token: str) -> int:
        """Return how the gateway answers a terminal that asks who it is; 0 while it does not."""
        return self.ask(token)[0]

    def ask(self, token: str, **headers: str) -> tuple[int, str]:
        self.paired.tokens[BOOTH.terminal_id] = token
        try:
            answer = self.gateway.post(b"", path="/v1/terminal", method="GET", headers=headers)
        except OSError:
            return 0, ""
        return answer.status, answer.json.get("badge_key" if answer.status == 200 else "code")

    @property
    def readiness(self) -> str:
        return self.gateway.get("/readyz")[1]

    def stop(self) -> None:
        assert self.gateway.stop() == 0, self.gateway.said()
        assert "Traceback" not in self.gateway.said()
        assert "because of a bug" not in self.gateway.said()


def make_topics(servers: str) -> None:
    asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=servers, partitions=1)))


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
        eventually(lambda one=one: one.readiness == "ready\n", "a gateway is ready")  # type: ignore[misc]
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
        eventually(lambda machine=machine: machine.readiness == "ready\n", "it is ready")  # type: ignore[misc]


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
    eventually(lambda: one.readiness == "ready\n", "the gateway goes on without a restart")
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


async def test_transactions_in_the_topic_stop_nobody(machines: tuple[Machine, Machine]) -> None:
    """Each leaves a marker, which takes an offset but is not a record."""
    machine = machines[0]
    async with AIOKafkaProducer(bootstrap_servers=machine.servers, transactional_id="stranger") as producer:
        for _ in range(2):
            async with producer.transaction():
                await producer.send_and_wait(TERMINALS.name, b"nonsense", b"nobody")
    token = await asyncio.to_thread(machine.done, "enrol", "after-two", "--desk")
    for one in machines:
        await asyncio.to_thread(eventually, lambda one=one: one.status(token) == 200, "changes count")  # type: ignore[misc]


def test_a_damaged_file_is_named_and_made_anew_when_it_is_moved_away(machines: tuple[Machine, Machine]) -> None:
    machine = machines[1]
    token = machine.done("enrol", "stand-18", "--booth", "h1-001")
    eventually(lambda: machine.status(token) == 200, "it is known")
    with machine.path.open("r+b") as file:
        file.write(b"x" * 4_096)
    eventually(lambda: "is damaged" in machine.readiness and "move it away" in machine.readiness, "it is named")
    machine.path.unlink()
    eventually(lambda: machine.readiness == "ready\n", "the gateway has made it anew")
    assert machine.status(token) == 200

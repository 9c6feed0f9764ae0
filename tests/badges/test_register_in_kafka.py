"""The register on a real Kafka, from the first import to the last trace of an erased person."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from click.testing import CliRunner

from producers.badges import importing, registering
from producers.badges.book import Book, Registration
from producers.badges.change import Change, Effect, erasure
from producers.badges.cli import badges
from producers.badges.desk import reprint
from producers.badges.follower import BadgeFollower, read_book
from producers.badges.importing import ImportPlan, planned, write
from producers.badges.place import RegisterPlace
from producers.badges.waiting import waiting_events
from producers.badges.writing import codes_record, opened_writer, registration_record
from producers.records import RawRecord
from schemas.badges.key import key_fingerprint
from schemas.badges.register import WornCodes, code_hash, encode_spent, person_ref
from schemas.codes import BadgeRole
from schemas.errors import FairpulseError, Unavailable
from schemas.settings import KafkaSettings
from schemas.topics import BADGE_CODES, BADGES, UNRESOLVED, Topic
from schemas.wire import encode
from streams.kafka.topics import admin, create_topics
from streams.local.kafka import LocalKafka
from tests.support.builders import FAIR as FAIR_ID
from tests.support.builders import badge, local, scan
from tests.support.register import FAIR, KEY, code, fair_file
from tests.support.topics import delete_topics

pytestmark = pytest.mark.broker

PARTITIONS: Final = 3
REGISTER_TOPICS: Final = (BADGES, BADGE_CODES, UNRESOLVED)
AT_ONCE: Final = {"segment.ms": "1000", "min.cleanable.dirty.ratio": "0", "delete.retention.ms": "0"}
"""Settings with which Kafka compacts after seconds."""
SOON_S: Final = 60.0

Run = Callable[..., str]


@pytest.fixture(scope="module")
def local_kafka() -> Iterator[LocalKafka]:
    with LocalKafka.start() as kafka:
        yield kafka


@pytest.fixture
def kafka(local_kafka: LocalKafka) -> Iterator[KafkaSettings]:
    """A Kafka with an empty register."""
    settings = KafkaSettings(bootstrap_servers=local_kafka.bootstrap_servers, partitions=PARTITIONS)
    asyncio.run(make(settings))
    yield settings
    asyncio.run(delete_topics(settings.bootstrap_servers, *(topic.name for topic in REGISTER_TOPICS)))


async def make(settings: KafkaSettings, *topics: Topic) -> None:
    """Create topics of the register, and wait until Kafka shows them to everybody."""
    async with admin(settings) as client:
        await create_topics(client, settings, topics or REGISTER_TOPICS)
    deadline = monotonic() + SOON_S
    while True:
        try:
            await read_book(settings, FAIR_ID)
            await waiting_events(settings)
        except Unavailable:
            assert monotonic() < deadline
            await asyncio.sleep(0.2)
        else:
            return


@pytest.fixture
def run(kafka: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs `fairpulse badges` and returns what it prints; it raises the command's error."""
    monkeypatch.setenv("FAIRPULSE_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("FAIRPULSE_FAIR_FILE", str(fair_file(tmp_path)))
    monkeypatch.setenv("FAIRPULSE_BADGE_KEY", KEY.decode())

    def run(*words: str, code: int = 0, typed: str = "") -> str:
        result = CliRunner().invoke(badges, words, input=typed)
        if isinstance(result.exception, FairpulseError):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.output

    return run


def file_of(folder: Path, *lines: str) -> str:
    path = folder / "persons.csv"
    path.write_text("\n".join(["person,role,country,codes", *lines, ""]))
    return str(path)


def put(kafka: KafkaSettings, *records: RawRecord) -> None:
    async def write() -> None:
        async with opened_writer(kafka) as writer:
            await writer.write(records)

    asyncio.run(write())


def all_records(kafka: KafkaSettings, topic: str) -> list[ConsumerRecord]:
    async def read() -> list[ConsumerRecord]:
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        found: list[ConsumerRecord] = []
        async with AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers) as consumer:
            consumer.assign(places)
            await consumer.seek_to_beginning()
            ends = await consumer.end_offsets(places)
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
        return found

    return asyncio.run(read())


def codes_must_be_gone(kafka: KafkaSettings, person: str, *numbers: int) -> None:
    book = asyncio.run(read_book(kafka, FAIR_ID))
    assert book.codes_of(person) == WornCodes(())
    assert all(book.is_spent(code_hash(KEY, code(number))) for number in numbers)


def test_a_person_is_imported_shown_reprinted_and_erased(run: Run, kafka: KafkaSettings, tmp_path: Path) -> None:
    ada, bob = f"ada,vip_gov,FR,{code(1)}", f"bob,media,,{code(2)}"
    assert "would be: new 2, changed 0" in run("import", file_of(tmp_path, ada, bob), "--dry-run")
    assert not all_records(kafka, BADGES.name)
    assert "new 2, changed 0, unchanged 0, refused 0" in run("import", file_of(tmp_path, ada, bob))
    assert "new 0, changed 0, unchanged 2, refused 0" in run("import", file_of(tmp_path, ada, bob))
    assert len(all_records(kafka, BADGES.name)) == 2
    assert len(all_records(kafka, BADGE_CODES.name)) == 3, "the first import also says whose register it is"

    shown = run("show", code(1).lower())
    assert f"person     {person_ref(KEY, 'ada')}" in shown
    for fact in (
        "role       vip_gov",
        "country    FR",
        "revision   1",
        "this code  in force",
        "1 in force, 0 replaced",
    ):
        assert fact in shown
    assert code(1) not in shown
    assert "country    unknown" in run("show", "--person", "bob")

    assert "1 in force, 1 replaced" in run("replace", code(1), code(3))
    assert "1 in force, 1 replaced" in run("replace", code(1), code(3))
    assert "this code  replaced" in run("show", code(1))
    assert "this code  in force" in run("show", code(3))
    assert "unchanged 2" in run("import", file_of(tmp_path, ada, bob)), "the old code stays replaced"
    with pytest.raises(FairpulseError, match="NEW is in the register already"):
        run("replace", code(3), code(2))
    with pytest.raises(FairpulseError, match="OLD was replaced before"):
        run("replace", code(1), code(4))
    with pytest.raises(FairpulseError, match="does not have this code"):
        run("replace", code(5), code(6))

    with pytest.raises(FairpulseError, match=r"nothing was erased; .*--yes"):
        run("erase", "--person", "ada")
    erased = run("erase", "--person", "ada", "--yes")
    assert "gone: codes: 1 in force, 1 replaced" in erased
    assert "stays: the reference, the role, the country, and all counts" in erased
    assert "fair.unresolved" in erased
    assert "fair.rejected" in erased
    for number in (1, 3):
        for words in (("show", code(number)), ("erase", code(number), "--yes"), ("replace", code(number), code(4))):
            with pytest.raises(FairpulseError, match="this code was on the badge of a person who was erased"):
                run(*words)
    shown = run("show", "--person", "ada")
    for fact in ("role       vip_gov", "country    FR", "revision   2", "0 in force, 0 replaced", "erased     yes"):
        assert fact in shown

    assert "unchanged 1, erased 1 (left out), refused 0" in run("import", file_of(tmp_path, ada, bob))
    with pytest.raises(FairpulseError, match="nothing was imported: 1 of 2 lines"):
        run("import", file_of(tmp_path, ada, bob), "--again")
    with pytest.raises(FairpulseError, match="NEW was on the badge of a person who was erased"):
        run("replace", code(2), code(1))
    spent = {one.key: one.value for one in all_records(kafka, BADGE_CODES.name)}
    for number in (1, 3):
        assert spent[code_hash(KEY, code(number)).encode()] == b'{"spent":true}'
    assert "changed 1" in run("import", file_of(tmp_path, f"ada,vip_gov,FR,{code(4)}", bob), "--again")
    assert "revision   3" in run("show", code(4))


def test_a_register_of_another_key_or_fair_is_refused_before_the_first_write(
    run: Run, kafka: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_of(tmp_path, f"ada,media,DE,{code(1)}")
    run("import", file_of(tmp_path), code=0)
    [origin] = all_records(kafka, BADGE_CODES.name)
    assert origin.key == b"key"
    assert json.loads(origin.value) == {"badge_key": key_fingerprint(KEY), "fair_id": FAIR_ID}
    file_of(tmp_path, f"ada,media,DE,{code(1)}")
    run("import", path)
    commands = [
        ("import", path), ("import", path, "--dry-run"), ("check", path), ("show", code(1)),
        ("erase", code(1), "--yes"), ("replace", code(1), code(2)),
    ]  # fmt: skip
    monkeypatch.setenv("FAIRPULSE_BADGE_KEY", KEY.decode()[::-1])
    for words in commands:
        with pytest.raises(FairpulseError, match=r"another badge key.* set FAIRPULSE_BADGE_KEY .*first import"):
            run(*words)
    monkeypatch.setenv("FAIRPULSE_BADGE_KEY", KEY.decode())
    other = tmp_path / "other.yaml"
    other.write_text(fair_file(tmp_path).read_text().replace(FAIR_ID, "another-fair"))
    for words in commands:
        with pytest.raises(FairpulseError, match=f"the register of the fair {FAIR_ID}, not of another-fair; .*--fair"):
            run(*words, "--fair", str(other))
    assert len(all_records(kafka, BADGES.name)) == 1
    assert len(all_records(kafka, BADGE_CODES.name)) == 2


def test_registrations_of_another_fair_without_its_name_are_noticed_too(
    run: Run, kafka: KafkaSettings, tmp_path: Path
) -> None:
    put(kafka, registration_record(badge("bob"), Registration(1, BadgeRole.MEDIA), "another-fair", local("09:00")))
    with pytest.raises(FairpulseError, match=f"fair.badges has 1 registrations of another fair than {FAIR_ID}"):
        run("import", file_of(tmp_path, "ada,media,DE,"))
    assert not all_records(kafka, BADGE_CODES.name)


def test_persons_whose_key_nobody_knows_are_proven_by_one_of_them_or_nothing_is_imported(
    run: Run, kafka: KafkaSettings, tmp_path: Path
) -> None:
    said = Registration(1, BadgeRole.MEDIA)
    put(kafka, registration_record(person_ref(KEY, "ada"), said, FAIR_ID, local("09:00")))
    for words in (("import",), ("import", "--skip-bad"), ("check",)):
        with pytest.raises(FairpulseError, match=r"has 1 persons and does not say with which badge key.* names one of"):
            run(*words, file_of(tmp_path, f"bob,media,DE,{code(1)}"))
    assert not all_records(kafka, BADGE_CODES.name)
    run("import", file_of(tmp_path, f"bob,media,DE,{code(1)}", "ada,media,DE,"))
    assert b"key" in {one.key for one in all_records(kafka, BADGE_CODES.name)}
    run("import", file_of(tmp_path, f"cem,media,DE,{code(2)}"))


def test_a_check_lists_the_persons_of_each_code_that_several_have_until_one_is_erased(
    run: Run, kafka: KafkaSettings, tmp_path: Path
) -> None:
    lines = (f"ada,media,DE,{code(1)}", f"bob,media,DE,{code(2)}")
    run("import", file_of(tmp_path, *lines))
    assert "codes that several persons have: 0\n" in run("check", file_of(tmp_path, *lines))
    bob, somebody = person_ref(KEY, "bob"), "f" * 32
    both = WornCodes((code_hash(KEY, code(2)), code_hash(KEY, code(1))))
    put(
        kafka,
        codes_record(bob, both),
        registration_record(somebody, Registration(1, BadgeRole.MEDIA), FAIR_ID, local("09:00")),
        codes_record(somebody, WornCodes((code_hash(KEY, code(2)),))),
    )
    told = run("check", file_of(tmp_path, "ada,media,DE,", "bob,media,DE,"), code=1)
    first = ("line 2", "line 3") if person_ref(KEY, "ada") < bob else ("line 3", "line 2")
    assert told.endswith(
        "codes that several persons have: 2\n"
        + "".join(
            sorted(f"  {one}; the first one has it\n" for one in (" and ".join(first), f"line 3 and person {somebody}"))
        )
    )
    run("erase", "--person", "bob", "--yes")
    assert "codes that several persons have: 0\n" in run("check", file_of(tmp_path, "ada,media,DE,"), code=1)


def test_codes_are_read_from_standard_input_so_that_nobody_sees_them(run: Run, tmp_path: Path) -> None:
    run("import", file_of(tmp_path, f"ada,media,DE,{code(1)}"))
    assert "this code  in force" in run("show", "-", typed=f"{code(1)}\n")
    assert "role       media" in run("show", "--person", "-", typed="ada\n")
    assert "1 in force, 1 replaced" in run("replace", "-", "-", typed=f"{code(1)}\n{code(2)}\n")
    with pytest.raises(FairpulseError, match="standard input has no line for -"):
        run("show", "-", typed="\n")
    assert "1 in force, 1 replaced" in run("erase", "-", "--yes", typed=f"{code(2)}\n")


def test_what_others_wrote_after_the_plan_is_not_undone(kafka: KafkaSettings, tmp_path: Path) -> None:
    """A person is erased, another gets a correction, and a code is given away, while an import thinks."""
    place = RegisterPlace(FAIR, KEY, kafka)
    ada, bob, cem = (person_ref(KEY, name) for name in ("ada", "bob", "cem"))
    spent, taken = code_hash(KEY, code(4)), code_hash(KEY, code(3))
    old = Registration(1, BadgeRole.MEDIA, "DE")
    put(kafka, *(registration_record(one, old, FAIR_ID, local("09:00")) for one in (ada, bob)))
    path = tmp_path / "persons.csv"
    path.write_text(
        "person,role,country,codes,revision\n"
        f"ada,vip_gov,US,{code(1)},7\nbob,vip_gov,US,,2\ncem,media,,{code(3)},\ndan,media,,{code(4)},\neve,media,,,\n"
    )

    async def imported() -> ImportPlan:
        plan = await planned(place, path, lambda _: None)
        assert plan.counts == {Effect.NEW: 3, Effect.CHANGED: 2}
        later = Registration(3, BadgeRole.SPEAKER, "FR")
        async with opened_writer(kafka) as writer:
            await writer.write([registration_record(ada, erasure(old), FAIR_ID, local("09:00"))])
            await writer.write([registration_record(bob, later, FAIR_ID, local("09:00"))])
            await writer.write([codes_record(badge("somebody"), WornCodes((taken,)))])
            await writer.write([RawRecord(BADGE_CODES.name, spent.encode(), encode_spent())])
        await write(place, plan, lambda: local("09:00"), lambda _: None)
        return plan

    plan = asyncio.run(imported())
    assert +plan.counts == {Effect.NEW: 1, Effect.ERASED: 1, Effect.OLDER: 1}
    assert [(one.line, one.text.split(";")[0]) for one in plan.problems] == [
        (4, "code 1 is on the badge of another person"),
        (5, "code 1 was on the badge of a person who was erased"),
    ]
    book = asyncio.run(read_book(kafka, FAIR_ID))
    assert book.registration(ada) == erasure(old)
    assert book.person_of(code_hash(KEY, code(1))) is None
    assert book.registration(bob) == Registration(3, BadgeRole.SPEAKER, "FR")
    assert book.registration(cem) is None
    assert book.registration(person_ref(KEY, "eve")) is not None


@pytest.mark.parametrize(("others_write", "cem"), [(False, None), (True, Registration(2, BadgeRole.SPEAKER))])
def test_an_import_looks_before_each_part_whether_others_wrote(
    kafka: KafkaSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    others_write: bool,
    cem: Registration | None,
) -> None:
    """Three persons are three parts here; while the first is written, the last one gets a higher revision."""
    place, path = RegisterPlace(FAIR, KEY, kafka), tmp_path / "persons.csv"
    path.write_text("person,role,revision\nada,media,1\nbob,media,1\ncem,media,1\n")
    looked: list[int] = []
    in_order, replanned = registering._in_order, ImportPlan.replanned

    def during(changes: Sequence[Change], fair_id: str, now: datetime) -> Iterator[list[RawRecord]]:
        if others_write and [one.person for one in changes] == [person_ref(KEY, "ada")]:
            assert cem is not None
            with ThreadPoolExecutor() as pool:
                record = registration_record(person_ref(KEY, "cem"), cem, FAIR_ID, now)
                pool.submit(put, kafka, record).result()
        return in_order(changes, fair_id, now)

    def counted(plan: ImportPlan, changes: Sequence[Change], book: Book) -> list[Change]:
        looked.append(len(changes))
        return replanned(plan, changes, book)

    monkeypatch.setattr(importing, "AT_ONCE", 1)
    monkeypatch.setattr(registering, "_in_order", during)
    monkeypatch.setattr(ImportPlan, "replanned", counted)

    async def imported() -> ImportPlan:
        plan = await planned(place, path, lambda _: None)
        await write(place, plan, lambda: local("09:00"), lambda _: None)
        return plan

    plan = asyncio.run(imported())
    assert looked == ([1, 1] if others_write else []), "without others, the plan stands"
    assert +plan.counts == ({Effect.NEW: 2, Effect.OLDER: 1} if others_write else {Effect.NEW: 3})
    book = asyncio.run(read_book(kafka, FAIR_ID))
    assert book.registration(person_ref(KEY, "cem")) == (cem or Registration(1, BadgeRole.MEDIA))


def test_codes_written_in_the_moment_of_an_erasure_do_not_stay(
    kafka: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure falls between the last look of an import and its write."""
    place, ada = RegisterPlace(FAIR, KEY, kafka), person_ref(KEY, "ada")
    put(kafka, registration_record(ada, Registration(1, BadgeRole.MEDIA), FAIR_ID, local("09:00")))
    path = tmp_path / "persons.csv"
    path.write_text(f"person,role,codes\nada,vip_gov,{code(1)}\n")

    def late(changes: Sequence[Change], fair_id: str, now: datetime) -> Iterator[list[RawRecord]]:
        said = erasure(Registration(1, BadgeRole.MEDIA))
        with ThreadPoolExecutor() as pool:
            pool.submit(put, kafka, registration_record(ada, said, FAIR_ID, local("09:00"))).result()
        return in_order(changes, fair_id, now)

    in_order = registering._in_order
    monkeypatch.setattr(registering, "_in_order", late)

    async def imported() -> None:
        await write(place, await planned(place, path, lambda _: None), lambda: local("09:00"), lambda _: None)

    asyncio.run(imported())
    book = asyncio.run(read_book(kafka, FAIR_ID))
    registration = book.registration(ada)
    assert registration is not None
    assert registration.erased, "an erasure ranks before all else under its revision"
    assert book.codes_of(ada) == WornCodes(())
    assert book.is_spent(code_hash(KEY, code(1)))


@pytest.mark.parametrize("look", [2, 3], ids=["before it is written", "after it was written"])
def test_a_reprint_in_the_moment_of_an_erasure_leaves_no_code(
    run: Run, kafka: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    """The erasure knows of the first code alone, and ends right before or after the reprint writes the second one."""
    run("import", file_of(tmp_path, f"ada,media,DE,{code(1)}"))
    ada, looks, catch_up = person_ref(KEY, "ada"), [], BadgeFollower.catch_up
    erased = [
        registration_record(ada, erasure(Registration(1, BadgeRole.MEDIA, "DE")), FAIR_ID, local("09:00")),
        RawRecord(BADGE_CODES.name, code_hash(KEY, code(1)).encode(), encode_spent()),
        codes_record(ada, None),
    ]

    async def looked(follower: BadgeFollower) -> Book:
        looks.append(1)
        if len(looks) == 3:
            await asyncio.to_thread(put, kafka, *(erased if look == 3 else []))
        book = await catch_up(follower)
        if len(looks) == look == 2:
            await asyncio.to_thread(put, kafka, *erased)
        return book

    monkeypatch.setattr(BadgeFollower, "catch_up", looked)
    with pytest.raises(FairpulseError, match="was changed for this person at the same moment; run it again"):
        asyncio.run(reprint(RegisterPlace(FAIR, KEY, kafka), code(1), code(2)))
    monkeypatch.undo()
    codes_must_be_gone(kafka, ada, 1, 2)


def test_codes_that_an_import_left_with_an_erased_person_go_with_the_next_import(
    run: Run, kafka: KafkaSettings, tmp_path: Path
) -> None:
    """It broke off between the codes and its last look."""
    path = file_of(tmp_path, f"ada,media,DE,{code(1)}")
    run("import", path)
    run("erase", "--person", "ada", "--yes")
    ada = person_ref(KEY, "ada")
    put(kafka, codes_record(ada, WornCodes((code_hash(KEY, code(2)),))))
    assert "erased 1 (left out)" in run("import", path)
    codes_must_be_gone(kafka, ada, 1, 2)


def test_an_erasure_that_broke_off_is_finished_by_the_same_command(
    run: Run, kafka: KafkaSettings, tmp_path: Path
) -> None:
    run("import", file_of(tmp_path, f"ada,media,DE,{code(1)} {code(2)}"))
    ada, said = person_ref(KEY, "ada"), erasure(Registration(1, BadgeRole.MEDIA, "DE"))
    put(
        kafka,
        registration_record(ada, said, FAIR_ID, local("09:00")),
        RawRecord(BADGE_CODES.name, code_hash(KEY, code(1)).encode(), encode_spent()),
    )
    with pytest.raises(FairpulseError, match="the erasure of this person broke off; run `fairpulse badges erase`"):
        run("replace", code(1), code(3))
    run("erase", code(1), "--yes")
    codes_must_be_gone(kafka, ada, 1, 2)


def test_kafka_forgets_the_codes_of_a_person_who_was_erased(run: Run, kafka: KafkaSettings, tmp_path: Path) -> None:
    async def hurry() -> None:
        config = {**BADGE_CODES.config(), **AT_ONCE, "max.compaction.lag.ms": "1000"}
        async with admin(kafka) as client:
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, BADGE_CODES.name, config)])

    asyncio.run(hurry())
    run("import", file_of(tmp_path, f"ada,media,DE,{code(1)}", f"bob,media,DE,{code(2)}"))
    run("erase", code(1), "--yes")
    ada, bob = person_ref(KEY, "ada").encode(), person_ref(KEY, "bob").encode()
    left = all_records(kafka, BADGE_CODES.name)
    assert [one.value for one in left if one.key == ada][-1] is None
    deadline = monotonic() + SOON_S
    while any(one.key == ada and one.value for one in left):
        assert monotonic() < deadline, "Kafka has not compacted the topic"
        sleep(2)  # the next record in a partition lets Kafka begin a new segment, and the one before is compacted
        put(kafka, *(codes_record(badge(f"other {number}"), WornCodes(())) for number in range(20)))
        left = all_records(kafka, BADGE_CODES.name)
    assert code_hash(KEY, code(1)).encode() not in b"".join(one.value or b"" for one in left)
    assert code_hash(KEY, code(2)).encode() in b"".join(one.value or b"" for one in left if one.key == bob)
    registrations = [one for one in all_records(kafka, BADGES.name) if one.key == ada]
    assert len(registrations) == 2, "who the person was stays, so the counts stay"


def test_an_import_says_how_many_events_waited_for_its_codes(run: Run, kafka: KafkaSettings, tmp_path: Path) -> None:
    first, second = code_hash(KEY, code(1)), code_hash(KEY, code(2))
    events = [scan(first), scan(first), scan(second)]
    waiting = [RawRecord(UNRESOLVED.name, str(one.badge_ref).encode(), encode(one)) for one in events]
    mark = b'{"terminal_id":"%s","event_id":"%s","released_at":"2025-10-25T09:00:00Z"}' % (
        events[0].terminal_id.encode(),
        events[0].event_id.encode(),
    )
    asyncio.run(send(kafka, [*waiting, RawRecord(UNRESOLVED.name, first.encode(), mark)]))
    told = run("import", file_of(tmp_path, f"ada,media,DE,{code(1)}"))
    assert "1 event waited for codes that are registered now" in told


async def send(kafka: KafkaSettings, records: Sequence[RawRecord]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers) as producer:
        for one in records:
            await producer.send_and_wait(one.topic, one.value, one.key)


def test_a_file_with_a_bad_line_is_imported_only_without_it(run: Run, kafka: KafkaSettings, tmp_path: Path) -> None:
    path = file_of(tmp_path, f"ada,media,UK,{code(1)}", "bob,media,DE,")
    with pytest.raises(FairpulseError, match=r"nothing was imported: 1 of 2 lines are refused; .*--skip-bad"):
        run("import", path)
    assert not all_records(kafka, BADGES.name)
    told = run("import", path, "--skip-bad")
    assert "new 1, changed 0, unchanged 0, refused 1" in told
    assert 'line 2: country "UK" is not on the list of ISO 3166-1; did you mean GB?' in told


def test_a_file_is_compared_with_the_register(run: Run, tmp_path: Path) -> None:
    run("import", file_of(tmp_path, "ada,media,DE,", "bob,media,DE,", "cem,speaker,TR,", "dan,media,DE,"))
    run("erase", "--person", "dan", "--yes")
    told = run("check", file_of(tmp_path, "ada,media,US,", "eve,media,DE,"), code=1)
    assert "an import would be: new 1, changed 1, unchanged 0, refused 0" in told
    assert "in the register and not in the file: 2 (media 1, speaker 1)" in told
    everybody = ("ada,media,DE,", "bob,media,DE,", "cem,speaker,TR,", "dan,media,DE,")
    told = run("check", file_of(tmp_path, *everybody), code=0)
    assert "unchanged 3, erased 1 (left out), refused 0" in told
    assert "in the register and not in the file: 0" in told
    run("import", file_of(tmp_path, "ada,media,US,"))
    old = tmp_path / "old.csv"
    old.write_text("person,role,country,revision\nada,media,DE,1\nbob,media,DE,1\ncem,speaker,TR,1\n")
    assert "older 1" in run("check", str(old), code=1)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        (
            "FAIRPULSE_BADGE_KEY",
            None,
            "FAIRPULSE_BADGE_KEY: is missing; set FAIRPULSE_BADGE_KEY to the fair's badge key",
        ),
        ("FAIRPULSE_BADGE_KEY", "short", "FAIRPULSE_BADGE_KEY"),
        ("FAIRPULSE_FAIR_FILE", None, "has no register of badges; write `badge_register: yes` into its fair file"),
    ],
)
@pytest.mark.parametrize("words", [("show", "x"), ("import", "/dev/null"), ("erase", "x"), ("replace", "x", "y")])
def test_without_a_key_or_a_register_every_command_says_what_to_do(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, told: str, words: tuple[str, ...]
) -> None:
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    with pytest.raises(FairpulseError) as refused:
        run(*words)
    assert told in str(refused.value)


def registered(name: str, revision: int = 1) -> RawRecord:
    return registration_record(badge(name), Registration(revision, BadgeRole.MEDIA), FAIR_ID, local("09:00"))


async def until(condition: Callable[[], bool], within_s: float = 120.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.05)


def test_a_follower_is_ready_at_the_end_and_takes_what_comes_also_after_a_restart_of_kafka(
    kafka: KafkaSettings, local_kafka: LocalKafka
) -> None:
    put(kafka, registered("ada"), codes_record(badge("ada"), WornCodes((badge("code"),))))
    put(kafka, RawRecord(BADGES.name, b"k", b"{}"), RawRecord(BADGE_CODES.name, b"k", b"{}"))
    foreign = registration_record(badge("bob"), Registration(1, BadgeRole.MEDIA), "another-fair", local("09:00"))
    put(kafka, foreign)
    told: list[FairpulseError] = []

    async def follow() -> None:
        follower = BadgeFollower(kafka, FAIR_ID, told=told.append)
        assert (follower.ready, follower.behind, follower.age_s) == (False, None, float("inf"))
        task = asyncio.create_task(follower.follow())
        try:
            await until(lambda: follower.ready)
            assert follower.behind == 0
            assert follower.age_s < 5
            assert follower.skipped == 3
            assert (len(follower.book), follower.book.person_of(badge("code"))) == (1, badge("ada"))
            await asyncio.to_thread(put, kafka, registered("cem"))
            await until(lambda: follower.book.is_person(badge("cem")))
            assert not told
            await asyncio.to_thread(local_kafka.restart)
            await asyncio.to_thread(put, kafka, registered("dan"), codes_record(badge("ada"), None))
            await until(lambda: follower.book.is_person(badge("dan")))
            await until(lambda: follower.book.person_of(badge("code")) is None)
            await until(lambda: follower.age_s < 2)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await follower.close()

    asyncio.run(follow())


def test_a_follower_tells_once_that_a_topic_was_made_anew_and_keeps_what_it_knows(kafka: KafkaSettings) -> None:
    put(kafka, *(registered(f"person {number}") for number in range(20)))
    told: list[FairpulseError] = []

    async def follow() -> None:
        follower = BadgeFollower(kafka, FAIR_ID, told=told.append)
        await follower.catch_up()
        await follower.close()
        await delete_topics(kafka.bootstrap_servers, BADGES.name)
        await make(kafka, BADGES)
        await asyncio.to_thread(put, kafka, registered("ada"))
        await follower.catch_up()
        await follower.close()
        assert len(follower.book) == 21

    asyncio.run(follow())
    assert len(told) == 1
    assert "lacks records that were read: the topic was made anew; " in str(told[0])
    assert "fairpulse badges import FILE" in told[0].hint


def test_a_topic_that_is_missing_is_told_with_its_remedy(run: Run, kafka: KafkaSettings) -> None:
    asyncio.run(delete_topics(kafka.bootstrap_servers, BADGE_CODES.name))
    try:
        with pytest.raises(FairpulseError, match=r"there is no topic fair.badge-codes; .*topics --create"):
            run("show", code(1))
    finally:
        asyncio.run(make(kafka, BADGE_CODES))

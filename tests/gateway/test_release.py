"""A scan of an unknown badge is acknowledged, waits, is counted apart, and is released once the badge is registered."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from producers.registry.badge_keys import read_badge_keys
from schemas.partitioning import partition_of
from schemas.topics import SCANS, UNRESOLVED
from streams.local.kafka import LocalKafka
from tests.support.gateway import BOOTH, GATE, GatewayProcess, Paired, enrolled, event
from tests.support.registered import KEY, PARTITIONS, fair_with_register, hashed, in_topic, person, register
from tests.support.workers import eventually


@pytest.fixture(scope="module")
def registered(log_of_events: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway of a fair with a register of badges."""
    folder = tmp_path_factory.mktemp("registered")
    paired = enrolled(folder / "terminals.sqlite")
    environment = {"FAIRPULSE_FAIR_FILE": str(fair_with_register(folder)), "FAIRPULSE_BADGE_KEY": KEY}
    process = GatewayProcess(log_of_events.bootstrap_servers, paired, folder / "gateway.log", environment).start()
    yield process
    assert process.stop() == 0, process.said()
    assert "because of a bug" not in process.said()
    assert "Traceback" not in process.said()


def entry(code: str) -> dict[str, object]:
    return event(GATE, data={"scan_kind": "entry", "badge_code": code})


def test_a_scan_waits_is_counted_apart_and_is_released_with_its_id(
    registered: GatewayProcess, log_of_events: LocalKafka, tmp_path: Path
) -> None:
    kafka, code, number = log_of_events.bootstrap_servers, f"W-{uuid4()}", str(uuid4())
    post = entry(code)
    which = str(post["id"])
    before = registered.metric("fair_unresolved_events")
    released = registered.metric("fair_released_events_total")
    persons = registered.metric("fair_register_persons")
    answer = registered.post(post, GATE)
    assert (answer.status, answer.json["accepted"]) == (202, 1)
    (lies,) = in_topic(kafka, UNRESOLVED.name, which)
    assert (lies.key, lies.value["badge_ref"]) == (hashed(code), hashed(code))
    assert code not in str(lies)
    eventually(lambda: registered.metric("fair_unresolved_events") == before + 1, "it is counted apart")
    assert in_topic(kafka, SCANS.name, which) == []

    asyncio.run(register(kafka, tmp_path, {"person": number, "role": "media", "codes": [code]}))
    eventually(lambda: registered.metric("fair_released_events_total") == released + 1, "it is released")
    (stored,) = in_topic(kafka, SCANS.name, which)
    assert (stored.key, stored.value["badge_ref"]) == (person(number), person(number))
    assert stored.partition == partition_of(person(number).encode(), PARTITIONS)
    assert {**stored.value, "badge_ref": ""} == {**lies.value, "badge_ref": ""}
    assert stored.headers == lies.headers
    eventually(lambda: len(in_topic(kafka, UNRESOLVED.name, which)) == 2, "its mark is there")
    assert registered.metric("fair_unresolved_events") == before
    assert registered.metric("fair_register_persons") == persons + 1
    assert registered.metric("fair_register_age_seconds") < 10

    again = registered.post(post, GATE)
    assert (again.json["accepted"], again.json["duplicates"]) == (0, 1)
    other = registered.post(entry(code), GATE)
    assert other.json["accepted"] == 1


def test_a_badge_that_is_registered_goes_to_its_topic_at_once(
    registered: GatewayProcess, log_of_events: LocalKafka, tmp_path: Path
) -> None:
    kafka, old, new, number = log_of_events.bootstrap_servers, f"O-{uuid4()}", f"N-{uuid4()}", str(uuid4())
    asyncio.run(register(kafka, tmp_path, {"person": number, "role": "media", "codes": [old]}))
    asyncio.run(register(kafka, tmp_path, {"person": number, "role": "media", "codes": [new]}))

    def goes_to_its_topic() -> bool:
        posts = [entry(old), entry(new)]
        assert registered.post(posts, GATE).status == 202
        return all(in_topic(kafka, SCANS.name, str(one["id"])) for one in posts)

    eventually(goes_to_its_topic, "the register is known")


def test_a_gateway_without_the_badge_key_does_not_start(log_of_events: LocalKafka, tmp_path: Path) -> None:
    environment = {"FAIRPULSE_FAIR_FILE": str(fair_with_register(tmp_path))}
    paired = Paired(tmp_path / "terminals.sqlite")
    paired.enrol(BOOTH)
    process = GatewayProcess(log_of_events.bootstrap_servers, paired, tmp_path / "log", environment).start(wait=False)
    assert process.process.wait(30) != 0
    assert "FAIRPULSE_BADGE_KEY: is missing; the fair small-2025 has a register of badges" in process.said()
    assert "set FAIRPULSE_BADGE_KEY to the fair's badge key" in process.said()
    assert "Traceback" not in process.said()


def test_a_gateway_with_another_badge_key_does_not_start(log_of_events: LocalKafka, tmp_path: Path) -> None:
    paired = Paired(tmp_path / "terminals.sqlite")
    paired.enrol(BOOTH)
    fair = str(fair_with_register(tmp_path))
    said = []
    for number, key in enumerate((KEY, KEY[::-1])):
        environment = {"FAIRPULSE_FAIR_FILE": fair, "FAIRPULSE_BADGE_KEY": key}
        log = tmp_path / f"log-{number}"
        process = GatewayProcess(log_of_events.bootstrap_servers, paired, log, environment).start(wait=number == 0)
        if number == 0:
            process.stop()
        else:
            assert process.process.wait(30) != 0
        said.append(process.said())
    assert "is not the fair's" in said[1]
    assert "Traceback" not in said[1]
    assert KEY[::-1] not in said[1]


def test_a_gateway_with_another_key_than_the_register_does_not_start_and_leaves_the_registry_alone(
    log_of_events: LocalKafka, tmp_path: Path
) -> None:
    row = {"person": str(uuid4()), "role": "media"}
    asyncio.run(register(log_of_events.bootstrap_servers, tmp_path, row))
    paired = Paired(tmp_path / "terminals.sqlite")
    paired.enrol(BOOTH)
    environment = {"FAIRPULSE_FAIR_FILE": str(fair_with_register(tmp_path)), "FAIRPULSE_BADGE_KEY": KEY[::-1]}
    process = GatewayProcess(log_of_events.bootstrap_servers, paired, tmp_path / "log", environment).start(wait=False)
    assert process.process.wait(60) != 0
    (told,) = [line for line in process.said().splitlines() if "was made with another badge key" in line]
    assert told.endswith(
        "set FAIRPULSE_BADGE_KEY to the fair's badge key, or FAIRPULSE_BADGE_KEY_FILE to its file, "
        "the one of the first import"
    )
    assert "Traceback" not in process.said()
    assert read_badge_keys(paired.path) == {}

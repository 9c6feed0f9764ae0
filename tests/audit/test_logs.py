"""An audit is never green about what it did not read: another log, other topics, nothing at all."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import TopicPartition
from prometheus_client import CollectorRegistry
from rich.console import Console

from producers.records import RawRecord, record_of
from schemas.cures import FOLD_ANEW
from schemas.errors import FairpulseError
from schemas.events import VisitorScan
from schemas.fair.file import example_fair_path
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS, EVENT_TOPICS
from streams.audit.run import AuditPlan, audit, plan_from
from streams.audit.watch import Watch
from streams.kafka.topics import admin, ensure_topics, partitions_of
from streams.local.kafka import LocalKafka
from tests.support.builders import LATENESS
from tests.support.examples import example_event
from tests.support.folded import FoldedWorker, folded_worker
from tests.support.topics import seen
from tests.support.workers import send

pytestmark = pytest.mark.broker
FAIR_FILE = example_fair_path()
BADGE = "ab" * 16


def scans(count: int, fair_id: str = "ciftis-2025") -> list[RawRecord]:
    scan = example_event(VisitorScan)
    return [record_of(replace(scan, event_id=str(uuid4()), badge_ref=BADGE, fair_id=fair_id)) for _ in range(count)]


@dataclass
class Stage:
    """A Kafka whose topics can be made anew, and a worker that folds when told to."""

    kafka: KafkaSettings
    worker: FoldedWorker

    def anew(self, records: list[RawRecord]) -> None:
        """Delete the event topics, create them again, and send records."""
        asyncio.run(self._anew())
        send(self.kafka, records)

    async def _anew(self) -> None:
        names = [topic.name for topic in EVENT_TOPICS]
        async with admin(self.kafka) as client:
            if await partitions_of(client, self.kafka, names):
                await client.delete_topics(names)
            while await partitions_of(client, self.kafka, names):
                await asyncio.sleep(0.05)
        await ensure_topics(self.kafka, ALL_TOPICS)

    def change(self, how: Callable[[AIOKafkaAdminClient], object]) -> None:
        async def run() -> None:
            async with admin(self.kafka) as client:
                await how(client)  # type: ignore[misc]

        asyncio.run(run())

    def plan(self, fair_file: Path | None = FAIR_FILE) -> AuditPlan:
        return plan_from(None, [self.worker.url], None, None, LATENESS, fair_file, self.kafka.bootstrap_servers)

    def audited(self) -> str:
        """Return "green", or why the audit is not."""
        try:
            verdict = audit(self.plan(), Console(stderr=True))
        except FairpulseError as error:
            return str(error)
        return f"{len(verdict.differences)} differences" if verdict.differences else "green"


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaSettings]:
    with LocalKafka.start() as local:
        yield KafkaSettings(bootstrap_servers=local.bootstrap_servers, partitions=2)


@pytest.fixture
def stage(kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("FAIRPULSE_PARTITIONS", "2")
    with folded_worker(kafka.bootstrap_servers) as worker:
        made = Stage(kafka, worker)
        made.anew(scans(6))
        worker.fold()
        yield made


def resource(**settings: str) -> ConfigResource:
    return ConfigResource(ConfigResourceType.TOPIC, "fair.scans", settings)


def of_scans(stage: Stage) -> int:
    """Return the partition in which the scans are."""
    return next(int(number) for number, topics in stage.worker.report["upto"].items() if "fair.scans" in topics)


def beyond_the_end(stage: Stage) -> None:
    stage.worker.fold(witnesses=False)
    stage.worker.report["upto"][str(of_scans(stage))]["fair.scans"] = 99


def head_gone(stage: Stage) -> None:
    place = TopicPartition("fair.scans", of_scans(stage))
    stage.change(lambda client: client.delete_records({place: RecordsToDelete(before_offset=2)}))


def fold(stage: Stage) -> None:
    """Fold what is there now, as workers of a new generation do."""
    stage.worker.fold()


def other_log(count: int) -> Callable[[Stage], None]:
    return lambda stage: stage.anew(scans(count))


def unread(stage: Stage) -> None:
    stage.anew([])
    stage.worker.fold()


def of_another_fair(stage: Stage) -> None:
    stage.anew(scans(3, "other-2025"))
    stage.worker.fold()


def not_events(stage: Stage) -> None:
    stage.anew([RawRecord("fair.scans", b"k", b"{}")])
    stage.worker.fold()


def sent(stage: Stage) -> None:
    send(stage.kafka, scans(4))
    stage.worker.fold()


def without_witness(stage: Stage) -> None:
    stage.worker.fold(witnesses=False)


def settings(**values: str) -> Callable[[Stage], None]:
    def change(stage: Stage) -> None:
        stage.change(lambda client: client.alter_configs([resource(**values)]))
        asyncio.run(seen(stage.kafka, "fair.scans", values))

    return change


def added(stage: Stage) -> None:
    stage.change(lambda client: client.create_partitions({"fair.scans": NewPartitions(3)}))
    asyncio.run(seen(stage.kafka, "fair.scans", partitions=3))


def made_anew(stage: Stage) -> None:
    stage.anew(scans(6))
    stage.worker.fold()


ROWS: dict[str, tuple[Callable[[Stage], None], str, Callable[[Stage], None] | None]] = {
    "nothing is wrong": (lambda _: None, "green", None),
    "an older worker names no witness": (without_witness, "green", None),
    "a shorter log": (
        other_log(3),
        f"ends at offset 3, and a worker counts records up to offset 5 of it; {FOLD_ANEW}",
        fold,
    ),
    "a log as long": (other_log(6), "is another log: it has another record at offset 5", fold),
    "a longer log": (other_log(9), "is another log: it has another record at offset 5", fold),
    "offsets that the log has not reached": (beyond_the_end, "a worker counts records up to offset 99 of it", fold),
    "older records are gone": (head_gone, "begins at offset 2: 2 older records are gone", made_anew),
    "a partition was added": (added, "topic fair.scans has 3 partitions, not 2, so nothing is compared; ", made_anew),
    "a compacted topic": (
        settings(**{"cleanup.policy": "compact"}),
        "has cleanup.policy=compact, not delete, so nothing is compared; run `fairpulse topics --correct`",
        settings(**{"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime", "retention.ms": "-1"}),
    ),
    "nothing was read": (unread, "nothing was compared: no records were counted yet", sent),
    "nothing was accepted": (not_events, "nothing was compared: of 1 records none is an event of ciftis-2025", sent),
    "events of another fair": (of_another_fair, "the events are of the fair other-2025, not of ciftis-2025", sent),
}


@pytest.mark.parametrize("name", ROWS)
def test_an_audit_says_what_is_not_what_the_workers_have_counted(stage: Stage, name: str) -> None:
    change, expected, cure = ROWS[name]
    change(stage)
    said = stage.audited()
    assert expected in said
    if cure is not None:
        cure(stage)
        assert stage.audited() == "green", "the cure"


def test_the_default_fair_file_is_named_as_the_cause_if_the_events_are_of_another_fair(stage: Stage) -> None:
    of_another_fair(stage)
    with pytest.raises(FairpulseError, match="whose example is used because no fair file is named"):
        audit(stage.plan(None), Console(stderr=True))


VERDICT = ("differences", "numbers", "records", "missing_sequence_numbers", "uncounted_offsets")


@pytest.mark.parametrize("count", [3, 6, 9])
def test_a_watching_audit_shows_nothing_before_it_has_compared_and_begins_again_on_another_log(
    stage: Stage, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    registry = CollectorRegistry()
    watching = Watch(stage.plan(), registry)
    shown = registry.get_sample_value
    told = dict(stage.worker.report)
    stage.worker.report["upto"] = {number: {"fair.scans": 99} for number in told["upto"]}
    assert watching.round() is None
    for name in (*VERDICT, "last_success_timestamp_seconds"):
        assert shown(f"fair_audit_{name}") is None, name
    waited = shown("fair_audit_waiting_seconds")
    assert waited is not None
    assert waited > 0
    stage.worker.fold()
    assert watching.round() is not None
    assert (shown("fair_audit_differences"), shown("fair_audit_records")) == (0, 6)
    fresh = shown("fair_audit_waiting_seconds")
    assert fresh is not None
    assert fresh < waited + 1

    stage.anew(scans(count))
    assert watching.round() is None, "the worker counts a log that is gone"
    assert [name for name in VERDICT if shown(f"fair_audit_{name}") is not None] == []
    assert shown("fair_audit_last_success_timestamp_seconds"), "it stays: its age tells that nothing was compared since"
    stage.worker.fold()
    assert watching.round() is not None
    assert (shown("fair_audit_differences"), shown("fair_audit_records")) == (0, count)
    assert any("the recount begins again" in line for line in caplog.messages)


def test_a_watching_audit_shows_how_many_offsets_no_worker_has_counted(stage: Stage) -> None:
    registry = CollectorRegistry()
    watching = Watch(stage.plan(), registry)
    seen = []
    for count in (0, 4):
        send(stage.kafka, scans(count))
        assert watching.round() is not None
        seen.append(registry.get_sample_value("fair_audit_uncounted_offsets"))
    assert seen == [0, 4]
    assert registry.get_sample_value("fair_audit_differences") == 0


def test_before_a_fair_begins_a_watching_audit_sees_that_the_logs_are_empty_and_later_that_events_wait(
    stage: Stage,
) -> None:
    unread(stage)
    registry = CollectorRegistry()
    watching = Watch(stage.plan(), registry)
    assert watching.round() is not None
    assert registry.get_sample_value("fair_audit_records") == 0
    send(stage.kafka, scans(4))
    assert watching.round() is None, "the worker has counted nothing, and there are events"
    stage.worker.fold()
    assert watching.round() is not None
    assert registry.get_sample_value("fair_audit_records") == 4

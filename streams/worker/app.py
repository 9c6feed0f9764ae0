"""Wires a worker: Faust app, journal table, agent, pages. Nothing connects before it is started."""

import tempfile
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, cast

import faust
from aiokafka.errors import KafkaError
from faust.auth import Credentials
from faust.types import TP, StreamT
from mode import Service
from prometheus_client import CollectorRegistry, ProcessCollector
from typing_extensions import override

from schemas.fair.model import Fair
from schemas.kafka_access import tls_context
from schemas.settings import KafkaSettings, WorkerSettings
from schemas.times import wall_ms
from schemas.topics import EVENT_TOPICS, JOURNAL_SUFFIX, REJECTED, PartitionPlace, Topic, journal_topic
from streams.fold.engine import Engine, group_of
from streams.kafka.denials import denial
from streams.shown.build import show_build
from streams.shown.checks import Checks
from streams.shown.collector import KpiCollector
from streams.shown.health import Health
from streams.shown.pages import WorkerPages
from streams.shown.view import View
from streams.worker.agent import Folding
from streams.worker.appended import Appended
from streams.worker.chunks import Chunk, Reading
from streams.worker.rejects import RejectLimit
from streams.worker.seams.app import FilelessApp, place_of
from streams.worker.seams.consumer import RawChunks, read_chunks, read_events_from
from streams.worker.seams.table import JournalTable, read_journal_from
from streams.worker.seams.thread import Denial
from streams.worker.store import States
from streams.worker.turns import Turns
from streams.worker.watching import Watching

QUEUED_CHUNKS = 16
"""Most chunks that wait between consumer and fold. More would only cost memory and make rebalances longer."""
FETCH_BYTES = 1 << 20
"""Most bytes of one partition in one fetch."""
HEARTBEATS = 5
"""Heartbeats within a session timeout."""
REBALANCE_S = 10.0
"""Seconds for which a rebalance waits for workers to hand over partitions; at least as long as a session timeout."""
ANSWER_S = 5.0
"""A request may take this much longer than a rebalance, in which the slowest one (a join) waits. Faust would wait 90 s,
and 20 minutes for an append: a connection that is open at one end only would stop a worker for that long."""


class _Serving(Service):
    """The pages as a Faust service: started before the first rebalance, stopped with the app."""

    mundane_level = "debug"

    def __init__(self, pages: WorkerPages, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pages = pages

    @override
    async def on_start(self) -> None:
        await self._pages.start()

    @override
    async def on_stop(self) -> None:
        await self._pages.stop()


class _Looking(Service):
    """The looks at topics and logs as a Faust service: they end with the app."""

    mundane_level = "debug"

    def __init__(self, watching: Watching, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._watching = watching

    @Service.task
    async def _look(self) -> None:
        await self._watching.run()


class WorkerApp(FilelessApp):
    """The Faust app of a worker, with its pages.

    Attributes:
        pages: served as long as the app runs, also during recovery.
        turns: told when a rebalance begins and when it ends.
        watching: looks at topics and logs as long as the app runs.
    """

    mundane_level = "debug"
    pages: WorkerPages
    turns: Turns
    watching: Watching

    @override
    async def on_start(self) -> None:
        await super().on_start()
        await self.add_runtime_dependency(_Serving(self.pages, beacon=self.beacon))
        await self.add_runtime_dependency(_Looking(self.watching, beacon=self.beacon))

    @override
    def on_rebalance_start(self) -> None:
        self.turns.rebalance_began()
        super().on_rebalance_start()

    @override
    def on_rebalance_return(self) -> None:
        super().on_rebalance_return()
        self.turns.partitions_assigned()

    @override
    def on_rebalance_end(self) -> None:
        """Note that all partitions are being folded. Faust calls it at the end of each recovery.

        If another rebalance began during one, its end is not the end: Faust clears the queues once more, at the end of
        the next recovery, and throws away all events that had come by then.
        """
        if self.turns.may_end:
            super().on_rebalance_end()
            self.turns.rebalance_ended()


@dataclass(frozen=True, slots=True)
class Worker:
    """All parts of a worker, wired but not started."""

    app: WorkerApp
    engine: Engine
    states: States
    folding: Folding
    view: View
    pages: WorkerPages
    health: Health
    journal: Topic


def create_worker(fair: Fair, kafka: KafkaSettings, settings: WorkerSettings) -> Worker:
    """Wire a worker for one fair.

    Workers of the same fair, catalogue and version share the work. A worker with another meaning of the numbers
    (`Engine.fingerprint`) gets its own group and its own journal, and folds the fair again.
    """
    engine = Engine(fair, settings.allowed_lateness)
    app = _create_app(group_of(engine, settings.generation), kafka, settings)
    states = States(engine, partial(read_journal_from, app))
    reading = Reading(_NAMES, settings.chunk_records, states.position_of)
    denial_of = partial(denial, kafka)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    show_build(registry, "worker")
    checks = Checks(registry, kafka.bootstrap_servers)
    health = Health(registry, lambda: [str(one) for one in checks.wrong])
    journal = journal_topic(f"{app.conf.id}{JOURNAL_SUFFIX}")
    lag = partial(_lag, reading, states)

    def lag_at_rest() -> Mapping[PartitionPlace, int]:
        return {} if app.rebalancing else lag()

    watching = Watching(kafka, fair.fair_id, journal, states, checks, partial(read_events_from, app), lag_at_rest)
    app.watching = watching
    read_chunks(app, reading, denial_of, watching.hold)
    table = JournalTable(app, states, kafka.partitions, watching.before_events_flow)
    app.tables.add(table)
    app.turns = Turns(health, states)
    view = View(
        engine,
        lambda: {number: states.journals[number].state for number in states.active if number in states.journals},
        wall_ms if settings.clock == "wall" else None,
        kafka.partitions,
    )
    kpis = KpiCollector(view, lag)
    app.pages = WorkerPages(view, health, registry, kpis, settings.metrics_host, settings.metrics_port)
    folding = _attach_agent(app, engine, table, health, settings, denial_of)
    return Worker(app, engine, states, folding, view, app.pages, health, journal)


def credentials(kafka: KafkaSettings) -> Credentials | None:
    """Return the worker's credentials in Faust's form; None for a Kafka without passwords and TLS."""
    context = tls_context(kafka) if kafka.is_encrypted else None
    if kafka.wants_password:
        return faust.SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.password(),
            ssl_context=context,
            mechanism=kafka.sasl_mechanism,
        )
    return None if context is None else faust.SSLCredentials(context)


def _create_app(name: str, kafka: KafkaSettings, settings: WorkerSettings) -> WorkerApp:
    second = timedelta(seconds=1)
    session = settings.session_timeout / second
    rebalance = max(session, REBALANCE_S)
    return WorkerApp(
        name,
        broker=[f"kafka://{server}" for server in kafka.bootstrap_servers.split(",")],
        broker_credentials=credentials(kafka),
        store="memory://",
        datadir=tempfile.gettempdir(),
        topic_partitions=kafka.partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        autodiscover=False,
        web_enabled=False,
        logging_config=None,
        stream_buffer_maxsize=QUEUED_CHUNKS,
        table_standby_replicas=settings.standby_replicas,
        consumer_max_fetch_size=FETCH_BYTES,
        recovery_consistency_check=False,  # it crashes without a cause; `watching` checks more, and names it
        broker_session_timeout=session,
        broker_heartbeat_interval=session / HEARTBEATS,
        broker_rebalance_timeout=rebalance,
        broker_request_timeout=rebalance + ANSWER_S,
        broker_commit_interval=1.0,
        producer_threaded=False,
        producer_acks=-1,
        producer_request_timeout=rebalance + ANSWER_S,
        producer_max_request_size=8 << 20,
    )


def _attach_agent(
    app: WorkerApp, engine: Engine, table: JournalTable, health: Health, settings: WorkerSettings, denial_of: Denial
) -> Folding:
    rejected = app.topic(REJECTED.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def append(partition: int, key: bytes, value: bytes) -> Appended:
        return await _stored(table.send_changelog(partition, key, value), denial_of)

    async def bury(about: int, key: bytes, value: bytes) -> Appended:
        partition = REJECTED.partitioner.choose(key, app.conf.topic_partitions, about)

        async def sending() -> Any:  # at once: a message in Faust's buffer that cannot be sent stops the whole app
            return await (await rejected.send(key=key, value=value, partition=partition, force=True))

        return await _stored(sending(), denial_of)

    folding = Folding(
        engine=engine,
        partitions=dict.fromkeys(_NAMES, app.conf.topic_partitions),
        journal_of=table.states.writable,
        append=append,
        bury=bury,
        read_from=partial(read_events_from, app),
        limit=RejectLimit(settings.max_consecutive_rejects),
        health=health,
    )

    async def fold(stream: StreamT[Chunk]) -> None:
        await folding.run(cast("faust.Stream[Chunk]", stream))

    app.agent(app.topic(*_NAMES, schema=RawChunks()), name="fold")(fold)
    return folding


async def _stored(sending: Awaitable[Any], denial_of: Denial) -> Appended:
    """Return the place of a record once Kafka has it. Raises Refused if the worker may not write it."""
    try:
        return await place_of(sending)
    except KafkaError as error:
        raise denial_of(error, "Write") or error from error


def _lag(reading: Reading, states: States) -> Mapping[tuple[str, int], int]:
    """Return how many offsets of each event partition are in Kafka but not yet in state."""
    return {
        (tp.topic, tp.partition): lag
        for tp in (TP(name, number) for name in _NAMES for number in states.active)
        if (lag := reading.lag(tp)) is not None
    }


_NAMES = frozenset(topic.name for topic in EVENT_TOPICS)

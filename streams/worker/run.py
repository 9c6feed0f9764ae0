"""Runs a worker in the foreground until it is stopped."""

import asyncio
import time

import faust

from schemas.fair.model import Fair
from schemas.logs import log_to_stderr, logger
from schemas.settings import KafkaSettings, LogSettings, WorkerSettings
from schemas.topics import ALL_TOPICS, EVENT_TOPICS
from streams.kafka.preflight import refuse_denied
from streams.kafka.topics import ensure_topics
from streams.shown.pages import refuse_taken
from streams.worker.app import create_worker
from streams.worker.seams.app import SAID_TWICE

log = logger(__name__)


def run_worker(fair: Fair, kafka: KafkaSettings, settings: WorkerSettings) -> None:
    """Fold events until SIGINT or SIGTERM.

    Raises:
        Unavailable: no broker answers at the start, or it denies a right that the worker needs.
        MustStop: the topics do not fit the settings.
        SystemExit: the worker ended.
    """
    log_to_stderr(LogSettings.load(), quiet=("faust", "mode", "aiokafka"), silent=SAID_TWICE)
    refuse_taken(settings.metrics_host, settings.metrics_port)
    worker = create_worker(fair, kafka, settings)
    log.info(
        "worker starting",
        fair=fair.fair_id,
        group=worker.app.conf.id,
        generation=settings.generation,
        journal=worker.journal.name,
        partitions=kafka.partitions,
        brokers=kafka.bootstrap_servers,
        host=settings.metrics_host,
        port=settings.metrics_port,
    )
    for name in asyncio.run(ensure_topics(kafka, (*ALL_TOPICS, worker.journal))):
        log.info("topic created", topic=name, partitions=kafka.partitions)
    topics = [topic.name for topic in (*EVENT_TOPICS, worker.journal)]
    asyncio.run(refuse_denied(kafka, worker.app.conf.id, topics))
    began = time.monotonic()
    try:
        process_of(worker.app).execute_from_commandline()
    finally:
        folded = worker.folding.folded
        log.info(
            "worker stopped",
            seconds=round(time.monotonic() - began, 1),
            chunks=folded.chunks,
            records=folded.records,
            refused=folded.refused,
            unacknowledged=worker.folding.in_flight,
        )


def process_of(app: faust.App) -> faust.Worker:
    """Return Faust's process for an app: Faust's signals and orderly stop, our logging, nothing on standard output."""
    process = faust.Worker(app, quiet=True, redirect_stdouts=False, override_logging=False)
    process.spinner = None  # it writes control characters between the lines of the log
    return process

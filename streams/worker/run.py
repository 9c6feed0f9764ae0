"""Runs a worker in the foreground until it is stopped."""

import asyncio
import signal
import time
from typing import Any, cast

import faust
from typing_extensions import override

from schemas.fair.model import Fair
from schemas.interrupts import ending_signals
from schemas.logs import hushed, log_to_stderr, logger
from schemas.settings import KafkaSettings, LogSettings, WorkerSettings
from schemas.topics import EVENT_TOPICS
from streams.kafka.codecs import refuse_unreadable_codecs
from streams.kafka.preflight import refuse_denied, refuse_strangers
from streams.kafka.starting import refuse_wrong_topics
from streams.shown.pages import refuse_taken
from streams.worker.app import create_worker
from streams.worker.seams.app import SAID_TWICE

log = logger(__name__)


def run_worker(fair: Fair, kafka: KafkaSettings, settings: WorkerSettings) -> None:
    """Fold events until SIGINT, SIGTERM or SIGHUP.

    Raises:
        Unavailable: no broker answers at the start, it denies a right that the worker needs, or a codec is missing.
        MustStop: the topics do not fit the settings, or another program is in the workers' group.
        SystemExit: the worker ended.
    """
    log_to_stderr(LogSettings.load(), quiet=("faust", "mode", "aiokafka"), silent=SAID_TWICE)
    refuse_unreadable_codecs()
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
    with hushed("aiokafka"):  # what goes wrong here is told once, in our words
        asyncio.run(refuse_wrong_topics(kafka, fair.fair_id, worker.journal))
        topics = [topic.name for topic in (*EVENT_TOPICS, worker.journal)]
        group = worker.app.conf.id
        asyncio.run(refuse_denied(kafka, group, topics))
        asyncio.run(
            refuse_strangers(
                kafka, group, cast("Any", worker.app.assignor).name, [topic.name for topic in EVENT_TOPICS]
            )
        )
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


class Process(faust.Worker):
    """Faust's process, which SIGHUP stops as SIGTERM does."""

    @override
    def install_signal_handlers(self) -> None:
        super().install_signal_handlers()
        for number in ending_signals():
            if number not in (signal.SIGINT, signal.SIGTERM):
                self.loop.add_signal_handler(number, signal.raise_signal, signal.SIGTERM)


def process_of(app: faust.App) -> faust.Worker:
    """Return Faust's process for an app: Faust's signals and orderly stop, our logging, nothing on standard output."""
    process = Process(app, quiet=True, redirect_stdouts=False, override_logging=False)
    process.spinner = None  # it writes control characters between the lines of the log
    return process

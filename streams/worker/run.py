"""Run a worker in the foreground until it is stopped."""

import asyncio
import logging

import faust
from typing_extensions import override

from schemas.fair.model import Fair
from schemas.logs import log_to_stderr
from schemas.settings import KafkaSettings, LogSettings, WorkerSettings
from schemas.topics import ALL_TOPICS, EVENT_TOPICS
from streams.kafka.preflight import refuse_denied
from streams.kafka.topics import ensure_topics
from streams.shown.pages import refuse_taken
from streams.worker.app import create_worker

log = logging.getLogger(__name__)


class PlainWorker(faust.Worker):
    """Faust's process around the app (signals, orderly stop), with our logging instead of its own."""

    @override
    def _setup_logging(self) -> None:
        """Leave logging as `run_worker` set it up."""


def run_worker(fair: Fair, kafka: KafkaSettings, settings: WorkerSettings) -> None:
    """Fold events until SIGINT or SIGTERM.

    Raises:
        Unavailable: no broker answers at start, or it refuses what a worker does.
        MustStop: the topics do not fit the settings.
        SystemExit: the worker ended.
    """
    log_to_stderr(LogSettings.load(), quiet=("faust", "mode", "aiokafka"), silent=("faust.topics",))
    refuse_taken(settings.metrics_host, settings.metrics_port)
    worker = create_worker(fair, kafka, settings)
    for name in asyncio.run(ensure_topics(kafka, (*ALL_TOPICS, worker.journal))):
        log.info("created topic %s with %d partitions", name, kafka.partitions)
    topics = [topic.name for topic in (*EVENT_TOPICS, worker.journal)]
    asyncio.run(refuse_denied(kafka, worker.app.conf.id, topics))
    PlainWorker(worker.app, quiet=True, redirect_stdouts=False).execute_from_commandline()

"""Run a worker in the foreground until it is stopped."""

import asyncio
import logging
import sys

import faust

from schemas.fair import Fair
from schemas.settings import KafkaSettings, WorkerSettings
from schemas.topics import ALL_TOPICS
from streams.app import create_worker
from streams.topics_admin import ensure_topics

log = logging.getLogger(__name__)


def run_worker(fair: Fair, kafka: KafkaSettings, settings: WorkerSettings) -> None:
    """Fold events until SIGINT or SIGTERM.

    Raises:
        Unavailable: no broker answers at start.
        MustStop: the topics do not fit the settings.
        SystemExit: the worker ended.
    """
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s %(message)s",
        stream=sys.stderr,
    )
    for noisy in ("faust", "mode", "aiokafka"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
    worker = create_worker(fair, kafka, settings)
    for name in asyncio.run(ensure_topics(kafka, (*ALL_TOPICS, worker.journal))):
        log.info("created topic %s with %d partitions", name, kafka.partitions)
    faust.Worker(worker.app, loglevel=None, logfile=None, quiet=True, redirect_stdouts=False).execute_from_commandline()

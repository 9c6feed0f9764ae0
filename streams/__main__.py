"""`python -m streams`: only the commands of the stream side."""

import click

from schemas.console import Commands, main
from streams.audit.cli import audit
from streams.history.cli import backfill, rebuild, record
from streams.history.kpis_cli import kpis
from streams.history.letters_cli import dead_letters
from streams.kafka.cli import acls, kafka_exporter, topics
from streams.worker.cli import worker


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def streams() -> None:
    """The stream side of fairpulse: the worker, and commands for Kafka, recordings and numbers."""


for _command in (worker, topics, acls, kafka_exporter, kpis, record, backfill, rebuild, dead_letters, audit):
    streams.add_command(_command)

if __name__ == "__main__":
    main(streams)

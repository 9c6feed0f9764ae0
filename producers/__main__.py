"""`python -m producers`: the commands of this package without the others."""

import sys

import click

from producers.cli import simulate
from schemas.console import run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def producers() -> None:
    """Whatever puts events on Kafka."""


producers.add_command(simulate)

if __name__ == "__main__":
    sys.exit(run(producers))

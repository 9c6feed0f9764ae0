"""`python -m producers`: the commands of this package without the others."""

import click

from producers.badges.cli import badges
from producers.gateway.cli import gateway
from producers.play.cli import replay, simulate
from producers.registry.cli import terminals
from schemas.console import Commands, main


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def producers() -> None:
    """Commands that put events on Kafka."""


for _command in (simulate, replay, gateway, terminals, badges):
    producers.add_command(_command)

if __name__ == "__main__":
    main(producers)

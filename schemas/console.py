"""The one command `fairpulse`: each package brings its own subcommands (pyproject, `fairpulse.commands`)."""

import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points

import click
from typing_extensions import override

from schemas.errors import FairpulseError

COMMANDS = "fairpulse.commands"
"""The entry-point group in which packages declare their subcommands."""

_NO_LOG = logging.NullHandler()
"""Stands in for a log until a command sets one up, which takes it away."""

INTERRUPTED = 130
"""Exit code after Ctrl-C (128 + SIGINT), as shells expect it."""


class Programs(click.Group):
    """A group whose subcommands are the entry points of `COMMANDS`, in the order pyproject lists them."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [point.name for point in entry_points(group=COMMANDS)]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for point in entry_points(group=COMMANDS, name=cmd_name):
            command = point.load()
            assert isinstance(command, click.Command)
            return command
        return None


@click.group(cls=Programs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fairpulse")
def program() -> None:
    """Live and exact numbers for a trade fair.

    Booth terminals post events, Kafka keeps them, Faust workers fold them into KPIs, Prometheus scrapes
    them. Start with `fairpulse demo`.
    """


def run(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; one of our errors becomes one line with the remedy.

    Ctrl-C ends with 130, one of our errors with 1, wrong usage with 2. A reader that closed the pipe is not an error.
    """
    # Libraries log what they also raise; a command says it once, in our words. What runs on sets up a log of its own.
    logging.getLogger().addHandler(_NO_LOG)
    try:
        result = command.main(args=arguments, prog_name=None, standalone_mode=False)
        sys.stdout.flush()
    except FairpulseError as error:
        _tell(error)
        return 1
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return result if isinstance(result, int) else 0


def _tell(error: FairpulseError) -> None:
    """Say why a command ends: to a person, or as a line of the log if this process writes one for a program."""
    if _NO_LOG not in logging.getLogger().handlers:
        from schemas.logs import logger, writes_json

        if writes_json():
            logger("fairpulse").critical("ended", error=error)
            return
    click.echo(f"error: {error}", err=True)


def main() -> None:
    """Entry point of the program `fairpulse`."""
    sys.exit(run(program))

"""The command `dashboards`: what `python -m dashboards` does in a checkout, wherever fairpulse is installed."""

import click


@click.command(
    "dashboards",
    short_help="Send boards, notes and snapshots to a Grafana, or check it.",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="COMMAND")
def dashboards(arguments: tuple[str, ...]) -> object:
    """Send boards, notes and snapshots to a Grafana, or check it.

    COMMAND with its options is one that `fairpulse dashboards --help` lists.
    """
    from dashboards.__main__ import dashboards as group
    from schemas.errors import FairpulseError

    try:
        return group.main(list(arguments), prog_name="fairpulse dashboards", standalone_mode=False)
    except ModuleNotFoundError as error:
        raise FairpulseError(
            f"{error.name} is missing: the boards are written in a checkout only",
            hint="run `make generate` there, or name a command that `fairpulse dashboards --help` lists",
        ) from None

"""The command `dashboards`: what `python -m dashboards` does in a checkout, wherever fairpulse is installed."""

import click


@click.command("dashboards", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="COMMAND [OPTIONS]...")
def dashboards(arguments: tuple[str, ...]) -> object:
    """Bring boards to a Grafana, leave notes there, keep snapshots, and see whether all is well there."""
    from dashboards.__main__ import dashboards as group
    from schemas.errors import FairpulseError

    try:
        return group.main(list(arguments), prog_name="fairpulse dashboards", standalone_mode=False)
    except ModuleNotFoundError as error:
        raise FairpulseError(
            f"{error.name} is missing: the boards are written in a checkout only",
            hint="run `make generate` there, or name a command that `fairpulse dashboards --help` lists",
        ) from None

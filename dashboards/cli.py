"""The command `dashboards`: boards, notes and snapshots of a Grafana, over HTTP."""

import click
from typing_extensions import override

from schemas.console import Commands


class OverHttp(Commands):
    """The group of these commands. They are imported when one is asked for: the boards take half a second."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        from dashboards.commands import COMMANDS

        return [command.name for command in COMMANDS if command.name]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from dashboards.commands import COMMANDS

        return next((command for command in COMMANDS if command.name == cmd_name), None)


@click.group(
    cls=OverHttp,
    short_help="Send boards, notes and snapshots to a Grafana, or check it.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def dashboards() -> None:
    """Send boards, notes and snapshots to a Grafana over HTTP, or check it.

    FAIRPULSE_GRAFANA_URL names the Grafana, and FAIRPULSE_GRAFANA_TOKEN holds the token of a service account.
    """

"""`fairpulse dashboards push|annotate|snapshot|doctor`: a Grafana over HTTP, with a service-account token."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from typing_extensions import override

from dashboards.boards import ALL_BOARDS
from dashboards.grafana import GrafanaGateway
from dashboards.operations import doctor as examine
from dashboards.operations import push as push_boards
from dashboards.snapshots import keep
from schemas import options
from schemas.errors import FairpulseError
from schemas.kinds import quoted
from schemas.settings import GrafanaSettings
from schemas.times import wall_ms

JSON = Path(__file__).parent / "json"
UIDS = [board.uid for board in ALL_BOARDS]


class CutOff(click.ParamType):
    """The type of an option for a time in UTC, to the minute or the second."""

    name = "time"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time. Raises BadParameter, which repeats what was typed."""
        if isinstance(value, datetime):
            return value
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", value):
            with suppress(ValueError):
                return datetime.fromisoformat(value)
        return self.fail(f"{quoted(value)} is not a time; give one such as 2025-09-12T18:00", param, ctx)


AT = click.option("--at", type=CutOff(), metavar="TIME", help="Time in UTC, 2025-09-12T18:00. [default: now]")


def _ms(at: datetime | None) -> int:
    return wall_ms() if at is None else int(at.replace(tzinfo=UTC).timestamp() * 1_000)


@click.command()
@click.option("--force", is_flag=True, help="Replace boards that were changed in Grafana.")
def push(force: bool) -> None:
    """Send all boards to Grafana, if it does not read our files."""
    grafana = GrafanaGateway(GrafanaSettings.load())
    for line in push_boards(grafana, [JSON / f"{uid}.json" for uid in UIDS], force=force):
        click.echo(line)


@click.command()
@click.argument("text")
@click.option("--tag", "tags", multiple=True, help="Tag such as gate-closed or press-cut-off; may be repeated.")
@click.option("--board", type=click.Choice(UIDS), metavar="BOARD", help="Board that the note is for. [default: all]")
@AT
def annotate(text: str, tags: tuple[str, ...], board: str | None, at: datetime | None) -> None:
    """Leave a note on the boards.

    TEXT is what happened: a gate was closed, the press was told these numbers.
    """
    GrafanaGateway(GrafanaSettings.load()).annotate(text, ["fairpulse", *tags], _ms(at), board)
    click.echo("noted")


@click.command()
@click.argument("board", type=click.Choice(UIDS), metavar="BOARD")
@click.option(
    "--hours",
    type=options.number(least=0.1, example="8"),
    default=12,
    show_default=True,
    help="Hours to show before --at.",
)
@click.option("--name", default="", help="Name of the snapshot. [default: board and time]")
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="Choice at the top of the board, booth=h1-a01; may be repeated.",
)
@AT
def snapshot(board: str, hours: float, name: str, given: tuple[str, ...], at: datetime | None) -> None:
    """Keep a board with its data, and print its address.

    BOARD is its name in Grafana, such as fair-now. The data are those at --at.
    """
    choices = dict(one.partition("=")[::2] for one in given)
    grafana = GrafanaGateway(GrafanaSettings.load())
    cut_off = _ms(at)
    moment = datetime.fromtimestamp(cut_off / 1_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    click.echo(keep(grafana, board, cut_off, hours, name or f"{board} at {moment}", choices))


@click.command()
def doctor() -> None:
    """Check Grafana, its data source and our boards.

    The exit code is 1 if something is not well.
    """
    ill = 0
    for well, line in examine(GrafanaGateway(GrafanaSettings.load()), UIDS):
        click.echo(f"{'ok ' if well else 'ill'} {line}")
        ill += not well
    if ill:
        raise FairpulseError(f"{ill} of these are not well", hint="each line says what to do")


COMMANDS = (push, annotate, snapshot, doctor)

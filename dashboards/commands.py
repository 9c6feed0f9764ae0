"""`python -m dashboards push|annotate|snapshot|doctor`: a Grafana over HTTP, with a service-account token."""

from datetime import UTC, datetime
from pathlib import Path

import click

from dashboards.boards import ALL_BOARDS
from dashboards.grafana import GrafanaGateway
from dashboards.operations import doctor as examine
from dashboards.operations import push as push_boards
from dashboards.snapshots import keep
from schemas.errors import FairpulseError
from schemas.settings import GrafanaSettings
from schemas.times import wall_ms

JSON = Path(__file__).parent / "json"
UIDS = [board.uid for board in ALL_BOARDS]
AT = click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]), help="When, in UTC. [now]")


def _ms(at: datetime | None) -> int:
    return wall_ms() if at is None else int(at.replace(tzinfo=UTC).timestamp() * 1_000)


@click.command()
@click.option("--force", is_flag=True, help="Overwrite boards that somebody has changed in Grafana.")
def push(force: bool) -> None:
    """Bring all boards to a Grafana that does not read our files."""
    grafana = GrafanaGateway(GrafanaSettings.load())
    for line in push_boards(grafana, [JSON / f"{uid}.json" for uid in UIDS], force=force):
        click.echo(line)


@click.command()
@click.argument("text")
@click.option("--tag", "tags", multiple=True, help="Such as gate-closed or press-cut-off; may be repeated.")
@click.option("--board", type=click.Choice(UIDS), help="On this board only. [all]")
@AT
def annotate(text: str, tags: tuple[str, ...], board: str | None, at: datetime | None) -> None:
    """Leave a note: a gate was closed, the press was told these numbers."""
    GrafanaGateway(GrafanaSettings.load()).annotate(text, ["fairpulse", *tags], _ms(at), board)
    click.echo("noted")


@click.command()
@click.argument("board", type=click.Choice(UIDS))
@click.option("--hours", type=click.FloatRange(min=0.1), default=12.0, show_default=True, help="How far back.")
@click.option("--name", default="", help="Name of the snapshot. [board and time]")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A choice on top of the board: booth=h1-a01.")
@AT
def snapshot(board: str, hours: float, name: str, given: tuple[str, ...], at: datetime | None) -> None:
    """Keep a board with its data as it was at a cut-off; print its address."""
    choices = dict(one.partition("=")[::2] for one in given)
    grafana = GrafanaGateway(GrafanaSettings.load())
    cut_off = _ms(at)
    moment = datetime.fromtimestamp(cut_off / 1_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    click.echo(keep(grafana, board, cut_off, hours, name or f"{board} at {moment}", choices))


@click.command()
def doctor() -> None:
    """Look at Grafana, its data source and our boards; exit 1 if something is not well."""
    ill = 0
    for well, line in examine(GrafanaGateway(GrafanaSettings.load()), UIDS):
        click.echo(f"{'ok ' if well else 'ill'} {line}")
        ill += not well
    if ill:
        raise FairpulseError(f"{ill} of these are not well", hint="each line says what to do")


COMMANDS = (push, annotate, snapshot, doctor)

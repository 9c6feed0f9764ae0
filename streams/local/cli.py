"""Commands that run things on this machine: `fairpulse kafka`."""

import signal
from pathlib import Path
from types import FrameType

import click


def interrupt_once(_signal: int, _frame: FrameType | None) -> None:
    """Turn the first Ctrl-C or SIGTERM into KeyboardInterrupt and ignore the next: cleaning up is bounded in time."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@click.command()
@click.option("--port", default=9092, show_default=True, type=click.IntRange(1, 65_533), help="Port of the first node.")
@click.option("--nodes", default="1", show_default=True, type=click.Choice(["1", "3"]), help="3 survive the loss of 1.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory that keeps the data; without it they are gone at the end.",
)
def kafka(port: int, nodes: str, data: Path | None) -> None:
    """Run a local Kafka until Ctrl-C.

    The first run downloads 45 MB of jars; later ones need no network. It listens on 127.0.0.1 only.
    """
    from streams.local.kafka import LocalKafka

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt_once)
    try:
        with LocalKafka.start(nodes=int(nodes), data_dir=data, port=port) as running:
            kept = f"data in {running.data_dir}" if data else "data are not kept"
            click.echo(f"Kafka is ready at {running.bootstrap_servers} ({kept}). Stop it with Ctrl-C.")
            running.wait()
    except KeyboardInterrupt:
        click.echo("Kafka has stopped.")

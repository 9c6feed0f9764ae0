"""`fairpulse gateway`: take events of booth terminals over HTTP."""

from pathlib import Path

import click


@click.command()
@click.option("--fair", "fair_file", type=click.Path(path_type=Path), help="Fair file. [default: the CIFTIS example]")
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
@click.option("--host", help="Address on which terminals post. [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port of the same; 0 takes a free one. [default: 8080]")
@click.option("--internal-port", type=int, help="Port of /livez, /readyz, /metrics. [default: 9465]")
@click.option("--terminals", type=click.Path(path_type=Path), help="The registry. [default: terminals.sqlite]")
def gateway(
    *,
    fair_file: Path | None,
    bootstrap_servers: str | None,
    host: str | None,
    port: int | None,
    internal_port: int | None,
    terminals: Path | None,
) -> None:
    """Take events of booth terminals over HTTP and put them on Kafka, until stopped.

    An event is answered 202 when Kafka has it with all replicas in sync. Every option is also an environment
    variable; more of them in schemas/settings.py.
    """
    from producers.gateway.run import run_gateway
    from schemas.fair.file import example_fair_path, load_fair
    from schemas.settings import FairSettings, GatewaySettings, KafkaSettings

    fair = load_fair(FairSettings.load(fair_file=fair_file).fair_file or example_fair_path())
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    settings = GatewaySettings.load(
        gateway_host=host, gateway_port=port, gateway_internal_port=internal_port, terminals_file=terminals
    )
    run_gateway(fair, kafka, settings)

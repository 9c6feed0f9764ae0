"""The command of Kafka's exporter."""

import click


@click.command()
@click.option("--every", default=10.0, show_default=True, type=click.FloatRange(min=0.1), help="Seconds a round.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of /metrics.")
@click.option("--port", default=9_467, show_default=True, type=click.IntRange(1, 65_535), help="Its port.")
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
def kafka_exporter(*, every: float, host: str, port: int, bootstrap_servers: str | None) -> None:
    """Show Kafka's own state to Prometheus, until Ctrl-C: brokers, leaders, replicas, offsets.

    Of any Kafka, nothing has to be installed beside it. One is enough for a cluster.
    """
    import asyncio

    from schemas.logs import log_to_stderr
    from schemas.settings import KafkaSettings
    from streams.exporter.run import export

    log_to_stderr(quiet=("aiokafka",), quiet_level=50)
    asyncio.run(export(KafkaSettings.load(bootstrap_servers=bootstrap_servers), host, port, every))

"""`fairpulse gateway`: take events of booth terminals over HTTP."""

from pathlib import Path

import click

from producers.gateway.conform.cli import conform
from schemas import options
from schemas.console import Commands


@click.group(cls=Commands, invoke_without_command=True)
@options.fair
@options.bootstrap_servers
@options.setting("GatewaySettings", "gateway_host", "--host")
@options.setting("GatewaySettings", "gateway_port", "--port")
@options.setting("GatewaySettings", "gateway_internal_port", "--internal-port")
@options.terminals_file
@click.pass_context
def gateway(
    ctx: click.Context,
    *,
    fair_file: Path | None,
    bootstrap_servers: str | None,
    gateway_host: str | None,
    gateway_port: int | None,
    gateway_internal_port: int | None,
    terminals_file: Path | None,
) -> None:
    """Take events from booth terminals and put them on Kafka.

    It serves HTTP until it is stopped. An event is answered 202 when Kafka has it on all replicas in sync.

    Further settings are environment variables; `fairpulse settings` lists them.
    """
    if ctx.invoked_subcommand is not None:
        return
    from producers.gateway.run import run_gateway
    from schemas.fair.chosen import chosen_fair
    from schemas.settings import GatewaySettings, KafkaSettings

    fair = chosen_fair(fair_file)
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    settings = GatewaySettings.load(
        gateway_host=gateway_host,
        gateway_port=gateway_port,
        gateway_internal_port=gateway_internal_port,
        terminals_file=terminals_file,
    )
    run_gateway(fair, kafka, settings)


gateway.add_command(conform)

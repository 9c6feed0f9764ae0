"""Commands around Kafka: topics, access rules, its own state for Prometheus."""

from datetime import timedelta
from pathlib import Path

import click

from schemas import options


@click.command()
@click.option("--create", is_flag=True, help="Create the topics that are missing.")
@options.bootstrap_servers
def topics(create: bool, bootstrap_servers: str | None) -> None:
    """List the Kafka topics, or create them.

    The list says who writes and who reads each topic, what its key is, and how long it is kept.
    """
    import asyncio

    from schemas.settings import KafkaSettings
    from schemas.topics import ALL_TOPICS
    from streams.kafka.topics import ensure_topics

    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    for topic in ALL_TOPICS:
        kept = "for ever" if topic.retention is None else f"{topic.retention.days} days"
        partitions = topic.partitions_of(kafka.partitions)
        click.echo(f"{topic.name}: {topic.description}")
        click.echo(f"    key {topic.key_text}; kept {kept}; {partitions} partition{'s' if partitions > 1 else ''}")
        click.echo(f"    written by {', '.join(topic.producers)}; read by {', '.join(topic.consumers)}")
    if create:
        created = asyncio.run(ensure_topics(kafka))
        click.echo(f"created: {', '.join(created) or 'none, all exist'}")


@click.command()
@click.option("--apply", "apply_", is_flag=True, help="Create the rules that are missing. Needs Alter on the cluster.")
@click.option("--check", is_flag=True, help="Compare Kafka with the table; the exit code is 1 if they differ.")
@click.option("--print-commands", is_flag=True, help="Print the commands of kafka-acls.sh that create the rules.")
@options.fair
@options.bootstrap_servers
def acls(
    *, apply_: bool, check: bool, print_commands: bool, fair_file: Path | None, bootstrap_servers: str | None
) -> int:
    """List the access rules of Kafka, grant them or check them.

    Each program has a principal of its own, which may do what the list says and nothing else.

    --apply is for an administrator (in docker-compose.sasl.yml, fairpulse-admin). It may be repeated: rules that exist
    stay, and it takes none away. --check names missing and extra rules.
    """
    import asyncio

    from schemas.fair.chosen import chosen_fair
    from schemas.settings import KafkaSettings
    from streams.kafka.access import grant, rules_in_kafka
    from streams.kafka.principals import ROLES, all_rules, kafka_acls_commands

    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    fair = chosen_fair(fair_file)
    table = all_rules(fair.fair_id)
    if print_commands:
        for command in kafka_acls_commands(table, kafka.bootstrap_servers):
            click.echo(command)
        return 0
    if not apply_ and not check:
        for role in ROLES:
            click.echo(f"{role.principal}: {role.does}")
            for rule in role.rules(fair.fair_id):
                click.echo(f"    {rule.text().removeprefix(role.principal).strip()}")
        return 0
    there = asyncio.run(rules_in_kafka(kafka))
    if apply_:
        missing = table - there
        asyncio.run(grant(kafka, missing))
        click.echo(f"granted: {len(missing)} of {len(table)}, the others were there")
        there |= table
    if not check:
        return 0
    for rule in sorted(table - there):
        click.echo(f"MISSING  {rule.text()}")
    for rule in sorted(there - table):
        click.echo(f"TOO MUCH  {rule.text()}")
    click.echo(f"{len(table)} rules, {len(table - there)} missing, {len(there - table)} too many")
    return 1 if there != table else 0


@click.command("kafka-exporter")
@options.setting("ExporterSettings", "exporter_every", "--every")
@options.setting("ExporterSettings", "exporter_host", "--host")
@options.setting("ExporterSettings", "exporter_port", "--port")
@options.bootstrap_servers
def kafka_exporter(
    *,
    exporter_every: timedelta | None,
    exporter_host: str | None,
    exporter_port: int | None,
    bootstrap_servers: str | None,
) -> None:
    """Show the state of Kafka itself to Prometheus.

    It serves brokers, leaders, replicas and offsets on /metrics until it is stopped. It works with any Kafka, nothing
    is installed beside the brokers, and one exporter is enough for a cluster.
    """
    import asyncio

    from schemas.logs import log_to_stderr
    from schemas.settings import ExporterSettings, KafkaSettings, LogSettings
    from streams.kafka.exporter import export

    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    settings = ExporterSettings.load(
        exporter_every=exporter_every, exporter_host=exporter_host, exporter_port=exporter_port
    )
    log_to_stderr(LogSettings.load(), silent=("aiokafka",))
    asyncio.run(export(kafka, settings))

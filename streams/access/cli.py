"""The command `acls`: print, grant and check Kafka's access rules."""

from pathlib import Path

import click


@click.command()
@click.option("--apply", "apply_", is_flag=True, help="Create those that are missing. Needs Alter on the cluster.")
@click.option("--check", is_flag=True, help="Exit code 1 if one is missing in Kafka or is there and not in the table.")
@click.option("--print-commands", is_flag=True, help="Print the calls of kafka-acls.sh instead.")
@click.option(
    "--fair", "fair_file", type=click.Path(path_type=Path), help="The fair file. [default: the CIFTIS example]"
)
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
def acls(
    *, apply_: bool, check: bool, print_commands: bool, fair_file: Path | None, bootstrap_servers: str | None
) -> int:
    """List the access rules: what every principal of ours may do in Kafka, and no more.

    --apply is for an administrator (in docker-compose.sasl.yml, fairpulse-admin) and may be repeated: what is there
    stays. It takes nothing away; --check names what is too much.
    """
    import asyncio

    from schemas.access import ROLES, all_rules, kafka_acls_commands
    from schemas.fair_file import example_fair_path, load_fair
    from schemas.settings import FairSettings, KafkaSettings
    from streams.access.rules import grant, rules_in_kafka

    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    fair = load_fair(FairSettings.load(fair_file=fair_file).fair_file or example_fair_path())
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

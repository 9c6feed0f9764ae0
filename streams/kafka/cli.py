"""Commands around Kafka: topics, access rules, its own state for Prometheus."""

from datetime import timedelta
from pathlib import Path

import click
from click.core import ParameterSource

from schemas import options
from schemas.console import Commands

FILE = click.Path(path_type=Path)


@click.group(cls=Commands, invoke_without_command=True)
@click.option("--create", is_flag=True, help="Create the topics that are missing.")
@click.option("--correct", is_flag=True, help="Give existing topics the declared settings; their others stay.")
@click.option("--check", is_flag=True, help="Say what is wrong with the topics; the exit code is 1 if anything is.")
@click.option(
    "--anew",
    type=FILE,
    help="Delete the event topics and the fair's journals, and create the topics anew; this recording must hold all"
    " of their records.",
)
@click.option("--part", is_flag=True, help="With --anew: do it also if nobody has the first records of a log any more.")
@click.option("--yes", is_flag=True, help="With --anew: do not ask.")
@options.fair
@options.bootstrap_servers
@click.pass_context
def topics(
    context: click.Context,
    *,
    create: bool,
    correct: bool,
    check: bool,
    anew: Path | None,
    part: bool,
    yes: bool,
    fair_file: Path | None,
    bootstrap_servers: str | None,
) -> int:
    """List the Kafka topics; create, check or correct them.

    The list says who writes and who reads each topic, what its key is, and how long it is kept.

    --check looks at partitions, copies, settings, the places of the oldest events, logs whose beginning is gone and
    open transactions, and names one cure for each fault. Without a fair file, it looks at the journals of all fairs.
    --correct and --anew are for an administrator.
    """
    import asyncio

    from schemas.fair.chosen import chosen_fair, named_fair_id
    from schemas.settings import KafkaSettings
    from streams.kafka.topics import ensure_topics
    from streams.kafka.topics_run import checked, listed, made_anew

    given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if (behind := context.invoked_subcommand) is not None:
        if given:
            raise click.UsageError(f"write options of `fairpulse topics {behind}` behind its name")
        return 0
    for name, given_alone in ("--part", part), ("--yes", yes):
        if given_alone and anew is None:
            raise click.UsageError(f"{name} belongs to --anew")
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    if not (create or correct or check or anew):
        listed(kafka)
        return 0
    if anew is not None:
        made_anew(kafka, chosen_fair(fair_file).fair_id, anew, yes=yes, part=part)
    fair_id = named_fair_id(fair_file)
    if create:
        created = asyncio.run(ensure_topics(kafka, fair_id=fair_id))
        click.echo(f"created: {', '.join(created) or 'none, all exist'}")
    if correct:
        from streams.kafka.correcting import correct_topics

        for line in asyncio.run(correct_topics(kafka, fair_id)) or ["all settings are as declared"]:
            click.echo(line)
    return checked(kafka, fair_id) if check else 0


@topics.command()
@click.argument("file", required=False, type=FILE)
@click.option("--live", is_flag=True, help="Judge the records that the event topics hold now.")
@options.fair
@options.bootstrap_servers
def conform(*, file: Path | None, live: bool, fair_file: Path | None, bootstrap_servers: str | None) -> int:
    """Say whether the records of another team's producer would count.

    FILE is a recording, or JSON lines as `fairpulse recording export` writes them. Each record is judged by its topic,
    key, partition and content. A line without a partition is not judged by it. The exit code is 1 if a record would
    not count.
    """
    import asyncio

    from schemas.fair.chosen import chosen_fair
    from schemas.settings import KafkaSettings
    from streams.kafka.conform_run import conform_file, conform_topics

    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    if (file is None) != live:
        raise click.UsageError("name a FILE, or give --live; one of the two")
    fair = chosen_fair(fair_file)
    found = asyncio.run(conform_topics(kafka, fair)) if file is None else conform_file(file, fair, kafka.partitions)
    click.echo("\n".join(found.lines()))
    return 0 if found.counting == found.records else 1


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

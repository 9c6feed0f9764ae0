"""Commands of the producer side: simulate."""

from pathlib import Path

import click


@click.command()
@click.option("--scenario", default="fair_day", show_default=True, help="What happens; --list-scenarios tells which.")
@click.option("--list-scenarios", is_flag=True, help="List the scenarios and the question each answers.")
@click.option(
    "--fair", "fair_file", type=click.Path(path_type=Path), help="The fair file. [default: the CIFTIS example]"
)
@click.option("--seed", default=1, show_default=True, help="Same seed, scenario and fair: the same events.")
@click.option("--visitors", type=click.IntRange(min=1), help="Visits of the busiest day. [default: the scenario's]")
@click.option("--start", help="Venue-local time to begin at: 2025-09-11 or 2025-09-11T08:30.")
@click.option("--skip-to-opening", is_flag=True, help="Send what happens before the opening at once.")
@click.option(
    "--speed", default=1.0, show_default=True, help="Fair time a second; 60 plays an hour a minute, 0 all at once."
)
@click.option("--rate", type=float, help="Most events a second.")
@click.option("--seconds", type=float, help="Stop after so many seconds.")
@click.option("--events", type=int, help="Stop after so many events.")
@click.option("--bootstrap-servers", help="Kafka brokers, host:port[,host:port]. [default: 127.0.0.1:9092]")
@click.option("--ledger", type=click.Path(dir_okay=False, path_type=Path), help="File for what every KPI must be.")
@click.option("--dry-run", is_flag=True, help="Count the events by kind, send none.")
def simulate(
    *,
    scenario: str,
    list_scenarios: bool,
    fair_file: Path | None,
    seed: int,
    visitors: int | None,
    start: str | None,
    skip_to_opening: bool,
    speed: float,
    rate: float | None,
    seconds: float | None,
    events: int | None,
    bootstrap_servers: str | None,
    ledger: Path | None,
    dry_run: bool,
) -> int:
    """Play a fair's events into Kafka: visitors, booths, deals, and everything that goes wrong at a fair."""
    from producers.play import Pace
    from producers.simulate import Show, count, simulate_into_kafka
    from producers.simulator.scenarios import SCENARIOS
    from schemas.fair_file import example_fair_path, load_fair
    from schemas.settings import FairSettings, KafkaSettings

    if list_scenarios:
        for one in SCENARIOS:
            click.echo(f"{one.name:<16} {one.question}")
        return 0
    fair = load_fair(FairSettings.load(fair_file=fair_file).fair_file or example_fair_path())
    show = Show(fair, scenario, seed, visitors, start, skip_to_opening)
    if dry_run:
        for kind, number in count(show, events).items():
            click.echo(f"{number:>10,} {kind}")
        return 0
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    return simulate_into_kafka(show, kafka, Pace(speed, None, rate, seconds, events), ledger)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """The producer side of fairpulse: simulate."""


commands.add_command(simulate)

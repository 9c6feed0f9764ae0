"""Command line of the producers: `simulate`, `replay`."""

from datetime import timedelta
from pathlib import Path

import click

from producers.play.simulator.scenarios import SCENARIOS
from schemas import options
from schemas.console import INTERRUPTED


@click.command()
@options.seed
@click.option(
    "--scenario",
    default=SCENARIOS[0].name,
    show_default=True,
    type=click.Choice([scenario.name for scenario in SCENARIOS]),
    metavar="NAME",
    help="What happens; the names are above.",
)
@options.fair
@click.option(
    "--visitors",
    type=options.whole(0, 1_000_000, example="20000"),
    help="Visits on the busiest day. [default: that of the scenario]",
)
@options.speed(60.0)
@click.option("--rate", type=options.number(above=0, example="500"), help="Maximum events per second.")
@click.option("--seconds", type=options.length(example="90s"), help="Stop after this much real time, such as 90s.")
@click.option("--events", type=options.whole(1, example="10000"), help="Stop after this many events.")
@click.option(
    "--start", metavar="TIME", help="Where to begin: a day of the fair (2) or a local time (2025-09-11T08:30)."
)
@click.option(
    "--skip-to-opening", is_flag=True, help="Do not wait for the gates to open: send all that happens before at once."
)
@click.option(
    "--head-start",
    type=options.length(example="50m"),
    help="Send at once, straight to Kafka, all that happens until the fair has been open this long.",
)
@options.bootstrap_servers
@click.option(
    "--gateway",
    metavar="URL",
    help="Send over HTTP to this gateway, from one real terminal per badge reader of the fair.",
)
@options.terminals_file
@click.option(
    "--spools",
    type=click.Path(path_type=Path),
    default=Path("spools"),
    show_default=True,
    help="With --gateway: folder of the terminals' spools.",
)
@click.option("--ledger", type=click.Path(path_type=Path), help="File to write what every number must be.")
@click.option(
    "--receipt", type=click.Path(path_type=Path), help="File to write how many different events were acknowledged."
)
@click.option("--status", type=click.Path(path_type=Path), help="File to write how far it is, four times per second.")
@click.option("--dry-run", is_flag=True, help="Send nothing; count what would be sent, as fast as possible.")
def simulate(
    seed: int,
    scenario: str,
    fair_file: Path | None,
    visitors: int | None,
    speed: float,
    rate: float | None,
    seconds: timedelta | None,
    events: int | None,
    start: str | None,
    head_start: timedelta | None,
    bootstrap_servers: str | None,
    gateway: str | None,
    terminals_file: Path | None,
    spools: Path,
    ledger: Path | None,
    receipt: Path | None,
    status: Path | None,
    *,
    skip_to_opening: bool,
    dry_run: bool,
) -> int:
    """Send the events of an invented fair, with all faults.

    Wrong clocks, outages, copies, stragglers, deals that change, records that are not events. Scenarios:

    \b
    fair_day         the busiest day.
    opening_rush     half of the visitors come in the first half hour.
    ceremony_burst   600 deals within ten minutes.
    reconnect_flush  most terminals come back at once.
    quiet_morning    almost nobody.
    gate_outage      the busiest gate is offline in the rush.
    whole_fair       all days.

    With --ledger, a file says what every number must be afterwards, from the events that Kafka acknowledged.

    With --gateway, the terminals are enrolled in the registry, and events happen when the gateway gets them: the
    fair's clock is moved to now.
    """  # noqa: D301 - \b is click's mark for "leave these lines alone"
    import asyncio
    from dataclasses import replace

    from producers.play.pacing import Pace
    from producers.play.run import SimulationPlan, simulate_fair, start_of
    from producers.play.simulator.scenarios import scenario_named
    from producers.registry.sharing import shared_in
    from producers.terminal.gateway_address import given_server
    from schemas.fair.chosen import chosen_fair
    from schemas.settings import GatewaySettings, KafkaSettings

    if gateway is not None and ledger is not None:
        raise click.UsageError("--ledger and --gateway: the gateway stamps times of its own; take one of the two")
    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    settings = GatewaySettings.load(terminals_file=terminals_file)
    fair = chosen_fair(fair_file)
    chosen = scenario_named(scenario)
    plan = SimulationPlan(
        fair=fair,
        scenario=chosen if visitors is None else replace(chosen, visitors=visitors),
        seed=seed,
        pace=Pace(
            speed=0 if dry_run else speed,
            rate=rate,
            seconds=None if seconds is None else seconds.total_seconds(),
            events=events,
        ),
        kafka=None if dry_run else kafka,
        gateway=None if gateway is None or dry_run else given_server("--gateway", gateway),
        registry=settings.terminals_file,
        shared=shared_in(kafka, settings),
        spools=spools,
        ledger=ledger,
        receipt=receipt,
        starts_ms=None if start is None else start_of(start, fair),
        skip_to_opening=skip_to_opening,
        head_start_min=None if head_start is None else head_start.total_seconds() / 60,
        status=status,
    )
    outcome = asyncio.run(simulate_fair(plan))
    if dry_run:
        for kind, count in sorted(outcome.kinds.items()):
            click.echo(f"{count:>10,}  {kind}")
    how = {"complete": "complete", "seconds": "time is up", "events": "number reached", "stopped": "stopped"}
    what = "counted" if dry_run else "acknowledged"
    booked = f", ledger in {ledger}" if ledger is not None else ""
    click.echo(
        f"{how[outcome.ending]}: {outcome.acknowledged:,} records {what} in {outcome.elapsed_s:,.1f} s{booked}",
        err=True,
    )
    return INTERRUPTED if outcome.ending == "stopped" else 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.speed(0.0)
@click.option("--rate", type=options.number(above=0, example="500"), help="Maximum records per second.")
@click.option("--step", is_flag=True, help="Send one record each time that Enter is pressed.")
@click.option(
    "--resume",
    default=0,
    show_default=True,
    type=options.whole(example="1200"),
    help="Leave out this many records at the beginning.",
)
@click.option("--as-new-fair", metavar="ID", help="Send the events as those of a new fair with this id.")
@click.option("--write-fair", type=click.Path(path_type=Path), help="File to write the fair file of the new fair.")
@options.bootstrap_servers
def replay(
    file: Path,
    speed: float,
    rate: float | None,
    resume: int,
    as_new_fair: str | None,
    write_fair: Path | None,
    bootstrap_servers: str | None,
    *,
    step: bool,
) -> int:
    """Send a recording to Kafka again.

    FILE is the recording. Events keep their ids and their order, so nothing is counted twice in the fair they are
    from. Any speed gives the same numbers if the workers run with --clock event. Ctrl-C says how to go on.
    """
    from producers.play.pacing import Pace
    from producers.play.replay import ReplayPlan, renamed_fair, replay_now, write_fair_file
    from schemas.recording.inspection import warn_of_cut
    from schemas.recording.reader import Recording
    from schemas.settings import KafkaSettings

    kafka = KafkaSettings.load(bootstrap_servers=bootstrap_servers)
    recording = Recording(file)
    if write_fair is not None and as_new_fair is None:
        raise click.UsageError("--write-fair: only for --as-new-fair; the fair file of the recording is inside it")
    if as_new_fair is not None:
        _, content = renamed_fair(recording, as_new_fair)
        if write_fair is not None:
            write_fair_file(write_fair, content)
    plan = ReplayPlan(
        recording=recording,
        pace=Pace(speed=speed, rate=rate),
        kafka=kafka,
        skip=resume,
        new_fair=as_new_fair,
        step=step,
    )
    reached = resume

    def note(position: int) -> None:
        nonlocal reached
        reached = position

    try:
        outcome = replay_now(plan, note)
    except Exception:
        click.echo(f"stopped before record {reached:,}; go on with --resume {reached}", err=True)
        raise
    click.echo(f"{outcome.acknowledged:,} records acknowledged in {outcome.elapsed_s:,.1f} s", err=True)
    warn_of_cut(recording)
    if outcome.ending == "stopped":
        click.echo(f"stopped before record {outcome.next:,}; go on with --resume {outcome.next}", err=True)
        return INTERRUPTED
    return 0

"""How a demo of limited time ends: its numbers beside somebody else's."""

from collections.abc import Mapping
from typing import Any, Final

import click
from rich.console import Console

from schemas.errors import MustStop
from streams.audit.run import AuditPlan, audit
from streams.local.ledger import compared, differences, events_in
from streams.local.parts import Part, say, wait_for
from streams.shown.listing import fetch_report

DRAIN_SECONDS: Final = 120
"""How long the worker may take to fold what the simulator has sent."""
MOST_DIFFERENCES: Final = 20


def check_with_ledger(url: str, worker: Part, ledger: Mapping[str, Any]) -> None:
    """Say that every KPI equals the simulator's ledger.

    Raises:
        MustStop: one does not.
    """
    say("the simulator has stopped; comparing every KPI with its ledger")
    sent = events_in(ledger)
    wait_for(lambda: events_in(fetch_report(url, "events")) >= sent, worker, DRAIN_SECONDS)
    found = differences(fetch_report(url), ledger)
    if found:
        for difference in found[:MOST_DIFFERENCES]:
            click.echo(str(difference))
        raise MustStop(f"{len(found)} KPIs differ from the ledger", hint="please report it with the lines above")
    click.echo(f"{sent:,} events, {compared(ledger):,} numbers: all KPIs equal the simulator's ledger.")


def check_with_audit(url: str, worker: Part, events: int, audited: AuditPlan) -> None:
    """Say that every delivered event is counted once and every KPI equals the audit's.

    Raises:
        MustStop: it is not so.
    """
    say("the simulator has stopped and every spool is empty; recomputing every KPI from the raw topics")
    wait_for(lambda: events_in(fetch_report(url, "events")) >= events, worker, DRAIN_SECONDS)
    verdict = audit(audited, Console(stderr=True))
    for number in verdict.differences[:MOST_DIFFERENCES]:
        click.echo(str(number))
    counted = events_in(fetch_report(url, "events"))
    if verdict.differences or counted != events:
        raise MustStop(
            f"{len(verdict.differences)} KPIs differ; of {events:,} delivered events {counted:,} are counted",
            hint="please report it with the lines above",
        )
    click.echo(
        f"{events:,} events delivered by terminals, each counted once; {len(verdict.numbers):,} numbers: "
        "all KPIs equal the audit's."
    )

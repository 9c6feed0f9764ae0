"""What `fairpulse topics` prints and asks."""

import asyncio
import shlex
import sys
import time
from pathlib import Path
from typing import Final

import click

from schemas.cures import OLDER
from schemas.errors import InvalidSettings
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS
from streams.kafka.anew import make_anew, plan_anew
from streams.kafka.checking import check_topics
from streams.kafka.lacking import lacking_text

TELL_EVERY_S: Final = 2.0
"""Seconds between two lines of progress."""


def listed(kafka: KafkaSettings) -> None:
    """Print the declared topics."""
    for topic in ALL_TOPICS:
        kept = "for ever" if topic.retention is None else f"{topic.retention.days} days"
        partitions = topic.partitions_of(kafka.partitions)
        click.echo(f"{topic.name}: {topic.description}")
        click.echo(f"    key {topic.key_text}; kept {kept}; {partitions} partition{'s' if partitions > 1 else ''}")
        click.echo(f"    written by {', '.join(topic.producers)}; read by {', '.join(topic.consumers)}")


def checked(kafka: KafkaSettings, fair_id: str | None) -> int:
    """Print what is wrong with the topics and what is right; return 1 if anything is wrong, else 0.

    Raises:
        Unavailable: no broker answers, or a right is missing.
    """
    lines = asyncio.run(check_topics(kafka, fair_id))
    for line in lines:
        click.echo(f"{line.word:<5}  {line.text}")
    words = [line.word for line in lines]
    click.echo(f"{words.count('WRONG')} wrong, {words.count('RISK')} at risk, {words.count('OK')} as they should be")
    return 1 if "WRONG" in words else 0


def made_anew(kafka: KafkaSettings, fair_id: str, recording: Path, *, yes: bool, part: bool) -> None:
    """Make the event topics anew, and print the next command.

    Raises:
        InvalidSettings: nobody said yes, or there are too few brokers.
        InvalidRecording: the recording does not hold all that the topics hold.
        MustStop: workers run, records still come, or nobody has the first records of a log and `part` is not given.
        Unavailable: no broker answers, or a right is missing.
    """
    told_at = time.monotonic()

    def tell(compared: int, of: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= TELL_EVERY_S:
            click.echo(f"compared {compared:,} of {of:,} records with {recording.name}", err=True)
            told_at = time.monotonic()

    plan = asyncio.run(plan_anew(kafka, fair_id, recording, tell, part=part))
    doomed = ", ".join([*plan.topics, *plan.journals]) or "nothing, they are gone already"
    click.echo(f"to delete: {doomed}; {recording.name} holds all of their records")
    if not yes and not (sys.stdin.isatty() and click.confirm("delete them?")):
        raise InvalidSettings("nothing was deleted", hint="answer with y on a terminal, or give --yes")
    created = asyncio.run(make_anew(kafka, fair_id, plan))
    click.echo(f"created: {', '.join(created)}, with {kafka.partitions} partitions")
    then = f"run `fairpulse replay {shlex.quote(str(recording))}`, then start" if plan.records else "start"
    click.echo(f"next: {then} gateways and workers")
    if plan.lacking:
        click.echo(f"missing: {lacking_text(plan.lacking)}; {OLDER}")

"""Whether the workers that were named together show the whole fair, and each partition once."""

from collections.abc import Sequence

from schemas.errors import FairpulseError
from schemas.fair.chosen import other_fair
from streams.shown.answers import Report

Reports = Sequence[Report]
"""Answers of /kpis, of one worker each."""


def refuse_other_fairs(reports: Reports, fair_id: str, used: str) -> None:
    """Raise InvalidSettings if a worker counts another fair; `used` says why this fair file is used."""
    for report in reports:
        if report["fair"] != fair_id:
            raise other_fair("the workers' numbers are", str(report["fair"])[:64], fair_id, used)


def refuse_doubled(reports: Reports) -> None:
    """Raise FairpulseError if two workers show the same partition, which can happen for a moment while it moves."""
    shown: set[int] = set()
    for report in reports:
        for partition in report["partitions"]:
            if partition in shown:
                raise FairpulseError(
                    f"two workers show partition {partition}",
                    hint="it is moving, or a worker is named twice; try again",
                )
            shown.add(partition)


def refuse_missing(reports: Reports, count: int) -> None:
    """Raise FairpulseError if a partition is shown by none of the workers, of as many as Kafka has."""
    shown = {partition for report in reports for partition in report["partitions"]}
    if missing := sorted(set(range(count)) - shown):
        raise FairpulseError(
            f"none of these workers folds partition {missing[0]}", hint="name every worker: --live URL --live URL"
        )

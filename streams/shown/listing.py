"""The KPIs as text: what each is, and its values in a report."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from schemas.errors import FairpulseError, Unavailable
from schemas.http_reach import no_answer, parts_of, strange_answer
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi

KPIS_BY_NAME: Final = {kpi.name: kpi for kpi in ALL_KPIS}

FETCH_SECONDS = 10
"""How long a worker may take to answer."""


def known(names: Sequence[str]) -> list[Kpi[Any, Any]]:
    """Return the KPIs of these names, in the order of the catalogue; all without names.

    Raises:
        FairpulseError: no KPI has one of these names.
    """
    for name in names:
        if name not in KPIS_BY_NAME:
            near = get_close_matches(name, KPIS_BY_NAME, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise FairpulseError(
                f"{name}: neither a KPI nor a recording",
                hint=f"{meant}`fairpulse kpis` lists all KPIs; a recording is a file",
            )
    return [kpi for kpi in ALL_KPIS if not names or kpi.name in names]


def catalogue_lines(kpis: Iterable[Kpi[Any, Any]]) -> Iterator[str]:
    """Yield lines that say what KPIs are."""
    for kpi in kpis:
        yield from _describe(kpi)


def value_lines(kpis: Iterable[Kpi[Any, Any]], report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the same lines with the values of a report, as /kpis of a worker answers it."""
    for kpi in kpis:
        yield from _describe(kpi)
        yield from _values(report["kpis"][kpi.name]["windows"])


def missing_note(report: Mapping[str, Any]) -> str:
    """Return which partitions a worker's report is about, if other workers have the rest; otherwise nothing."""
    held, total = report["partitions"], report.get("partitions_total", 0)
    if len(held) >= total:
        return ""
    together = len(held) > 1 and held == list(range(held[0], held[-1] + 1))
    named = f"{held[0]}-{held[-1]}" if together else ", ".join(map(str, held))
    word = "partition" if len(held) == 1 else "partitions"
    shown = f"these are the numbers of {word} {named} of {total} only" if held else "this worker has no partition"
    return f"{shown}; ask the other workers for theirs, each with --url"


def fetch_report(
    url: str, *names: str, partition: int | None = None, within_s: float = FETCH_SECONDS
) -> dict[str, Any]:
    """Return what a worker's /kpis says of some KPIs, of all without names; of one partition if it is named.

    Args:
        url: of the worker.
        names: of KPIs.
        partition: of the topics.
        within_s: how many seconds it may say nothing.

    Raises:
        Unavailable: no worker answers there in time; the message says what is wrong with the address.
    """
    if parts_of(url) is None:
        raise Unavailable("the worker's address is not valid", hint="give it as http://HOST:PORT")
    try:
        asked: list[tuple[str, str | int]] = [("name", name) for name in names]
        query = urlencode(asked if partition is None else [*asked, ("partition", partition)])
        with urlopen(f"{url.rstrip('/')}/kpis?{query}", timeout=within_s) as answer:  # noqa: S310 - checked above
            status, body = answer.status, answer.read()
    except HTTPError as error:
        raise strange_answer("worker", url, error.code) from error
    except (OSError, HTTPException, ValueError) as error:
        raise no_answer("worker", url, error, start="`fairpulse worker` or `fairpulse demo`") from error
    try:
        report = json.loads(body)
    except ValueError:
        report = None
    if not isinstance(report, dict) or "kpis" not in report:
        raise strange_answer("worker", url, status)
    return report


def _describe(kpi: Kpi[Any, Any]) -> Iterator[str]:
    labels = f" by {', '.join(kpi.labels)}" if kpi.labels else ""
    yield f"{kpi.name}: {kpi.question}"
    yield f"    {kpi.unit}{labels}; windows {', '.join(kpi.windows)}; {kpi.source}"


def _values(windows: dict[str, Any]) -> Iterator[str]:
    for window, values in windows.items():
        days = values.items() if isinstance(values, dict) else [("", values)]
        for day, series in days:
            for one in series:
                labels = ",".join(f"{label}={value}" for label, value in one["labels"].items())
                value = one["value"]
                shown = f"{value['count']} p50 {value['p50']} ms" if isinstance(value, dict) else value
                yield f"        {window} {day}".rstrip() + f" {labels or 'all'}: {shown}"

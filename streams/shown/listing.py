"""The KPIs as text: what each is, and, of a running worker, what it is now."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from schemas.errors import FairpulseError, Unavailable
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi

FETCH_SECONDS = 10
"""How long a worker may take to answer."""


def list_kpis(name: str | None, url: str | None) -> Iterator[str]:
    """Yield lines on all KPIs, or on one, with the values of a running worker if its address is given.

    Raises:
        FairpulseError: no KPI has that name.
        Unavailable: no worker answers.
    """
    chosen = [kpi for kpi in ALL_KPIS if name in (None, kpi.name)]
    if not chosen:
        raise FairpulseError("there is no KPI of that name", hint="`fairpulse kpis` lists them all")
    report = None if url is None else fetch_report(url, *([name] if name else []))
    for kpi in chosen:
        yield from _describe(kpi)
        if report is not None:
            yield from _values(report["kpis"][kpi.name]["windows"])


def fetch_report(url: str, *names: str, partition: int | None = None) -> dict[str, Any]:
    """Return what a worker's /kpis says of some KPIs, of all without names; of one partition if it is named.

    Raises:
        Unavailable: no worker answers there.
    """
    if not url.startswith(("http://", "https://")):
        raise Unavailable("a worker's address starts with http://", hint="as http://HOST:PORT")
    try:
        asked: list[tuple[str, str | int]] = [("name", name) for name in names]
        query = urlencode(asked if partition is None else [*asked, ("partition", partition)])
        with urlopen(f"{url.rstrip('/')}/kpis?{query}", timeout=FETCH_SECONDS) as answer:  # noqa: S310 - checked above
            report: dict[str, Any] = json.load(answer)
            return report
    except (URLError, OSError, ValueError) as error:
        raise Unavailable(
            f"no worker answers at {url}", hint="start one with `fairpulse worker`, or `fairpulse demo`"
        ) from error


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

"""The pages that a worker serves over HTTP: /metrics, /facts, /kpis, /healthz, /readyz."""

import asyncio
import json
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

from schemas.errors import Unavailable
from schemas.logs import logger
from schemas.web import authority
from streams.shown.collector import KpiCollector
from streams.shown.facts import CONTENT_TYPE, facts_page
from streams.shown.health import Health
from streams.shown.view import View

log = logger(__name__)


def refuse_taken(host: str, port: int) -> None:
    """Raise Unavailable if the port cannot be used. Checked before anything starts, so that the error is one line."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Unavailable(
                f"port {port} is taken by another program, or {host} is not an address of this machine",
                hint="set FAIRPULSE_METRICS_PORT to a free port, or to 0 for any",
            ) from None


EOF = b"# EOF\n"
"""The last line of an OpenMetrics page."""
SLICE = 500
"""Series that are written without a pause, which takes about 5 ms."""
_HEADER = re.compile(rb"^# .*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Only:
    """A registry of one family, for the encoders of prometheus_client."""

    family: Metric

    def collect(self) -> Iterable[Metric]:
        return (self.family,)


async def exposition(families: Iterable[Metric], encode: Callable[[Any], bytes]) -> bytes:
    """Return a page of some families. It is made a few hundred series at a time; the fold continues in between.

    Made in one go, ten thousand series would stop the fold for a tenth of a second at every scrape.
    """
    page = bytearray()
    closed = False
    for family in families:
        samples = family.samples
        for start in range(0, max(1, len(samples)), SLICE):
            family.samples = samples[start : start + SLICE]
            text = encode(_Only(family))
            closed = text.endswith(EOF)
            text = text.removesuffix(EOF)
            page += _HEADER.sub(b"", text) if start else text
            await asyncio.sleep(0)
    return bytes(page) + (EOF if closed else b"")


async def scrape(registry: CollectorRegistry, kpis: KpiCollector, encode: Callable[[Any], bytes]) -> bytes:
    """Return the page of a worker: what a registry has, and one reading of the KPIs.

    The fold goes on while the page is written, and between two partitions that are read.
    """
    reading = kpis.reading()
    for _ in reading.steps():
        await asyncio.sleep(0)
    return await exposition(chain(registry.collect(), kpis.families(reading)), encode)


class WorkerPages:
    """A small HTTP server beside the fold, on the same event loop.

    Args:
        view: the numbers for /kpis.
        health: for /healthz and /readyz.
        registry: what /metrics shows besides the KPIs.
        kpis: the KPIs for /metrics; not a part of the registry.
        host, port: where to listen.

    Attributes:
        port: the port it listens on; if 0 was asked for, known only once it has started.
    """

    def __init__(
        self, view: View, health: Health, registry: CollectorRegistry, kpis: KpiCollector, host: str, port: int
    ) -> None:
        self._view = view
        self._health = health
        self._registry = registry
        self._kpis = kpis
        self._facts = facts_page(view.engine.fair)
        self._host = host
        self.port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Start to listen. Raises OSError if the port is taken."""
        pages = web.Application()
        pages.router.add_get("/metrics", self.metrics)
        pages.router.add_get("/facts", self.facts)
        pages.router.add_get("/kpis", self.kpis)
        pages.router.add_get("/healthz", self.healthz)
        pages.router.add_get("/readyz", self.readyz)
        self._runner = web.AppRunner(pages, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        log.info("serving KPIs", address=f"http://{authority(self._host, self.port)}/kpis", for_prometheus="/metrics")

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def metrics(self, request: web.Request) -> web.Response:
        """Serve all KPIs and the worker's health in the format that the scraper asks for."""
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        page = await scrape(self._registry, self._kpis, encode)
        return web.Response(body=page, headers={"Content-Type": content_type})

    async def facts(self, _: web.Request) -> web.Response:
        """Serve the facts of the fair file, for Prometheus."""
        return web.Response(body=self._facts, headers={"Content-Type": CONTENT_TYPE})

    async def kpis(self, request: web.Request) -> web.Response:
        """Serve KPIs as JSON: all, some (`?name=visits&name=leads`), or those of a partition (`?partition=3`)."""
        names = set(request.query.getall("name", []))
        numbers = request.query.getall("partition", [])
        if not all(re.fullmatch("[0-9]{1,3}", number) for number in numbers):
            return web.json_response({"error": "a partition is a number from 0 to 999"}, status=400)
        report = self._view.report(names, set(map(int, numbers)))
        if names - report["kpis"].keys():
            return web.json_response({"error": "there is no such KPI; /kpis without a name lists all"}, status=404)
        return web.Response(text=json.dumps(report, ensure_ascii=False) + "\n", content_type="application/json")

    async def healthz(self, _: web.Request) -> web.Response:
        """Answer that the event loop runs. Kafka is not asked: an outage of Kafka must not restart every worker."""
        return web.Response(text="alive\n")

    async def readyz(self, _: web.Request) -> web.Response:
        """Answer 200 if the worker has recovered and is folding, otherwise 503 with the reason."""
        if (reason := self._health.reason) is None:
            return web.Response(text="ready\n")
        return web.Response(text=f"{reason}\n", status=503)

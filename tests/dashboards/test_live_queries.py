"""Every query of every board on a real Prometheus that scraped all our programs during a simulated fair.

Only panels that are listed here may be empty. Values must be those of the oracle, which recomputes them from Kafka's
records by other code; also after a worker has died and another one has taken over.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dashboards.__main__ import ROOT
from dashboards.build import NOTHING
from dashboards.queries import total
from dashboards.rules import RULES
from dashboards.scraping import AUDIT, FACTS, GATEWAY, KAFKA, WORKER
from schemas.api.http import SIMULATED_TIME
from schemas.api.terminals import PlaceKind, Terminal
from schemas.fair.file import example_fair_path, load_fair
from schemas.ports import HOST, free_port
from schemas.settings import KafkaSettings
from streams.audit.recount.oracle import Oracle
from streams.kafka.topics import ensure_topics
from streams.kpis.aggregates import Histogram
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import Kpi, Unit, Window
from streams.local.kafka import LocalKafka
from tests.support.builders import LATENESS
from tests.support.gateway import GatewayProcess, Paired, event
from tests.support.prometheus import Labels, Prometheus, needs_prometheus, now, prometheus_for, running
from tests.support.workers import (
    WorkerProcess,
    beside,
    eventually,
    fair_of,
    must_equal_the_oracle,
    send,
)

pytestmark = [pytest.mark.broker, needs_prometheus]

FAIR = load_fair(example_fair_path())
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "json").glob("*.json"))}
TARGETS = [
    (uid, panel, target) for uid, board in BOARDS.items() for panel in board["panels"] for target in panel["targets"]
]
STAND = Terminal("stand-1", FAIR.fair_id, PlaceKind.BOOTH, next(iter(FAIR.booths)))
PARTITIONS = 4
A_DAY = "10s"
"""Ten seconds stand for a day here."""
A_WHOLE_YESTERDAY = f"timestamp(fair_window_end_timestamp_seconds offset {A_DAY})"
"""The moment at which the numbers of "a day ago" were scraped."""

EMPTY = {
    ("fair-pipeline", 17): "no alert may fire when all is well",
    ("fair-quality", 11): "every gate passes people before noon",
    ("fair-quality", 19): "every topic is as declared",
    ("fair-quality", 15): "no booth has been there for half an hour",
    ("fair-terminals", 3): "every terminal was heard just now",
    ("fair-terminals", 6): "the gateway's terminals say nothing of their clocks",
    ("fair-compare", 13): "no day has closed",
    ("fair-compare", 14): "nothing differs",
    ("fair-kpis", 935196): "registered_badges: this fair has no register of badges",
    ("fair-kpis", 847837): "unregistered_badges: this fair has no register of badges",
}
"""Panels that are rightly empty here."""


@dataclass(frozen=True)
class Running:
    broker: str
    workers: list[WorkerProcess]
    prometheus: Prometheus


@contextmanager
def program(log: Path, *arguments: str) -> Iterator[None]:
    """Run one of our programs, with its page of metrics, until the block ends."""
    with log.open("ab") as out:
        settings = {**os.environ, "FAIRPULSE_PARTITIONS": str(PARTITIONS)}
        command = [sys.executable, "-m", "streams", *arguments]
        process = subprocess.Popen(command, stdout=out, stderr=out, env=settings)
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.kill()
        process.wait()


def post_by_the_gateway(gateway: GatewayProcess) -> None:
    """Scan twice at a booth, the second time with an unknown field."""
    opening = FAIR.days[0].opens_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    good, bad = event(STAND, time=opening), event(STAND, time=opening, data={"scan_kind": "no such"})
    for body, status in ((good, 202), (good, 202), (bad, 422)):
        assert gateway.post(body, STAND, headers={SIMULATED_TIME: opening}).status == status


def ask_now_and_then(gateway: GatewayProcess, ended: threading.Event) -> None:
    """Ask who one is, as a terminal does that has nothing to send."""
    while not ended.wait(20):
        gateway.post(b"", STAND, path="/v1/terminal", method="GET")


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """All of our programs, a fair until noon, and a Prometheus that has scraped all of it."""
    home = tmp_path_factory.mktemp("live")
    records = fair_of(visitors=700, seed=21)
    with ExitStack() as stack:
        broker = stack.enter_context(LocalKafka.start()).bootstrap_servers
        asyncio.run(ensure_topics(KafkaSettings(bootstrap_servers=broker, partitions=PARTITIONS)))
        workers = [WorkerProcess(broker, home / f"worker-{n}.log", partitions=PARTITIONS) for n in range(2)]
        for worker in workers:
            stack.callback(worker.kill)
        addresses = [f"{HOST}:{worker.port}" for worker in workers]
        paired = Paired(home / "terminals.sqlite")
        paired.enrol(STAND)
        told = {"fair_file": str(example_fair_path()), "gateway_clock": "simulated"}
        gateway = GatewayProcess(broker, paired, home / "gateway.log", **told)
        audit, exporter = str(free_port()), str(free_port())
        targets = {
            WORKER: addresses,
            FACTS: addresses,
            GATEWAY: [f"{HOST}:{gateway.internal_port}"],
            AUDIT: [f"{HOST}:{audit}"],
            KAFKA: [f"{HOST}:{exporter}"],
        }
        for worker in workers:
            worker.wait_ready()
        stack.callback(gateway.start().stop)
        to = ["--bootstrap-servers", broker, "--port"]
        live = [word for address in addresses for word in ("--live", f"http://{address}")]
        live += ["--lateness", str(LATENESS.total_seconds())]
        stack.enter_context(program(home / "audit.log", "audit", "--every", "1", *live, *to, audit))
        stack.enter_context(program(home / "exporter.log", "kafka-exporter", "--every", "1", *to, exporter))
        prometheus = stack.enter_context(prometheus_for(home, targets, {FACTS: "/facts"}))
        everything = sum(map(len, targets.values()))
        eventually(
            lambda: len(prometheus.query("up == 1")) == everything, "everything has been scraped before it counts"
        )
        eventually(lambda: all(len(w.partitions()) == PARTITIONS // 2 for w in workers), "both share the work")
        post_by_the_gateway(gateway)
        stack.enter_context(beside(partial(ask_now_and_then, gateway)))
        send(broker, records[: len(records) // 2], rate=1_500)
        must_equal_the_oracle(broker, *workers)
        running = Running(broker, workers, prometheus)
        wait_for_a_scrape(running)
        eventually(lambda: bool(prometheus.query("fair_audit_numbers > 1000")), "the fair is audited")
        since = now()
        eventually(
            lambda: min(prometheus.query(A_WHOLE_YESTERDAY).values(), default=0) > since,
            "all that has been folded is a yesterday to compare with",
        )
        yield running


def wait_for_a_scrape(fair: Running) -> None:
    """Wait until Prometheus has scraped every living worker, and evaluated the rules, after this moment."""
    since = now()
    alive = [f"{HOST}:{worker.port}" for worker in fair.workers if worker.process.poll() is None]

    def scraped() -> bool:
        seen = fair.prometheus.query("timestamp(fair_window_end_timestamp_seconds)")
        fresh = {dict(labels)["instance"] for labels, at in seen.items() if at > since}
        return (
            fresh >= set(alive) and max(fair.prometheus.query("timestamp(fair:time)").values(), default=0) > since + 2
        )

    eventually(scraped, "Prometheus has scraped")


def filled(uid: str, expr: str, prometheus: Prometheus) -> str:
    """Return the query as Grafana sends it when a board is opened; a day ago is ten seconds ago here."""
    expr = expr.replace(f" or on () {NOTHING}", "").replace("$__rate_interval", "5m").replace("$offset", A_DAY)
    expr = expr.replace("$__from", "0").replace("$__to", "4102444800000")
    for variable in BOARDS[uid]["templating"]["list"]:
        name = variable["name"]
        if variable["type"] == "query":
            value = ".*" if variable["includeAll"] else first_of(variable["query"]["query"], prometheus)
        else:
            value = variable["current"]["value"]
        expr = re.sub(rf"\$\{{?{name}\b\}}?", lambda _, value=value: value, expr)
    return expr


def first_of(query: str, prometheus: Prometheus) -> str:
    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", query).groups()  # type: ignore[union-attr]
    values = prometheus.label_values(metric, label)
    assert values, f"{query} offers nothing"
    busiest = prometheus.query(f"topk(1, sum by ({label}) ({metric}))")
    return dict(next(iter(busiest)))[label]


@pytest.mark.parametrize(
    ("uid", "panel", "target"), TARGETS, ids=[f"{u}-{p['id']}-{t['refId']}" for u, p, t in TARGETS]
)
def test_a_panel_is_not_empty(uid: str, panel: dict[str, Any], target: dict[str, Any], fair: Running) -> None:
    expr = filled(uid, target["expr"], fair.prometheus)
    found: Any = fair.prometheus.query(expr) if target["instant"] else fair.prometheus.range(expr, now() - 20, now())
    if (uid, panel["id"]) in EMPTY:
        assert not found, f"take it out of EMPTY: {EMPTY[uid, panel['id']]}"
    else:
        assert found, expr
        for label in re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")):
            labels = [dict(one) for one in found] if target["instant"] else [one["metric"] for one in found]
            assert all(one.get(label) for one in labels), f"the legend wants {label}"


@pytest.mark.parametrize("uid", BOARDS)
def test_every_variable_offers_a_choice_and_every_mark_but_idle_gates_is_drawn(uid: str, fair: Running) -> None:
    for variable in BOARDS[uid]["templating"]["list"]:
        if variable["type"] == "query":
            assert first_of(variable["query"]["query"], fair.prometheus)
    for mark in BOARDS[uid]["annotations"]["list"]:
        found = fair.prometheus.query(filled(uid, mark["expr"], fair.prometheus))
        assert bool(found) is (mark["name"] != "Gates without a passage"), mark["name"]


def test_opening_and_closing_are_marked_at_the_fairs_own_times(fair: Running) -> None:
    [opens] = [m for m in BOARDS["fair-now"]["annotations"]["list"] if m["name"] == "Opening"]
    found = fair.prometheus.query(filled("fair-now", opens["expr"], fair.prometheus))
    shown = {dict(labels)["day"]: value for labels, value in found.items()}
    assert shown == {day.date.isoformat(): day.opens_at.timestamp() * 1_000 for day in FAIR.days}


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_recording_rule_has_a_value(name: str, fair: Running) -> None:
    assert bool(fair.prometheus.query(name)) is (name != "fair:gate_idle")


def test_no_alert_fires_when_all_is_well(fair: Running) -> None:
    assert fair.prometheus.query('ALERTS{alertstate="firing"}') == {}


def expected(oracle: Oracle, kpi: Kpi[Any, Any], window: Window) -> dict[Labels, float]:
    """Return the values of a KPI that Prometheus must show, by labels; money in units of the currency."""
    results = oracle.kpis()[kpi.name]
    found = {}
    for key, value in results.get(today(oracle) if window is Window.DAY else "fair", {}).items():
        assert isinstance(value, int)
        currency = dict(key).get("currency", FAIR.reporting_currency)
        digits = FAIR.currencies[currency].minor_units if kpi.unit is Unit.MONEY else 0
        found[key] = value / 10**digits
    return found


def today(oracle: Oracle) -> str:
    return max(day for day in oracle.kpis()["events"] if day != "fair")


def differing(fair: Running, oracle: Oracle) -> list[str]:
    """Return every number in which the panels' query of a KPI differs from the oracle, for day and fair."""
    found = []
    for kpi in ALL_KPIS:
        for window in {Window.DAY, Window.FAIR} & set(kpi.scraped):
            if isinstance(kpi.aggregate, Histogram):
                labels = "".join(f", {label}" for label in kpi.labels)
                shown = fair.prometheus.query(f'sum by (window{labels}) ({kpi.metric}_count{{window="{window}"}})')
                shown = {frozenset(set(key) - {("window", window.value)}): value for key, value in shown.items()}
                results = oracle.kpis()[kpi.name][today(oracle) if window is Window.DAY else "fair"]
                wanted = {key: float(value[0]) for key, value in results.items() if isinstance(value, tuple)}
            else:
                shown = fair.prometheus.query(total(kpi, window, *kpi.labels))
                wanted = expected(oracle, kpi, window)
            found += [
                f"{kpi.name} {window} {dict(key)}: {shown.get(key)} instead of {wanted.get(key)}"
                for key in {*shown, *wanted}
                if shown.get(key, 0) != pytest.approx(wanted.get(key, 0), rel=1e-12)
            ]
    return found


def test_the_query_of_every_kpi_gives_the_oracles_numbers(fair: Running) -> None:
    oracle = must_equal_the_oracle(fair.broker, *fair.workers)
    eventually(lambda: differing(fair, oracle) == [], "every number is the oracle's")


def test_distinct_countries_and_booths_are_counted_once_over_both_workers(fair: Running) -> None:
    kpis = must_equal_the_oracle(fair.broker, *fair.workers).kpis()
    day = max(day for day in kpis["events"] if day != "fair")
    known = kpis["visitors_by_country"]["fair"].keys() - {frozenset({("country", "unknown")})}
    assert fair.prometheus.query("fair:countries") == {frozenset(): len(known)}
    assert fair.prometheus.query("fair:active_booths") == {frozenset(): len(kpis["booth_scans"][day])}


def test_the_wall_shows_each_hall_by_its_name_and_share_of_its_permit(fair: Running) -> None:
    oracle = must_equal_the_oracle(fair.broker, *fair.workers)
    [panel] = [panel for panel in BOARDS["fair-now"]["panels"] if panel["id"] == 13]
    shown = {dict(k)["name"]: v for k, v in fair.prometheus.query(panel["targets"][0]["expr"]).items()}
    inside = {dict(key)["hall"]: value for key, value in oracle.kpis()["hall_occupancy"][today(oracle)].items()}
    assert shown == {
        FAIR.halls[hall].name: pytest.approx(max(0, persons) / FAIR.halls[hall].capacity)
        for hall, persons in inside.items()
        if isinstance(persons, int)
    }


@pytest.mark.long
def test_a_backfill_of_the_topics_stores_what_live_scraping_stored(fair: Running, tmp_path: Path) -> None:
    wait_for_a_scrape(fair)
    file = tmp_path / "fair.om"
    with file.open("wb") as out:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "streams",
                "backfill",
                "--lateness",
                str(LATENESS.total_seconds()),
                "--bootstrap-servers",
                fair.broker,
            ],
            env={**os.environ, "FAIRPULSE_PARTITIONS": str(PARTITIONS)},
            stdout=out,
            check=True,
        )
    blocks = tmp_path / "blocks"
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", str(file), str(blocks)], check=True)
    config = tmp_path / "empty.yml"
    config.write_text("")
    with running(tmp_path, "--config.file", str(config), "--storage.tsdb.retention.time=50y", data=blocks) as past:
        last = float(file.read_text().splitlines()[-2].rpartition(" ")[2])
        newest = max(fair.prometheus.query("fair_watermark_timestamp_seconds").values())
        assert newest < last <= newest + 60, "the last step is of the fair's own time"
        for kpi in ALL_KPIS:
            for window in {Window.DAY, Window.FAIR} & set(kpi.scraped):
                if not isinstance(kpi.aggregate, Histogram):
                    query = total(kpi, window, *kpi.labels)
                    live = fair.prometheus.query(query)
                    assert past.query(query, at=last) == pytest.approx(live, rel=1e-12), kpi.name
        noon = past.query(total(ALL_KPIS[0], Window.FAIR), at=last - 3_600)
        assert 0 < sum(noon.values()) < sum(past.query(total(ALL_KPIS[0], Window.FAIR), at=last).values())
        halls = past.query("max by (hall) (fair_hall_capacity_persons)", at=last)
        assert len(halls) == len(FAIR.halls)


def test_after_a_workers_death_and_takeover_every_query_still_gives_the_oracles_numbers(
    fair: Running, tmp_path: Path
) -> None:
    dead, alive = fair.workers
    dead.kill()
    eventually(lambda: len(alive.partitions()) == PARTITIONS, "the partitions of the dead worker are taken over")
    wait_for_a_scrape(fair)
    oracle = must_equal_the_oracle(fair.broker, alive)
    eventually(lambda: differing(fair, oracle) == [], "every number is the oracle's")
    assert fair.prometheus.query(f'up{{job="{WORKER}", instance="{HOST}:{dead.port}"}}') != {}
    newcomer = WorkerProcess(fair.broker, tmp_path / "newcomer.log", partitions=PARTITIONS)
    try:
        eventually(lambda: len(alive.partitions()) == PARTITIONS // 2, "partitions move to the newcomer")
        eventually(lambda: alive.get("/readyz") == "ready\n", "the other one folds on")
        wait_for_a_scrape(Running(fair.broker, [alive], fair.prometheus))
        for label in ("visits", "gate_passages"):
            kpi = next(kpi for kpi in ALL_KPIS if kpi.name == label)
            whole, shown = sum(expected(oracle, kpi, Window.FAIR).values()), total(kpi, Window.FAIR)
            assert sum(fair.prometheus.query(shown).values()) == whole, "under way, a partition keeps its last number"
            # A look into the future, where the last number from before the move is 90 s old.
            eventually(
                lambda shown=shown, whole=whole: 0 < sum(fair.prometheus.query(shown, at=now() + 75).values()) < whole,
                "the newcomer is not scraped here: its partitions are missing once the bridge is over, never frozen",
            )
    finally:
        newcomer.kill()

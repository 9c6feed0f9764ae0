"""How long Prometheus takes for every query of a board, with a whole day of two workers and 2,000 exhibitors in it.

    .venv/bin/python tests/bench/boards.py                       Fair now, as opened on a screen 1,920 pixels wide
    .venv/bin/python tests/bench/boards.py --board fair-gates --board fair-kpis
    .venv/bin/python tests/bench/boards.py --step 15 --visitors 72000    as dense as real scrapes, on a busy day

A simulated day is folded and written into Prometheus' blocks at its own times (`fairpulse backfill`), the recording
rules over it. Then each query is sent seven times, at closing time, as Grafana would send it. The median and the
slowest time are printed.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[2]))

from aiokafka.partitioner import murmur2

from dashboards.__main__ import ROOT
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair
from schemas.recording.frames import RecordedRecord
from schemas.times import epoch_ms
from streams.history.backfill import JOB, openmetrics
from tests.support.prometheus import RULES, Prometheus, running

PARTITIONS, WORKERS, ROUNDS = 8, 2, 7
LATENESS: Final = timedelta(seconds=30)
SCREEN_PX: Final = 1_920
NICE_S: Final = ((7.5, 5), (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120), (450, 300))
"""Grafana rounds the seconds per pixel: below the first number of a pair, to the second."""


def records(fair: Fair, visitors: int, worker: int) -> Iterator[RecordedRecord]:
    """Yield the records of the busiest day for the partitions of one worker, in order of arrival."""
    offsets = dict.fromkeys(range(PARTITIONS), 0)
    for one in emissions(fair, replace(scenario_named("fair_day"), visitors=visitors), 1):
        partition = (murmur2(one.key) & 0x7FFFFFFF) % PARTITIONS
        if partition % WORKERS == worker:
            offsets[partition] += 1
            yield RecordedRecord(one.topic, partition, offsets[partition], one.at_ms, one.key, one.value)


def keep(lines: Iterable[str], worker: int, home: Path, data: Path) -> int:
    """Turn the lines of one worker into Prometheus' blocks; return the number of samples."""
    file, samples = home / f"{worker}.om", 0
    with file.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(line.replace(f'instance="{JOB["instance"]}"', f'instance="worker-{worker}"'))
            samples += 1
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(file), str(data)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    file.unlink()
    return samples


def queries(uid: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    """Yield panel, target and query of a board, with its variables at their first choice."""
    board = json.loads((ROOT / "json" / f"{uid}.json").read_text(encoding="utf-8"))
    chosen = {one["name"]: one.get("current", {}).get("value", ".*") for one in board["templating"]["list"]}
    for panel in board["panels"]:
        for target in panel["targets"]:
            expr = target["expr"].replace("$__rate_interval", "1m")
            for name, value in chosen.items():
                shown = ".*" if value in ("$__all", ["$__all"], "") else str(value)
                expr = re.sub(rf"\$\{{?{name}\b\}}?", lambda _, shown=shown: shown, expr)
            yield panel, target, expr


def measure(prometheus: Prometheus, uid: str, at: float, hours: float) -> None:
    """Print one line per query."""
    print(f"\n| {uid}: panel | query | step | points | median | slowest |\n|---|---|---|---|---|---|")
    for panel, target, expr in queries(uid):
        pixels = SCREEN_PX * panel["gridPos"]["w"] // 24
        step = next(nice for below, nice in NICE_S if hours * 3_600 / pixels < below)
        took, points = [], 0
        for _ in range(ROUNDS):
            began = time.perf_counter()
            if target["instant"]:
                points = len(prometheus.query(expr, at=at))
            else:
                points = sum(len(one["values"]) for one in prometheus.range(expr, at - hours * 3_600, at, step))
            took.append((time.perf_counter() - began) * 1_000)
        name = (panel["title"] or panel["fieldConfig"]["defaults"]["displayName"]).partition(", $")[0]
        shown = "now" if target["instant"] else f"{step} s"
        print(f"| {panel['id']} {name} | {target['refId']} | {shown} | {points:,} "
              f"| {statistics.median(took):.1f} ms | {max(took):.1f} ms |")  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--board", action="append", choices=sorted(one.stem for one in ROOT.glob("json/*.json")))
    arguments.add_argument("--visitors", type=int, default=20_000, help="on that day")
    arguments.add_argument("--step", type=float, default=60, help="seconds between two samples")
    arguments.add_argument("--hours", type=float, default=9, help="how far back the board looks")
    asked = arguments.parse_args()
    fair = load_fair(example_fair_path("ciftis"))
    day = fair.days[len(fair.days) // 2]  # the busiest one, which is simulated
    opens, closes = epoch_ms(day.opens_at) / 1_000, epoch_ms(day.closes_at) / 1_000
    with tempfile.TemporaryDirectory() as folder:
        home, data = Path(folder), Path(folder) / "data"
        data.mkdir()
        samples = sum(
            keep(openmetrics(fair, LATENESS, records(fair, asked.visitors, one), timedelta(seconds=asked.step)),
                 one, home, data)
            for one in range(WORKERS)
        )  # fmt: skip
        print(f"{len(fair.exhibitors):,} exhibitors, {asked.visitors:,} visits, {samples:,} samples, {WORKERS} workers")
        (home / "empty.yml").write_text("")
        options = ("--config.file", str(home / "empty.yml"), "--storage.tsdb.retention.time=50y",
                   "--storage.tsdb.allow-overlapping-blocks")  # fmt: skip
        with running(home, *options, data=data) as past:
            subprocess.run(
                ["promtool", "tsdb", "create-blocks-from", "rules", f"--start={opens:.0f}", f"--end={closes:.0f}",
                 f"--url={past.url}", f"--output-dir={data}", "--eval-interval=60s", RULES[0]],
                check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        with running(home, *options, data=data) as past:
            for uid in asked.board or ["fair-now"]:
                measure(past, uid, closes - 60, asked.hours)


if __name__ == "__main__":
    main()

"""A whole fair on one machine: Kafka, worker, simulator, Prometheus if installed, and a live view."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

import click
from rich.live import Live

from schemas.errors import MustStop, Unavailable
from schemas.fair_file import load_fair
from schemas.settings import PREFIX
from streams.kpi_listing import fetch_report
from streams.local.children import Children
from streams.local.kafka import LocalKafka
from streams.local.ledger import compared, differences, events_in
from streams.local.liveview import SHOWN, LiveView, console
from streams.local.ports import HOST, free_port
from streams.local.prometheus import start_prometheus

PATIENCE: Final = timedelta(seconds=8)
"""How long the programs may take to end before they are killed."""
START_SECONDS: Final = 60
"""How long the worker may take until it folds."""
DRAIN_SECONDS: Final = 120
"""How long the worker may take to fold what the simulator has sent."""
SHOW_SECONDS: Final = 0.5
LINE_SECONDS: Final = 5
"""How often the view is drawn, and how often a line is printed where there is no terminal."""
MOST_DIFFERENCES: Final = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What kind of fair the demo plays.

    Attributes:
        seconds: real seconds until the simulator stops and every KPI is checked; None plays until Ctrl-C.
        speed: fair seconds a real second.
        visitors: visits of the day.
    """

    fair_file: Path
    seconds: int | None
    speed: float
    visitors: int
    scenario: str
    seed: int

    @property
    def lateness_seconds(self) -> int:
        """Fair time that a minute stays open: what takes a second on the way takes `speed` seconds of fair time."""
        return max(30, round(self.speed))


def run_demo(plan: Plan) -> None:
    """Play a fair until the simulator ends or KeyboardInterrupt; then nothing of it is left.

    Raises:
        Unavailable: a part cannot start, or ended by itself.
        MustStop: a KPI differs from the simulator's ledger.
    """
    fair = load_fair(plan.fair_file)
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="fairpulse-demo-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        bootstrap = os.environ.get(f"{PREFIX}BOOTSTRAP_SERVERS")
        if bootstrap is None:
            _say("starting Kafka (the first run downloads 45 MB)")
            bootstrap = stack.enter_context(LocalKafka.start()).bootstrap_servers
        children = Children()
        stack.callback(children.close, PATIENCE)
        port = free_port()
        url = f"http://{HOST}:{port}"
        _say("starting a worker")
        common = ["--bootstrap-servers", bootstrap, "--fair", str(plan.fair_file)]
        play = ["worker", "--clock", "event", "--port", str(port), "--lateness", str(plan.lateness_seconds)]
        worker = _start(children, home, "worker", "streams", *play, *common)
        _wait(lambda: _is_ready(url), worker, START_SECONDS)
        addresses = {"KPIs": f"{url}/kpis", "metrics": f"{url}/metrics", "Kafka": bootstrap}
        prometheus = start_prometheus(children, home, f"{HOST}:{port}")
        if prometheus is not None:
            addresses["Prometheus"] = prometheus
        ledger = home / "ledger.json"
        _say("starting the simulator")
        simulator = _start(children, home, "simulator", "producers", "simulate", *common, *_script(plan, ledger))
        _show(LiveView(fair, addresses), url, worker, simulator)
        if simulator.popen.returncode:
            raise simulator.ended()
        _check(url, worker, json.loads(ledger.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Part:
    """A running program of the demo."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def ended(self) -> Unavailable:
        """Return the error that it has ended by itself, with the last line it said."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["(it said nothing)"]
        return Unavailable(
            f"the {self.name} ended with exit code {self.popen.returncode}: {lines[-1]}",
            hint="run it by itself to see more: fairpulse --help",
        )


def _script(plan: Plan, ledger: Path) -> list[str]:
    limit = [] if plan.seconds is None else ["--seconds", str(plan.seconds)]
    play = [
        "--skip-to-opening",
        "--speed",
        str(plan.speed),
        "--visitors",
        str(plan.visitors),
        "--scenario",
        plan.scenario,
    ]
    return [*play, "--seed", str(plan.seed), "--ledger", str(ledger), *limit]


def _start(children: Children, home: Path, name: str, package: str, *arguments: str) -> Part:
    log = home / f"{name}.log"
    return Part(name, children.start([sys.executable, "-m", package, *arguments], log), log)


def _wait(condition: Callable[[], bool], part: Part, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if part.popen.poll() is not None:
            raise part.ended()
        if time.monotonic() > deadline:
            raise Unavailable(f"the {part.name} was not ready after {seconds:.0f} s", hint="is the machine very busy?")
        time.sleep(0.1)


def _is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - our own worker
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _show(view: LiveView, url: str, worker: Part, simulator: Part) -> None:
    screen = console()
    with Live(console=screen, refresh_per_second=4, transient=False) if screen.is_terminal else ExitStack() as live:
        line_due = 0.0
        while simulator.popen.poll() is None:
            if worker.popen.poll() is not None:
                raise worker.ended()
            report = fetch_report(url, *SHOWN)
            view.take(report)
            if isinstance(live, Live):
                live.update(view.render(report))
            elif time.monotonic() >= line_due:
                screen.print(view.line(report), soft_wrap=True)
                line_due = time.monotonic() + LINE_SECONDS
            time.sleep(SHOW_SECONDS)


def _check(url: str, worker: Part, ledger: Mapping[str, Any]) -> None:
    _say("the simulator has stopped; comparing every KPI with its ledger")
    sent = events_in(ledger)
    _wait(lambda: events_in(fetch_report(url, "events")) >= sent, worker, DRAIN_SECONDS)
    found = differences(fetch_report(url), ledger)
    if found:
        for difference in found[:MOST_DIFFERENCES]:
            click.echo(str(difference))
        raise MustStop(f"{len(found)} KPIs differ from the ledger", hint="please report it with the lines above")
    click.echo(f"{sent:,} events, {compared(ledger):,} numbers: all KPIs equal the simulator's ledger.")


def _say(what: str) -> None:
    click.echo(f"{what} ...", err=True)

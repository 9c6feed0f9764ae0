"""A whole fair on one machine: Kafka, worker, gateway, simulator, what watches them, and a live view."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from rich.live import Live

from schemas.environment import PREFIX, default_of
from schemas.fair.file import load_fair
from schemas.ports import HOST, free_port
from schemas.program import PROGRAM
from schemas.settings import WorkerSettings
from streams.audit.run import plan_from
from streams.local.children import Children
from streams.local.images import with_environment
from streams.local.kafka import LocalKafka
from streams.local.liveview import SHOWN, LiveView, console
from streams.local.observers import Watched, start_observers
from streams.local.parts import Part, is_ready, say, wait_for
from streams.local.verdicts import check_with_audit, check_with_ledger
from streams.shown.listing import fetch_report

PATIENCE: Final = timedelta(seconds=8)
"""How long the programs may take to end before they are killed."""
START_SECONDS: Final = 60
"""How long the worker may take until it folds."""
SHOW_SECONDS: Final = 0.5
LINE_SECONDS: Final = 5
"""How often the view is drawn, and how often a line is printed where there is no terminal."""
REGISTRY: Final = "terminals.sqlite"


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What kind of fair the demo plays.

    Attributes:
        seconds: real seconds until the simulator stops and every KPI is checked; None plays until Ctrl-C.
        speed: fair seconds a real second.
        visitors: visits of the day.
        scenario: what happens; None for what the simulator plays by default.
        direct: the simulator writes to Kafka itself and books a ledger; else every reader of the fair is a terminal
            that posts to a gateway.
    """

    fair_file: Path
    seconds: int | None
    speed: float
    visitors: int
    scenario: str | None
    seed: int
    direct: bool = False

    @property
    def lateness_seconds(self) -> float:
        """Fair time that a minute stays open: what takes a second on the way takes `speed` seconds of fair time.

        Two thousand terminals, a gateway and a Kafka on one machine take up to three.
        """
        usual_s: float = default_of(WorkerSettings, "allowed_lateness").total_seconds()
        return max(usual_s, (1 if self.direct else 3) * self.speed)


def run_demo(plan: DemoPlan) -> None:
    """Play a fair until the simulator ends or KeyboardInterrupt; then nothing of it is left.

    Raises:
        Unavailable: a part cannot start, or ended by itself.
        MustStop: a KPI differs from the audit's, or from the simulator's ledger, or an event is not counted once.
    """
    fair = load_fair(plan.fair_file)
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="fairpulse-demo-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        bootstrap = os.environ.get(f"{PREFIX}BOOTSTRAP_SERVERS")
        if bootstrap is None:
            say("starting Kafka (the first run downloads 45 MB)")
            bootstrap = stack.enter_context(LocalKafka.start()).bootstrap_servers
        children = Children()
        stack.callback(children.close, PATIENCE)
        port = free_port()
        url = f"http://{HOST}:{port}"
        say("starting a worker")
        common = ["--bootstrap-servers", bootstrap, "--fair", str(plan.fair_file)]
        play = ["worker", "--clock", "event", "--port", str(port), "--lateness", str(plan.lateness_seconds)]
        worker = _start(children, home, "worker", *play, *common)
        wait_for(lambda: is_ready(url), worker, START_SECONDS)
        addresses = {"KPIs": f"{url}/kpis", "metrics": f"{url}/metrics", "Kafka": bootstrap}
        running = [worker]
        internal = None
        book = home / "book.json"
        if plan.direct:
            to = ["--ledger", str(book)]
        else:
            gateway, addresses["gateway"], internal = _start_gateway(children, home, bootstrap, plan)
            running.append(gateway)
            to = ["--receipt", str(book), "--gateway", addresses["gateway"], "--terminals", str(home / REGISTRY)]
            to += ["--spools", str(home / "spools")]
        watched = Watched(f"{HOST}:{port}", internal, common, bootstrap, plan.lateness_seconds)
        observers, seen_at = start_observers(children, home, watched)
        running += observers
        addresses.update(seen_at)
        say("starting the simulator" if plan.direct else "starting the simulator with a terminal for every reader")
        simulator = _start(children, home, "simulator", "simulate", *common, *_script(plan), *to)
        _show(LiveView(fair, addresses), url, running, simulator)
        if simulator.popen.returncode:
            raise simulator.ended()
        sent = json.loads(book.read_text(encoding="utf-8"))
        if plan.direct:
            check_with_ledger(url, worker, sent)
        else:
            audited = plan_from(
                None, [url], None, None, timedelta(seconds=plan.lateness_seconds), plan.fair_file, bootstrap
            )
            check_with_audit(url, worker, sent["events"], audited)


def _start_gateway(children: Children, home: Path, bootstrap: str, plan: DemoPlan) -> tuple[Part, str, str]:
    """Start a gateway on free ports, in the fair's time; return it, its address, host:port of its internal pages."""
    registry = home / REGISTRY
    # The gateway wants a registry; the simulator enrols its terminals there.
    enrol = ["terminals", "enrol", "organiser", "--desk", "--terminals", str(registry), "--fair", str(plan.fair_file)]
    enrolled = _start(children, home, "registry", *enrol)
    if enrolled.popen.wait(START_SECONDS):
        raise enrolled.ended()
    port, internal = free_port(), free_port()
    settings = {"PORT": port, "INTERNAL_PORT": internal, "CLOCK": "simulated", "RATE": 100_000, "BURST": 1_000_000}
    environment = {f"{PREFIX}GATEWAY_{name}": str(value) for name, value in settings.items()}
    environment[f"{PREFIX}TERMINALS_FILE"] = str(registry)
    environment[f"{PREFIX}BOOTSTRAP_SERVERS"] = bootstrap
    environment[f"{PREFIX}FAIR_FILE"] = str(plan.fair_file)
    log = home / "gateway.log"
    say("starting a gateway")
    program = with_environment(environment, [*PROGRAM, "gateway"])
    gateway = Part("gateway", children.start(program, log), log)
    wait_for(lambda: is_ready(f"http://{HOST}:{internal}"), gateway, START_SECONDS)
    return gateway, f"http://{HOST}:{port}", f"{HOST}:{internal}"


def _script(plan: DemoPlan) -> list[str]:
    limit = [] if plan.seconds is None else ["--seconds", str(plan.seconds)]
    scenario = [] if plan.scenario is None else ["--scenario", plan.scenario]
    play = ["--skip-to-opening", "--speed", str(plan.speed), "--visitors", str(plan.visitors), "--seed", str(plan.seed)]
    return [*play, *scenario, *limit]


def _start(children: Children, home: Path, name: str, *arguments: str) -> Part:
    log = home / f"{name}.log"
    return Part(name, children.start([*PROGRAM, *arguments], log), log)


def _show(view: LiveView, url: str, running: Sequence[Part], simulator: Part) -> None:
    screen = console()
    if not screen.is_terminal:
        screen.print("\n".join(view.addresses()), soft_wrap=True)
    with Live(console=screen, refresh_per_second=4, transient=False) if screen.is_terminal else ExitStack() as live:
        line_due = 0.0
        while simulator.popen.poll() is None:
            for part in running:
                if part.popen.poll() is not None:
                    raise part.ended()
            report = fetch_report(url, *SHOWN)
            view.take(report)
            if isinstance(live, Live):
                live.update(view.render(report))
            elif time.monotonic() >= line_due:
                screen.print(view.line(report), soft_wrap=True)
                line_due = time.monotonic() + LINE_SECONDS
            time.sleep(SHOW_SECONDS)

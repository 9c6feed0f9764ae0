"""A whole fair on one machine: Kafka, worker, gateway, terminals, the programs that watch them, and a live view."""

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.live import Live

from schemas.errors import FairpulseError, Unavailable
from schemas.fair.file import load_fair
from schemas.settings import KafkaSettings
from streams.kafka.topics import ensure_topics
from streams.local.cast import DemoGateway, DemoPage, DemoPlan, DemoSimulator, DemoStage, DemoWorker, start_registry
from streams.local.children import Children
from streams.local.crew import Crew
from streams.local.ending import EndRequests
from streams.local.kafka import LocalKafka
from streams.local.ledger import events_in
from streams.local.liveview import TREND, LiveView, Now, ToTry, console
from streams.local.numbers import SHOWN
from streams.local.observers import Watched, start_observers
from streams.local.parts import STARTING_KAFKA, note, say, wait_for
from streams.local.past import reports_before
from streams.local.registration import example_with_register, start_import
from streams.local.surroundings import default_settings
from streams.local.verdicts import Proof, check_with_audit, check_with_ledger, say_what_was_counted
from streams.shown.listing import FETCH_SECONDS, fetch_report

PATIENCE: Final = timedelta(seconds=8)
"""How long the programs may take to end before they are killed."""
START_SECONDS: Final = 120
"""How long a program may take until it does its work, and the head start until it is counted."""
SHOW_SECONDS: Final = 0.5
LINE_SECONDS: Final = 5
"""How often the view is drawn, and how often a line is printed where there is no terminal."""
SHOW_WITHIN_SECONDS: Final = 1
"""How long the view waits for new numbers; then it says that they are old."""
NO_WORKER: Final = "no worker"
NO_ANSWER: Final = "worker does not answer"
"""Why the view shows old numbers."""
SUMMARY_SECONDS: Final = 3
"""How long Ctrl-C waits for the terminals to send what they have saved, and then for the worker to count it."""


def run_demo(plan: DemoPlan, ending: EndRequests) -> None:
    """Play a fair until the simulator ends or KeyboardInterrupt; then nothing of it is left.

    The first KeyboardInterrupt while the fair is shown ends with a summary, another one without.

    Raises:
        InvalidSettings: the environment holds a wrong setting.
        Unavailable: a program cannot start, or ends by itself again and again.
        MustStop: a KPI differs from the audit's, or from the simulator's ledger, or an event is not counted once.
    """
    with ExitStack() as stack:
        try:
            _play(_started(plan, stack.enter_context(default_settings()), stack), ending)
        finally:
            ending.ignore()


@dataclass(slots=True)
class _Demo:
    """A demo that runs: its programs, and where the numbers of its page are to be seen.

    Attributes:
        seen_at: addresses to open, by title.
        shown: how many events the view has shown last, and of what fair time.
    """

    stage: DemoStage
    crew: Crew
    worker: DemoWorker
    simulator: DemoSimulator
    gateway: DemoGateway | None = None
    page: DemoPage | None = None
    seen_at: dict[str, str] = field(default_factory=dict)
    shown: str = ""

    def report(self, within_s: float = FETCH_SECONDS) -> dict[str, Any]:
        """Return the numbers of the view. Raises Unavailable while no worker answers."""
        return fetch_report(self.worker.url, *SHOWN, within_s=within_s)

    def proof(self) -> Proof:
        """Return what the end is checked with."""
        return Proof(self.stage, self.crew, self.worker, self.simulator, self.page, self.gateway)


def _started(plan: DemoPlan, bootstrap: str | None, stack: ExitStack) -> _Demo:
    """Start everything, and return when the head start is counted.

    Args:
        plan: what kind of fair.
        bootstrap: a Kafka that runs already; None to start one.
        stack: ends what was started.
    """
    home = Path(tempfile.mkdtemp(prefix="fairpulse-demo-"))
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    fair_file = plan.fair_file or example_with_register(home)
    fair = load_fair(fair_file)
    children = Children()
    stack.callback(children.close, PATIENCE)
    registry = None if plan.direct else start_registry(children, home)
    crew = Crew()
    is_own = bootstrap is None
    if bootstrap is None:
        say(STARTING_KAFKA)
        kafka = stack.enter_context(LocalKafka.start())
        bootstrap = kafka.bootstrap_servers
        crew.parts.append(kafka.part())
        stack.callback(children.close, PATIENCE)  # before Kafka stops: nobody misses it then
    asyncio.run(ensure_topics(KafkaSettings.load(bootstrap_servers=bootstrap)))
    stage = DemoStage(plan, fair_file, fair, children, home, bootstrap, is_own)
    register = None if plan.direct else start_import(children, home, fair, stage.common)
    say("starting a worker and the simulator" if plan.direct else "starting a worker, a gateway and the simulator")
    gateway = page = None
    worker = DemoWorker.start(stage)
    for made in (registry, register):
        if made is not None and made.popen.wait(START_SECONDS):
            raise made.ended()
    if registry is not None:
        gateway = DemoGateway.start(stage)
    demo = _Demo(stage, crew, worker, DemoSimulator.start(stage, gateway), gateway)
    # It would go on sending to a gateway that ends with it.
    stack.callback(demo.simulator.part.popen.kill)
    if gateway is not None:
        page = demo.page = DemoPage.start(stage, gateway)
    _load(demo, console())
    for part in [one.part for one in (gateway, page) if one is not None]:
        wait_for(part.answers, part, START_SECONDS)
        crew.parts.append(part)
    crew.parts.append(worker.part)
    host_port = worker.url.removeprefix("http://")
    internal = None if gateway is None else gateway.internal
    watched = Watched(host_port, internal, stage.common, bootstrap, plan.lateness_seconds)
    observers = start_observers(children, home, watched)
    crew.parts += observers.parts
    demo.seen_at = observers.addresses
    if observers.missing:
        note(observers.missing)
    return demo


def _load(demo: _Demo, screen: Console) -> None:
    """Return when the worker has counted the head start; tell meanwhile how far it is."""
    worker, simulator = demo.worker, demo.simulator
    deadline = time.monotonic() + START_SECONDS
    head: int | None = None
    with screen.status("the fair so far ...") if screen.is_terminal else ExitStack() as shown:
        while time.monotonic() < deadline:
            for part in (worker.part, simulator.part):
                if part.popen.poll() is not None and (part is worker.part or part.popen.returncode):
                    raise part.ended()
            status = simulator.status()
            if head is None and status and status["stage"] != "head start":
                head = status["events"]
            counted = 0
            with suppress(Unavailable):
                counted = events_in(fetch_report(worker.url, "events"))
            if head is not None and counted >= head and worker.part.answers():
                break
            if not isinstance(shown, ExitStack):
                total = f" of {head:,}" if head is not None else ""
                shown.update(f"the fair so far: {counted:,}{total} events")
            time.sleep(0.1)
        else:
            raise Unavailable("the fair so far is not counted in time", hint="is the machine very busy?")
    note(f"the fair so far: {counted:,} events are counted")


def _play(demo: _Demo, ending: EndRequests) -> None:
    """Show the fair until the simulator ends, and say what was proven."""
    try:
        _show(demo, console())
    except KeyboardInterrupt:
        if not ending.is_hung_up:
            with suppress(FairpulseError, OSError):
                _summary(demo)
        raise
    if demo.stage.plan.direct:
        check_with_ledger(demo.proof())
    else:
        check_with_audit(demo.proof())


def _summary(demo: _Demo) -> None:
    """End the simulator, and say how many of the events that have arrived are counted."""
    popen = demo.simulator.part.popen
    say("ending; Ctrl-C again ends at once")
    if popen.poll() is None:
        popen.send_signal(signal.SIGINT)
    deadline = time.monotonic() + SUMMARY_SECONDS
    while popen.poll() is None and time.monotonic() < deadline and not (demo.gateway and demo.simulator.book()):
        time.sleep(0.1)
    say_what_was_counted(demo.proof(), SUMMARY_SECONDS, demo.shown)


def _show(demo: _Demo, screen: Console) -> None:
    stage, crew, simulator = demo.stage, demo.crew, demo.simulator.part
    view = LiveView(stage.fair, _story(demo), None if demo.page is None else demo.page.booth)
    report = demo.report()
    if report["window_end"] is not None:
        last = datetime.fromisoformat(report["window_end"])
        kafka = KafkaSettings.load(bootstrap_servers=stage.bootstrap)
        for before in reports_before(last, TREND, stage.fair, stage.plan.lateness, kafka):
            view.take(before)
    if not screen.is_terminal:
        for line in (view.story, *(f"{one.what}  {one.why}" for one in _to_try(demo))):
            screen.print(line, soft_wrap=True, highlight=False)
    lines, size = PlainView(screen, view), screen.size
    if screen.is_terminal:
        screen.print()  # the view leaves the top line of the screen as it is
    with Live(console=screen, auto_refresh=False) if screen.is_terminal else ExitStack() as live:
        has_ended = False
        while not has_ended:
            has_ended = simulator.popen.poll() is not None  # then its last numbers are shown
            crew.look(view.time(report))
            missing = NO_WORKER if crew.is_away(demo.worker.part) else ""
            if not missing:
                try:
                    report = demo.report(SHOW_WITHIN_SECONDS)
                    view.take(report)
                except Unavailable:
                    missing = NO_ANSWER
            crew.ask(demo.worker.part, view.time(report), answered=not missing)
            demo.shown = f"{events_in(report):,} (fair time {view.time(report)})"
            waiting = None if demo.gateway is None else demo.simulator.status().get("waiting", 0)
            now = Now(waiting, crew.happened(), missing, list(_to_try(demo)))
            if isinstance(live, Live):
                if screen.size != size:
                    size = screen.size
                    screen.clear()
                live.update(view.render(report, now, *screen.size), refresh=True)
            else:
                lines.show(report, now)
            if not has_ended:
                time.sleep(SHOW_SECONDS)
    if simulator.popen.returncode < 0:
        raise Unavailable("the simulator was killed, and with it the fair", hint="start the demo again")
    if simulator.popen.returncode:
        raise simulator.ended()


@dataclass(slots=True)
class PlainView:
    """The view where there is no terminal: a line every few seconds, and one for whatever happens to a program."""

    screen: Console
    view: LiveView
    due: float = 0
    told: tuple[str, ...] = ()

    def show(self, report: Mapping[str, Any], now: Now) -> None:
        """Print what is new."""
        for at, what in enumerate(now.happened):
            if self.told[at : at + 1] != (what,):
                self.screen.print(what, soft_wrap=True, highlight=False)
        self.told = tuple(now.happened)
        if time.monotonic() >= self.due:
            self.screen.print(self.view.line(report, now), soft_wrap=True, highlight=False)
            self.due = time.monotonic() + LINE_SECONDS


def _story(demo: _Demo) -> str:
    """Return what is seen, in two sentences."""
    speed = demo.stage.plan.speed
    pace = f"{speed:g} times as fast as a real one" if speed else "as fast as this machine goes"
    if demo.gateway is None:
        return f"A simulated fair, {pace}. A real Kafka keeps its events; a worker makes these numbers of them."
    terminals = demo.simulator.status().get("terminals", 0)
    return (
        f"A simulated fair, {pace}: {terminals:,} booth terminals and gate readers post to a "
        "real gateway, a real Kafka keeps the events, a worker makes these numbers of them."
    )


def _to_try(demo: _Demo) -> Iterator[ToTry]:
    """Yield what to type or to open, and what that does."""
    kills = "kills the worker: another one counts on from its journal"
    yield ToTry(f"kill -9 {demo.worker.part.popen.pid}", kills, is_essential=True)
    if demo.gateway is not None:
        yield ToTry(f"kill -9 {demo.gateway.part.popen.pid}", "pulls the gateway: scans wait at the terminals")
    if demo.page is not None:
        others = "; any but ADA, GRACE and MAX is unknown, and waits" if demo.stage.fair.badge_register else ""
        what = f"scan a badge, such as ADA: watch your booth's number{others}"
        yield ToTry(demo.page.url, what, is_essential=True)
    yield ToTry(f"{demo.worker.url}/kpis", "all numbers as JSON; /metrics for Prometheus")
    for title, address in demo.seen_at.items():
        also = "; /alerts has the alerts of a fair" if title == "Prometheus" else " of a fair, in Grafana"
        yield ToTry(address, f"{title}{also}")
    yield ToTry("Ctrl-C", "ends it, says what was counted, and leaves nothing", is_essential=True)

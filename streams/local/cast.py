"""The programs that play a demo's fair: worker, gateway, booth terminal, simulator, and how each is started."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from schemas.environment import PREFIX, default_of
from schemas.fair.model import Fair
from schemas.ids import BoothId
from schemas.ports import HOST, free_port
from schemas.program import PROGRAM, module
from schemas.settings import WorkerSettings
from streams.local.children import Children
from streams.local.images import with_environment
from streams.local.parts import Part, answers_at, is_ready, told_at
from streams.local.registration import KEY

HEAD_START: Final = 50
"""Fair minutes that the fair has been open when the view begins: every number has moved, and it loads in seconds."""

HEAD_START_OF_A_SCENARIO: Final = 10
"""The same for a scenario that somebody has chosen: most of them tell of the first hour."""

SESSION_SECONDS: Final = 3
"""How long the demo's own Kafka waits for a worker that is gone. Other Kafkas allow no less than 6 s by default."""

REGISTRY: Final = "terminals.sqlite"
STATUS: Final = "status.json"
BOOK: Final = "book.json"
ALONE: Final = {f"{PREFIX}TERMINALS_SHARED": "false"}
"""The registry is the file alone: nothing of the demo's terminals stays in somebody's Kafka."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What kind of fair the demo plays.

    Attributes:
        fair_file: the fair's own file; None for the shipped example, with a register of badges.
        seconds: real seconds until the simulator stops and every KPI is checked; None plays until Ctrl-C.
        speed: fair seconds per real second.
        visitors: visits of the day.
        scenario: what happens; None for what the simulator plays by default.
        direct: the simulator writes to Kafka itself and books a ledger; else every reader of the fair is a terminal
            that posts to a gateway.
    """

    fair_file: Path | None
    seconds: float | None
    speed: float
    visitors: int
    scenario: str | None
    seed: int
    direct: bool = False

    @property
    def lateness_seconds(self) -> float:
        """Fair time that a minute stays open: one real second on the way takes `speed` seconds of fair time.

        Two thousand terminals, a gateway and a Kafka on one machine take up to three.
        """
        usual_s: float = default_of(WorkerSettings, "allowed_lateness").total_seconds()
        return max(usual_s, (1 if self.direct else 3) * self.speed)

    @property
    def lateness(self) -> timedelta:
        """The same as a length of time."""
        return timedelta(seconds=self.lateness_seconds)


@dataclass(frozen=True, slots=True)
class DemoStage:
    """Where a demo is played: what all of its programs are told.

    Attributes:
        fair_file: describes the fair.
        home: folder of the demo; nothing of it is left at the end.
        is_own_kafka: whether the demo has started Kafka itself.
    """

    plan: DemoPlan
    fair_file: Path
    fair: Fair
    children: Children
    home: Path
    bootstrap: str
    is_own_kafka: bool

    @property
    def common(self) -> list[str]:
        """The options that all of them take."""
        return ["--bootstrap-servers", self.bootstrap, "--fair", str(self.fair_file)]


@dataclass(frozen=True, slots=True)
class DemoWorker:
    """The worker and the address of its pages."""

    part: Part
    url: str

    @classmethod
    def start(cls, stage: DemoStage) -> "DemoWorker":
        """Start it, on a free port."""
        port = free_port()
        url = f"http://{HOST}:{port}"
        lateness = f"{stage.plan.lateness_seconds:g}s"
        command = ["worker", "--clock", "event", "--port", str(port), "--lateness", lateness, *stage.common]
        session = {f"{PREFIX}SESSION_TIMEOUT": f"{SESSION_SECONDS}s"} if stage.is_own_kafka else {}
        program = with_environment(session, [*PROGRAM, *command])
        waits_s = SESSION_SECONDS if stage.is_own_kafka else default_of(WorkerSettings, "session_timeout").seconds
        meanwhile = f"another one starts; Kafka waits {waits_s}s for the old one"
        part = Part.start(stage.children, stage.home, "worker", program, lambda: is_ready(url), meanwhile)
        return cls(part, url)


@dataclass(frozen=True, slots=True)
class DemoGateway:
    """The gateway, its address, and host:port of its internal pages."""

    part: Part
    url: str
    internal: str

    @classmethod
    def start(cls, stage: DemoStage) -> "DemoGateway":
        """Start it on free ports, in the fair's time. It wants a registry, which `start_registry` has made."""
        port, inner = free_port(), free_port()
        settings = {"PORT": port, "INTERNAL_PORT": inner, "CLOCK": "simulated", "RATE": 100_000, "BURST": 1_000_000}
        environment = ALONE | KEY | {f"{PREFIX}GATEWAY_{name}": str(value) for name, value in settings.items()}
        environment[f"{PREFIX}TERMINALS_FILE"] = str(stage.home / REGISTRY)
        environment[f"{PREFIX}BOOTSTRAP_SERVERS"] = stage.bootstrap
        environment[f"{PREFIX}FAIR_FILE"] = str(stage.fair_file)
        program = with_environment(environment, [*PROGRAM, "gateway"])
        url, internal = f"http://{HOST}:{port}", f"{HOST}:{inner}"
        meanwhile = "scans wait on the terminals' disks"
        part = Part.start(
            stage.children, stage.home, "gateway", program, lambda: is_ready(f"http://{internal}"), meanwhile
        )
        return cls(part, url, internal)


@dataclass(frozen=True, slots=True)
class DemoPage:
    """The booth terminal of the person who watches: its page, and the booth it stands on."""

    part: Part
    url: str
    booth: BoothId

    @classmethod
    def start(cls, stage: DemoStage, gateway: DemoGateway) -> "DemoPage":
        """Start it, on a free port."""
        port, booth = free_port(), next(iter(stage.fair.booths))
        url = f"http://{HOST}:{port}/"
        command = [*module("producers.play.booth"), "--folder", str(stage.home / "page"), "--server", gateway.url]
        command += ["--terminals", str(stage.home / REGISTRY), "--fair", str(stage.fair_file), "--booth", booth]
        command += ["--port", str(port), "--status", str(stage.home / STATUS)]
        meanwhile = "your scans are on its disk"
        program = with_environment(ALONE, command)
        return cls(
            Part.start(stage.children, stage.home, "page", program, lambda: answers_at(url), meanwhile), url, booth
        )

    def counts(self) -> tuple[int, int] | None:
        """Return how many events it has delivered and how many wait; None while it does not answer."""
        said = told_at(f"{self.url}api/state")
        return (said["sent"], said["pending"]) if said else None


def start_registry(children: Children, home: Path) -> Part:
    """Begin to make the registry of terminals; the program ends when it is there."""
    command = [*PROGRAM, "terminals", "init", "--terminals", str(home / REGISTRY)]
    return Part.start(children, home, "registry", command)


@dataclass(frozen=True, slots=True)
class DemoSimulator:
    """The simulator: it plays the fair, and says in two files how far it is and what has arrived."""

    part: Part
    home: Path

    @classmethod
    def start(cls, stage: DemoStage, gateway: DemoGateway | None) -> "DemoSimulator":
        """Start it."""
        plan, home = stage.plan, stage.home
        head_start = HEAD_START if plan.scenario is None else HEAD_START_OF_A_SCENARIO
        play = ["--head-start", f"{head_start}m", "--speed", str(plan.speed), "--visitors", str(plan.visitors)]
        play += ["--seed", str(plan.seed), "--status", str(home / STATUS)]
        play += [] if plan.seconds is None else ["--seconds", f"{plan.seconds:g}s"]
        play += [] if plan.scenario is None else ["--scenario", plan.scenario]
        if gateway is None:
            to = ["--ledger", str(home / BOOK)]
        else:
            to = ["--receipt", str(home / BOOK), "--gateway", gateway.url, "--terminals", str(home / REGISTRY)]
            to += ["--spools", str(home / "spools")]
        program = with_environment(ALONE, [*PROGRAM, "simulate", *stage.common, *play, *to])
        return cls(Part.start(stage.children, home, "simulator", program), home)

    def status(self) -> dict[str, Any]:
        """Return how far it is, as `producers.play.status` describes it; empty before it says so."""
        return _json(self.home / STATUS)

    def book(self) -> dict[str, Any]:
        """Return its ledger or its receipt; empty before it is written."""
        return _json(self.home / BOOK)


def _json(path: Path) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said

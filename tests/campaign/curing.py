"""Carries out the cure that a worker's line or `fairpulse topics --check` names, until all workers are ready again."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from schemas.cures import CORRECT, CREATE, FOLD_ANEW, JUDGE, MAKE_ANEW, MAKE_PART_ANEW
from tests.campaign.silence import LIMIT_S
from tests.campaign.stage import POLL_S, Scene

CHECKED_S: Final = 12.0
"""Workers look at their logs every 10 s: afterwards, a fault that does no harm counts as looked at."""

STEADY_S: Final = 0.5
"""Workers that were ready for this time after a cure have looked at their logs: they do so before they are."""
READY_WITHIN_S: Final = 45.0
MOST_CURES: Final = 4
GENERATION: Final = "FAIRPULSE_GENERATION"

Cure = Callable[[Scene], None]


@dataclass
class Curing:
    """Notices a fault and carries out the cures that are named, one after another.

    Attributes:
        read: how much of the workers' log is from before the fault, or answered by a cure.
        told: everything that told of the fault.
        done: the cures, in words.
        problem: why the cure is not the end of the fault; empty if it is.
    """

    scene: Scene
    read: int
    told: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    problem: str = ""

    def run(self, also: Sequence[Cure]) -> None:
        """Go on until all workers are ready after a cure, or until looks show that nothing has to be cured."""
        began, wall, ends = time.monotonic(), time.time(), self.scene.fleet.ends()  # noqa: TID251 - looks keep it
        since, ready_since = began, None
        while not self.problem:
            now = time.monotonic()
            is_ready = self.scene.fleet.are_ready()
            ready_since = (ready_since or now) if is_ready else None
            alerts = self.scene.beside.fires if hasattr(self.scene, "beside") else []
            self._note("a worker ended", self.scene.fleet.ends() > ends)
            self._note("a worker is not ready", not is_ready)
            for alert in alerts:
                self._note(alert, True)
            cure = also[0] if also and alerts else self._named()
            if cure is not None:
                also = also[1:] if also and alerts else also
                self._carry_out(cure)
                since, ready_since = time.monotonic(), None
            elif ready_since is None:
                if now - since > READY_WITHIN_S:
                    self.problem = f"not all workers are ready, and no cure is named; done: {self.done or 'nothing'}"
            elif self.done and now - ready_since > STEADY_S:
                return
            elif not self.done and self._is_harmless(wall, now - began):
                self.problem = f"no alert asks for: {also[0].__name__}" if also else ""
                return
            elif not self.done and now - since > LIMIT_S + CHECKED_S:
                self.problem = f"unnoticed: for {now - since:.0f} s all workers are ready, and no cure is named"
            time.sleep(POLL_S)

    def _note(self, what: str, holds: bool) -> None:
        if holds and not self.done and what not in self.told:
            self.told.append(what)

    def _carry_out(self, cure: Cure) -> None:
        if len(self.done) == MOST_CURES:
            self.problem = f"more cures are named after {self.done}: {cure.__name__}"
            return
        self.done.append(cure.__name__.replace("_", " "))
        cure(self.scene)
        self.read = log_of(self.scene).stat().st_size

    def _named(self) -> Cure | None:
        """Return the cure that workers name in their log, or the check if they say that it knows."""
        with log_of(self.scene).open("rb") as log:
            log.seek(self.read)
            text = log.read().decode(errors="replace")
        found = next((cure for words, cure in CURES.items() if words in text), None)
        if found is None and JUDGE in text:
            answer = fairpulse(self.scene, "topics", "--check")
            found = next((cure for words, cure in CURES.items() if words in answer), None)
        return found

    def _is_harmless(self, wall: float, seconds: float) -> bool:
        """Return whether workers had time to look at their logs since the fault, and the last numbers were right."""
        if not hasattr(self.scene, "beside"):
            return seconds > CHECKED_S
        late = [look for look in self.scene.beside.looks() if look.at > wall + CHECKED_S]
        return len(late) > 1 and all(look.state == "equal" for look in late[-2:])


def log_of(scene: Scene) -> Path:
    """Return the log of all workers of a run."""
    return scene.directory / "workers.log"


def cured(scene: Scene, *also: Cure) -> tuple[str, str]:
    """Wait until the fault is noticed, and carry out the cures that are named; return both in words, and the problem.

    Args:
        scene: the run; its `said_before` is how long the log was when the fault began.
        also: cures of the runbook of the alert that fires, for a fault that leaves workers ready.
    """
    curing = Curing(scene, scene.said_before or log_of(scene).stat().st_size)
    curing.run(also)
    scene.fault_over = time.monotonic()
    noticed, cures = ", ".join(curing.told) or "nothing", ", then ".join(curing.done) or "none"
    return f"noticed: {noticed}; cure: {cures}", curing.problem


def fairpulse(scene: Scene, *arguments: str) -> str:
    """Run a command of fairpulse as the engineer on call would; return all that it says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FAIRPULSE_")}
    environment |= {
        "FAIRPULSE_BOOTSTRAP_SERVERS": scene.cluster.servers,
        "FAIRPULSE_PARTITIONS": str(scene.cluster.settings.partitions),
        "FAIRPULSE_REPLICATION_FACTOR": str(scene.cluster.nodes),
        "FAIRPULSE_FAIR_FILE": str(scene.fair_file),
        GENERATION: scene.environment.get(GENERATION, "1"),
    }
    command = [sys.executable, "-m", _package(arguments), *arguments]
    try:
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        text = f"$ fairpulse {' '.join(arguments)}\n{ran.stdout}{ran.stderr}exit code {ran.returncode}\n"
    except subprocess.TimeoutExpired:
        text = f"$ fairpulse {' '.join(arguments)}\nno end within 60 s\n"
    with (scene.directory / "cures.log").open("a", encoding="utf-8") as log:
        log.write(text)
    return text


def _package(arguments: Sequence[str]) -> str:
    return "producers" if arguments[0] in ("replay", "import") else "streams"


def fold_anew(scene: Scene) -> None:
    """Start all workers with the next generation."""
    scene.environment[GENERATION] = str(int(scene.environment.get(GENERATION, "1")) + 1)
    scene.fleet.start_anew()


def create(scene: Scene) -> None:
    """Create the topics that are missing."""
    fairpulse(scene, "topics", "--create")


def correct(scene: Scene) -> None:
    """Put the topics' settings right."""
    fairpulse(scene, "topics", "--correct")


def make_anew(scene: Scene) -> None:
    """Save all records, make the topics anew, and write the records again by their keys; nobody writes meanwhile."""
    _write_again(scene)


def make_part_anew(scene: Scene) -> None:
    """Do the same although the beginning of a topic is gone; a run has no older recording."""
    _write_again(scene, "--part")


def _write_again(scene: Scene, *flags: str) -> None:
    file = str(scene.directory / "saved.frec")

    def write_again() -> None:
        fairpulse(scene, "record", file, "--until", "end")
        fairpulse(scene, "topics", "--anew", file, "--yes", *flags)
        fairpulse(scene, "replay", file)

    with scene.feed.held():
        scene.logs_changed = True
        scene.fleet.start_anew(write_again)


def redrive(scene: Scene) -> None:
    """Send the dead letters again."""
    fairpulse(scene, "dead-letters", "redrive")


CURES: Final = {
    MAKE_PART_ANEW: make_part_anew,
    MAKE_ANEW: make_anew,
    FOLD_ANEW: fold_anew,
    CORRECT: correct,
    CREATE: create,
}
"""By the words that name it. Of two that are named, the more thorough one comes first."""

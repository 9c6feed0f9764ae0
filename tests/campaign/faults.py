"""Faults of processes: which one a run has, when it strikes, and how a run knows that it took place.

A fault takes a scene in which everything runs, strikes after a fifth of the events have been folded, and returns what
was seen. It raises NotSeen if it did not take place: the run then proves nothing and does not count.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import chain

from tests.campaign.stage import SESSION_S, NotSeen, Scene
from tests.campaign.supervised import is_running, wait_stopped
from tests.campaign.workloads import PARTITIONS


@dataclass(frozen=True, slots=True)
class Seen:
    """The effects of a fault: processes killed, a text for the rest, and failures seen meanwhile."""

    kills: int = 0
    what: str = ""
    problem: str = ""


ALL = list(range(PARTITIONS))

Fault = Callable[[Scene], Seen]


def nothing(scene: Scene) -> Seen:
    """Break nothing: the workload alone must not harm the workers."""
    scene.progress(0.2)
    return Seen()


def worker_kill(scene: Scene) -> Seen:
    """Kill -9 one worker after another in mid-stream, sometimes all at once; each is started again."""
    for share in scene.moments(scene.chance.randint(2, 4)):
        scene.progress(share)
        scene.pause(0, 0.2)
        everyone = range(len(scene.fleet.workers))
        for at in everyone if scene.chance.random() < 0.2 else [scene.chance.choice(everyone)]:
            gone(scene.fleet.kill(at))
    return Seen(scene.fleet.kills, "workers killed")


def producer_kill(scene: Scene) -> Seen:
    """Kill -9 the producer in mid-stream; started again, it sends the records that it has not noted as acknowledged."""
    scene.progress(0.2)
    for share in scene.moments(scene.chance.randint(1, 3)):
        scene.acknowledged(share)
        scene.pause(0, 0.2)
        gone(scene.feed.kill())
    return Seen(scene.feed.kills, "producer killed")


def worker_freeze(scene: Scene) -> Seen:
    """Freeze a worker for longer than its session, so that it loses its partitions, then let it go on."""
    scene.progress(scene.chance.uniform(0.2, 0.5))
    process = scene.chance.choice(scene.fleet.workers).process
    freeze(process.pid)
    if len(scene.fleet.workers) > 1:
        scene.wait_for(lambda: owned(scene, besides=process.pid) == ALL, "the frozen worker's partitions move")
    else:
        time.sleep(SESSION_S * 1.5)
    scene.pause(0, 0.5)
    os.kill(process.pid, signal.SIGCONT)
    return Seen(what="worker frozen beyond its session")


def producer_freeze(scene: Scene) -> Seen:
    """Freeze the producer for a while."""
    scene.progress(scene.chance.uniform(0.2, 0.5))
    pid = scene.feed.process.pid
    freeze(pid)
    time.sleep(SESSION_S * scene.chance.uniform(1, 1.6))
    os.kill(pid, signal.SIGCONT)
    return Seen(what="producer frozen")


def rebalance_storm(scene: Scene) -> Seen:
    """Go from one worker to three, two, four and back to one, faster than rebalances settle."""
    for number in (1, 3, 2, 4, 1):
        scene.fleet.scale(number)
        if number == 1:
            scene.progress(0.2)
        elif scene.chance.random() < 0.5:
            scene.pause(0.5, 2)
        else:
            # Of three workers, one may get no partition: Faust may assign four partitions as two, two and none.
            scene.wait_for(lambda: owned(scene) == ALL, f"{number} workers share the partitions")
    return Seen(what="1-3-2-4-1 workers")


def failpoint(step: str) -> Fault:
    """Return the fault in which a worker dies at one step of a chunk, several times."""

    def die(scene: Scene) -> Seen:
        kills = 0
        for share in scene.moments(scene.chance.randint(1, 3), last=0.5):
            scene.progress(share)
            arm, hit = scene.directory / "arm", scene.directory / f"hit-{kills}"
            hit.with_suffix(".arm").write_text(str(hit), encoding="utf-8")
            hit.with_suffix(".arm").rename(arm)  # a worker must not find it half-written
            try:
                scene.see(hit.exists, f"a worker comes to {step}", 10)
            except NotSeen:
                arm.unlink(missing_ok=True)
                if kills:
                    break  # everything was sent and committed while the previous worker recovered
                raise
            pid = int(hit.read_text(encoding="ascii"))
            scene.see(partial(is_replaced, scene, pid), "it died", 10)
            kills += 1
        return Seen(kills, f"worker died {step.replace('_', ' ')}")

    return die


def owned(scene: Scene, besides: int | None = None) -> list[int]:
    """Return the partitions that workers fold, sorted; one of them may be left out by its process id."""
    workers = [worker for worker in scene.fleet.workers if worker.process.pid != besides]
    return sorted(chain.from_iterable(worker.partitions() for worker in workers))


def is_replaced(scene: Scene, pid: int) -> bool:
    """Return whether the process is not a worker any more: it died, and another one was started."""
    return pid not in {worker.process.pid for worker in scene.fleet.workers}


def gone(pid: int) -> None:
    """Raise NotSeen if the process still runs."""
    if is_running(pid):
        raise NotSeen(f"process {pid} survived SIGKILL")


def freeze(pid: int) -> None:
    """Freeze a process; raise NotSeen if it goes on."""
    os.kill(pid, signal.SIGSTOP)
    if not wait_stopped(pid):
        raise NotSeen(f"process {pid} goes on after SIGSTOP")

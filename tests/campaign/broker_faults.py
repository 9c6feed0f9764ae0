"""Faults of Kafka itself: killed, frozen, out of disk; one or two of three nodes gone."""

import os
import signal
import time
from contextlib import suppress

from tests.campaign.faults import Seen, freeze, gone
from tests.campaign.stage import SESSION_S, NotSeen, Scene

BALLAST = "ballast"
NODES = 3
GO_ON = 50
"""Records that must be acknowledged while one broker of three is gone."""


def broker_kill(scene: Scene) -> Seen:
    """Kill -9 the only broker and start it again on the same data."""
    scene.progress(scene.chance.uniform(0.2, 0.6))
    kill(scene, 1)
    scene.pause(0, 2)
    scene.cluster.kafka.restart()
    return Seen(1, "broker killed and restarted")


def broker_freeze(scene: Scene) -> Seen:
    """Freeze the only broker for longer than the workers' sessions."""
    scene.progress(scene.chance.uniform(0.2, 0.6))
    pid = scene.cluster.kafka.pid()
    assert pid is not None
    try:
        freeze(pid)
        time.sleep(SESSION_S * scene.chance.uniform(1.2, 2.5))
    finally:
        os.kill(pid, signal.SIGCONT)
    return Seen(what="broker frozen beyond all sessions")


def producer_kill_while_broker_frozen(scene: Scene) -> Seen:
    """Kill -9 the producer while it waits for a broker that does not answer."""
    scene.progress(scene.chance.uniform(0.2, 0.5))
    pid = scene.cluster.kafka.pid()
    assert pid is not None
    try:
        freeze(pid)
        scene.pause(0.5, 1.5)
        gone(scene.feed.kill())
        scene.pause(0, 1)
    finally:
        os.kill(pid, signal.SIGCONT)
    return Seen(1, "producer killed while the broker was frozen")


def one_of_three(scene: Scene) -> Seen:
    """Kill -9 one of three brokers; everything goes on with two, and it comes back."""
    scene.progress(scene.chance.uniform(0.2, 0.4))
    node = scene.chance.randint(1, NODES)
    before = len(scene.feed.acknowledged())
    if before + GO_ON > len(scene.workload.records) - scene.workload.fresh:
        raise NotSeen("the workers were so slow that nearly everything was sent before")
    kill(scene, node)
    scene.wait_for(lambda: len(scene.feed.acknowledged()) >= before + GO_ON, "two of three brokers acknowledge records")
    scene.cluster.kafka.restart(node)
    return Seen(1, f"broker {node} of 3 killed, acknowledging went on")


def two_of_three(scene: Scene) -> Seen:
    """Kill -9 two of three brokers: nothing may be acknowledged until one of them is back."""
    scene.progress(scene.chance.uniform(0.2, 0.4))
    nodes = scene.chance.sample(range(1, NODES + 1), 2)
    for node in nodes:
        kill(scene, node)
    time.sleep(1)  # acknowledgements that were on their way arrive
    before = len(scene.feed.acknowledged())
    scene.pause(1, 4)
    acknowledged = len(scene.feed.acknowledged()) - before
    for node in nodes:
        scene.cluster.kafka.restart(node)
    problem = f"one broker of three acknowledged {acknowledged} records" if acknowledged else ""
    return Seen(2, f"brokers {nodes} of 3 killed, {acknowledged} acknowledged meanwhile", problem)


def disk_full(scene: Scene) -> Seen:
    """Let the broker's disk run full; then make room and start the broker again on the same data."""
    disk = scene.cluster.disk
    assert disk is not None
    scene.progress(0.2)
    ballast = disk / BALLAST
    left = scene.chance.randint(0, 64) * 1024
    with (
        ballast.open("wb", buffering=0) as file,
        suppress(OSError),
    ):  # the broker may be the one who takes the last byte
        while (free := os.statvfs(disk)).f_bavail * free.f_frsize > left:
            file.write(bytes(16_384))
    scene.see(
        lambda: "No space left on device" in scene.cluster.kafka.log_tail(lines=500),
        "the broker finds its disk full",
        30,
    )
    scene.pause(0, 2)
    ballast.unlink()
    scene.cluster.kafka.kill()  # it has mostly ended by itself: its only log directory failed
    scene.cluster.kafka.restart()
    return Seen(what="disk full, then room again")


def kill(scene: Scene, node: int) -> None:
    """Kill a node; raise NotSeen if it survives."""
    pid = scene.cluster.kafka.pid(node)
    assert pid is not None
    scene.cluster.kafka.kill(node)
    gone(pid)

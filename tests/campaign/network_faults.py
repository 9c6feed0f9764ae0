"""Faults of the network between Kafka and everybody else: a proxy that delays, cuts, swallows, silences and resets."""

import time

from tests.campaign.faults import Seen
from tests.campaign.stage import SESSION_S, NotSeen, Scene
from tests.support.proxy import Mood, Proxy


def proxy_of(scene: Scene) -> Proxy:
    proxy = scene.cluster.proxy
    assert proxy is not None, "three brokers have no proxy"
    scene.progress(scene.chance.uniform(0.2, 0.5))
    proxy.done.clear()
    return proxy


def latency(scene: Scene) -> Seen:
    """Hold everything for up to a third of a second, in both directions."""
    proxy = proxy_of(scene)
    proxy.be(Mood(latency_s=scene.chance.uniform(0.05, 0.3)))
    time.sleep(scene.chance.uniform(3, 5))
    return seen(proxy, "delayed", "pieces delayed")


def cut(scene: Scene) -> Seen:
    """Cut connections after some bytes, usually in the middle of a request."""
    proxy = proxy_of(scene)
    proxy.be(Mood(cut_after=scene.chance.choice((2_000, 20_000, 60_000))))
    time.sleep(scene.chance.uniform(2, 4))
    return seen(proxy, "cut", "connections cut in a request")


def swallow(scene: Scene) -> Seen:
    """Let requests arrive and swallow the answers: records are stored but not acknowledged."""
    proxy = proxy_of(scene)
    proxy.be(Mood(swallow=True))
    time.sleep(SESSION_S * scene.chance.uniform(0.2, 1.6))
    return seen(proxy, "swallowed", "bytes of answers swallowed")


def half_open(scene: Scene) -> Seen:
    """Let connections stay open and carry nothing, in either direction."""
    proxy = proxy_of(scene)
    proxy.be(Mood(silent=True))
    time.sleep(SESSION_S * scene.chance.uniform(0.5, 2))
    return seen(proxy, "silenced", "connections half open")


def reset(scene: Scene) -> Seen:
    """Reset all connections, several times."""
    proxy = proxy_of(scene)
    for _ in range(scene.chance.randint(1, 6)):
        proxy.reset()
        scene.pause(0.05, 0.8)
    return seen(proxy, "reset", "connections reset")


def seen(proxy: Proxy, what: str, words: str) -> Seen:
    """Heal the network and say what was done to it; raise NotSeen if nothing was."""
    done = proxy.done[what]
    proxy.heal()
    if not done:
        raise NotSeen(f"no {words}")
    return Seen(what=f"{done} {words}")

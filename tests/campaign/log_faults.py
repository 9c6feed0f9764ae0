"""Faults of logs: a topic made anew, its end or beginning gone, a broker without its data or without its page cache."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from schemas.topics import EVENT_TOPICS, REJECTED, SCANS, is_journal, journal_topic
from streams.kafka.topics import ensure_topics
from tests.campaign.curing import cured
from tests.campaign.faults import Fault, Seen, gone
from tests.campaign.hands import delete, delete_beginning, journal_of, logs_of, others, produce
from tests.campaign.stage import NotSeen, Scene

Length = Literal["shorter", "equal", "longer"]
LEADERS_S = 0.5
"""How long Kafka needs until clients find the leaders of a new topic."""


@contextmanager
def nobody_sends(scene: Scene) -> Iterator[None]:
    """Hold the producer back within the block; its acknowledged records are those that the fault may destroy."""
    scene.said_before = (scene.directory / "workers.log").stat().st_size
    with scene.feed.held():
        yield
        scene.destroyed |= scene.feed.acknowledged()
        scene.logs_changed = True


def topic_recreated(length: Length) -> Fault:
    """Return the fault in which an event topic is deleted and made anew, with other events in it."""

    def recreate(scene: Scene) -> Seen:
        scene.progress(scene.chance.uniform(0.2, 0.5))
        kafka = scene.cluster.settings
        with nobody_sends(scene):
            topic = scene.chance.choice([topic for topic in EVENT_TOPICS if logs_of(kafka, topic.name)])
            before = logs_of(kafka, topic.name)
            delete(kafka, topic.name)
            asyncio.run(ensure_topics(kafka))
            time.sleep(LEADERS_S)
            longer = {"shorter": 0, "equal": 1, "longer": 2}[length]
            filled = [
                (one[0], one[1], one[3], one[4] or b"")
                for records in before.values()
                for one in others(records, scene.chance, len(records) * longer)
            ]
            produce(kafka, filled)
        what, problem = cured(scene)
        had = sum(map(len, before.values()))
        return Seen(
            what=f"{topic.name} made anew, {had} records before and {len(filled)} after; {what}", problem=problem
        )

    return recreate


def journal_recreated(scene: Scene) -> Seen:
    """Delete the journal while workers use it; sometimes make it again with nothing in it."""
    scene.progress(scene.chance.uniform(0.2, 0.5))
    kafka = scene.cluster.settings
    scene.said_before = (scene.directory / "workers.log").stat().st_size
    journal = journal_of(kafka)
    delete(kafka, journal)
    again = scene.chance.random() < 0.5
    if again:
        asyncio.run(ensure_topics(kafka, [journal_topic(journal)]))
    what, problem = cured(scene)
    return Seen(what=f"journal deleted{' and made again' if again else ''}; {what}", problem=problem)


def journal_head_gone(scene: Scene) -> Seen:
    """Delete the journal's beginning, and kill all workers, which then read it."""
    scene.progress(scene.chance.uniform(0.3, 0.6))
    kafka = scene.cluster.settings
    journal = journal_of(kafka)
    logs = logs_of(kafka, journal)
    first = {place: records[len(records) // 2 + 1][2] for place, records in logs.items() if len(records) > 3}
    if not first:
        raise NotSeen("the journal was too short")
    delete_beginning(kafka, first)
    scene.said_before = (scene.directory / "workers.log").stat().st_size
    for at in range(len(scene.fleet.workers)):
        gone(scene.fleet.kill(at))
    what, problem = cured(scene)
    return Seen(scene.fleet.kills, f"beginning of {len(first)} partitions of the journal deleted; {what}", problem)


def tail_lost(scene: Scene) -> Seen:
    """Stop the broker, restore an older copy of one topic's partitions, and start it again."""
    scene.progress(0.2)
    data = scene.cluster.kafka.data_dir / "node-1" / "data"
    topic = scene.chance.choice((SCANS, SCANS, *EVENT_TOPICS)).name
    copies = scene.directory / "copies"
    with scene.feed.held():
        for folder in data.glob(f"{topic}-[0-9]*"):
            shutil.copytree(folder, copies / folder.name)
    scene.progress(scene.chance.uniform(0.35, 0.6))
    with nobody_sends(scene):
        pid = scene.cluster.kafka.pid()
        assert pid is not None
        scene.cluster.kafka.kill()
        gone(pid)
        for copy in copies.iterdir():
            shutil.rmtree(data / copy.name)
            shutil.copytree(copy, data / copy.name)
        scene.cluster.kafka.restart()
    what, problem = cured(scene)
    return Seen(1, f"an older copy of {topic} restored; {what}", problem)


def broker_replaced(scene: Scene) -> Seen:
    """Replace the only broker by an empty one."""
    scene.progress(scene.chance.uniform(0.2, 0.5))
    with nobody_sends(scene):
        kafka = scene.cluster.kafka
        kafka.kill()
        shutil.rmtree(kafka.data_dir / "node-1" / "data")
        kafka._format()
        kafka.restart()
    what, problem = cured(scene)
    return Seen(1, f"broker replaced by an empty one; {what}", problem)


def page_cache_lost(scene: Scene) -> Seen:
    """Kill -9 the broker and cut the ends of some logs, as a power cut does with what was not written to disk yet."""
    scene.progress(scene.chance.uniform(0.3, 0.6))
    with nobody_sends(scene):
        pid = scene.cluster.kafka.pid()
        assert pid is not None
        scene.cluster.kafka.kill()
        gone(pid)
        ends = [folder for folder in sorted(folders_of(scene)) if cut_end(scene, folder)]
        if not ends:
            scene.cluster.kafka.restart()
            raise NotSeen("no log lost its end")
        scene.letters_destroyed = any(folder.name.startswith(f"{REJECTED.name}-") for folder in ends)
        scene.cluster.kafka.restart()
    what, problem = cured(scene)
    letters = ", some of dead letters" if scene.letters_destroyed else ""
    return Seen(1, f"broker killed, {len(ends)} logs lost their ends{letters}; {what}", problem)


def folders_of(scene: Scene) -> list[Path]:
    """Return the folders of the partitions of event topics, dead letters and journals."""
    data = scene.cluster.kafka.data_dir / "node-1" / "data"
    ours = {topic.name for topic in (*EVENT_TOPICS, REJECTED)}
    found = [folder for folder in data.iterdir() if folder.is_dir()]
    return [one for one in found if (name := one.name.rpartition("-")[0]) in ours or is_journal(name)]


def cut_end(scene: Scene, folder: Path) -> bool:
    """Cut a log's last segment somewhere, as chance decides; return whether it lost anything.

    A part of a batch that is left is dropped by Kafka when it starts, since its checksum is wrong.
    """
    segment = max(folder.glob("*.log"))
    size = segment.stat().st_size
    if not size or scene.chance.random() < 0.5:
        return False
    with segment.open("r+b") as file:
        file.truncate(int(size * scene.chance.uniform(0.3, 0.99)))
    return True

"""Faults of what topics are set to, and of their number of partitions."""

from schemas.topics import EVENT_TOPICS, journal_topic
from tests.campaign.curing import cured
from tests.campaign.faults import Seen
from tests.campaign.hands import add_partitions, journal_of, set_settings
from tests.campaign.stage import Scene
from tests.campaign.workloads import PARTITIONS

CHANGES = (
    ("cleanup.policy", "compact"),
    ("cleanup.policy", "compact,delete"),
    ("retention.ms", "60000"),
    ("retention.bytes", "1000000000"),
    ("message.timestamp.type", "CreateTime"),
    ("max.message.bytes", "60000"),
)
"""Each keeps numbers from staying right, sooner or later."""

CODECS = ("gzip", "snappy", "lz4", "zstd")


def settings_changed(scene: Scene) -> Seen:
    """Change a setting of an event topic or of the journal, and put it right."""
    scene.progress(scene.chance.uniform(0.2, 0.4))
    kafka = scene.cluster.settings
    topic = scene.chance.choice((*EVENT_TOPICS, journal_topic(journal_of(kafka))))
    name, value = scene.chance.choice(CHANGES)
    scene.said_before = (scene.directory / "workers.log").stat().st_size
    set_settings(kafka, topic.name, {**topic.config(scene.cluster.nodes), name: value})
    what, problem = cured(scene)
    return Seen(what=f"{topic.name} set to {name}={value}; {what}", problem=problem)


def compression_changed(scene: Scene) -> Seen:
    """Let the broker compress a topic's records anew: all codecs can be read, so nothing has to be cured."""
    scene.progress(scene.chance.uniform(0.2, 0.4))
    kafka = scene.cluster.settings
    topic, codec = scene.chance.choice((*EVENT_TOPICS, journal_topic(journal_of(kafka)))), scene.chance.choice(CODECS)
    set_settings(kafka, topic.name, {**topic.config(scene.cluster.nodes), "compression.type": codec})
    scene.pause(1, 2)
    return Seen(what=f"{topic.name} set to compression.type={codec}")


def partition_added(scene: Scene) -> Seen:
    """Add partitions to an event topic while events arrive, with a producer that uses them at once."""
    scene.progress(scene.chance.uniform(0.2, 0.4))
    topic = scene.chance.choice(EVENT_TOPICS).name
    total = PARTITIONS + scene.chance.randint(1, PARTITIONS)
    scene.said_before = (scene.directory / "workers.log").stat().st_size
    add_partitions(scene.cluster.settings, topic, total)
    scene.feed.kill()  # the next one knows the new number of partitions from its start
    what, problem = cured(scene)
    return Seen(what=f"{topic} has {total} partitions, not {PARTITIONS}; {what}", problem=problem)

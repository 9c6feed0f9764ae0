"""Records for Kafka: topic, key, value and headers."""

from typing import NamedTuple, Protocol

from schemas.events import Event
from schemas.topics import key_of, topic_of
from schemas.wire import encode


class Record(Protocol):
    """A record for Kafka: topic, key and value, and `headers` if it has any."""

    @property
    def topic(self) -> str: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class RawRecord(NamedTuple):
    """A record that is sent unchanged, without looking inside."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def record_of(event: Event) -> RawRecord:
    """Return the record of an event: its topic, its key and its bytes."""
    return RawRecord(topic_of(event).name, key_of(event), encode(event))

"""Records for Kafka: topic, key, value and headers."""

from typing import NamedTuple, Protocol

from schemas.cloud_events import KafkaHeaders, headers_of
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
    """A record that is sent unchanged, without looking inside. Without a value, it deletes its key."""

    topic: str
    key: bytes
    value: bytes | None
    headers: KafkaHeaders = ()


def record_of(event: Event, headers: KafkaHeaders | None = None) -> RawRecord:
    """Return the record of an event: its topic, its key, its bytes and its headers.

    Args:
        event: as it is stored.
        headers: None for those of an event that was never posted.
    """
    return RawRecord(
        topic_of(event).name, key_of(event), encode(event), headers_of(event) if headers is None else headers
    )

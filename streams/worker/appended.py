"""Where Kafka has put a record."""

from typing import NamedTuple


class Appended(NamedTuple):
    """The place of a record that Kafka has acknowledged.

    Attributes:
        offset: in its partition.
        time_ms: when Kafka appended it, ms since 1970.
    """

    offset: int
    time_ms: int

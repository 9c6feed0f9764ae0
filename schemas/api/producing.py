"""How another team's producer must send events so that they count: partition, key and all else, for the documents."""

from collections.abc import Mapping
from typing import Final

from schemas.partitioning import partition_of
from schemas.topics import PARTITIONS, RECORD_MAX_BYTES

FORMULA: Final = "(murmur2(key bytes, seed 0x9747b28c) & 0x7fffffff) % number of partitions"
"""Kafka's own choice of a partition; murmur2 is the 32-bit MurmurHash2."""

CLIENTS: Final = (
    ("Java, Kafka Streams, Kafka Connect", "the default, if every record has a key and `partitioner.class` is not set"),
    ("Apache's console producer", "the default, with its property `parse.key=true`"),
    (
        "librdkafka and all on it: confluent-kafka for Python, Go, .NET, JavaScript; kcat",
        "`partitioner=murmur2_random` or `murmur2`; the default, `consistent_random`, is CRC32 and wrong",
    ),
    ("kafka-python, aiokafka", "the default"),
    (
        "sarama",
        (
            "`NewCustomPartitioner(WithAbsFirst(), WithCustomHashFunction(...))` with a murmur2 of this seed; "
            "`NewHashPartitioner` and `NewReferenceHashPartitioner` are FNV-1a and wrong"
        ),
    ),
)
"""By client, how it is told to choose partitions like that."""

VECTORS: Final[Mapping[str, int]] = {
    key: partition_of(key.encode(), PARTITIONS)
    for key in ("a", "badge-1", "badge-2", "deal-0001", "gate-west-1", "3f2b8c1d9e", "D-2025-00017", "\u5c55\u4f1a")
}
"""By key, in UTF-8, its partition of eight."""

RULES: Final = (
    (
        "**Key.** The value of the field in UTF-8, unquoted. A record whose key is null lies in any partition: if "
        "that is the wrong one, the event is refused as `misplaced` and becomes a dead letter."
    ),
    (
        f"**Value.** One event as JSON in UTF-8, {RECORD_MAX_BYTES:,} bytes at most, of a type of the topic; "
        "[asyncapi.json](asyncapi.json) describes all types."
    ),
    "**Headers.** Those of a CloudEvent in the binary content mode. Without them an event counts all the same.",
    (
        "**Delivery.** `acks=all`, and idempotent where the client can. Copies of an event, by its `terminal_id` and "
        "`event_id`, count once; another event with the same two does not count."
    ),
    "**Codecs.** None, gzip, snappy, lz4 and zstd are read.",
    (
        "**Transactions.** Only committed records are read. While a transaction is open, all records behind it in its "
        "partition wait, so keep it shorter than a second."
    ),
)
"""Further rules for a producer, in sentences with a title."""

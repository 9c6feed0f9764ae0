"""To which partition a key belongs, as in Kafka's own clients, at less than half of what aiokafka's answer costs.

All producers of an event must agree on it: the events of one badge meet in one partition.
"""

from struct import unpack_from
from typing import Final

_SEED: Final = 0x9747B28C
_MIX: Final = 0x5BD1E995
_WORD: Final = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """Return the number of the partition.

    Args:
        key: of a record; may be empty.
        partitions: how many the topic has.
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Return the 32-bit MurmurHash2 of some bytes with Kafka's seed, as an unsigned number."""
    words = len(data) // 4
    mixed = _SEED ^ len(data)
    for word in unpack_from(f"<{words}I", data):
        part = word * _MIX & _WORD
        mixed = (mixed * _MIX ^ (part ^ part >> 24) * _MIX) & _WORD
    if rest := data[4 * words :]:
        mixed = (mixed ^ int.from_bytes(rest, "little")) * _MIX & _WORD
    mixed = (mixed ^ mixed >> 13) * _MIX & _WORD
    return mixed ^ mixed >> 15

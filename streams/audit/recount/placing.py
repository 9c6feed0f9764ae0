"""The oracle's own answer to where an event must be stored: the murmur2 of Kafka's Java client, byte by byte."""

from collections.abc import Mapping

from streams.audit.recount.json_text import JsonEvent

KEYS = {
    "fair.scans": "badge_ref",
    "fair.interactions": "badge_ref",
    "fair.meetings": "meeting_id",
    "fair.badges": "badge_ref",
    "fair.deals": "deal_id",
}
"""By topic, the field whose events must all be stored together. If it is null, the terminal takes its place."""

MULTIPLIER = 0x5BD1E995
BITS = 0xFFFFFFFF


class Placing:
    """Knows the right partition of every event.

    Args:
        partitions: how many each topic has. Where that is not known (0, or left out), any partition is right.
    """

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self.partitions = dict(partitions)
        self._found: dict[tuple[str, int], int] = {}

    def is_astray(self, topic: str, partition: int, event: JsonEvent) -> bool:
        """Return whether an event of a topic is stored in another partition than the right one.

        Raises:
            LookupError: the recount does not know the key of the topic.
        """
        if topic not in KEYS:
            raise LookupError(
                f"the recount does not know the key of {topic}; in streams/audit/recount/placing.py add it to KEYS, "
                "as the declaration in schemas/topics.py has it"
            )
        count = self.partitions.get(topic, 0)
        if count == 0:
            return False
        key = event.get(KEYS[topic])
        place = (event["terminal_id"] if key is None else key, count)
        right = self._found.get(place)
        if right is None:
            right = self._found[place] = (java_murmur2(place[0].encode()) & 0x7FFFFFFF) % count
        return right != partition


def java_murmur2(data: bytes) -> int:
    """Return the hash of `org.apache.kafka.common.utils.Utils.murmur2`, as 32 bits without a sign."""
    mixed = 0x9747B28C ^ len(data)
    whole = len(data) - len(data) % 4
    for at in range(0, whole, 4):
        four = data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24
        four = four * MULTIPLIER & BITS
        four ^= four >> 24
        four = four * MULTIPLIER & BITS
        mixed = (mixed * MULTIPLIER & BITS) ^ four
    left = data[whole:]
    if len(left) == 3:
        mixed ^= left[2] << 16
    if len(left) >= 2:
        mixed ^= left[1] << 8
    if len(left) >= 1:
        mixed ^= left[0]
        mixed = mixed * MULTIPLIER & BITS
    mixed ^= mixed >> 13
    mixed = mixed * MULTIPLIER & BITS
    return mixed ^ mixed >> 15

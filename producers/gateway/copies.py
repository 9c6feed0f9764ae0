"""Copies: two machines that send as one terminal, because somebody copied its folder.

A terminal names its instance in each request: another machine, or the same one after a restart, is another instance.
After a restart the old instance never comes back, except in a request that was still under way. So two machines are at
work if each instance was heard at least `UNDER_WAY_S` after the first request of the other. Which of them a gateway
hears first does not matter.

The memory is this gateway's own. After its restart it finds two machines again as soon as both have been heard over
that time. Two machines that always reach different gateways are found by the audit only.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from schemas.ids import TerminalId

UNDER_WAY_S: Final = 60.0
"""A request is not longer on its way: a proxy waits 20 s for an answer, and a body takes at most 10 s."""
TOGETHER_S: Final = 600.0
"""Two instances are at work as long as both were heard within this time."""
INSTANCES_MAX: Final = 4
"""Most instances remembered for a terminal; the one that was silent for longest is dropped first."""


@dataclass(slots=True)
class _Instance:
    """When an instance was heard, in seconds of the gateway's clock."""

    first_s: float
    last_s: float

    def is_beside(self, other: "_Instance") -> bool:
        """Return whether both are at work: each was heard `UNDER_WAY_S` or more after the other's first request."""
        return min(self.last_s - other.first_s, other.last_s - self.first_s) >= UNDER_WAY_S


class Copies:
    """The instances of each terminal, bounded: about 600 bytes for a terminal with one, 1,100 with four.

    Args:
        most: most terminals remembered; the one that was silent for longest is dropped first.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: OrderedDict[TerminalId, OrderedDict[str, _Instance]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def heard(self, terminal_id: TerminalId, instance: str, now_s: float) -> float | None:
        """Note a request, and return how many seconds ago another instance that is at work beside it was last heard.

        Args:
            terminal_id: the terminal that its token belongs to.
            instance: the instance that it names.
            now_s: the gateway's clock; it must not go back.

        Returns:
            None if no other one is at work beside it, or was heard within `TOGETHER_S`.
        """
        instances = self._known.setdefault(terminal_id, OrderedDict())
        self._known.move_to_end(terminal_id)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        this = instances.setdefault(instance, _Instance(now_s, now_s))
        this.last_s = now_s
        instances.move_to_end(instance)
        if len(instances) > INSTANCES_MAX:
            instances.popitem(last=False)
        silences = [now_s - one.last_s for one in instances.values() if one is not this and one.is_beside(this)]
        return min((silence for silence in silences if silence <= TOGETHER_S), default=None)

    def copied(self, now_s: float) -> Iterator[TerminalId]:
        """Yield the terminals that two machines send as, both within the last `TOGETHER_S`."""
        for terminal_id, instances in self._known.items():
            recent = [one for one in instances.values() if now_s - one.last_s <= TOGETHER_S]
            if any(one.is_beside(other) for one, other in combinations(recent, 2)):
                yield terminal_id

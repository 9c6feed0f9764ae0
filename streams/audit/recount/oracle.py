"""The oracle: recomputes every KPI from Kafka's raw records, slowly and plainly, without any code of the product.

It follows the definitions of the KPIs one by one, with sets, dicts and whole numbers. Its numbers can be compared with
those of the product at any moment: `streams.audit.compare.differences`. No order of arrival changes a number of a day
or of the fair. Sums that do not depend on the person are added up at once. Everything about persons is kept as facts.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from typing_extensions import override

from streams.audit.recount.closings import Closings, Restated
from streams.audit.recount.counting import Counting
from streams.audit.recount.counts import (
    WINDOWS,
    LabelSet,
    Recounted,
    RecountedKpis,
)
from streams.audit.recount.fair import OracleFair
from streams.audit.recount.json_text import JsonEvent
from streams.audit.recount.moments import Timing
from streams.audit.recount.numbering import Numbering
from streams.audit.recount.people import is_test_badge
from streams.audit.recount.placing import Placing
from streams.audit.recount.rules import read_event
from streams.audit.recount.times import epoch_ms

__all__ = ["WINDOWS", "LabelSet", "Oracle", "Recounted", "RecountedKpis", "StoredRecord"]

StoredRecord = tuple[str, int, int, bytes | None, bytes | None]
"""Topic, partition, offset, key, value."""


class Oracle(Counting):
    """Reads the records of each partition in offset order, and gives its numbers at any time.

    Attributes:
        people: the register and the entries, the evidence for each visit.
        tally: the sums that do not depend on the person.
        closings: the figures of each day from what had come when it closed.
        sequences: by terminal and epoch, the numbering of its events; the epoch is empty for events without one.
        two_keys: ids that stand for two events, whose keys are of different partitions; by topic, terminal and event
            id, the partitions. Each partition is right by itself, and only the first event is counted.
        placing: tells which events are stored in a wrong partition. They are rejected.

    Args:
        fair_file: path or content of the fair file, which the oracle reads by itself.
        lateness: how long windows wait for late events, in whole milliseconds.
        partitions: how many each topic has. Where that is not known (0, or left out), any partition is right.
    """

    def __init__(
        self, fair_file: Path | bytes, lateness: timedelta, partitions: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        fair = OracleFair.read(fair_file)
        super().__init__(fair, lateness // timedelta(milliseconds=1))
        self.placing = Placing(partitions)
        self.clock = Timing(fair, self.lateness_ms)
        self.closings = Closings(fair, self.lateness_ms, self.people.register)
        self._kpis: RecountedKpis | None = None
        self._restated: tuple[Restated, ...] | None = None
        self.seen: dict[tuple[str, str, str], int] = {}
        self.two_keys: dict[tuple[str, str, str], set[int]] = {}
        self.sequences: dict[tuple[str, str], Numbering] = {}

    @override
    def kpis(self) -> RecountedKpis:
        """Return every KPI in its windows of days and of the fair; worked out once, until more records are read."""
        if self._kpis is None:
            self._kpis = super().kpis()
        return self._kpis

    def restated(self) -> tuple[Restated, ...]:
        """Return the figures of all days that have closed, as they were then and as they are now."""
        if self._restated is None:
            self._restated = tuple(self.closings.restated(self.kpis()))
        return self._restated

    def read(self, records: Iterable[StoredRecord]) -> "Oracle":
        """Read more records; return the oracle itself."""
        self._kpis = self._restated = None
        for topic, partition, _offset, _key, value in records:
            event = read_event(topic, value, self.fair)
            if isinstance(event, str):
                self.tally.put("rejected_events", None, topic=topic, reason=event)
            elif self.placing.is_astray(topic, partition, event):
                self.tally.put("rejected_events", None, topic=topic, reason="misplaced")
            else:
                self._take(topic, partition, event)
        return self

    def window(self, name: str, minutes: int, end_minute: int) -> dict[LabelSet, Recounted]:
        """Return the KPI for the last `minutes` minutes before `end_minute` (minutes since 1970)."""
        span = range(end_minute - minutes, end_minute)
        if name in {"booth_scans", "booth_scans_by_section"}:
            return self.floor.booth_scans(span, by_section=name.endswith("section"))
        return self.floor.exhibit_visitors(span) if name == "exhibit_visitors" else self.tally.window(name, span)

    def _take(self, topic: str, partition: int, event: JsonEvent) -> None:
        is_new, test = self._is_new(topic, partition, event), is_test(event)
        if topic == "fair.badges":  # what the register says is not an event of the fair
            if not event.get("test"):
                self.people.take_registration(event)
            return
        received = epoch_ms(event["received_at"])
        moment = self.clock.moment(epoch_ms(event["occurred_at"]) + event.get("clock_offset_ms", 0), received)
        if test:
            if is_new:
                self.tally.put("test_events", moment, topic=topic)
                if event.get("scan_kind") == "entry" and event.get("badge_ref") is not None:
                    self.people.take_entry(event, moment, test=True)
            return
        if not is_new:
            self.tally.put("duplicate_events", moment, topic=topic)
            return
        moment = self.clock.reach((topic, partition), moment, received)
        self.count(topic, event, moment, received)
        self.closings.take(topic, event, moment, received)

    def _is_new(self, topic: str, partition: int, event: JsonEvent) -> bool:
        """Note an event; return whether its terminal sent it for the first time."""
        identity = (topic, event["terminal_id"], event["event_id"])  # in whichever partition it is stored
        if (before := self.seen.get(identity)) is not None:
            if before != partition and self.placing.partitions.get(topic):
                self.two_keys.setdefault(identity, {before}).add(partition)
            return False
        self.seen[identity] = partition
        if event.get("terminal_seq") is not None:
            terminal = (event["terminal_id"], event.get("terminal_epoch") or "")
            self.sequences.setdefault(terminal, Numbering()).add(event["terminal_seq"])
        return True


def is_test(event: JsonEvent) -> bool:
    """Return whether an event was made to try things out: by a terminal for tests, or with a badge for tests."""
    return event.get("test") is True or is_test_badge(event.get("badge_ref"))

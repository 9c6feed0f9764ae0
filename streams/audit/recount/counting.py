"""The part of the oracle that follows the definitions: it counts accepted events, each of which must be new."""

from streams.audit.recount.counts import WINDOWS, RecountedKpis, Sums
from streams.audit.recount.deals import Deals
from streams.audit.recount.fair import OracleFair
from streams.audit.recount.fitting import ANNULLED
from streams.audit.recount.floor import Floor
from streams.audit.recount.json_text import JsonEvent
from streams.audit.recount.moments import When
from streams.audit.recount.people import Persons
from streams.audit.recount.visits import visit_kpis


class Counting:
    """Keeps what events say, and gives all numbers of days and of the fair.

    Attributes:
        tally: the sums that do not depend on the person.
        people: the register and the entries.
    """

    def __init__(self, fair: OracleFair, lateness_ms: int) -> None:
        self.fair = fair
        self.lateness_ms = lateness_ms
        self.tally = Sums()
        self.people = Persons(fair)
        self.floor = Floor(self.people)
        self.deals = Deals(fair)

    def kpis(self) -> RecountedKpis:
        """Return every KPI in its windows of days and of the fair."""
        found = (self.tally.kpis(), visit_kpis(self.people), self.floor.kpis(), self.deals.kpis())
        results: RecountedKpis = {name: {} for name in WINDOWS}
        for kpis in found:
            for name, windows in kpis.items():
                results[name] |= windows
        return results

    def count(self, topic: str, event: JsonEvent, moment: When, received: int) -> None:
        """Count an event.

        Args:
            topic: of the event.
            event: accepted, not for tests, and not counted before.
            moment: when it counts.
            received: when it arrived, in milliseconds since 1970.
        """
        self._take_envelope(topic, moment, received)
        if event["type"] == ANNULLED:
            pass  # an event like any other: no KPI takes its target back yet
        elif topic == "fair.scans":
            self._take_scan(event, moment)
        elif topic == "fair.interactions":
            self._take_interaction(event, moment)
        elif topic == "fair.meetings":
            self.floor.take_meeting(event, moment)
        elif topic == "fair.deals":
            self.deals.take(event)

    def _take_envelope(self, topic: str, at: When, received: int) -> None:
        self.tally.put("events", at, topic=topic)
        self.tally.put("event_lag", at, max(0, received - at.ms))
        if received >= (at.minute + 1) * 60_000 + self.lateness_ms:
            self.tally.put("late_events", at, topic=topic)
        if at.suspect:
            self.tally.put("clock_suspects", at, topic=topic)

    def _take_scan(self, scan: JsonEvent, at: When) -> None:
        kind, badge, gate = scan["scan_kind"], scan.get("badge_ref"), str(scan.get("gate_id"))
        if kind == "entry" and badge is not None:
            self.people.take_entry(scan, at, test=False)
        if scan.get("result") == "denied":
            if kind in {"entry", "exit"}:
                self.tally.put("gate_denials", at, gate=gate, reason=scan.get("reason") or "unstated")
            return
        self.tally.put("scans_by_source", at, source=scan.get("source_type", "qr"))
        self.people.take_scan_by_hand(scan, at)
        if badge is not None:
            self.people.seen.add(badge)
        if kind in {"entry", "exit"}:
            self.tally.put("gate_passages", at, gate=gate, direction=kind)
            if scan.get("forced"):
                self.tally.put("forced_passages", at, gate=gate)
            if self.fair.gates[gate]:
                self.tally.put("site_occupancy", at, 1 if kind == "entry" else -1)
        elif kind in {"zone_in", "zone_out"}:
            self.tally.put("hall_occupancy", at, 1 if kind == "zone_in" else -1, hall=scan["hall_id"])
        elif kind == "booth":
            self.floor.take_booth_scan(scan, at)

    def _take_interaction(self, touch: JsonEvent, at: When) -> None:
        self.tally.put("interactions", at, kind=touch["interaction_kind"])
        self.tally.put("exhibit_interactions", at, exhibit=touch["exhibit_id"])
        self.people.take_touch_by_hand(touch, at)
        if touch.get("badge_ref") is not None:
            self.people.seen.add(touch["badge_ref"])
            self.floor.take_touch(touch, at)

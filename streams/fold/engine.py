"""The fold: turns a chunk of events into a change, and applies changes to state. Pure and exact for any chunking.

`fold` only reads the state. `apply` is the only function that changes a state, both live and on recovery.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from schemas.codes import ScanResult
from schemas.errors import FairpulseError, InvalidEvent, MustStop
from schemas.events import (
    BadgeRegistered,
    DealRevision,
    DealTerms,
    Event,
    ExhibitInteraction,
    VisitorScan,
    happened_ms,
)
from schemas.fair.model import Fair
from schemas.ids import is_test_badge
from schemas.times import epoch_ms
from schemas.topics import group_prefix
from schemas.witness import with_newest
from streams.fold.calendar import MINUTE_MS, Calendar
from streams.fold.groups import Groups, spelt
from streams.fold.identity import EVENT_ID_BITS, TERMINAL_SHIFT, TOPIC_NUMBERS, check_members
from streams.fold.meaning import fingerprint
from streams.fold.plans import Keeps, Plan, Plans
from streams.fold.state import Booked, ChangedCells, DealState, Delta, PartitionState, PersonRevision
from streams.kpis.aggregates import Aggregate, whole
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.definition import LONGEST, Derived, Folded, Kpi, Signal, Window
from streams.kpis.moment import Moment
from streams.kpis.register import Content


class Engine:
    """Folds chunks for one fair.

    Args:
        fair: the fair file.
        lateness: how long a minute stays open for late events before it is published.
        kpis: the KPIs to fold and to show.

    Raises:
        MustStop: a KPI or trace has an occasion that no event can have, or the key of another one.

    Attributes:
        folded: what is kept in state: the KPIs that are not views, and the traces that views read.
    """

    def __init__(self, fair: Fair, lateness: timedelta, kpis: Sequence[Kpi[Any, Any]] = ALL_KPIS) -> None:
        self.fair = fair
        self.kpis = tuple(kpis)
        self.folded = _folded(self.kpis)
        self.calendar = Calendar(fair)
        self.lateness_ms = lateness // timedelta(milliseconds=1)
        self.kept_minutes = LONGEST - (-self.lateness_ms // MINUTE_MS)
        """Panes more than this many minutes before the watermark no longer belong to any window."""
        self._kept = {one.key: _kept(one.aggregate, one) for one in self.folded if isinstance(one.aggregate, Aggregate)}
        self.plans = Plans(self.folded, fair)
        for key, times in Counter(one.key for one in self.folded).items():
            if times > 1:
                raise MustStop(
                    f"{times} KPIs have the key {key}, so their numbers would be added together",
                    hint="give each its own name in streams/kpis/",
                )

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that change when the meaning of the state changes."""
        return fingerprint(self.fair, self.folded, self.lateness_ms)

    def fold(
        self,
        state: PartitionState,
        topic: str,
        events: Sequence[tuple[int, Event | InvalidEvent]],
        newcomers: list[Event] | None = None,
    ) -> Delta:
        """Return the change that a chunk makes: events with ascending offsets, none of them applied before.

        Args:
            state: of the partition.
            topic: of the events.
            events: offset of each record, with its event or the reason why it was refused.
            newcomers: takes the events of which the state does not say that they are in their own partition: those of a
                badge that it does not have yet, and those without a badge. A terminal that has the pseudonym of a badge
                for its name vouches for that badge too; the audit's recount judges each event, and tells.
        """
        assert events[0][0] > state.upto.get(topic, -1), "the chunk was applied before"
        return _Chunk(self, state, topic).fold(events, [] if newcomers is None else newcomers)

    def apply(self, state: PartitionState, delta: Delta) -> None:
        """Apply a change to the state from which it was folded.

        Raises:
            MustStop: a measure returned something that its aggregate cannot fold; the state must be thrown away.
        """
        state.upto[delta.topic] = delta.last
        state.watermarks[delta.topic] = delta.watermark
        if delta.witness is not None:
            state.witnesses[delta.topic] = with_newest(state.witnesses.get(delta.topic, ()), delta.witness)
        numbers = state.numbers
        for member in delta.numbers:
            numbers[member] = len(numbers)
        state.seen.update(delta.seen)
        state.deals.update(delta.deals)
        for one in delta.people:
            state.register.take(one.person, one.revision, one.content)
        state.met.update(delta.met)
        try:
            for minute, cells in delta.panes.items():
                self._absorb(state, minute, cells)
            for key, changes in delta.timeless.items():
                aggregate, *_ = self._kept[key]
                aggregate.absorb(state.fair.setdefault(key, {}), changes)
        except (TypeError, OverflowError) as error:
            raise self._culprit(delta) from error
        # A very late event has just made a pane that no window needs. It goes too: day and fair have counted the event.
        oldest = state.watermark // MINUTE_MS - self.kept_minutes
        for minute in [minute for minute in state.panes if minute < oldest]:
            del state.panes[minute]

    def _absorb(self, state: PartitionState, minute: int, cells: ChangedCells) -> None:
        day = state.days.setdefault(self.calendar.day(minute), {})
        for key, changes in cells.items():
            aggregate, in_panes, by_day, over_fair = self._kept[key]
            if in_panes:
                aggregate.gather(state.panes.setdefault(minute, {}).setdefault(key, {}), changes)
            if by_day:
                aggregate.absorb(day.setdefault(key, {}), changes)
            if over_fair:
                aggregate.absorb(state.fair.setdefault(key, {}), changes)

    def _culprit(self, delta: Delta) -> MustStop:
        """Return the error that names the KPI whose changes could not be absorbed."""
        for cells in (*delta.panes.values(), delta.timeless):
            for key, changes in cells.items():
                aggregate, *_ = self._kept[key]
                try:
                    aggregate.absorb({}, changes)
                except (TypeError, OverflowError):
                    return self.plans.groups[key].wrong_hit()
        raise AssertionError("every change can be absorbed on its own")


class _Chunk:
    """One chunk being folded: the delta so far, and the state on which it builds."""

    def __init__(self, engine: Engine, state: PartitionState, topic: str) -> None:
        self._engine = engine
        self._state = state
        self._delta = Delta(topic, 0, 0, state.watermarks.get(topic, -1), [], [], {}, {}, {})
        self._fresh: dict[str, int] = {}
        self._moment = Moment(engine.fair, topic, self.member)

    def number(self, member: str) -> int:
        """Return the dense number of a badge, a terminal or another member. New members are noted in the delta."""
        number = self._state.numbers.get(member)
        if number is None:
            number = self._fresh.get(member)
            if number is None:
                number = self._fresh[member] = len(self._state.numbers) + len(self._fresh)
                check_members(number + 1)
                self._delta.numbers.append(member)
        return number

    def member(self, *parts: str) -> int:
        """Return the dense number of a member with one or more parts."""
        return self.number(spelt(parts))

    def fold(self, events: Sequence[tuple[int, Event | InvalidEvent]], newcomers: list[Event]) -> Delta:
        """Fold all events of the chunk, and add the newcomers to their list."""
        engine, state, delta, moment, number = self._engine, self._state, self._delta, self._moment, self.number
        known = state.numbers.get
        believable, is_open, panes = engine.calendar.is_believable, engine.calendar.is_open, delta.panes
        routes, signals = engine.plans.routes, engine.plans.signals
        has_register, registered, met = engine.fair.badge_register, state.register.contents, state.met
        seen, fresh, lateness = state.seen, set[int](), engine.lateness_ms
        topic_bits = TOPIC_NUMBERS[delta.topic] << EVENT_ID_BITS
        watermark = delta.watermark
        delta.first, delta.last = events[0][0], events[-1][0]
        for _, event in events:
            if isinstance(event, InvalidEvent):
                moment.refuse(event.reason)
                _run(signals[Signal.REJECTED], None, moment, delta.timeless)
                moment.reason = ""
                continue
            badge_of, kind_of, plans, others, keeps = routes[type(event)]
            if keeps is Keeps.REGISTRATION:
                assert isinstance(event, BadgeRegistered)
                self._register(event, newcomers)
                continue
            happened, received = happened_ms(event), epoch_ms(event.received_at)
            suspect = not believable(happened, received)
            if suspect:
                happened = received
            minute = happened // MINUTE_MS
            cells = panes.get(minute)
            if cells is None:
                cells = panes[minute] = {}
            badge = badge_of(event)
            is_test = event.test is True or (badge is not None and is_test_badge(badge))
            if badge is None or is_test:
                moment.badge = -1
                newcomers.append(event)
            else:
                if (at := known(badge)) is None:
                    at = number(badge)
                    newcomers.append(event)
                moment.badge = at
            moment.at_ms, moment.is_open = happened, is_open(minute)
            moment.lag_ms = received - happened if received > happened else 0
            event_id = int(event.event_id.replace("-", ""), 16)
            if (at := known(event.terminal_id)) is None:
                at = number(event.terminal_id)
            key = (at << TERMINAL_SHIFT) | topic_bits | event_id
            if key in seen or key in fresh:
                if not is_test:
                    _run(signals[Signal.DUPLICATE], event, moment, cells)
                continue
            fresh.add(key)
            if is_test:
                _run(signals[Signal.TEST], event, moment, cells)
                continue
            if has_register and (at := moment.badge) >= 0 and at not in registered and at not in met and is_met(event):
                delta.met.append(at)
            if keeps is Keeps.DEAL:
                assert isinstance(event, DealRevision)
                self._deal(event)
            _run(plans.get(kind_of(event), others), event, moment, cells)
            if suspect:
                _run(signals[Signal.CLOCK_SUSPECT], event, moment, cells)
            if (minute + 1) * MINUTE_MS <= received - lateness:
                _run(signals[Signal.LATE], event, moment, cells)
            if (progress := min(happened, received)) > watermark:
                watermark = progress
        delta.watermark = watermark
        delta.seen = list(fresh)
        return delta

    def _register(self, event: BadgeRegistered, newcomers: list[Event]) -> None:
        """Note what the register says of a person. A test badge is counted nowhere, so nothing is kept of it."""
        if event.badge_ref not in self._state.numbers:
            newcomers.append(event)
        if event.test or is_test_badge(event.badge_ref):
            return
        content = Content(
            erased=event.erased,
            role=event.role,
            country=event.residence_country or "",
            exhibitor=event.exhibitor_id or "",
            tracking_consent=event.tracking_consent,
            denied=event.denied or "",
        )
        self._delta.people.append(PersonRevision(self.number(event.badge_ref), event.revision, content))

    def _deal(self, event: DealRevision) -> None:
        """Take back the amounts that the deal's old state had booked, and book those of the new state."""
        old = self._delta.deals.get(event.deal_id) or self._state.deals.get(event.deal_id)
        if old is not None and (old.revision, old.event_id) >= (event.revision, event.event_id):
            return
        minute = epoch_ms(event.signed_at if isinstance(event, DealTerms) else event.occurred_at) // MINUTE_MS
        booked = _booked(self._engine.plans.signals[Signal.DEAL_STATE], event, self._moment)
        if old is not None:
            self._book(old.minute, old.booked, sign=-1)
        self._book(minute, booked, sign=1)
        self._delta.deals[event.deal_id] = DealState(event.revision, event.event_id, minute, booked)

    def _book(self, minute: int, booked: Booked, *, sign: int) -> None:
        cells = self._delta.panes.setdefault(minute, {})
        for key, group, amount in booked:
            changes = cells.setdefault(key, {})
            changes[group] = changes.get(group, 0) + sign * amount


def is_met(event: Event) -> bool:
    """Return whether an event with a badge shows that its person is there: an accepted scan, or an interaction."""
    return (
        event.result is not ScanResult.DENIED if isinstance(event, VisitorScan) else type(event) is ExhibitInteraction
    )


def _folded(kpis: Sequence[Kpi[Any, Any]]) -> tuple[Folded[Any, Any], ...]:
    """Return the KPIs that are folded, and the traces that the others read, each once."""
    views = [kpi.aggregate for kpi in kpis if isinstance(kpi.aggregate, Derived)]
    traces = {id(trace): trace for view in views for trace in view.of}
    return (*traces.values(), *(kpi for kpi in kpis if not isinstance(kpi.aggregate, Derived)))


def _kept(aggregate: Aggregate[Any], one: Folded[Any, Any]) -> tuple[Aggregate[Any], bool, bool, bool]:
    """Return the aggregate and where its totals are kept: in panes, by day, over the fair."""
    return aggregate, one.in_panes, Window.DAY in one.windows, Window.FAIR in one.windows


def _run(plan: Plan, subject: Any, moment: Moment, cells: ChangedCells) -> None:
    """Let every KPI of a plan measure the subject, and fold its hits."""
    try:
        for key, measure, fold, groups in plan:
            hit = measure(subject, moment)
            if hit is not None:
                changes = cells.get(key)
                if changes is None:
                    changes = cells[key] = {}
                fold(changes, hit, groups)
    except FairpulseError:
        raise
    except Exception as error:
        raise _fault(measure, groups, subject, moment, error) from error


def _booked(plan: Plan, event: DealRevision, moment: Moment) -> Booked:
    """Return the amounts that the KPIs of a plan book for a deal's state."""
    booked = []
    try:
        for key, measure, _, groups in plan:
            hit = measure(event, moment)
            if hit is not None:
                values, amount = hit
                booked.append((key, groups[values], whole(amount)))
    except FairpulseError:
        raise
    except Exception as error:
        raise _fault(measure, groups, event, moment, error) from error
    return tuple(booked)


def _fault(measure: Any, groups: Groups, subject: Any, moment: Moment, error: Exception) -> MustStop:
    """Return the error for a wrong measure: it raises or, if it does not raise when called again, its hit is wrong."""
    with suppress(Exception):
        measure(subject, moment)
        return groups.wrong_hit()
    return groups.raised(error)


def group_of(engine: Engine, generation: int) -> str:
    """Return the consumer group of a fair's workers, which also names their journal."""
    later = "" if generation == 1 else f"-g{generation}"
    return f"{group_prefix(engine.fair.fair_id)}{engine.fingerprint}{later}"

"""If a measure returns something that its KPI's labels or aggregate cannot take, the fold stops and names the KPI."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas.codes import OutcomeKind, ScanKind
from schemas.errors import InvalidEvent, MustStop
from schemas.events import Event
from schemas.fair.model import Fair
from schemas.topics import topic_of
from streams.fold.engine import Engine
from streams.fold.groups import Groups, label_values, spelt
from streams.fold.state import PartitionState
from streams.kpis.aggregates import Histogram, Sum
from streams.kpis.booths import AT_BOOTH, INTERACTIONS, LEFT_LEAD, SCANNED
from streams.kpis.catalogue import ALL_KPIS
from streams.kpis.deals import CONTRACT_VALUE, OUTCOMES
from streams.kpis.definition import Folded, Kpi, On
from streams.kpis.gates import GATE_PASSAGES, SITE_OCCUPANCY
from streams.kpis.halls import HALL_OCCUPANCY
from streams.kpis.labels import Label
from streams.kpis.presence import PRESENT
from streams.kpis.quality import REJECTED_EVENTS
from tests.support import builders
from tests.support.streams_of import FAIR

SCAN, TOUCH = builders.scan("ada", residence_country="NO"), builders.touch("ada", kind="lead_captured")
BOOTH, DOOR = builders.scan("ada", "booth"), builders.scan("ada", "zone_out", dwell_ms=900)
DEAL = builders.deal("d-1", value=100, binding=True)

REFUSED = InvalidEvent("empty", "the record has no value")


def like(one: Folded[Any, Any], *labels: Label) -> Kpi[Any, Any]:
    """Return a KPI that folds like a KPI or trace of the fair, with labels of this test, because theirs may change."""
    told = {name: getattr(one, name) for name in ("name", "aggregate", "windows", "on", "measure", "version")}
    return replace(GATE_PASSAGES, **told, labels=labels)


PASSAGES = like(GATE_PASSAGES, Label.GATE, Label.DIRECTION)
DAILY, INSIDE = like(PRESENT), like(SITE_OCCUPANCY)
COUNTRIES = like(PRESENT, Label.COUNTRY)
DWELL = replace(like(HALL_OCCUPANCY, Label.HALL), aggregate=Histogram(bounds=(60_000,)), on=On((ScanKind.ZONE_OUT,)))
SCANS = like(SCANNED, Label.BOOTH)
AUDIENCE = like(AT_BOOTH)
TOUCHES = like(INTERACTIONS, Label.KIND)
TAKEN = like(LEFT_LEAD, Label.SECTION)
VALUE = like(CONTRACT_VALUE, Label.SECTION, Label.CURRENCY)
RESULTS = like(OUTCOMES, Label.KIND)
REJECTED = like(REJECTED_EVENTS, Label.TOPIC, Label.REASON)
REFUSED_BYTES = replace(REJECTED, name="refused_bytes", labels=(), aggregate=Sum())

WRONG_NUMBER: list[tuple[Kpi[Any, Any], Event, Any]] = [
    (PASSAGES, SCAN, ("north",)),
    (PASSAGES, SCAN, ("north", "entry", "entry")),
    (PASSAGES, SCAN, ()),
    (DAILY, SCAN, (("north",), 0)),
    (COUNTRIES, SCAN, ((), 0)),
    (DWELL, DOOR, (("h1", "h1"), 900)),
    (VALUE, DEAL, (("finance",), 100)),
]
WRONG_KIND: list[tuple[Kpi[Any, Any], Event, Any, str]] = [
    (PASSAGES, SCAN, ("entry", "north"), "gate that is not a gate of the fair file"),
    (PASSAGES, SCAN, ("south", "entry"), "gate that is not a gate of the fair file"),
    (PASSAGES, SCAN, ("north", "zone_in"), "direction that is not entry or exit"),
    (PASSAGES, SCAN, ("", "entry"), "gate that is not a gate of the fair file"),
    (SCANS, BOOTH, (("h1",), 0, 0), "booth that is not a booth of the fair file"),
    (DWELL, DOOR, (("north",), 900), "hall that is not a hall of the fair file"),
    (TOUCHES, TOUCH, (SCAN.badge_ref,), "kind that is not a kind of interaction or of result"),
    (TAKEN, TOUCH, (("e3",), 0), "section that is not a section of the fair file"),
    (COUNTRIES, SCAN, (("Norway",), 0), "country that is not a country or region of ISO 3166-1, or unknown"),
    (VALUE, DEAL, (("EUR", "finance"), 100), "section that is not a section of the fair file"),
    (VALUE, DEAL, (("finance", "XXX"), 100), "currency that is not a currency of the fair file"),
    (RESULTS, DEAL, (("contract",), 1), "kind that is not a kind of interaction or of result"),
    (COUNTRIES, SCAN, ((None,), 0), "country that is not a country or region of ISO 3166-1, or unknown"),
    (COUNTRIES, SCAN, ((7,), 0), "country that is not a country or region of ISO 3166-1, or unknown"),
    (COUNTRIES, SCAN, ((b"NO",), 0), "country that is not a country or region of ISO 3166-1, or unknown"),
    (PASSAGES, SCAN, ("north", None), "direction that is not entry or exit"),
    (RESULTS, DEAL, ((OutcomeKind,), 1), "kind that is not a kind of interaction or of result"),
]
RIGHT_AND_WRONG: list[tuple[Kpi[Any, Any], Event, Any, list[Any]]] = [
    (PASSAGES, SCAN, ("north", "entry"), [["north", "entry"], 7, 0.5, {}, "north", (("north", "entry"), 1)]),
    (DAILY, SCAN, ((), 0), [((),), (), 7, ((), -1), ((), "ada"), ((), None), ((), 0.5), ((), 2**32), ((), 0, 0)]),
    (INSIDE, SCAN, ((), 1), [((),), ((), 0.5), ((), None), ((), "1"), ((), Decimal(1)), ([], 1)]),
    (DWELL, DOOR, (("h1",), 900), [(("h1",),), (("h1",), 0.5), (("h1",), "900"), (("h1",), None), (["h1"], 1)]),
    (VALUE, DEAL, (("finance", "EUR"), 1), [(("finance", "EUR"), 0.5), (("finance", "EUR"),), 7, ([], 1)]),
    (REJECTED, REFUSED, ("fair.scans", "empty"), [7, [], ["fair.scans", "empty"]]),
    (REFUSED_BYTES, REFUSED, ((), 1), [((), 0.5), ((), "1"), 7, ((),)]),
]


def fold_with(kpi: Kpi[Any, Any], hits: Sequence[Any], event: Event | InvalidEvent, fair: Fair = FAIR) -> None:
    """Fold events for a KPI whose measure returns these hits, one per event."""
    left: list[Any] = []

    def _measure(_event: Event, _moment: object) -> Any:
        return left[0]

    engine, state = Engine(fair, timedelta(seconds=30), [replace(kpi, measure=_measure)]), PartitionState()
    for offset, hit in enumerate(hits):
        left[:] = [hit]
        again = event if isinstance(event, InvalidEvent) else replace(event, event_id=builders.numbered_id(offset))
        topic = "fair.scans" if isinstance(event, InvalidEvent) else topic_of(event).name
        engine.apply(state, engine.fold(state, topic, [(offset, again)]))


@pytest.mark.parametrize(
    ("kpi", "event", "right", "wrong"),
    [(kpi, event, right, wrong) for kpi, event, right, hits in RIGHT_AND_WRONG for wrong in hits],
)
def test_a_hit_that_its_aggregate_cannot_fold_stops_the_fold_and_its_kpi_is_named(
    kpi: Kpi[Any, Any], event: Event | InvalidEvent, right: Any, wrong: Any
) -> None:
    fold_with(kpi, [right, right], event)
    for hits in ([wrong], [right, wrong]):
        with pytest.raises(MustStop, match=f"KPI {kpi.name}: its measure returned ") as stop:
            fold_with(kpi, hits, event)
        assert "let _measure in tests/fold/test_groups.py return (" in str(stop.value)
        assert "\n" not in str(stop.value)


def test_one_wrong_hit_among_right_ones_of_a_chunk_stops_the_fold() -> None:
    anonymous = replace(AUDIENCE, measure=lambda _, moment: ((), moment.badge))
    engine, state = Engine(FAIR, timedelta(seconds=30), [PASSAGES, anonymous]), PartitionState()
    log = [(0, BOOTH), (1, builders.scan(None, "booth")), (2, builders.scan("bob", "booth"))]
    with pytest.raises(MustStop, match="KPI at_booth: its measure returned a hit that Distinct cannot fold") as stop:
        engine.apply(state, engine.fold(state, "fair.scans", log))
    assert "`badge` unless it is -1" in str(stop.value)


@pytest.mark.parametrize("kpi", [PASSAGES, VALUE])
@pytest.mark.parametrize("raised", [KeyError(SCAN.badge_ref), AttributeError("gate"), AssertionError(), TypeError()])
def test_a_measure_that_raises_stops_the_fold_and_its_kpi_is_named(kpi: Kpi[Any, Any], raised: Exception) -> None:
    def _raise(_event: Event, _moment: object) -> Any:
        raise raised

    event = DEAL if kpi is VALUE else SCAN
    engine = Engine(FAIR, timedelta(seconds=30), [replace(kpi, measure=_raise)])
    with pytest.raises(MustStop, match=f"KPI {kpi.name}: its measure raised {type(raised).__name__}; let") as stop:
        engine.fold(PartitionState(), topic_of(event).name, [(0, event)])
    assert str(SCAN.badge_ref) not in str(stop.value), "the message must not contain a badge"


@pytest.mark.parametrize(("kpi", "event", "hit"), WRONG_NUMBER)
def test_label_values_of_the_wrong_number_stop_the_fold(kpi: Kpi[Any, Any], event: Event, hit: Any) -> None:
    with pytest.raises(
        MustStop, match=rf"KPI {kpi.name}: its measure returned \d label values for \d labels; let"
    ) as stop:
        fold_with(kpi, [hit], event)
    assert f"_measure in tests/fold/test_groups.py return ({', '.join(kpi.labels)})" in str(stop.value)
    assert "\n" not in str(stop.value)


@pytest.mark.parametrize(("kpi", "event", "hit", "said"), WRONG_KIND)
def test_swapped_and_foreign_label_values_stop_the_fold(kpi: Kpi[Any, Any], event: Event, hit: Any, said: str) -> None:
    with pytest.raises(
        MustStop, match=f"KPI {kpi.name}: its measure returned a value for the label {said}; let"
    ) as stop:
        fold_with(kpi, [hit], event)
    in_another_order = ", or declare its `labels` in the order in which it returns them;"
    assert (in_another_order in str(stop.value)) is (len(kpi.labels) > 1)
    values = hit if isinstance(hit[-1], str) else hit[0]
    assert not any(value in str(stop.value) for value in values if value == SCAN.badge_ref), (
        "the message must not contain a badge"
    )


def test_a_label_that_was_added_while_its_measure_was_forgotten_stops_the_fold() -> None:
    wider = replace(PASSAGES, labels=(*PASSAGES.labels, Label.SECTION), measure=lambda scan, _: (scan.gate_id, "entry"))
    with pytest.raises(MustStop, match="KPI gate_passages: its measure returned 2 label values for 3 labels"):
        Engine(FAIR, timedelta(seconds=30), [wider]).fold(PartitionState(), "fair.scans", [(0, SCAN)])


def test_a_value_that_contains_the_separator_stops_the_fold() -> None:
    odd = replace(FAIR, gates={"north|west": FAIR.gates["north"]})
    with pytest.raises(MustStop, match=r"a value for the label gate that contains '\|'"):
        fold_with(PASSAGES, [("north|west", "entry")], SCAN, odd)


def test_the_values_of_a_right_measure_come_back_as_they_went_in() -> None:
    for kpi, values in [(PASSAGES, ("north", "entry")), (DAILY, ()), (REJECTED, ("fair.scans", "empty"))]:
        assert label_values(Groups(kpi, FAIR)[values]) == values


def test_values_are_judged_once_and_then_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    judge: Callable[[str, Fair], bool] = Label.GATE.is_value
    monkeypatch.setattr(Label.GATE, "is_value", lambda value, fair: asked.append(value) or judge(value, fair))
    groups = Groups(PASSAGES, FAIR)
    for _ in range(3):
        assert groups["north", "exit"] == groups["north", "exit"]
    assert asked == ["north"]


def test_members_of_other_parts_have_another_text() -> None:
    assert len({spelt(parts) for parts in [("a",), ("a", "b"), ("ab",), ("a", "b", ""), ("", "a", "b")]}) == 5
    assert spelt(()) == ""
    with pytest.raises(MustStop, match="a part of a member contains"):
        spelt(["a|b", "c"])


@pytest.mark.parametrize("label", Label)
def test_a_label_says_what_its_values_are_and_no_badge_deal_or_event_is_one(label: Label) -> None:
    assert label.meaning
    hidden = (SCAN.badge_ref, DEAL.deal_id, SCAN.event_id, "window", "a|b")
    assert not any(label.is_value(value, FAIR) for value in hidden if value is not None)
    assert label.is_value("", FAIR) is (label in (Label.CLAIMED_ROLE, Label.CLAIMED_COUNTRY))


def test_every_kpi_uses_each_label_once() -> None:
    assert all(len(set(kpi.labels)) == len(kpi.labels) for kpi in ALL_KPIS)

"""Groups: label values joined into one text, the key of a cell in state and journal. Only this module knows how."""

from collections.abc import Sequence
from typing import Any, Final

from schemas.errors import MustStop
from schemas.fair.model import Fair
from streams.kpis.aggregates import Aggregate, Group
from streams.kpis.definition import Folded
from streams.kpis.labels import LabelValues

SEPARATOR: Final = "|"


class Groups(dict[LabelValues, Group]):
    """The groups of one KPI or trace at one fair, by label values. Values are checked once, when they are first seen.

    Looking up values that its labels cannot have raises MustStop: the measure is wrong, and so is its number.
    """

    def __init__(self, kpi: Folded[Any, Any], fair: Fair) -> None:
        super().__init__()
        self._kpi = kpi
        self._fair = fair

    def __missing__(self, values: LabelValues) -> Group:
        labels = self._kpi.labels
        if not isinstance(values, tuple):
            raise self._returned("label values that are not a tuple")
        if len(values) != len(labels):
            raise self._returned(f"{len(values)} label values for {len(labels)} labels")
        judged: tuple[object, ...] = values
        for label, value in zip(labels, judged, strict=True):
            if not isinstance(value, str) or not label.is_value(value, self._fair):
                order = ", or declare its `labels` in the order in which it returns them" if len(labels) > 1 else ""
                raise self._returned(f"a value for the label {label} that is not {label.meaning}", order)
            if SEPARATOR in value:
                raise self._returned(f"a value for the label {label} that contains {SEPARATOR!r}")
        group = self[values] = Group(SEPARATOR.join(values))
        return group

    def wrong_hit(self) -> MustStop:
        """Return the error for a hit that the KPI's aggregate cannot fold."""
        return self._returned(f"a hit that {type(self._kpi.aggregate).__name__} cannot fold")

    def raised(self, error: Exception) -> MustStop:
        """Return the error for a measure that raised. Its text is left out, because it may quote an event."""
        return self._wrong(f"raised {type(error).__name__}")

    def _returned(self, what: str, otherwise: str = "") -> MustStop:
        return self._wrong(f"returned {what}", otherwise)

    def _wrong(self, what: str, otherwise: str = "") -> MustStop:
        kpi = self._kpi
        assert kpi.measure is not None
        assert isinstance(kpi.aggregate, Aggregate)
        named = getattr(kpi.measure, "__name__", repr(kpi.measure))
        where = f"{named} in {kpi.measure.__module__.replace('.', '/')}.py"
        values = f"({', '.join(kpi.labels)})"
        hit = f"{values} and {kpi.aggregate.hit}" if kpi.aggregate.hit else values
        return MustStop(
            f"{kpi.called}: its measure {what}",
            hint=f"let {where} return {hit}, or None{otherwise}; "
            "streams/kpis/labels.py describes the values of each label",
        )


def spelt(parts: Sequence[str]) -> str:
    """Return the parts of a member as one text. Different parts give different texts; no parts give an empty one.

    Raises:
        MustStop: a part contains the separator, which no identifier does (`schemas.ids`).
    """
    text = SEPARATOR.join(parts)
    if parts and text.count(SEPARATOR) >= len(parts):
        raise MustStop(
            f"a part of a member contains {SEPARATOR!r}", hint="give `moment.number` one identifier per argument"
        )
    return text


def label_values(group: Group) -> LabelValues:
    """Return the label values of a group, in the order of the KPI's labels; () without labels."""
    return tuple(group.split(SEPARATOR)) if group else ()

"""The register of badges in numbers: who is registered, and who came without being in it."""

from collections.abc import Mapping

from streams.kpis.definition import Kpi, Unit, View, Window
from streams.kpis.labels import Label, LabelValues
from streams.kpis.people import People, Span


def _registered(people: People, _: Span) -> Mapping[LabelValues, int]:
    found: dict[LabelValues, int] = {}
    for who, members in people.register.members.items():
        found[(who.role,)] = found.get((who.role,), 0) + len(members)
    return found


def _unregistered(people: People, _: Span) -> Mapping[LabelValues, int]:
    return {(): len(people.met - people.register.persons)} if people.fair.badge_register else {}


REGISTERED_BADGES = Kpi(
    name="registered_badges",
    question="How many persons are in the register of badges, by their role now?",
    unit=Unit.PERSONS,
    source="persons with a registration, test badges apart; a registered person has not come yet",
    labels=(Label.ROLE,),
    aggregate=View(of=(), count=_registered),
    windows=(Window.FAIR,),
    wide=True,
)

UNREGISTERED_BADGES = Kpi(
    name="unregistered_badges",
    question="How many persons are in events, and not in the register of badges?",
    unit=Unit.PERSONS,
    source="references in events that no registration has: they count in no figure of people until there is one",
    aggregate=View(of=(), count=_unregistered),
    windows=(Window.FAIR,),
)

KPIS = (REGISTERED_BADGES, UNREGISTERED_BADGES)

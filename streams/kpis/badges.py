"""The register of badges in numbers: who is registered, and who came without being in it."""

from collections.abc import Mapping

from streams.kpis.definition import Derived, Kpi, Unit, Window
from streams.kpis.labels import Label, LabelValues
from streams.kpis.people import People, Period


def _registered(people: People, _: Period) -> Mapping[LabelValues, int]:
    return {(role,): len(members) for role, members in people.register.by_role.items()}


def _unregistered(people: People, _: Period) -> Mapping[LabelValues, int]:
    return {(): len(people.met - people.registered)} if people.fair.badge_register else {}


REGISTERED_BADGES = Kpi(
    name="registered_badges",
    question="How many persons are in the register of badges, by their role now?",
    unit=Unit.PERSONS,
    source="persons with a registration, test badges apart; a registered person has not come yet",
    labels=(Label.ROLE,),
    aggregate=Derived(of=(), count=_registered),
    windows=(Window.FAIR,),
)

UNREGISTERED_BADGES = Kpi(
    name="unregistered_badges",
    question="How many persons were met whom the register of badges lacks?",
    unit=Unit.PERSONS,
    source="persons in accepted scans or interactions without a registration: until there is one, no figure has them",
    aggregate=Derived(of=(), count=_unregistered),
    windows=(Window.FAIR,),
)

KPIS = (REGISTERED_BADGES, UNREGISTERED_BADGES)

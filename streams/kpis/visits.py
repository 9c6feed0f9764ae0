"""Attendance: visits, visitors, and what each audit profile counts.

There is never one attendance number: gate_passages >= attendance >= visits >= unique_visitors, and every label says
which it is. Visits follow the fair's profile; `counted_by_profile` has all profiles side by side.
"""

from collections.abc import Mapping

from pyroaring import BitMap

from schemas.codes import BadgeRole
from schemas.profiles import Once, Profile, Residence
from streams.kpis.definition import Derived, Kpi, Unit, Window
from streams.kpis.labels import UNKNOWN, Label, LabelValues
from streams.kpis.people import People, Period, union
from streams.kpis.presence import PRESENT, by_country, by_role, of_roles, visitors_in, visitors_on

_STAFF = frozenset({BadgeRole.EXHIBITOR_STAFF})
_PROFESSIONAL = frozenset({BadgeRole.VISITOR_PROFESSIONAL})
Numbers = Mapping[LabelValues, int]


def _visits(people: People, span: Period) -> Numbers:
    return {(): len(visitors_in(people, span.days))}


def _repeat_visits(people: People, span: Period) -> Numbers:
    visits = sum(len(visitors_on(people, day)) for day in span.days)
    return {(): visits - len(visitors_in(people, span.days))}


def _professionals(people: People, span: Period) -> Numbers:
    roles = _PROFESSIONAL & people.fair.profile.visitors
    return {(): len(union(of_roles(people, day, roles) for day in span.days))}


def _attendance(people: People, span: Period) -> Numbers:
    roles = people.fair.profile.visitors | _STAFF
    return {(): len(union(of_roles(people, day, roles) for day in span.days))}


def _by_role(people: People, span: Period) -> Numbers:
    found: dict[str, list[BitMap]] = {}
    for day in span.days:
        for role, some in by_role(people, day).items():
            found.setdefault(role, []).append(some)
    return {(role,): count for role, sets in found.items() if (count := len(union(sets)))}


def _by_country(people: People, span: Period) -> Numbers:
    found = by_country(people, span.days, people.fair.profile.visitors)
    return {(country,): len(some) for country, some in found.items() if some}


def _by_group(people: People, span: Period) -> Numbers:
    return {(group,): len(some) for group, some in _visitor_groups(people, span).items() if some}


def _foreign(people: People, span: Period) -> Numbers:
    return {(): len(_visitor_groups(people, span).get(Residence.FOREIGN, BitMap()))}


def _visitor_groups(people: People, span: Period) -> Mapping[Residence, BitMap]:
    return _groups(people, span.days, people.fair.profile, people.fair.profile.visitors)


def _groups(
    people: People, days: tuple[str, ...], profile: Profile, roles: frozenset[BadgeRole]
) -> Mapping[Residence, BitMap]:
    """Return who was present on any of some days in one of some roles, by where they live, as a profile groups it."""
    found: dict[Residence, list[BitMap]] = {}
    for country, some in by_country(people, days, roles).items():
        group = profile.group(None if country == UNKNOWN else country, people.fair.host_country)
        found.setdefault(group, []).append(some)
    return {group: union(sets) for group, sets in found.items()}


def _by_profile(people: People, span: Period) -> Numbers:
    found: dict[LabelValues, int] = {}
    for name, profile in people.fair.profiles.items():
        days = [of_roles(people, day, profile.counted) for day in span.days]
        found[(name,)] = sum(map(len, days)) if profile.once is Once.PER_DAY else len(union(days))
    return found


def _by_profile_and_group(people: People, span: Period) -> Numbers:
    found: dict[LabelValues, int] = {}
    for name, profile in people.fair.profiles.items():
        spans = [(day,) for day in span.days] if profile.once is Once.PER_DAY else [span.days]
        for days in spans:
            for group, some in _groups(people, days, profile, profile.counted).items():
                found[name, group] = found.get((name, group), 0) + len(some)
    return {labels: count for labels, count in found.items() if count}


def _first_time(people: People, span: Period) -> Numbers:
    return {(): sum(len(visitors_on(people, day) - visitors_in(people, people.before(day))) for day in span.days)}


def _returning(people: People, span: Period) -> Numbers:
    again = (visitors_on(people, day) & visitors_in(people, people.before(day)) for day in span.days)
    return {(): len(union(again))}


_DAY_AND_FAIR = (Window.DAY, Window.FAIR)

VISITS = Kpi(
    name="visits",
    question="How many visits were made, at most one per person and day?",
    unit=Unit.VISITS,
    source="FKM visitor admissions and ABC Event Audience, for the visitors of the fair's profile",
    aggregate=Derived(of=(PRESENT,), count=_visits, adds_days=True),
    windows=_DAY_AND_FAIR,
)

PROFESSIONAL_VISITS = Kpi(
    name="professional_visits",
    question="How many of the visits were made by professional visitors?",
    unit=Unit.VISITS,
    source="FKM visitor admissions, trade visitors",
    aggregate=Derived(of=(PRESENT,), count=_professionals, adds_days=True),
    windows=_DAY_AND_FAIR,
)

VISITS_BY_GROUP = Kpi(
    name="visits_by_group",
    question="How many visits were made by people who live in the host country, abroad, or nobody knows where?",
    unit=Unit.VISITS,
    source="ISO 25639-1 foreign visitor, by the address given to the organiser; regions as the fair's profile says",
    labels=(Label.GROUP,),
    aggregate=Derived(of=(PRESENT,), count=_by_group, adds_days=True),
    windows=_DAY_AND_FAIR,
)

UNIQUE_VISITORS = Kpi(
    name="unique_visitors",
    question="How many different persons visited the fair?",
    unit=Unit.VISITORS,
    source="ABC Unique Attendance, for the visitors of the fair's profile",
    aggregate=Derived(of=(PRESENT,), count=_visits),
    windows=(Window.FAIR,),
)

REPEAT_VISITS = Kpi(
    name="repeat_visits",
    question="How many visits were not the first one of their person?",
    unit=Unit.VISITS,
    source="ABC Repeat Visits: visits minus unique visitors; two visits on one day are one",
    aggregate=Derived(of=(PRESENT,), count=_repeat_visits),
    windows=(Window.FAIR,),
)

ATTENDANCE = Kpi(
    name="attendance",
    question="How many visitors and exhibitor staff came, each at most once per day?",
    unit=Unit.VISITS,
    source="visits by the fair's profile and daily entries of exhibitor staff; for A762-1 see `counted_by_profile`",
    aggregate=Derived(of=(PRESENT,), count=_attendance, adds_days=True),
    windows=_DAY_AND_FAIR,
)

ATTENDANCE_BY_ROLE = Kpi(
    name="attendance_by_role",
    question="Who came, by role, each at most once per day?",
    unit=Unit.VISITS,
    source="daily entries of every role, shown apart; roles that a profile excludes are proven by them",
    labels=(Label.ROLE,),
    aggregate=Derived(of=(PRESENT,), count=_by_role, adds_days=True),
    windows=_DAY_AND_FAIR,
)

COUNTED_BY_PROFILE = Kpi(
    name="counted_by_profile",
    question="How many does each audit profile count?",
    unit=Unit.VISITS,
    source="each profile by its own rule: FKM admissions, ABC Unique Attendance, A762-1 attendance",
    labels=(Label.PROFILE,),
    aggregate=Derived(of=(PRESENT,), count=_by_profile),
    windows=_DAY_AND_FAIR,
)

COUNTED_BY_GROUP = Kpi(
    name="counted_by_group",
    question="Where do those live whom each audit profile counts: in the host country, abroad, or nobody knows?",
    unit=Unit.VISITS,
    source="ISO 25639-1 for each profile's own figure; a share from abroad is one of the known ones",
    labels=(Label.PROFILE, Label.GROUP),
    aggregate=Derived(of=(PRESENT,), count=_by_profile_and_group),
    windows=_DAY_AND_FAIR,
)

INTERNATIONAL_VISITORS = Kpi(
    name="international_visitors",
    question="How many different visitors came from abroad?",
    unit=Unit.VISITORS,
    source="ISO 25639-1 foreign visitor, by the address given to the organiser; an unknown country is not abroad",
    aggregate=Derived(of=(PRESENT,), count=_foreign),
    windows=_DAY_AND_FAIR,
)

VISITORS_BY_GROUP = Kpi(
    name="visitors_by_group",
    question="How many different visitors live in the host country, abroad, or nobody knows where?",
    unit=Unit.VISITORS,
    source="ISO 25639-1; a share from abroad is one of the known ones, and says how many are unknown",
    labels=(Label.GROUP,),
    aggregate=Derived(of=(PRESENT,), count=_by_group),
    windows=(Window.FAIR,),
)

VISITORS_BY_COUNTRY = Kpi(
    name="visitors_by_country",
    question="How many different visitors came from each country or region?",
    unit=Unit.VISITORS,
    source="ISO 25639-1, by the address given to the organiser; `unknown` is not a country",
    labels=(Label.COUNTRY,),
    aggregate=Derived(of=(PRESENT,), count=_by_country),
    windows=(Window.FAIR,),
    wide=True,
)

FIRST_TIME_VISITORS = Kpi(
    name="first_time_visitors",
    question="How many of the day's visitors were at this fair for the first time?",
    unit=Unit.VISITORS,
    source="first visit within this fair, even if it is reported late; not the first-time flag of the registration",
    aggregate=Derived(of=(PRESENT,), count=_first_time),
    windows=(Window.DAY,),
)

RETURNING_VISITORS = Kpi(
    name="returning_visitors",
    question="How many of the day's visitors had also come on an earlier day (over the fair: on two days or more)?",
    unit=Unit.VISITORS,
    source="visits of persons who visited on an earlier day of this fair: all of a day's visits except first-time ones",
    aggregate=Derived(of=(PRESENT,), count=_returning),
    windows=_DAY_AND_FAIR,
)

KPIS = (
    VISITS,
    PROFESSIONAL_VISITS,
    VISITS_BY_GROUP,
    UNIQUE_VISITORS,
    REPEAT_VISITS,
    ATTENDANCE,
    ATTENDANCE_BY_ROLE,
    COUNTED_BY_PROFILE,
    COUNTED_BY_GROUP,
    FIRST_TIME_VISITORS,
    RETURNING_VISITORS,
    INTERNATIONAL_VISITORS,
    VISITORS_BY_GROUP,
    VISITORS_BY_COUNTRY,
)

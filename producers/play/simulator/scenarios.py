"""Named days of a fair. A scenario is nothing but numbers; every share is between 0 and 1."""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Scenario:
    """A course of the fair, and how well its terminals work.

    Defaults are a busy day of a CIFTIS-class fair: 72,000 visits and 1.4 million events.
    """

    name: str
    question: str
    """The question that it answers, in one sentence."""

    visitors: int = 72_000
    """Visits on the busiest day. Other days have fewer."""

    whole_fair: bool = False
    """All days of the fair, one after the other; otherwise one day, by default the busiest."""

    begins_min: int = -120
    """Minutes from opening to the first thing that is sent; negative is before opening."""

    lasts_min: int | None = None
    """Minutes that are sent; None is until the last straggler."""

    arrivals: tuple[float, ...] = (17, 21, 16, 11, 7, 6, 5, 4, 3.5, 3, 2.5, 2, 1.5, 0.5)
    """Weights of arriving in the first, second ... half hour after opening."""

    early: float = 0.01
    """Visitors let in during the ten minutes before opening: a passage, but no visit."""

    professional: float = 0.29
    """Visitors with a professional badge."""

    again: float = 0.35
    """Visitors of a day who were there on the day before."""

    reentry: float = 0.25
    """Visitors who go out around noon and come back."""

    consent: float = 0.92
    """Visitors who agreed to be tracked in halls and at booths; scans of the others are anonymous there."""

    foreign: float = 0.208
    """Visitors who live abroad."""

    halls: float = 4
    """Hall visits of one person, on average."""

    scans_professional: float = 10
    scans_public: float = 1
    """Booth scans of one visitor, on average."""

    touches: float = 5
    """Interactions of one visitor, on average."""

    staff: float = 0.06
    """Exhibitors' staff, organisers and contractors, for one visitor."""

    guests: float = 0.015
    """Media, speakers, delegates and officials, for one visitor."""

    denied: float = 0.015
    """Entries that are refused at first."""

    forced: float = 0.3
    """Refused visitors who are let in all the same, by hand."""

    typed: float = 0.01
    """Badges at gates and booths whose code is typed by hand."""

    beacons: float = 0.03
    """Hall visits in which the beacon of a booth sees the badge."""

    meetings: float = 0.2
    """Professional visitors whom an exhibitor invites to a meeting."""

    tests: float = 0.001
    """Test badges, for one visitor."""

    unregistered: float = 0.01
    """People whom the register of badges never learns; this and the next two only at a fair that has one."""

    registered_late: float = 0.02
    """People who are registered after their first scans."""

    corrected: float = 0.04
    """People whose registration is corrected later."""

    deals: int = 220
    """Deals and other outcomes a day."""

    ceremony: float = 0.4
    """Deals that are signed in one of the day's ceremonies, within ten minutes."""

    ceremonies: tuple[int, ...] = (120, 330)
    """When the ceremonies begin, in minutes from opening."""

    amended: float = 0.18
    """Deals that change after signing; a third of the changes are corrections."""

    overtaken: float = 0.25
    """Amended deals whose change arrives before the signing does."""

    doubled: float = 0.15
    """Amended deals whose change is reported by two booths under the same revision."""

    cancelled: float = 0.05
    """Deals that are called off."""

    clock_off: float = 0.1
    """Terminals whose clock is minutes off, but which know by how much."""

    clock_unknown: float = 0.01
    """Terminals whose clock is wrong and which do not know it."""

    outage: float = 0.1
    """Terminals that lose their network once on every day."""

    outage_min: float = 30
    """How long an outage lasts, in minutes, give or take a third."""

    flush_s: float = 30
    """How long a terminal needs to send what piled up, in seconds."""

    blackout: float = 0
    """Terminals that lose their network together."""

    blackout_gate: bool = False
    """All readers of the busiest gate lose their network together."""

    blackout_min: tuple[int, int] = (45, 75)
    """From when to when they do, in minutes from opening."""

    resent: float = 0.004
    """Events that arrive again, with the same bytes, seconds to minutes later."""

    resent_after_outage: float = 0.03
    """The same for events that an outage held up."""

    straggling: float = 0.000_5
    """Events that a terminal forgets for hours."""

    straggling_h: tuple[float, float] = (1, 5)
    """For how long, in hours."""

    broken: float = 0.000_2
    """Events that are sent in a broken form first."""


_DAY: Final = Scenario(name="fair_day", question="What does the busiest day of the fair look like?")

SCENARIOS: Final = (
    _DAY,
    replace(
        _DAY,
        name="opening_rush",
        question="Do the gates keep up when half of the visitors come in the first half hour?",
        begins_min=-30,
        lasts_min=150,
        arrivals=(48, 24, 12, 6, 4, 2, 1, 1, 1, 1),
        early=0.03,
    ),
    replace(
        _DAY,
        name="ceremony_burst",
        question="Are 600 deals signed within ten minutes counted once each?",
        begins_min=-30,
        lasts_min=150,
        deals=800,
        ceremony=0.8,
        ceremonies=(60,),
    ),
    replace(
        _DAY,
        name="reconnect_flush",
        question="What happens when most terminals come back at once after half an hour?",
        begins_min=-30,
        lasts_min=180,
        blackout=0.7,
    ),
    replace(
        _DAY,
        name="quiet_morning",
        question="Is an almost empty fair shown as it is?",
        visitors=1_500,
        begins_min=-60,
        lasts_min=240,
        arrivals=(1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1),
        deals=20,
        ceremonies=(),
        outage=0.02,
        resent=0.001,
        straggling=0,
        broken=0,
    ),
    replace(
        _DAY,
        name="gate_outage",
        question="Is the count right again after the busiest gate was offline in the rush?",
        begins_min=-30,
        lasts_min=180,
        blackout_gate=True,
    ),
    replace(
        _DAY,
        name="whole_fair",
        question="Do unique visitors stay unique over all days?",
        whole_fair=True,
        straggling_h=(1, 22),
    ),
)
"""Every scenario, the default first."""


def scenario_named(name: str) -> Scenario:
    """Return the scenario of that name; KeyError if there is none."""
    return {scenario.name: scenario for scenario in SCENARIOS}[name]


def day_weights(days: int) -> tuple[float, ...]:
    """Return the visits of each day of a fair as a share of its busiest day, which is the middle one.

    Five days give 0.68, 0.84, 1, 0.84, 0.68: the middle day has 25 % of all visits.
    """
    middle = (days - 1) / 2
    return tuple(1 - 0.32 * abs(day - int(middle)) / max(1.0, days - 1 - int(middle)) for day in range(days))

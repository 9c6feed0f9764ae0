"""The fair as its file describes it: days, halls, gates, sections, exhibitors, exhibits, money.

Everything here is read-only and was checked when the file was read (`schemas.fair.file`): every reference has
a target, so look-ups by id need no guard. Only the ids in events may be unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from schemas.badges.format import BadgeFormat
from schemas.codes import DecimalMark, ExhibitorType
from schemas.fair.days import FairDay, Timetable
from schemas.fair.money import CurrencyInfo, RateHistory, convert_minor
from schemas.ids import BoothId, Country, Currency, ExhibitId, ExhibitorId, FairId, GateId, HallId, SectionId
from schemas.profiles import PROFILES, Profile

__all__ = ["Booth", "CurrencyInfo", "Exhibit", "Exhibitor", "Fair", "FairDay", "Gate", "Hall", "Section"]

ONE = Decimal(1)
"""The rate of the reporting currency."""


@dataclass(frozen=True, slots=True)
class Hall:
    """A hall.

    Attributes:
        area_m2: usable floor in square metres; people divided by it are the density.
        capacity: people allowed inside at the same time, by the permit of the venue.
    """

    hall_id: HallId
    name: str
    area_m2: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate of the perimeter.

    Attributes:
        countable: entries here make a visit; False for service and delivery gates.
        lanes: lanes that can be open at once, at least 1.
    """

    gate_id: GateId
    name: str
    countable: bool
    lanes: int


@dataclass(frozen=True, slots=True)
class Section:
    """A thematic section and the halls it lies in, at least one."""

    section_id: SectionId
    name: str
    halls: tuple[HallId, ...]


@dataclass(frozen=True, slots=True)
class Exhibitor:
    """A company on a stand (ISO 25639-1, 2.2 to 2.4).

    Attributes:
        country: of the address in the contract with the organiser (ISO 25639-1, 2.5), not of the owner.
        type: main and co-exhibitors are exhibitors; a represented company is not and is never added to them.
        leader: a Global 500 company or a leader of its industry, as the organiser flags it.
    """

    exhibitor_id: ExhibitorId
    name: str
    country: Country
    type: ExhibitorType
    section: SectionId
    hall: HallId
    booth: BoothId
    leader: bool = False

    @property
    def is_direct(self) -> bool:
        """Whether it counts as an exhibitor: it has staff of its own on the stand (FKM "direct")."""
        return self.type is not ExhibitorType.REPRESENTED


@dataclass(frozen=True, slots=True)
class Booth:
    """A stand. Hall and section are those of its main exhibitor, who comes first in `exhibitors`."""

    booth_id: BoothId
    hall: HallId
    section: SectionId
    exhibitors: tuple[ExhibitorId, ...]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Something shown on the stand of an exhibitor."""

    exhibit_id: ExhibitId
    name: str
    exhibitor: ExhibitorId


@dataclass(frozen=True, slots=True, kw_only=True)
class Fair:
    """One edition of a fair.

    Attributes:
        host_country: an exhibitor or visitor with an address elsewhere is from abroad; the profile says about regions.
        zone: time zone of the venue; `zone.key` is its IANA name.
        days: ascending by date; at least one.
        booths: derived from the exhibitors.
        exhibits: an exhibitor without an exhibit in the file has one, `x-<exhibitor_id>`, under its own name.
        currencies: those a deal may be in; the reporting currency is one of them.
        rates: for every currency but the reporting one.
        profile: the audit profile whose numbers the boards show. All others are counted as well.
        file_fingerprint: of the fair file as it was read; it differs when any character of the file does.
        top_economies: the leading service-trade economies whose coverage is shown; may be empty.
        badge_codes: the form of the codes on badges; None if the file does not say it.
        badge_register: whether a register says who wears which badge. Without one, badges say it themselves.
        decimal_mark: the sign before the decimals of an amount that is typed at a terminal.
    """

    fair_id: FairId
    name: str
    host_country: Country
    zone: ZoneInfo
    days: tuple[FairDay, ...]
    halls: Mapping[HallId, Hall]
    gates: Mapping[GateId, Gate]
    sections: Mapping[SectionId, Section]
    exhibitors: Mapping[ExhibitorId, Exhibitor]
    booths: Mapping[BoothId, Booth]
    exhibits: Mapping[ExhibitId, Exhibit]
    reporting_currency: Currency
    currencies: Mapping[Currency, CurrencyInfo]
    rates: Mapping[Currency, RateHistory]
    profile: Profile
    file_fingerprint: str = field(repr=False, compare=False)
    top_economies: frozenset[Country] = frozenset()
    badge_codes: BadgeFormat | None = None
    badge_register: bool = False
    decimal_mark: DecimalMark = DecimalMark.POINT
    timetable: Timetable = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "timetable", Timetable(self.days, self.zone))

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """All audit profiles that are counted, by name: those of fairpulse, and the fair's own if it has one."""
        return {**PROFILES, self.profile.name: self.profile}

    def local_date(self, epoch_s: float) -> date:
        """Return the calendar date at the venue, for any instant in seconds since 1970 UTC."""
        return self.timetable.local_date(epoch_s)

    def is_open(self, epoch_s: float) -> bool:
        """Return whether the instant is within the official opening hours of its day; the closing time is not."""
        return self.timetable.is_open(epoch_s)

    def rate(self, currency: Currency, day: date) -> Decimal:
        """Return how many units of the reporting currency one unit was worth: 1 for that currency itself.

        The newest rate on or before the day counts; before the first one, the first.

        Raises:
            KeyError: the fair does not accept the currency; ask `currencies` first.
        """
        return ONE if currency == self.reporting_currency else self.rates[currency].on(day)

    def to_reporting_minor(self, value_minor: int, currency: Currency, day: date) -> int:
        """Return the value in minor units of the reporting currency at the rate of the day, rounded half to even.

        The day is the one the deal was signed on: its rate is frozen, so that history is never converted anew
        (practice of the balance of payments: the rate when ownership changes).

        Raises:
            KeyError: the fair does not accept the currency; ask `currencies` first.
        """
        target = self.currencies[self.reporting_currency]
        return convert_minor(value_minor, self.currencies[currency], target, self.rate(currency, day))

"""The fair file as people write it: its fields and their types. The texts of errors are in `schemas.fair.words`.

All values arrive as text (`schemas.fair.text`). The pattern of a type checks the spelling before the conversion,
so 1_0 is not a number and "yes" is not a number of lanes.
"""

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
)
from pydantic_core import core_schema

from schemas.badges.check_characters import CheckKind
from schemas.badges.format import CodeCase
from schemas.codes import BadgeRole, DecimalMark, ExhibitorType
from schemas.countries import country_names
from schemas.ids import BoothId, Country, Currency, ExhibitId, FairId, GateId, HallId, SectionId


@dataclass(frozen=True, slots=True)
class Spelt:
    """Check that the text matches this pattern, then convert it to the annotated type."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.chain_schema([core_schema.str_schema(pattern=self.pattern), handler(source)])


def _zone(text: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(text))
    except (OSError, ValueError, KeyError):  # a folder of zones, a bad name, an unknown one
        raise ValueError("unknown time zone") from None


def _listed(code: str) -> str:
    if code not in country_names():
        raise ValueError("unknown country")
    return code


ListedCountry = Annotated[Country, AfterValidator(_listed)]
ShownName = Annotated[str, StringConstraints(pattern=r"\S", max_length=120)]
YesOrNo = Annotated[bool, Spelt(r"^(yes|no|true|false)$")]
Day = Annotated[date, Spelt(r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$")]
LocalTime = Annotated[time, Spelt(r"^[0-9]{2}:[0-9]{2}$")]
Positive = Annotated[int, Spelt(r"^[1-9][0-9]{0,6}$")]
Lanes = Annotated[int, Spelt(r"^[1-9][0-9]{0,2}$")]
MinorDigits = Annotated[int, Spelt(r"^[0-4]$")]
Rate = Annotated[Decimal, Field(gt=0), Spelt(r"^[0-9]{1,9}(\.[0-9]{1,12})?$")]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone), Spelt(r"^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2})$")]
CodePrefix = Annotated[str, StringConstraints(pattern=r"^[!-~]{0,64}$")]
CodeAlphabet = Annotated[str, StringConstraints(pattern=r"^[!-~]{2,94}$")]
CodeLength = Annotated[int, Spelt(r"^([1-9]|[1-5][0-9]|6[0-4])$")]
RowId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,61}$")]
"""An exhibitor id: two characters shorter than other ids, so that `x-<id>` is an id too."""

ProfileName = Literal["fkm", "abc", "a762_1"]
"""The audit profiles that a fair file can name, see `schemas.profiles`."""


class FileRow(BaseModel):
    """A block of the fair file; unknown fields are refused, because a typo must not silently mean the default."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DayRow(FileRow):
    """Official opening hours of one date, local time."""

    opens: LocalTime
    closes: LocalTime


class HallRow(FileRow):
    """A hall: usable floor in square metres, people allowed inside."""

    name: ShownName
    area_m2: Positive
    capacity: Positive


class GateRow(FileRow):
    """A gate of the perimeter."""

    name: ShownName
    countable: YesOrNo
    lanes: Lanes


class SectionRow(FileRow):
    """A thematic section."""

    name: ShownName
    halls: Annotated[tuple[HallId, ...], Field(min_length=1)]


class ExhibitorRow(FileRow):
    """A company on a stand."""

    name: ShownName
    country: ListedCountry
    type: ExhibitorType = ExhibitorType.MAIN
    section: SectionId
    hall: HallId
    booth: BoothId
    leader: YesOrNo = False


class ExhibitRow(FileRow):
    """Something shown on a stand."""

    name: ShownName
    exhibitor: RowId


class BadgeCodesRow(FileRow):
    """The form of the codes on badges."""

    prefix: CodePrefix = ""
    alphabet: CodeAlphabet
    length: CodeLength
    check: CheckKind = CheckKind.NONE
    case: CodeCase = CodeCase.FOLDED


class FairRows(FileRow):
    """The whole file."""

    fair_id: FairId
    name: ShownName
    host_country: ListedCountry
    timezone: Zone
    profile: ProfileName | None = None
    visitor_roles: Annotated[tuple[BadgeRole, ...], Field(min_length=1)] | None = None
    regions_abroad: YesOrNo = True
    top_economies: tuple[ListedCountry, ...] = ()
    days: Annotated[dict[Day, DayRow], Field(min_length=1, max_length=400)]
    halls: Annotated[dict[HallId, HallRow], Field(min_length=1)]
    gates: Annotated[dict[GateId, GateRow], Field(min_length=1)]
    sections: Annotated[dict[SectionId, SectionRow], Field(min_length=1)]
    badge_codes: BadgeCodesRow | None = None
    badge_register: YesOrNo = False
    decimal_mark: DecimalMark = DecimalMark.POINT
    reporting_currency: Currency
    currencies: Annotated[dict[Currency, MinorDigits], Field(min_length=1)]
    rates: dict[Currency, Annotated[dict[Day, Rate], Field(min_length=1)]] = Field(default_factory=dict)
    exhibitors: Annotated[dict[RowId, ExhibitorRow], Field(min_length=1)]
    exhibits: dict[ExhibitId, ExhibitRow] = Field(default_factory=dict)

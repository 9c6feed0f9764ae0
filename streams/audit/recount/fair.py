"""The fair file as the oracle reads it: every value as text, and only the parts that the KPIs need."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from streams.audit.recount.profiles import OracleProfile, profiles_of


@dataclass(frozen=True)
class OracleFair:
    """What the oracle knows about a fair.

    Attributes:
        opening: by date, opening and closing time in milliseconds since 1970; the closing time itself is outside.
        first_ms: 24 hours before the fair's first midnight; event times from here on are believed.
        end_ms: 24 hours after the fair's last midnight; event times before this are believed.
        gates: by gate, whether its entries count.
        profile: who is a visitor here.
        profiles: all audit profiles that are counted, by name.
        section_of: by exhibitor.
        section_at: by booth, that of its main exhibitor.
        has_register: whether a register of badges says who wears which badge.
    """

    fair_id: str
    zone: ZoneInfo
    host_country: str
    profile: OracleProfile
    profiles: dict[str, OracleProfile]
    has_register: bool
    opening: dict[str, tuple[int, int]]
    first_ms: int
    end_ms: int
    gates: dict[str, bool]
    halls: frozenset[str]
    booths: frozenset[str]
    sections: frozenset[str]
    section_of: dict[str, str]
    section_at: dict[str, str]
    exhibit_owner: dict[str, str]
    reporting_currency: str
    minor_digits: dict[str, int]
    rates: dict[str, dict[str, str]]

    @classmethod
    def read(cls, source: Path | bytes) -> "OracleFair":
        """Return the fair. The file must be valid: it is not checked."""
        text = (source if isinstance(source, bytes) else source.read_bytes()).decode("utf-8-sig")
        # BaseLoader keeps every scalar as text: NO means Norway, and 09:00 is not a number of minutes.
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        file: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - makes nothing but text
        zone = ZoneInfo(file["timezone"])
        dates = sorted(date.fromisoformat(day) for day in file["days"])
        exhibitors, exhibits = file["exhibitors"], file.get("exhibits") or {}
        owners = {exhibit: row["exhibitor"] for exhibit, row in exhibits.items()}
        own_name = {f"x-{exhibitor}": exhibitor for exhibitor in exhibitors if exhibitor not in set(owners.values())}
        profile, profiles = profiles_of(file)
        return cls(
            fair_id=file["fair_id"],
            zone=zone,
            host_country=file["host_country"],
            profile=profile,
            profiles=profiles,
            has_register=file.get("badge_register", "no") in {"yes", "true"},
            opening={
                day: (
                    _ms(datetime.combine(date.fromisoformat(day), time.fromisoformat(hours["opens"]), zone)),
                    _ms(datetime.combine(date.fromisoformat(day), time.fromisoformat(hours["closes"]), zone)),
                )
                for day, hours in file["days"].items()
            },
            first_ms=_ms(datetime.combine(dates[0], time(), zone)) - 86_400_000,
            end_ms=_ms(datetime.combine(dates[-1] + timedelta(days=1), time(), zone)) + 86_400_000,
            gates={gate: row["countable"] in {"yes", "true"} for gate, row in file["gates"].items()},
            halls=frozenset(file["halls"]),
            booths=frozenset(row["booth"] for row in exhibitors.values()),
            sections=frozenset(file["sections"]),
            section_of={exhibitor: row["section"] for exhibitor, row in exhibitors.items()},
            section_at={
                row["booth"]: row["section"] for row in exhibitors.values() if row.get("type", "main") == "main"
            },
            exhibit_owner=owners | own_name,
            reporting_currency=file["reporting_currency"],
            minor_digits={code: int(digits) for code, digits in file["currencies"].items()},
            rates=file.get("rates") or {},
        )

    def local_day(self, ms: int) -> str:
        """Return the calendar date at the venue, as text."""
        return datetime.fromtimestamp(ms // 1_000, self.zone).date().isoformat()

    def reported(self, amount: int, currency: str, day: str) -> int:
        """Convert an amount to minor units of the reporting currency, rounded half to even."""
        if currency == self.reporting_currency:
            return amount
        by_day = self.rates[currency]
        newest = max((known for known in by_day if known <= day), default=min(by_day))
        minor, reporting_minor = (
            Fraction(10) ** self.minor_digits[code] for code in (currency, self.reporting_currency)
        )
        return round(amount / minor * Fraction(by_day[newest]) * reporting_minor)


def _ms(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000

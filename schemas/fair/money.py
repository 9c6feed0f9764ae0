"""Money of a fair: integer minor units, ISO 4217 exponents, and rates frozen at a date. No floats."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from schemas.ids import Currency


@dataclass(frozen=True, slots=True)
class CurrencyInfo:
    """A currency the fair accepts.

    Attributes:
        minor_units: digits after the point (ISO 4217): 2 for CNY, 0 for JPY, 3 for KWD.
    """

    code: Currency
    minor_units: int


@dataclass(frozen=True, slots=True)
class RateHistory:
    """Frozen reference rates of one currency: units of the reporting currency for one unit, by date.

    Attributes:
        dates: ascending, at least one.
        rates: as many as dates, each above zero.
    """

    dates: tuple[date, ...]
    rates: tuple[Decimal, ...]

    def on(self, day: date) -> Decimal:
        """Return the newest rate on or before the day; before the first one, the first.

        So a deal signed before the fair opened still has a rate, and the same one for ever.
        """
        return self.rates[max(0, bisect_right(self.dates, day) - 1)]


def convert_minor(value_minor: int, source: CurrencyInfo, target: CurrencyInfo, rate: Decimal) -> int:
    """Return the value in minor units of the target currency, exact, then rounded half to even.

    Args:
        value_minor: minor units of the source currency; may be negative (an amendment that lowers a deal).
        source: the currency of the value.
        target: the currency of the result.
        rate: whole units of the target for one whole unit of the source.
    """
    exponent = target.minor_units - source.minor_units
    # Fraction rather than Decimal: no context can cut digits, and round() on it is half to even.
    return round(value_minor * Fraction(rate) * Fraction(10) ** exponent)

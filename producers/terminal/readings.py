"""An amount as digits: how a fair writes it, how it is said, how many minor units it is. Pure text, never a float."""

from dataclasses import dataclass
from typing import Final

from producers.terminal.spelling import amount_in_words
from schemas.codes import Code, DecimalMark


class AmountUnit(Code):
    """What a typed amount counts: whole units of the currency, ten thousands (wan, 万) or hundred millions (yi, 亿)."""

    ONE = "1"
    WAN = "wan"
    YI = "yi"


ZEROS: Final = {AmountUnit.ONE: 0, AmountUnit.WAN: 4, AmountUnit.YI: 8}
"""How many zeros a unit adds."""

MARKS: Final = {DecimalMark.POINT: (".", ","), DecimalMark.COMMA: (",", ".")}
"""By the fair's decimal mark: that mark, and the one that it sets between groups of three digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountRules:
    """How an amount is typed and shown.

    Attributes:
        mark: the decimal mark of the fair.
        digits: minor digits of the currency, 0 to 4.
        unit: the unit that was chosen; one if none was.
        language: of words in errors, one of `spelling.LANGUAGES`.
    """

    digits: int
    mark: DecimalMark = DecimalMark.POINT
    unit: AmountUnit = AmountUnit.ONE
    language: str = "en"


@dataclass(frozen=True, slots=True)
class AmountReading:
    """One way to read an amount.

    Attributes:
        whole: the digits before the decimal mark, at least one.
        fraction: the digits after it; may be empty.
    """

    whole: str
    fraction: str = ""

    def times(self, unit: AmountUnit) -> "AmountReading":
        """Return the amount in whole units of the currency."""
        zeros = ZEROS[unit]
        return AmountReading(self.whole + self.fraction[:zeros].ljust(zeros, "0"), self.fraction[zeros:])

    def minor_units(self, digits: int) -> int:
        """Return the amount in minor units; its fraction must not be longer than `digits`."""
        return int(self.whole + self.fraction.ljust(digits, "0"))

    def shown(self, rules: AmountRules) -> str:
        """Return the amount as the fair writes it, without minor digits if all of them are 0: "12.50", "1,250"."""
        whole, fraction = self._trimmed(rules.digits)
        decimal, group = MARKS[rules.mark]
        return f"{int(whole):,}".replace(",", group) + (f"{decimal}{fraction}" if fraction else "")

    def said(self, rules: AmountRules) -> str:
        """Return the amount in words: "twelve and 50/100"; as shown if it is too large for words."""
        whole, fraction = self._trimmed(rules.digits)
        if int(whole) >= 10**18:
            return self.shown(rules)
        return amount_in_words(int(whole), fraction, rules.language)

    def _trimmed(self, digits: int) -> tuple[str, str]:
        fraction = self.fraction.rstrip("0")
        return self.whole, fraction.ljust(digits, "0") if fraction else ""


def amount_text(minor: int, digits: int, mark: DecimalMark) -> str:
    """Return minor units as the fair writes them, with all minor digits: "1,250.00".

    Args:
        minor: at least 0.
        digits: minor digits of the currency.
        mark: the decimal mark of the fair.
    """
    whole, fraction = split_minor(minor, digits)
    decimal, group = MARKS[mark]
    return f"{whole:,}".replace(",", group) + (f"{decimal}{fraction}" if fraction else "")


def split_minor(minor: int, digits: int) -> tuple[int, str]:
    """Return the whole units, and the minor digits as text: (1250, "00"); the text is empty without minor digits."""
    whole, rest = divmod(minor, 10**digits)
    return whole, f"{rest:0{digits}}" if digits else ""

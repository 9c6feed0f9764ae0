"""The review of a deal before it is signed: its value as it will be stored, in digits and in words. Pure."""

from dataclasses import dataclass

from producers.terminal.card import Money
from producers.terminal.readings import amount_text, split_minor
from producers.terminal.spelling import amount_in_words
from schemas.codes import DecimalMark


@dataclass(frozen=True, slots=True)
class DealValue:
    """The value of a deal.

    Attributes:
        currency: its ISO 4217 code.
        value_minor: in minor units, as it will be stored.
        digits: with the fair's marks and all minor digits: "EUR 1,250.00".
        words: "EUR one thousand two hundred fifty and 00/100".
    """

    currency: str
    value_minor: int
    digits: str
    words: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a person read before signing: the value in minor units, None if it is undisclosed."""

    value_minor: int | None


@dataclass(frozen=True, slots=True)
class Review:
    """What a deal will be stored as.

    Attributes:
        partner: the id of the other side.
        country: of the partner, as ISO 3166-1 writes it.
        value: None if it is undisclosed.
    """

    partner: str
    country: str
    value: DealValue | None

    def read(self) -> Reviewed:
        """Return what signing names as read."""
        return Reviewed(None if self.value is None else self.value.value_minor)


def value_shown(value_minor: int, money: Money, mark: DecimalMark, language: str) -> DealValue:
    """Return a value as a person reviews it.

    Args:
        value_minor: at least 0.
        money: its currency.
        mark: the decimal mark of the fair.
        language: of the words, one of `spelling.LANGUAGES`.
    """
    whole, fraction = split_minor(value_minor, money.digits)
    return DealValue(
        money.id,
        value_minor,
        f"{money.id} {amount_text(value_minor, money.digits, mark)}",
        f"{money.id} {amount_in_words(whole, fraction, language)}",
    )

"""The form of a deal: its fields, and what a person reads before signing. Pure."""

import re
from dataclasses import dataclass

from producers.terminal.amounts import minor_units
from producers.terminal.card import Card, Money
from producers.terminal.deal_errors import (
    bad_partner,
    full_width,
    unknown_currency,
    unknown_section,
)
from producers.terminal.readings import AmountRules, AmountUnit
from producers.terminal.review import DealValue, Review, value_shown
from producers.terminal.typed import has_full_width
from producers.terminal.visitor import country_of
from schemas.codes import DealStage, OutcomeKind
from schemas.ids import NAME_PATTERN


@dataclass(frozen=True, slots=True, kw_only=True)
class DealForm:
    """The fields of the form.

    Attributes:
        partner: the other side's organisation id, as on its badge or in the organiser's list.
        country: of the partner, a code that ISO 3166-1 lists, in any case.
        amount: as a person types it in this fair, see `amounts`; blank if undisclosed.
        unit: what the amount counts.
        currency: empty if undisclosed.
        section: empty for the booth's own.
        language: of the words that a person reads in the review and in errors, one of `spelling.LANGUAGES`.
    """

    partner: str
    country: str
    stage: DealStage = DealStage.CONTRACT
    outcome: OutcomeKind = OutcomeKind.TRANSACTION
    amount: str = ""
    unit: AmountUnit = AmountUnit.ONE
    currency: str = ""
    section: str = ""
    term_months: int | None = None
    language: str = "en"


def review_of(form: DealForm, card: Card) -> Review:
    """Return what a person reads before signing.

    Raises:
        InvalidEvent: names the field of the form and says what to do.
    """
    section_of(form, card)
    return Review(_partner(form.partner.strip()), country_of(form.country.strip()), _value(form, card))


def _partner(typed: str) -> str:
    if has_full_width(typed):
        raise full_width("partner")
    if not re.match(NAME_PATTERN, typed):
        raise bad_partner()
    return typed


def _value(form: DealForm, card: Card) -> DealValue | None:
    if not form.amount.strip():
        return None
    money = money_of(form.currency.strip().upper(), card)
    rules = AmountRules(digits=money.digits, mark=card.decimal_mark, unit=form.unit, language=form.language)
    return value_shown(minor_units(form.amount, rules), money, card.decimal_mark, form.language)


def money_of(currency: str, card: Card) -> Money:
    """Return a currency that the fair accepts. Raises InvalidEvent if it does not."""
    money = next((one for one in card.currencies if one.id == currency), None)
    if money is None:
        raise unknown_currency(currency, [one.id for one in card.currencies])
    return money


def section_of(form: DealForm, card: Card) -> str:
    """Return the chosen section, or that of the booth. Raises InvalidEvent if the fair does not have it."""
    chosen, accepted = form.section or card.section, [one.id for one in card.sections]
    if chosen not in accepted:
        raise unknown_section(accepted)
    return chosen

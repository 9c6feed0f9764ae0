"""The form of a deal, and the event that is made from it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from producers.terminal.card import Card
from schemas.codes import DealStage, OutcomeKind, PartyRole, TradeDirection, ValueBasis
from schemas.errors import InvalidEvent
from schemas.ids import NAME_PATTERN

BINDING: Final = frozenset({DealStage.CONTRACT, DealStage.PURCHASE_ORDER})
"""Binding stages: their value is contract value. The value of all others is intended value; the two are never added."""

AMOUNT: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,4})?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class DealForm:
    """The fields of the form.

    Attributes:
        partner: the other side's organisation id, as on its badge or in the organiser's list.
        country: of the partner, ISO 3166-1 alpha-2.
        amount: in whole units, "1250000.00"; commas and blanks are ignored; empty if undisclosed.
        currency: empty if undisclosed.
        section: empty for the booth's own.
    """

    partner: str
    country: str
    stage: DealStage = DealStage.CONTRACT
    outcome: OutcomeKind = OutcomeKind.TRANSACTION
    amount: str = ""
    currency: str = ""
    section: str = ""
    term_months: int | None = None


def deal_members(form: DealForm, card: Card, deal_id: str, signed_at: str) -> Mapping[str, Any]:
    """Return the members of the event `DealSigned`, without its envelope.

    Raises:
        InvalidEvent: names the field of the form and says what to do.
    """
    if not re.match(NAME_PATTERN, form.partner):
        raise _wrong("partner", "use letters, digits, dot, hyphen and underscore, as in the organiser's list")
    if not re.match(r"[A-Z]{2}\Z", form.country):
        raise _wrong("country", "use two capital letters, for example DE")
    value, currency = _value(form, card)
    partner = {"org_id": form.partner, "role": PartyRole.BUYER, "country": form.country, "exhibitor": False}
    parties = [partner]
    if card.exhibitors:
        own = {"org_id": card.exhibitors[0].id, "role": PartyRole.SELLER, "country": card.country, "exhibitor": True}
        parties.insert(0, own)
    binding = form.stage in BINDING
    return {
        "deal_id": deal_id,
        "revision": 1,
        "outcome_kind": form.outcome,
        "stage": form.stage,
        "binding": binding,
        "value_minor": value,
        "currency": currency,
        "value_basis": _basis(form, disclosed=value is not None),
        "term_months": form.term_months,
        "parties": parties,
        "section": form.section or card.section,
        "trade_direction": _direction(card, form.country),
        "signed_at": signed_at,
        "booth_id": card.place_id or None,
    }


def minor_units(amount: str, digits: int) -> int:
    """Return an amount in minor units, exactly.

    Raises:
        InvalidEvent: it is not an amount, or has more digits after the point than the currency.
    """
    plain = amount.replace(",", "").replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    if not AMOUNT.match(plain):
        raise _wrong("amount", "use digits and one decimal point, for example 1,250,000.00")
    value = Decimal(plain).scaleb(digits)
    if value != value.to_integral_value():
        raise _wrong("amount", f"use at most {digits} digits after the point in this currency")
    return int(value)


def _value(form: DealForm, card: Card) -> tuple[int | None, str | None]:
    if not form.amount.strip():
        return None, None
    money = next((one for one in card.currencies if one.id == form.currency), None)
    if money is None:
        raise _wrong("currency", f"choose one of {', '.join(one.id for one in card.currencies)}")
    value = minor_units(form.amount, money.digits)
    if value > 2**53 - 1:
        raise _wrong("amount", "it is too large; check the number of zeros")
    return value, money.id


def _basis(form: DealForm, *, disclosed: bool) -> ValueBasis:
    if not disclosed:
        return ValueBasis.UNDISCLOSED
    return ValueBasis.INVESTMENT_COMMITMENT if form.outcome is OutcomeKind.INVESTMENT else ValueBasis.TOTAL_CONTRACT


def _direction(card: Card, partner: str) -> TradeDirection:
    """Return the direction of the trade: the booth sells, the partner buys."""
    if not card.country:
        return TradeDirection.NOT_APPLICABLE
    at_home, buyer_at_home = card.country == card.host_country, partner == card.host_country
    if at_home and buyer_at_home:
        return TradeDirection.DOMESTIC
    if at_home:
        return TradeDirection.EXPORT
    return TradeDirection.IMPORT if buyer_at_home else TradeDirection.NOT_APPLICABLE


def _wrong(field: str, hint: str) -> InvalidEvent:
    return InvalidEvent("bad_value", f"{field}: this is not valid", field=field, hint=hint)

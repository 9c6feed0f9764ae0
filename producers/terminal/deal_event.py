"""The event that is made from the form of a deal. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from producers.terminal.card import Card
from producers.terminal.deal_errors import changed, not_reviewed
from producers.terminal.deal_form import DealForm, money_of, review_of, section_of
from producers.terminal.review import DealValue, Reviewed, value_shown
from schemas.codes import DealStage, OutcomeKind, PartyRole, TradeDirection, ValueBasis

BINDING: Final = frozenset({DealStage.CONTRACT, DealStage.PURCHASE_ORDER})
"""Binding stages: their value is contract value. The value of all others is intended value; the two are never added."""


def deal_members(
    form: DealForm, card: Card, deal_id: str, signed_at: str, read: Reviewed | None = None
) -> Mapping[str, Any]:
    """Return the members of the event `DealSigned`, without its envelope.

    Args:
        form: as its person filled it in.
        card: of the place where it was filled in.
        deal_id: of the new deal.
        signed_at: in UTC, as events write it.
        read: what the person read before signing; None without a review, in a script.

    Raises:
        InvalidEvent: as `review_of`; or the value is not the one that was read.
    """
    review = review_of(form, card)
    value = review.value
    if read is not None:
        _same_value(read, value, card)
    partner = {"org_id": review.partner, "role": PartyRole.BUYER, "country": review.country, "exhibitor": False}
    parties = [partner]
    if card.exhibitors:
        own = {"org_id": card.exhibitors[0].id, "role": PartyRole.SELLER, "country": card.country, "exhibitor": True}
        parties.insert(0, own)
    return {
        "deal_id": deal_id,
        "revision": 1,
        "outcome_kind": form.outcome,
        "stage": form.stage,
        "binding": form.stage in BINDING,
        "value_minor": None if value is None else value.value_minor,
        "currency": None if value is None else value.currency,
        "value_basis": _basis(form, disclosed=value is not None),
        "term_months": form.term_months,
        "parties": parties,
        "section": section_of(form, card),
        "trade_direction": _direction(card, review.country),
        "signed_at": signed_at,
        "booth_id": card.place_id or None,
    }


def _same_value(read: Reviewed, now: DealValue | None, card: Card) -> None:
    """Refuse a value that the person who signs did not read: the terminal may have been paired again since."""
    if (read.value_minor is None) is not (now is None):
        raise not_reviewed()
    if now is not None and read.value_minor is not None and read.value_minor != now.value_minor:
        money = money_of(now.currency, card)
        raise changed(value_shown(read.value_minor, money, card.decimal_mark, "en").digits, now.digits)


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

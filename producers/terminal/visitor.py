"""Who the visitor of a scan is: role and country, at a fair without a register of badges. Elsewhere it says. Pure."""

from producers.terminal.card import Card
from producers.terminal.deal_errors import full_width, unknown_country
from producers.terminal.typed import has_full_width
from schemas.codes import BadgeRole
from schemas.countries import country_code, country_meant
from schemas.errors import InvalidEvent


def role_of(given: BadgeRole | None, card: Card) -> BadgeRole | None:
    """Return the role that a scan says; None at a fair with a register. Raises InvalidEvent if one is given there."""
    if not card.badge_register:
        return given or BadgeRole.VISITOR_PROFESSIONAL
    if given is not None:
        raise _register_says("role", "who somebody is")
    return None


def residence_of(given: str | None, card: Card) -> str | None:
    """Return the country of residence that a scan says; None if nobody gave one.

    Raises:
        InvalidEvent: ISO 3166-1 does not list it, or it is given at a fair with a register.
    """
    if given is None:
        return None
    if card.badge_register:
        raise _register_says("country", "where somebody lives")
    return country_of(given.strip())


def country_of(typed: str) -> str:
    """Return the code of a country, typed in any case. Raises InvalidEvent if ISO 3166-1 does not list it."""
    if has_full_width(typed):
        raise full_width("country")
    if not (code := country_code(typed)):
        raise unknown_country(country_meant(typed))
    return code


def _register_says(field: str, what: str) -> InvalidEvent:
    message = f"{field}: at this fair the register of badges says {what}"
    return InvalidEvent("bad_value", message, field=field, hint="leave it out")

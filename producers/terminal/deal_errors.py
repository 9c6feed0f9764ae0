"""Why the form of a deal is refused, apart from its amount: each kind with its word. Pure."""

from collections.abc import Iterable

from schemas.errors import InvalidEvent


def full_width(field: str) -> InvalidEvent:
    """Return the error for a field in which an input method typed full-width characters."""
    return refused(
        field,
        f"{field}_full_width",
        "it has full-width characters",
        "switch the input method off, and type it again",
    )


def bad_partner() -> InvalidEvent:
    """Return the error for a partner whose id is not one."""
    hint = "use letters, digits, dot, hyphen and underscore, as in the organiser's list"
    return refused("partner", "partner_bad", "it is not an organisation's id", hint)


def unknown_country(instead: str) -> InvalidEvent:
    """Return the error for a country that ISO 3166-1 does not list; `instead` is the code that is meant, or empty."""
    wrong = "it is not the code of a country"
    if instead:
        return refused("country", "country_unknown", wrong, f"did you mean {instead}?", instead=instead)
    return refused("country", "country_bad", wrong, "use two letters, for example DE")


def unknown_currency(chosen: str, accepted: Iterable[str]) -> InvalidEvent:
    """Return the error for a currency that is not chosen, or that the fair does not accept."""
    currencies = ", ".join(accepted)
    hint = f"choose one of {currencies}"
    if not chosen:
        return refused("currency", "currency_missing", "an amount needs one", hint, currencies=currencies)
    return refused("currency", "currency_unknown", "the fair does not accept it", hint, currencies=currencies)


def unknown_section(accepted: Iterable[str]) -> InvalidEvent:
    """Return the error for a section that is not chosen, or that the fair does not have."""
    sections = ", ".join(accepted)
    hint = f"choose one of {sections}" if sections else "sign deals at a booth or a desk"
    return refused("section", "section_missing", "it is not a section of the fair", hint)


def changed(one: str, other: str) -> InvalidEvent:
    """Return the error for a deal whose value would not be stored as it was reviewed: as `other` instead of `one`."""
    return refused(
        "amount",
        "deal_changed",
        f"it was reviewed as {one}, and would now be stored as {other}",
        "review the deal again",
        one=one,
        other=other,
    )


def not_reviewed() -> InvalidEvent:
    """Return the error for a deal that is signed without a review."""
    return refused("reviewed", "deal_not_reviewed", "the deal was not reviewed", "review it, then sign it")


def refused(field: str, word: str, wrong: str, hint: str, **facts: str) -> InvalidEvent:
    """Return the error for a field of the form; see `InvalidEvent` for its parts."""
    return InvalidEvent("bad_value", f"{field}: {wrong}", field=field, hint=hint, word=word, facts=facts)

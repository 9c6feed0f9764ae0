"""Checks the forms that the page posts, field by field; values are never echoed."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from producers.terminal.deal_errors import not_reviewed
from producers.terminal.deal_form import DealForm
from producers.terminal.readings import AmountUnit
from producers.terminal.review import Reviewed
from producers.terminal.spelling import LANGUAGES
from producers.terminal.spool import Saved
from producers.terminal.terminal import BoothTerminal
from schemas.codes import BadgeRole, Code, DealStage, InteractionKind, OutcomeKind, ScanKind, SourceType
from schemas.errors import InvalidEvent
from schemas.ids import EventId

_EVENT_ID: Final[TypeAdapter[str]] = TypeAdapter(EventId)
_OF_DEALS: Final = (
    "partner", "country", "stage", "outcome", "amount", "unit", "currency", "section", "language",
)  # fmt: skip
Word = TypeVar("Word", bound=Code)


def fields_of(body: bytes) -> dict[str, Any]:
    """Return the fields of a posted form. Raises InvalidEvent if it is not a JSON object."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise InvalidEvent("not_json", "the form is not a JSON object", hint="reload the page")
    return fields


def scan_of(terminal: BoothTerminal, fields: Mapping[str, Any]) -> Saved:
    """Save a scan: `id`, `badge` (left out for an anonymous scan), `kind`, `role`, `manual`."""
    _only(fields, "id", "badge", "kind", "role", "manual")
    return terminal.scan(
        _text(fields, "badge") if "badge" in fields else None,
        kind=_word(fields, "kind", ScanKind) if "kind" in fields else None,
        role=_word(fields, "role", BadgeRole) if "role" in fields else BadgeRole.VISITOR_PROFESSIONAL,
        read_by=SourceType.MANUAL if fields.get("manual") is True else SourceType.QR,
        event_id=_id(fields),
    )


def interaction_of(terminal: BoothTerminal, fields: Mapping[str, Any]) -> Saved:
    """Save an interaction: `id`, `exhibit`, `kind`, `badge` (left out without a badge)."""
    _only(fields, "id", "exhibit", "kind", "badge")
    return terminal.interact(
        _text(fields, "exhibit"),
        _word(fields, "kind", InteractionKind),
        badge=_text(fields, "badge") if "badge" in fields else None,
        event_id=_id(fields),
    )


def deal_of(terminal: BoothTerminal, fields: Mapping[str, Any]) -> Saved | Mapping[str, Any]:
    """Save a deal that was reviewed, or with `review` return what it would be stored as.

    The fields are `id`, `partner`, `country`, `stage`, `outcome`, `amount`, `unit`, `currency`, `section` and
    `language`. A deal that is signed has `reviewed` too: the `value_minor` that its review answered, or null.
    """
    _only(fields, "id", "review", "reviewed", *_OF_DEALS)
    form = DealForm(
        partner=_text(fields, "partner"),
        country=_text(fields, "country"),
        stage=_word(fields, "stage", DealStage),
        outcome=_word(fields, "outcome", OutcomeKind),
        amount=_text(fields, "amount", ""),
        unit=_word(fields, "unit", AmountUnit) if "unit" in fields else AmountUnit.ONE,
        currency=_text(fields, "currency", ""),
        section=_text(fields, "section", ""),
        language=_language(fields),
    )
    event_id = _id(fields)
    if fields.get("review") is True:
        return asdict(terminal.review(form))
    return terminal.deal(form, event_id=event_id, read=_reviewed(fields))


def _reviewed(fields: Mapping[str, Any]) -> Reviewed:
    value = fields.get("reviewed")
    if "reviewed" not in fields or not (value is None or type(value) is int):
        raise not_reviewed()
    return Reviewed(value)


def _language(fields: Mapping[str, Any]) -> str:
    """Return the language of the page; English if no number can be said in it."""
    language = _text(fields, "language", LANGUAGES[0])
    return language if language in LANGUAGES else LANGUAGES[0]


def _only(fields: Mapping[str, Any], *names: str) -> None:
    if not fields.keys() <= set(names):
        raise InvalidEvent("unknown_field", "the form has an unknown field", hint="reload the page")


def _text(fields: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str):
        raise InvalidEvent("missing_field", f"{name}: missing", field=name, hint="fill it in")
    return value.strip()


def _word(fields: Mapping[str, Any], name: str, words: type[Word]) -> Word:
    try:
        return words(_text(fields, name))
    except ValueError:
        raise InvalidEvent("bad_value", f"{name}: not on the list", field=name, hint="choose from the list") from None


def _id(fields: Mapping[str, Any]) -> str:
    """Return the id that the page made for one action: repeating it after a lost reply does not save it twice."""
    try:
        return _EVENT_ID.validate_python(fields.get("id"), strict=True)
    except ValidationError:
        raise InvalidEvent("bad_value", "id: not a UUID", field="id", hint="reload the page") from None

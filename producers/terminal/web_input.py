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
from producers.terminal.terminal import BoothTerminal
from schemas.codes import Code, DealStage, OutcomeKind
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


def deal_of(terminal: BoothTerminal, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Save a deal that was reviewed, or with `review` return what it would be stored as.

    The fields are `id`, `partner`, `country`, `stage`, `outcome`, `amount`, `unit`, `currency`, `section` and
    `language`. A deal that is signed has `reviewed` too: the `value_minor` that its review answered, or null.
    """
    only(fields, "id", "review", "reviewed", *_OF_DEALS)
    form = DealForm(
        partner=text_of(fields, "partner"),
        country=text_of(fields, "country"),
        stage=word_of(fields, "stage", DealStage),
        outcome=word_of(fields, "outcome", OutcomeKind),
        amount=text_of(fields, "amount", ""),
        unit=word_of(fields, "unit", AmountUnit) if "unit" in fields else AmountUnit.ONE,
        currency=text_of(fields, "currency", ""),
        section=text_of(fields, "section", ""),
        language=_language(fields),
    )
    event_id = id_of(fields.get("id"))
    if fields.get("review") is True:
        return asdict(terminal.review(form))
    saved = terminal.deal(form, event_id=event_id, read=_reviewed(fields))
    return {"seq": saved.seq, "id": saved.event_id}


def _reviewed(fields: Mapping[str, Any]) -> Reviewed:
    value = fields.get("reviewed")
    if "reviewed" not in fields or not (value is None or type(value) is int):
        raise not_reviewed()
    return Reviewed(value)


def _language(fields: Mapping[str, Any]) -> str:
    """Return the language of the page; English if no number can be said in it."""
    language = text_of(fields, "language", LANGUAGES[0])
    return language if language in LANGUAGES else LANGUAGES[0]


def only(fields: Mapping[str, Any], *names: str) -> None:
    """Raise InvalidEvent if a form has other fields than these."""
    if not fields.keys() <= set(names):
        raise InvalidEvent("unknown_field", "the form has an unknown field", hint="reload the page")


def text_of(fields: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Return a field without blanks around it; raise InvalidEvent if it is missing and has no default."""
    value = fields.get(name, default)
    if not isinstance(value, str):
        raise InvalidEvent("missing_field", f"{name}: missing", field=name, hint="fill it in")
    return value.strip()


def word_of(fields: Mapping[str, Any], name: str, words: type[Word]) -> Word:
    """Return a field as a word of a closed list; raise InvalidEvent if it is not one."""
    try:
        return words(text_of(fields, name))
    except ValueError:
        raise InvalidEvent("bad_value", f"{name}: not on the list", field=name, hint="choose from the list") from None


def id_of(value: object) -> str:
    """Return the id that the page made for one action: repeating it after a lost reply does not save it twice.

    Raises:
        InvalidEvent: it is not a UUID.
    """
    try:
        return _EVENT_ID.validate_python(value, strict=True)
    except ValidationError:
        raise InvalidEvent("bad_value", "id: not a UUID", field="id", hint="reload the page") from None

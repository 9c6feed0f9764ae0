"""The codes of badges are kept nowhere: not in dead letters, and not in the headers of events, where a client put them.

Only a fair with a register of badges has this. If its fair file says what codes look like, everything that is one is
left out. Otherwise any text may be one: then only words of our own lists, ids of the fair, times and UUIDs are kept.
"""

import base64
import enum
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

from producers.gateway.events.bounds import plain_json
from producers.gateway.events.envelope import ATTRIBUTES, Envelope
from producers.gateway.events.json_reading import parsed
from schemas import codes
from schemas.api.http import BADGE_CODE, DATA_BASE64
from schemas.badges.format import BadgeFormat
from schemas.badges.reading import is_pseudonym, read_code
from schemas.errors import InvalidEvent
from schemas.events import type_of
from schemas.fair.model import Fair
from schemas.topics import EVENT_CLASSES

LEFT_OUT: Final = "(left out)"
"""Stands where a code was."""

_NAME: Final = BADGE_CODE.replace("_", "")
_TOKEN: Final = re.compile(r"[^\s\"'{}\[\]():,;=&?/\\]+")
"""A piece of a text that may be a code."""
_PLAIN: Final = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # a UUID
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]+(?:[Zz]|[+-][0-9:]+)"  # a time
    r"|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"  # the traceparent of W3C
    r"|[A-Z]{2,3}"  # a country or a currency
)
_FIELDS: Final = frozenset(field.name for kind in EVENT_CLASSES for field in fields(kind)) | ATTRIBUTES | {DATA_BASE64}
_WORDS: Final = frozenset(
    word
    for kind in vars(codes).values()
    if isinstance(kind, type) and issubclass(kind, enum.StrEnum)
    for word in map(str, kind)
) | {"1.0", "application/json", *(type_of(kind) for kind in EVENT_CLASSES)}


class Redaction:
    """Leaves out the codes of the badges of one fair.

    Args:
        fair: a fair with a register of badges.
    """

    def __init__(self, fair: Fair) -> None:
        self._format = fair.badge_codes
        self._kept = _WORDS | {fair.fair_id} | set(_ids(fair))
        self._place = f"/fairs/{fair.fair_id}/"

    def item(self, item: Any) -> Any:
        """Return a posted event without the codes of badges in it, wherever they are; any JSON is taken.

        A `badge_ref` that is not a pseudonym may be a code in the wrong place, so it is left out too.
        """
        if isinstance(item, list):
            return [self.item(one) for one in item]
        if isinstance(item, dict):
            return {self._key(name): self._value(name, value) for name, value in item.items()}
        return self.text(item) if isinstance(item, str) else item

    def raw(self, value: bytes) -> bytes:
        """Return an event as it would be stored, without codes."""
        if self._format is None:
            return value  # each of its texts was checked by its field
        said = parsed(value)
        kept = self.item(said)
        return value if kept == said else plain_json(kept)

    def envelope(self, envelope: Envelope) -> Envelope:
        """Return the attributes of an event without codes."""
        posted_id = envelope.id if envelope.id == envelope.event_id else self.text(envelope.id)
        if posted_id == envelope.id and not (envelope.subject or envelope.dataschema or envelope.extensions):
            return envelope
        schema = envelope.dataschema
        return envelope._replace(
            id=posted_id if posted_id == envelope.id else envelope.event_id,
            subject=None if envelope.subject is None else self.text(envelope.subject),
            dataschema=schema if schema is not None and self.text(schema) == schema else None,
            extensions={
                name: self.text(value) if isinstance(value, str) else value
                for name, value in envelope.extensions.items()
            },
        )

    def text(self, text: str) -> str:
        """Return a text without codes."""
        if text in self._kept or is_pseudonym(text):
            return text
        if self._format is None:
            return text if _PLAIN.fullmatch(text) or text.startswith(self._place) else LEFT_OUT
        if _is_code(text, self._format):
            return LEFT_OUT
        form = self._format
        return _TOKEN.sub(lambda found: LEFT_OUT if form.accepts(found[0]) else found[0], _cut(text, form))

    def _key(self, name: str) -> str:
        if name in _FIELDS or _is_name(name):
            return name
        return self.text(name) if self._format is not None else LEFT_OUT

    def _value(self, name: str, value: Any) -> Any:
        if _is_name(name):
            return LEFT_OUT
        if name == "badge_ref" and isinstance(value, str) and not is_pseudonym(value):
            return LEFT_OUT
        if name == DATA_BASE64 and isinstance(value, str):
            return self._encoded(value)
        return self.item(value)

    def _encoded(self, text: str) -> str:
        """Return data in base64 without codes; nothing of it if it cannot be read."""
        try:
            data = parsed(base64.b64decode(text))
        except ValueError:
            return LEFT_OUT
        kept = self.item(data)
        return text if kept == data else base64.b64encode(plain_json(kept)).decode()


def _is_name(name: str) -> bool:
    return name.lower().replace("_", "").replace("-", "") == _NAME


def _is_code(text: str, form: BadgeFormat) -> bool:
    try:
        read_code(text, form)
    except InvalidEvent:
        return False
    return True


def _cut(text: str, form: BadgeFormat) -> str:
    """Return a text without the codes in the middle of it, which only a prefix tells from other characters."""
    if not form.prefix:
        return text
    prefix, at = form.canonical(form.prefix), 0
    while (at := form.canonical(text).find(prefix, at)) >= 0:
        if form.accepts(text[at : at + form.total_length]):
            text = text[:at] + LEFT_OUT + text[at + form.total_length :]
        at += 1
    return text


def _ids(fair: Fair) -> Iterator[str]:
    """Yield the ids that a fair file gives."""
    for table in (fair.gates, fair.halls, fair.booths, fair.exhibits, fair.exhibitors, fair.sections):
        yield from table

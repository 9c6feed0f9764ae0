"""The register of badges: how a person and a printed code become references, and which codes a person wears.

Nothing here, and nothing in Kafka, holds a name, the number of a person in the registration system, or a printed code.

A consent to be named counts from the time of its registration until that of the next one, and the first also before its
time. An event is judged by its own time. So a withdrawal does not undo what was done before it (PIPL, Art. 15).
"""

import hmac
import json
from typing import Annotated, Final, Literal

import jiter
from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from schemas.errors import InvalidEvent
from schemas.events import STRICT
from schemas.ids import TEST_BADGE, BadgeRef, EventId, FairId, TerminalId
from schemas.times import Instant

KeyFingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]

_BYTES: Final = 16
_PERSON: Final = "person "
"""No badge code has a blank: so a person's reference is never the hash of a code."""


@dataclass(frozen=True, slots=True, config=STRICT)
class WornCodes:
    """The badges of a person, as hashes of their codes: a record of the topic fair.badge-codes.

    Attributes:
        codes: in force; the newest comes last.
        replaced: printed before and lost or reprinted. They still mean the person, and gates turn them away.
    """

    codes: tuple[BadgeRef, ...]
    replaced: tuple[BadgeRef, ...] = ()


@dataclass(frozen=True, slots=True, config=STRICT)
class Released:
    """The mark that an event waits no more: a record of the topic fair.unresolved, under the event's key.

    It was stored, or refused because its person was erased.
    """

    terminal_id: TerminalId
    event_id: EventId
    released_at: Instant


@dataclass(frozen=True, slots=True, config=STRICT)
class Spent:
    """The mark that a code was on the badge of a person who was erased: a record of the topic fair.badge-codes.

    Its key is the hash of the code. Nothing leads from it to the person, and nobody gets the code again.
    """

    spent: Literal[True] = True


@dataclass(frozen=True, slots=True, config=STRICT)
class Origin:
    """Whose register it is: a record of the topic fair.badge-codes, under `ORIGIN_KEY`.

    Attributes:
        badge_key: fingerprint of the badge key in which all references are made.
    """

    badge_key: KeyFingerprint
    fair_id: FairId


ORIGIN_KEY: Final = "key"
"""The key of the record that says whose register it is. No reference has this form."""

_RECORD: Final = TypeAdapter[WornCodes | Spent | Origin](WornCodes | Spent | Origin)


def waiting_event(raw: bytes | None) -> tuple[tuple[str, str], bool] | None:
    """Return which event a record of fair.unresolved is about, by terminal and id, and whether it is its `Released`.

    None if it is neither an event nor a mark.
    """
    try:
        said = jiter.from_json(raw or b"")
        return (str(said["terminal_id"]), str(said["event_id"])), "released_at" in said
    except (ValueError, TypeError, KeyError):
        return None


def code_hash(key: bytes, code: str) -> BadgeRef:
    """Return the keyed hash of a badge's code: what a terminal that holds the badge key sends for the badge.

    Args:
        key: the fair's badge key.
        code: in its one spelling, see `schemas.badges.reading.read_code`.
    """
    return hmac.digest(key, code.encode(), "sha256")[:_BYTES].hex()


def person_ref(key: bytes, person: str, *, test: bool = False) -> BadgeRef:
    """Return the reference of a person, the same at every import.

    Args:
        key: the fair's badge key.
        person: the person's number in the registration system.
        test: whether it is a test badge, which is counted nowhere; the reference says so.
    """
    plain = hmac.digest(key, (_PERSON + person).encode(), "sha256")[:_BYTES].hex()
    return TEST_BADGE + plain if test else plain


def encode_worn(worn: WornCodes) -> bytes:
    """Return the record that says which badges a person wears."""
    return json.dumps({"codes": worn.codes, "replaced": worn.replaced}, separators=(",", ":")).encode()


def encode_spent() -> bytes:
    """Return the record that says that nobody gets a code again."""
    return b'{"spent":true}'


def encode_origin(origin: Origin) -> bytes:
    """Return the record that says whose register it is."""
    return json.dumps({"badge_key": origin.badge_key, "fair_id": origin.fair_id}, separators=(",", ":")).encode()


def decode_codes(raw: bytes) -> WornCodes | Spent | Origin:
    """Return what a record of the topic fair.badge-codes says.

    Raises:
        InvalidEvent: it is none of the three.
    """
    try:
        return _RECORD.validate_json(raw, strict=False)
    except ValidationError:
        raise InvalidEvent("bad_value", "the record says neither codes, nor whose register it is") from None

"""Between decoding and admitting, at a fair with a register of badges: the badge of an event becomes its person.

A terminal sends the hash of the code that it has read, or the gateway makes it (`badge_codes`). The register knows
whose code that is, whatever was printed when, so all events of a person lie in one partition. An event whose badge the
register lacks waits until it is there (`producers.gateway.register`). A denied scan does not: no visit depends on it,
and the denial counts now. An event of a test terminal never names a person, so it does not wait either. The badge of a
person who was erased leads to nobody for ever. Its events are refused: stored without a person, one that was stored
with the person before would count twice.

Whether an event names the person follows from the event's own time and the consent at that time. Consent that changes
later changes nothing: what was named stays named (PIPL, Art. 15), and a repeated post goes to the same partition.

Pure: an event and a book in, an event out.
"""

from dataclasses import replace
from typing import Final, NamedTuple

from producers.badges.book import Book
from schemas.codes import ScanKind, ScanResult
from schemas.errors import InvalidEvent
from schemas.events import Event, ExhibitInteraction, ScanAnnulled, VisitorScan, happened_ms
from schemas.ids import BadgeRef, EventId, is_test_badge
from schemas.times import epoch_ms

Badged = VisitorScan | ExhibitInteraction | ScanAnnulled
"""Events that terminals post, with a badge."""

_WITH_CONSENT: Final = frozenset({ScanKind.BOOTH, ScanKind.ZONE_IN, ScanKind.ZONE_OUT})
"""Scans that name a person only with that person's consent. At a gate, nobody is let in unnamed."""
_ANNULLED_WITHIN_MS: Final = 15 * 60_000
"""How long after a scan its annulment may come."""


class Resolved(NamedTuple):
    """An event of which the register was asked.

    Attributes:
        event: as it is to be stored; if it waits, with the badge as the terminal knows it.
        posted: as the terminal means it. A repeated post is the same event whatever the register says by then.
        waits: whether the register lacks the badge.
        erased: whether the badge was on a person who was erased. Such an event is refused, unless it was stored before.
    """

    event: Event
    posted: Event
    waits: bool = False
    erased: bool = False


def resolve(event: Event, book: Book | None) -> Resolved:
    """Return an event with the person in place of the badge.

    Role and country that a terminal names are left out: the register alone says them. Without the person's consent at
    the time of the event, an event at a booth or a hall door does not name the person. A test badge is nobody's, and is
    always named: without it, the event would count as that of a visitor. A denied scan of a badge that the register
    lacks names nobody. An event of a test terminal names nobody, so it is the same when it is sent again later.

    Args:
        event: as the terminal posted it.
        book: the register; None at a fair without one, where an event stays as it is.
    """
    if book is None or not isinstance(event, VisitorScan | ExhibitInteraction | ScanAnnulled):
        return Resolved(event, event)
    bare = _without_said(event) if isinstance(event, VisitorScan) else event
    if bare.badge_ref is None:
        return Resolved(bare, event)
    if book.is_spent(bare.badge_ref):
        return Resolved(bare, event, erased=True)
    person = registered(bare.badge_ref, book)
    if event.test or (person is None and _turns_away(bare) and not is_test_badge(bare.badge_ref)):
        return Resolved(_with_badge(bare, None), event)
    if person is None:
        return Resolved(bare, event, waits=True)
    may_be_named = not _asks_consent(bare) or is_test_badge(person) or book.consented(person, _decided_ms(bare))
    named = person if may_be_named else None
    return Resolved(_with_badge(bare, named), event)


def badge_erased() -> InvalidEvent:
    """Return why an event of a badge is refused whose person was erased."""
    return InvalidEvent(
        "badge_erased",
        "the badge is one of a person who was erased from the register, and nobody gets its code again",
        hint="let the person get a new badge at the desk",
    )


def is_decided(badge: BadgeRef, book: Book) -> bool:
    """Return whether an event of a badge need not wait: the register has the person, or the person was erased."""
    return registered(badge, book) is not None or book.is_spent(badge)


def registered(badge: BadgeRef, book: Book) -> BadgeRef | None:
    """Return the person of a badge: of the hash of a code, or of a person's own reference.

    None if the register lacks it, or has the code and not yet the registration, which alone tells the consent.
    """
    person = book.person_of(badge) or badge
    return None if book.registration(person) is None else person


def _asks_consent(event: Badged) -> bool:
    """Return whether an event may name a person only with consent. An annulment does as its target did."""
    if isinstance(event, VisitorScan):
        return event.scan_kind in _WITH_CONSENT
    if isinstance(event, ScanAnnulled):
        return event.gate_id is None and (event.booth_id is not None or event.hall_id is not None)
    return True


def _decided_ms(event: Badged) -> int:
    """Return the time whose consent decides, in milliseconds since 1970.

    It is the event's own, by the server's clock. That of an annulment is its target's, if the id of the target says it
    (a UUID of version 7) and the annulment came in time. Otherwise only its own is known.
    """
    if isinstance(event, ScanAnnulled):
        made_ms = _ms_in(event.target)
        if made_ms is not None and 0 <= epoch_ms(event.occurred_at) - made_ms <= _ANNULLED_WITHIN_MS:
            return made_ms + event.clock_offset_ms
    return happened_ms(event)


def _ms_in(event_id: EventId) -> int | None:
    """Return when an id was made, by the clock of its terminal; None if it does not say."""
    return int(event_id[:8] + event_id[9:13], 16) if event_id[14] == "7" else None


def _turns_away(event: Badged) -> bool:
    return isinstance(event, VisitorScan) and event.result is ScanResult.DENIED


def _without_said(scan: VisitorScan) -> VisitorScan:
    if scan.badge_role is None and scan.residence_country is None:
        return scan
    return replace(scan, badge_role=None, residence_country=None)


def _with_badge(event: Badged, badge: BadgeRef | None) -> Badged:
    return event if event.badge_ref == badge else replace(event, badge_ref=badge)

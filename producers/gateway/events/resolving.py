"""Between decoding and admitting, at a fair with a register of badges: the badge of an event becomes its person.

A terminal sends the hash of the code that it has read, or the gateway makes it (`badge_codes`). The register knows
whose code that is, whatever was printed when, so all events of a person lie in one partition. An event whose badge the
register lacks waits until it is there (`producers.gateway.register`). A denied scan does not: no visit depends on it,
and the denial counts now.

Pure: an event and a book in, an event out.
"""

from dataclasses import replace
from typing import Final, NamedTuple

from producers.badges.book import Book
from schemas.codes import ScanKind, ScanResult
from schemas.events import Event, ExhibitInteraction, ScanAnnulled, VisitorScan
from schemas.ids import BadgeRef, is_test_badge

Badged = VisitorScan | ExhibitInteraction | ScanAnnulled
"""Events that terminals post, with a badge."""

_WITH_CONSENT: Final = frozenset({ScanKind.BOOTH, ScanKind.ZONE_IN, ScanKind.ZONE_OUT})
"""Scans that name a person only with that person's consent. At a gate, nobody is let in unnamed."""


class Resolved(NamedTuple):
    """An event of which the register was asked.

    Attributes:
        event: as it is to be stored; if it waits, with the badge as the terminal knows it.
        posted: as the terminal means it. A repeated post is the same event whatever the register says by then.
        waits: whether the register lacks the badge.
    """

    event: Event
    posted: Event
    waits: bool = False


def resolve(event: Event, book: Book | None) -> Resolved:
    """Return an event with the person in place of the badge.

    Role and country that a terminal names are left out: the register alone says them. Without the person's consent,
    an event at a booth or a hall door does not name the person. A test badge is nobody's, and is always named: without
    it, the event would count as that of a visitor. A denied scan of a badge that the register lacks names nobody.

    Args:
        event: as the terminal posted it.
        book: the register; None at a fair without one, where an event stays as it is.
    """
    if book is None or not isinstance(event, VisitorScan | ExhibitInteraction | ScanAnnulled):
        return Resolved(event, event)
    bare = _without_said(event) if isinstance(event, VisitorScan) else event
    if bare.badge_ref is None:
        return Resolved(bare, event)
    person = registered(bare.badge_ref, book)
    if person is None:
        if _turns_away(bare) and not is_test_badge(bare.badge_ref):
            return Resolved(_with_badge(bare, None), event)
        return Resolved(bare, event, waits=True)
    known = book.registration(person)
    may_be_named = known is not None and (known.consent or is_test_badge(person))
    named = person if may_be_named or not _asks_consent(bare) else None
    return Resolved(_with_badge(bare, named), event)


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


def _turns_away(event: Badged) -> bool:
    return isinstance(event, VisitorScan) and event.result is ScanResult.DENIED


def _without_said(scan: VisitorScan) -> VisitorScan:
    if scan.badge_role is None and scan.residence_country is None:
        return scan
    return replace(scan, badge_role=None, residence_country=None)


def _with_badge(event: Badged, badge: BadgeRef | None) -> Badged:
    return event if event.badge_ref == badge else replace(event, badge_ref=badge)

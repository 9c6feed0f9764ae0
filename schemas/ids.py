"""The formats of all identifiers, defined once for every border.

ASCII only: two ids that look the same are the same (no homoglyphs, no combining marks, no control characters).
"""

from typing import Annotated, Final

from pydantic import StringConstraints

from schemas.countries import country_names

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""1-64 characters: letters, digits, dot, underscore, hyphen; the first a letter or a digit."""

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]

FairId = Name
"""One edition of a fair, for example `ciftis-2025`."""
TerminalId = Name
"""A booth terminal, gate reader or hall-door reader; stamped by the gateway from the terminal's token."""
GateId = Name
"""A gate of the perimeter, where entries are counted."""
HallId = Name
"""A hall (zone) with an area and a capacity."""
BoothId = Name
"""A stand on the floor plan, occupied by one main exhibitor."""
ExhibitorId = Name
"""A main or co-exhibitor (ISO 25639-1, 2.2 and 2.3)."""
ExhibitId = Name
"""Something shown on a stand."""
SectionId = Name
"""A thematic section of the fair."""
DealId = Name
"""A deal or other outcome, the same over all its revisions."""
OrgId = Name
"""An organisation that is party to a deal."""
MeetingId = Name
"""A meeting of an exhibitor and a visitor, the same over all its steps."""

EPOCH_PATTERN = r"^[0-9a-f]{8}$"

TerminalEpoch = Annotated[str, StringConstraints(pattern=EPOCH_PATTERN)]
"""Drawn once for each folder of a terminal; its sequence numbers count within it."""

EVENT_ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

EventId = Annotated[str, StringConstraints(pattern=EVENT_ID_PATTERN)]
"""A UUID in its one canonical spelling (RFC 9562, lower case, versions 1-8); nil and max are refused."""

BADGE_PATTERN = r"^(?:[0-9a-f]{2}){16,32}$"

BadgeRef = Annotated[str, StringConstraints(pattern=BADGE_PATTERN)]
"""A keyed one-way pseudonym, stable for one fair: 16-32 bytes as lower-case hex.

At a fair with a register of badges it stands for a person, whatever badge the person wears. At any other fair it stands
for a badge.
"""

TEST_BADGE: Final = "7e57"
TEST_BADGE_DIGITS: Final = 36


def is_test_badge(badge_ref: str) -> bool:
    """Return whether a pseudonym is that of a test badge. It has 18 bytes, a length that no other one is made with."""
    return len(badge_ref) == TEST_BADGE_DIGITS and badge_ref.startswith(TEST_BADGE)


COUNTRY_PATTERN = f"^(?:{'|'.join(sorted(country_names()))})$"

Country = Annotated[str, StringConstraints(pattern=COUNTRY_PATTERN)]
"""A country or region on the list of ISO 3166-1 alpha-2. HK, MO and TW are codes of their own."""

CURRENCY_PATTERN = r"^[A-Z]{3}$"

Currency = Annotated[str, StringConstraints(pattern=CURRENCY_PATTERN)]
"""ISO 4217 code; the fair file lists those that a fair accepts, with their minor units and rates."""

SPELLINGS = {
    NAME_PATTERN: "1-64 letters, digits, dots, underscores and hyphens, first a letter or digit",
    EPOCH_PATTERN: "8 lower-case hex digits, such as 3f9c01de",
    EVENT_ID_PATTERN: "a UUID in lower case, such as 0199e000-0000-7000-8000-000000000001",
    BADGE_PATTERN: "a pseudonym of 32 to 64 lower-case hex digits, an even number",
    COUNTRY_PATTERN: "a code on the list of ISO 3166-1 alpha-2, such as DE (GB, not UK)",
    CURRENCY_PATTERN: "three capital letters such as EUR",
}
"""How to write an identifier, by its pattern; for people, who should not have to read a pattern."""

"""The formats of all identifiers, defined once for every border.

ASCII only: two ids that look the same are the same (no homoglyphs, no combining marks, no control characters).
"""

from typing import Annotated

from pydantic import StringConstraints

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

EPOCH_PATTERN = r"^[0-9a-f]{8}$"

TerminalEpoch = Annotated[str, StringConstraints(pattern=EPOCH_PATTERN)]
"""Drawn once for each folder of a terminal; its sequence numbers count within it."""

EVENT_ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

EventId = Annotated[str, StringConstraints(pattern=EVENT_ID_PATTERN)]
"""A UUID in its one canonical spelling (RFC 9562, lower case, versions 1-8); nil and max are refused."""

BADGE_PATTERN = r"^(?:[0-9a-f]{2}){16,32}$"

BadgeRef = Annotated[str, StringConstraints(pattern=BADGE_PATTERN)]
"""A keyed one-way pseudonym of a badge, stable for one fair: 16-32 bytes as lower-case hex."""

COUNTRY_PATTERN = r"^[A-Z]{2}$"

Country = Annotated[str, StringConstraints(pattern=COUNTRY_PATTERN)]
"""ISO 3166-1 alpha-2. HK, MO and TW are codes of their own."""

CURRENCY_PATTERN = r"^[A-Z]{3}$"

Currency = Annotated[str, StringConstraints(pattern=CURRENCY_PATTERN)]
"""ISO 4217 code; the fair file lists those that a fair accepts, with their minor units and rates."""

SPELLINGS = {
    NAME_PATTERN: "1-64 letters, digits, dots, underscores and hyphens, first a letter or digit",
    EPOCH_PATTERN: "8 lower-case hex digits, such as 3f9c01de",
    EVENT_ID_PATTERN: "a UUID in lower case, such as 0199e000-0000-7000-8000-000000000001",
    BADGE_PATTERN: "a pseudonym of 32 to 64 lower-case hex digits, an even number",
    COUNTRY_PATTERN: "two capital letters such as DE",
    CURRENCY_PATTERN: "three capital letters such as EUR",
}
"""How to write an identifier, by its pattern; for people, who should not have to read a pattern."""

"""A terminal's own place: all that it must know to work without the server and the fair file."""

import json
from dataclasses import asdict, dataclass
from functools import partial
from typing import Self

from schemas.badges.check_characters import CheckKind
from schemas.badges.format import BadgeFormat, CodeCase
from schemas.codes import DecimalMark
from schemas.errors import InvalidSettings
from schemas.fair.model import Fair


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice on the screen: the id that is sent, and the name that is shown."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ShownExhibit:
    """An exhibit of the booth, and its exhibitor."""

    id: str
    name: str
    exhibitor: str


@dataclass(frozen=True, slots=True)
class Money:
    """A currency that deals may be in; `digits` after the decimal point."""

    id: str
    digits: int


@dataclass(frozen=True, slots=True)
class Card:
    """A place at the fair.

    Attributes:
        place: booth, gate, hall or desk.
        place_id: empty for a desk.
        title: the name that people use for the place.
        exhibitors: of the booth, the main one first; empty elsewhere.
        country: of the main exhibitor; empty elsewhere.
        section: of the booth; empty elsewhere.
        badge_codes: the form of the codes on badges; None if the fair file does not say it.
        decimal_mark: the sign before the decimals of an amount that is typed.
        badge_register: whether the fair has a register of badges: it says who wears a badge, nobody else does.
    """

    fair_name: str
    host_country: str
    place: str
    place_id: str
    title: str
    exhibitors: tuple[Choice, ...] = ()
    country: str = ""
    section: str = ""
    exhibits: tuple[ShownExhibit, ...] = ()
    sections: tuple[Choice, ...] = ()
    currencies: tuple[Money, ...] = ()
    badge_codes: BadgeFormat | None = None
    decimal_mark: DecimalMark = DecimalMark.POINT
    badge_register: bool = False

    @property
    def badge_length(self) -> int | None:
        """Number of characters of a badge code; None if the fair file does not say it."""
        return None if self.badge_codes is None else self.badge_codes.total_length

    def text(self) -> str:
        """Return the card as JSON, for the spool."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the card from its JSON, as `text` of this version or of one before wrote it."""
        value = json.loads(text)
        for name, kind in (
            ("exhibitors", Choice),
            ("exhibits", ShownExhibit),
            ("sections", Choice),
            ("currencies", Money),
        ):
            value[name] = tuple(kind(**one) for one in value[name])
        if (codes := value.get("badge_codes")) is not None:
            codes |= {"check": CheckKind(codes["check"]), "case": CodeCase(codes["case"])}
            value["badge_codes"] = BadgeFormat(**codes)
        value["decimal_mark"] = DecimalMark(value.get("decimal_mark", DecimalMark.POINT))
        return cls(**value)


def card_of(fair: Fair, place: str, place_id: str) -> Card:
    """Return the card of a place.

    Raises:
        InvalidSettings: the fair file has no such place.
    """
    card = partial(
        Card,
        fair_name=fair.name,
        host_country=fair.host_country,
        place=place,
        place_id=place_id,
        badge_codes=fair.badge_codes,
        decimal_mark=fair.decimal_mark,
        badge_register=fair.badge_register,
    )
    sections = tuple(Choice(one.section_id, one.name) for one in fair.sections.values())
    currencies = tuple(Money(code, info.minor_units) for code, info in fair.currencies.items())
    if place == "booth" and (booth := fair.booths.get(place_id)) is not None:
        main = fair.exhibitors[booth.exhibitors[0]]
        return card(
            title=main.name,
            exhibitors=tuple(Choice(one, fair.exhibitors[one].name) for one in booth.exhibitors),
            country=main.country,
            section=booth.section,
            exhibits=tuple(
                ShownExhibit(one.exhibit_id, one.name, one.exhibitor)
                for one in fair.exhibits.values()
                if one.exhibitor in booth.exhibitors
            ),
            sections=sections,
            currencies=currencies,
        )
    if place == "gate" and place_id in fair.gates:
        return card(title=fair.gates[place_id].name)
    if place == "hall" and place_id in fair.halls:
        return card(title=fair.halls[place_id].name)
    if place == "desk":
        return card(place_id="", title="Desk", sections=sections, currencies=currencies)
    raise InvalidSettings(
        f"the fair file does not have this terminal's {place}",
        hint="give the terminal the fair file that the server has (--fair or FAIRPULSE_FAIR_FILE)",
    )

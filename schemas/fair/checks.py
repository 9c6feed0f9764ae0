"""Checks of a fair file beyond the form of a field: roles, references, order, one main exhibitor per stand, rates."""

from collections.abc import Iterator
from itertools import chain

from schemas.badges.format import BadgeFormat, misfits
from schemas.codes import BadgeRole, ExhibitorType
from schemas.fair.layout import FairRows
from schemas.fair.text import FieldPath, Finding
from schemas.kinds import quoted
from schemas.profiles import A762


def findings(rows: FairRows) -> Iterator[Finding]:
    """Yield everything that does not fit together, by subject; a finding quotes an id that leads nowhere."""
    return chain(
        _roles(rows),
        _days(rows),
        _floor(rows),
        _exhibitors(rows),
        _stands(rows),
        _exhibits(rows),
        _badges(rows),
        _money(rows),
    )


def default_exhibit_id(exhibitor_id: str) -> str:
    """Return the id of the one exhibit of an exhibitor for whom the file lists none."""
    return f"x-{exhibitor_id}"


def _roles(rows: FairRows) -> Iterator[Finding]:
    for place, role in enumerate(rows.visitor_roles or ()):
        if role is BadgeRole.EXHIBITOR_STAFF:
            yield Finding(
                ("visitor_roles", place),
                f"{quoted(role)} must not be in the list, because staff is never an audience; remove it; "
                f"`profile: {A762.name}` counts staff beside the visitors",
            )


def _days(rows: FairRows) -> Iterator[Finding]:
    before = None
    for day, hours in rows.days.items():
        if hours.opens >= hours.closes:
            yield Finding(
                ("days", str(day), "closes"), "must be after opens, on the same date; write e.g. closes: 18:00"
            )
        if before is not None and day < before:
            yield Finding(("days", str(day)), "must come before the later dates; sort the days")
        before = day
    dates = sorted(rows.days)
    if (dates[-1] - dates[0]).days > 400:
        yield Finding(("days",), "must lie within 400 days of each other; describe each edition in a file of its own")


def _floor(rows: FairRows) -> Iterator[Finding]:
    if not any(gate.countable for gate in rows.gates.values()):
        yield Finding(("gates",), "need at least one countable gate, or no visit would count; write countable: yes")
    for section_id, section in rows.sections.items():
        for place, hall in enumerate(section.halls):
            if hall not in rows.halls:
                yield _nowhere(("sections", section_id, "halls", place), hall, "hall")


def _exhibitors(rows: FairRows) -> Iterator[Finding]:
    for exhibitor_id, row in rows.exhibitors.items():
        section = rows.sections.get(row.section)
        if section is None:
            yield _nowhere(("exhibitors", exhibitor_id, "section"), row.section, "section")
        if row.hall not in rows.halls:
            yield _nowhere(("exhibitors", exhibitor_id, "hall"), row.hall, "hall")
        elif section is not None and row.hall not in section.halls:
            yield Finding(
                ("exhibitors", exhibitor_id, "hall"),
                "must be a hall of its section; correct it or add it to the section's halls",
            )


def _stands(rows: FairRows) -> Iterator[Finding]:
    halls: dict[str, str] = {}
    mains: set[str] = set()
    for exhibitor_id, row in rows.exhibitors.items():
        if halls.setdefault(row.booth, row.hall) != row.hall:
            yield Finding(
                ("exhibitors", exhibitor_id, "hall"),
                "must be the same for everybody on one booth; correct hall or booth",
            )
        if row.type is ExhibitorType.MAIN:
            if row.booth in mains:
                yield Finding(
                    ("exhibitors", exhibitor_id, "booth"),
                    "has a main exhibitor already; write type: co, or give it a booth of its own",
                )
            mains.add(row.booth)
    for exhibitor_id, row in rows.exhibitors.items():
        if row.booth not in mains:
            yield Finding(
                ("exhibitors", exhibitor_id, "booth"), "has no main exhibitor; write type: main for one of them"
            )


def _exhibits(rows: FairRows) -> Iterator[Finding]:
    with_exhibits = {row.exhibitor for row in rows.exhibits.values()}
    for exhibit_id, row in rows.exhibits.items():
        if row.exhibitor not in rows.exhibitors:
            yield _nowhere(("exhibits", exhibit_id, "exhibitor"), row.exhibitor, "exhibitor")
    for exhibitor_id in rows.exhibitors:
        taken = default_exhibit_id(exhibitor_id)
        if exhibitor_id not in with_exhibits and taken in rows.exhibits:
            yield Finding(
                ("exhibits", taken), "has an id that is reserved for the exhibitor's default exhibit; choose another id"
            )


def _badges(rows: FairRows) -> Iterator[Finding]:
    if rows.badge_codes is not None:
        for field, what in misfits(BadgeFormat(**dict(rows.badge_codes))):
            yield Finding(("badge_codes", field), what)


def _money(rows: FairRows) -> Iterator[Finding]:
    if rows.reporting_currency not in rows.currencies:
        yield _no_currency(("reporting_currency",), rows.reporting_currency)
    for currency in rows.currencies:
        if currency != rows.reporting_currency and currency not in rows.rates:
            yield Finding(("currencies", currency), "has no rate; add it to rates, e.g. {2025-09-10: 7.1}")
    for currency in rows.rates:
        if currency == rows.reporting_currency:
            yield Finding(("rates", currency), "is always 1 in the reporting currency; remove it")
        elif currency not in rows.currencies:
            yield _no_currency(("rates", currency), currency)


def _nowhere(place: FieldPath, given: str, noun: str) -> Finding:
    """Return that an id of a hall, section or exhibitor is not in the file."""
    return Finding(place, f"{quoted(given)} is not one of {noun}s; add the {noun} or correct the id")


def _no_currency(place: FieldPath, given: str) -> Finding:
    return Finding(place, f"{quoted(given)} is not one of currencies; add it there with its minor units")

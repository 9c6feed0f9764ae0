"""The texts of errors in a fair file: for each field its rule and an example."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError

from schemas.badges.check_characters import CheckKind
from schemas.badges.format import CodeCase
from schemas.codes import BadgeRole, DecimalMark, ExhibitorType
from schemas.countries import country_meant
from schemas.fair.text import FieldPath, Finding
from schemas.kinds import quoted
from schemas.profiles import PROFILES

_ID = "1-64 letters, digits, dots, underscores or hyphens, the first a letter or digit"
_NAME = "text of 1-120 characters"
_COUNTRY = "one of the ISO 3166-1 codes, which have two capitals"
_CURRENCY = "an ISO 4217 code of three capitals"
_TIME = "a local time from 00:00 to 23:59, with two digits each"
_DAY = "a calendar date"
_NUMBER = "a whole number of at least 1"
_ANSWER = "yes or no"

FIELDS: Final[dict[str, tuple[str, str]]] = {
    "fair_id": (_ID, "ciftis-2025"),
    "name": (_NAME, "My fair 2025"),
    "host_country": (_COUNTRY, "CN"),
    "timezone": ("the IANA name of a time zone", "Asia/Shanghai"),
    "profile": ("one of " + ", ".join(PROFILES), "fkm"),
    "visitor_roles": ("a list of badge roles without exhibitor_staff", "[visitor_professional, visitor_public]"),
    "visitor_roles.*": (
        "one of " + ", ".join(role for role in BadgeRole if role is not BadgeRole.EXHIBITOR_STAFF),
        "[visitor_professional, visitor_public]",
    ),
    "regions_abroad": (_ANSWER, "yes"),
    "top_economies": ("a list of countries", "[US, DE]"),
    "top_economies.*": (_COUNTRY, "[US, DE]"),
    "days": ("a block of 1-400 dates", "{2025-09-10: {opens: 09:00, closes: 18:00}}"),
    "days.*": ("opening hours", "{opens: 09:00, closes: 18:00}"),
    "days.*.opens": (_TIME, "09:00"),
    "days.*.closes": (_TIME, "18:00"),
    "halls": ("a block of at least one hall", "{h1: {name: Hall 1, area_m2: 9000, capacity: 8000}}"),
    "halls.*": ("a hall", "{name: Hall 1, area_m2: 9000, capacity: 8000}"),
    "halls.*.name": (_NAME, "Hall 1"),
    "halls.*.area_m2": (_NUMBER, "9000"),
    "halls.*.capacity": (_NUMBER, "10000"),
    "gates": ("a block of at least one gate", "{north: {name: North gate, countable: yes, lanes: 12}}"),
    "gates.*": ("a gate", "{name: North gate, countable: yes, lanes: 12}"),
    "gates.*.name": (_NAME, "North gate"),
    "gates.*.countable": (_ANSWER, "yes"),
    "gates.*.lanes": (_NUMBER, "12"),
    "sections": ("a block of at least one section", "{finance: {name: Finance, halls: [h1]}}"),
    "sections.*": ("a section", "{name: Finance, halls: [h1]}"),
    "sections.*.name": (_NAME, "Finance"),
    "sections.*.halls": ("a list of at least one hall", "[h1]"),
    "sections.*.halls.*": ("the id of a hall", "[h1]"),
    "badge_codes": ("a block", "{prefix: CIF26-, alphabet: digits, length: 6}"),
    "badge_codes.prefix": ("up to 64 printable characters of ASCII without blanks", "CIF26-"),
    "badge_codes.alphabet": (
        "digits, alphanumeric (digits and capital letters), or the characters themselves",
        "alphanumeric",
    ),
    "badge_codes.length": ("a number of characters from 1 to 64, after the prefix", "6"),
    "badge_codes.check": ("one of " + ", ".join(CheckKind), "mod_37_36"),
    "badge_codes.case": ("one of " + ", ".join(CodeCase), "folded"),
    "badge_register": (_ANSWER, "yes"),
    "decimal_mark": ("one of " + ", ".join(DecimalMark), "comma"),
    "reporting_currency": (_CURRENCY, "CNY"),
    "currencies": ("a block of currencies with their minor units", "{CNY: 2, JPY: 0, KWD: 3}"),
    "currencies.*": ("the digits after the point by ISO 4217, 0 to 4", "2"),
    "rates": ("a block of rates by currency", "{USD: {2025-09-10: 7.1}}"),
    "rates.*": ("a block of rates by date", "{2025-09-10: 7.1}"),
    "rates.*.*": ("a number above 0 with at most 12 decimals", "7.1"),
    "exhibitors": (
        "a block of at least one exhibitor",
        "{e1: {name: Example Ltd, country: CN, section: finance, hall: h1, booth: h1-001}}",
    ),
    "exhibitors.*": ("an exhibitor", "{name: Example Ltd, country: CN, section: finance, hall: h1, booth: h1-001}"),
    "exhibitors.*.name": (_NAME, "Example Ltd"),
    "exhibitors.*.country": (_COUNTRY, "CN"),
    "exhibitors.*.type": ("one of " + ", ".join(ExhibitorType), "main"),
    "exhibitors.*.section": ("the id of a section", "finance"),
    "exhibitors.*.hall": ("the id of a hall", "h1"),
    "exhibitors.*.booth": (_ID, "h1-001"),
    "exhibitors.*.leader": (_ANSWER, "yes"),
    "exhibits": ("a block of exhibits", "{x-robot: {name: Robot, exhibitor: e1}}"),
    "exhibits.*": ("an exhibit", "{name: Robot, exhibitor: e1}"),
    "exhibits.*.name": (_NAME, "Robot"),
    "exhibits.*.exhibitor": ("the id of an exhibitor", "e1"),
}
"""Every field by its path, `*` for an id or a position in a list: its rule and an example."""

KEYS: Final[dict[str, tuple[str, str]]] = {
    "days": (_DAY, "2025-09-10"),
    "rates.*": (_DAY, "2025-09-10"),
    "rates": (_CURRENCY, "USD"),
    "currencies": (_CURRENCY, "CNY"),
    "exhibitors": (_ID.replace("64", "62"), "e0001"),
}
"""The rule for the keys of a block, if they are not common ids."""

COMMON_KEY: Final = (_ID, "h1")
"""The rule for the keys of all other blocks."""


def in_our_words(error: ValidationError) -> list[Finding]:
    """Return pydantic's errors in the words of `FIELDS` and `KEYS`; a block with a bad key gets no errors inside."""
    found = [(problem["type"], problem["loc"], problem["input"]) for problem in error.errors(include_url=False)]
    bad_keys = {place[:-1] for _, place, _ in found if place[-1] == "[key]"}
    findings = [_key_finding(place) for place in bad_keys]
    for kind, place, given in found:
        if any(place[:depth] in bad_keys for depth in range(len(place) + 1)):
            continue
        findings.append(_unknown_field(place) if kind == "extra_forbidden" else _field_finding(kind, place, given))
    return findings


def _key_finding(place: FieldPath) -> Finding:
    must, example = _look_up(KEYS, place[:-1], COMMON_KEY)
    given = str(place[-1])
    meant = as_meant(must, given)
    remedy = f"write {meant}" if meant else f"write e.g. {example}"
    return Finding(place, f"the key {quoted(given)} must be {must}; {remedy}", hide_last=True)


def _unknown_field(place: FieldPath) -> Finding:
    known = [path.split(".")[-1] for path in FIELDS if _fits(path, (*place[:-1], path.split(".")[-1]))]
    near = get_close_matches(str(place[-1]), known, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"remove it; known fields are {', '.join(known)}"
    return Finding(place, f"has an unknown field {quoted(place[-1])}; {remedy}", hide_last=True)


def _field_finding(kind: str, place: FieldPath, given: object) -> Finding:
    must, example = _look_up(FIELDS, place, ("as in the example", "see `fairpulse fair example small`"))
    names = place[:-1] if isinstance(place[-1], int) else place
    if kind == "missing":
        return Finding(place, f"is missing; write e.g. {names[-1]}: {example}")
    if meant := as_meant(must, str(given)):
        return Finding(place, f"{quoted(given)} must be {must}; write {meant}")
    return Finding(place, f"must be {must}; write e.g. {names[-1]}: {example}")


def as_meant(must: str, given: str) -> str:
    """Return a value that breaks the rule of its field as it is probably meant; empty if nothing is probable."""
    if must == _TIME and (found := re.fullmatch(r"([0-9]{1,2})[:.h]([0-9]{1,2})(:00)?", given)):
        hours, minutes = int(found[1]), int(found[2])
        return f"{hours:02}:{minutes:02}" if hours < 24 and minutes < 60 else ""
    if must == _DAY and (found := re.fullmatch(r"(20[0-9]{2})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", given)):
        with suppress(ValueError):
            return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    if must == _COUNTRY:
        return country_meant(given)
    if must == _CURRENCY and re.fullmatch(r"[A-Za-z]{3}", given):
        return given.upper()
    return ""


def _look_up(table: Mapping[str, tuple[str, str]], place: FieldPath, otherwise: tuple[str, str]) -> tuple[str, str]:
    return next((words for path, words in table.items() if _fits(path, place)), otherwise)


def _fits(path: str, place: FieldPath) -> bool:
    """Return whether `halls.*.name` is the path of the place."""
    parts = path.split(".") if path else []
    return len(parts) == len(place) and all(p in ("*", str(q)) for p, q in zip(parts, place, strict=True))

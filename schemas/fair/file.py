"""Read a fair file: text, then rows, then checks across rows, then the fair.

    from schemas.fair.file import example_fair_path, load_fair
    fair = load_fair(example_fair_path())

The order of work is the order of the modules: `text`, `layout`, `checks`, `model`.
"""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.badges.format import BadgeFormat
from schemas.codes import ExhibitorType
from schemas.errors import InvalidFairFile
from schemas.fair.checks import default_exhibit_id, findings
from schemas.fair.fingerprint import file_fingerprint
from schemas.fair.layout import FairRows
from schemas.fair.model import Booth, CurrencyInfo, Exhibit, Exhibitor, Fair, FairDay, Gate, Hall, Section
from schemas.fair.money import RateHistory
from schemas.fair.text import Finding, PlainFile, problem_text, read_plain, refusal
from schemas.fair.words import in_our_words
from schemas.ids import BoothId
from schemas.kinds import quoted
from schemas.outputs import reason
from schemas.profiles import FKM, PROFILES, REGIONS, Profile, own_profile

MOST_BYTES: Final = 8 * 1024 * 1024
"""Largest fair file: 40 times the example with 2,000 exhibitors."""

EXAMPLES: Final = ("ciftis", "small")
"""The fair files that are shipped."""


def example_fair_path(name: str = "ciftis") -> Path:
    """Return the path of a shipped fair file: `ciftis` (2,000 exhibitors) or `small` (three, made for reading).

    Raises:
        InvalidFairFile: there is no example with that name.
    """
    if name not in EXAMPLES:
        raise InvalidFairFile("there is no example with that name", hint=f"choose one of {', '.join(EXAMPLES)}")
    return Path(str(files("schemas.fair") / "examples" / f"{name}.yaml"))


def load_fair(path: Path | str) -> Fair:
    """Return the fair that the file describes.

    Raises:
        InvalidFairFile: `name line 42: field: what is wrong; remedy`. It repeats unknown fields, ids and keys, and a
            value that it can correct, such as 9:30; no other value.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unread(path, error) from None
    if len(content) > MOST_BYTES:
        raise refusal(path.name, 1, (), "is larger than 8 MiB; describe one fair per file")
    if b"\0" in content and not content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise InvalidFairFile(f"{quoted(path)} is not a text file", hint="name a fair file, which is YAML in UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refusal(path.name, line, (), "is not UTF-8 text; save the file as UTF-8") from None
    return parse_fair(text, path.name)


def parse_fair(text: str, name: str) -> Fair:
    """Return the fair that the text describes; `name` is what errors call the file.

    Raises:
        InvalidFairFile: see `load_fair`.
    """
    file = read_plain(text, name)
    if not isinstance(file.top, dict):
        what = "is not a fair file" if file.top else "is empty"
        raise refusal(name, 1, (), f"{what}; start from `fairpulse fair example small`")
    try:
        rows = FairRows.model_validate(file.top)
    except ValidationError as error:
        raise _all_of(file, in_our_words(error)) from None
    if found := list(findings(rows)):
        raise _all_of(file, found)
    return _fair(rows, file_fingerprint(text))


def _fair(rows: FairRows, fingerprint: str) -> Fair:
    """Build the fair from rows that were checked."""
    exhibitors = {key: Exhibitor(key, **dict(row)) for key, row in rows.exhibitors.items()}
    return Fair(
        fair_id=rows.fair_id,
        name=rows.name,
        host_country=rows.host_country,
        zone=rows.timezone,
        days=tuple(FairDay(day, row.opens, row.closes, rows.timezone) for day, row in rows.days.items()),
        halls={key: Hall(key, **dict(row)) for key, row in rows.halls.items()},
        gates={key: Gate(key, **dict(row)) for key, row in rows.gates.items()},
        sections={key: Section(key, **dict(row)) for key, row in rows.sections.items()},
        exhibitors=exhibitors,
        booths=_booths(exhibitors.values()),
        exhibits=_exhibits(rows),
        reporting_currency=rows.reporting_currency,
        currencies={code: CurrencyInfo(code, minor_units) for code, minor_units in rows.currencies.items()},
        rates={code: _history(table) for code, table in rows.rates.items()},
        profile=_profile(rows),
        file_fingerprint=fingerprint,
        top_economies=frozenset(rows.top_economies),
        badge_codes=None if rows.badge_codes is None else BadgeFormat(**dict(rows.badge_codes)),
        badge_register=rows.badge_register,
        decimal_mark=rows.decimal_mark,
    )


def _profile(rows: FairRows) -> Profile:
    """Return the profile whose numbers the boards show: the named one, or FKM's, or one of the fair's own."""
    chosen = PROFILES[rows.profile or FKM.name]
    visitors = chosen.visitors if rows.visitor_roles is None else frozenset(rows.visitor_roles)
    regions_abroad = rows.regions_abroad or rows.host_country not in REGIONS
    if visitors == chosen.visitors and regions_abroad == chosen.regions_abroad:
        return chosen
    return own_profile(chosen, visitors, regions_abroad=regions_abroad)


def _history(table: Mapping[date, Decimal]) -> RateHistory:
    dates = tuple(sorted(table))
    return RateHistory(dates, tuple(table[day] for day in dates))


def _booths(exhibitors: Iterable[Exhibitor]) -> dict[BoothId, Booth]:
    """Gather the exhibitors of each booth, the main one first, the others in the order of the file."""
    together: dict[BoothId, list[Exhibitor]] = {}
    for exhibitor in exhibitors:
        together.setdefault(exhibitor.booth, []).append(exhibitor)
    booths = {}
    for booth_id, there in together.items():
        there.sort(key=lambda exhibitor: exhibitor.type is not ExhibitorType.MAIN)
        booths[booth_id] = Booth(booth_id, there[0].hall, there[0].section, tuple(one.exhibitor_id for one in there))
    return booths


def _exhibits(rows: FairRows) -> dict[str, Exhibit]:
    """Return the listed exhibits, then one for each exhibitor who has none."""
    exhibits = {key: Exhibit(key, row.name, row.exhibitor) for key, row in rows.exhibits.items()}
    shown = {exhibit.exhibitor for exhibit in exhibits.values()}
    for exhibitor_id, row in rows.exhibitors.items():
        if exhibitor_id not in shown:
            exhibit_id = default_exhibit_id(exhibitor_id)
            exhibits[exhibit_id] = Exhibit(exhibit_id, row.name, exhibitor_id)
    return exhibits


def _all_of(file: PlainFile, found: Iterable[Finding]) -> InvalidFairFile:
    """Return one error for all findings, in the order of the file."""
    placed = sorted(((file.line_of(one.place), one) for one in found), key=lambda pair: pair[0])
    lines = [problem_text(line, one.shown, one.what) for line, one in placed]
    if len(lines) == 1:
        return InvalidFairFile(f"{file.name} {lines[0]}")
    more = f"and {len(lines) - 1} more, which `fairpulse fair check` lists"
    return InvalidFairFile(f"{file.name} {lines[0]}", hint=more, problems=lines)


def _unread(path: Path, error: OSError) -> InvalidFairFile:
    """Return why a file cannot be read."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return InvalidFairFile(f"{quoted(path)} is not there", hint="check the path of the fair file")
        case IsADirectoryError():
            return InvalidFairFile(f"{quoted(path)} is a folder", hint="name the fair file in it")
        case PermissionError():
            return InvalidFairFile(f"{quoted(path)} cannot be read by this user", hint="allow it, or name another")
        case _:
            return InvalidFairFile(f"{quoted(path)} cannot be read: {reason(error)}", hint="check the path")

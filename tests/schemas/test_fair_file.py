"""The fair file: what the shipped ones promise, and what a reader is told about a wrong one."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import schemas.fair.cli
from schemas.codes import BadgeRole, ExhibitorType
from schemas.console import run
from schemas.countries import country_names
from schemas.errors import InvalidFairFile
from schemas.fair import text as fair_text
from schemas.fair.file import EXAMPLES, MOST_BYTES, example_fair_path, load_fair, parse_fair
from schemas.fair.layout import BadgeCodesRow, FairRows
from schemas.fair.model import Booth, Fair
from schemas.fair.money import CurrencyInfo, convert_minor
from schemas.fair.words import FIELDS
from streams.audit.recount.fair import OracleFair

SMALL = example_fair_path("small").read_text(encoding="utf-8")
SECRET = "hunter2"
"""A value that must not come back in a message."""


@pytest.fixture(scope="module")
def ciftis() -> Fair:
    return load_fair(example_fair_path())


@pytest.fixture(scope="module")
def small() -> Fair:
    return load_fair(example_fair_path("small"))


def at(text: str) -> int:
    """Seconds since 1970 of an instant with its offset."""
    return int(datetime.fromisoformat(text).timestamp())


def line_with(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def complaint(text: str) -> str:
    with pytest.raises(InvalidFairFile) as refused:
        parse_fair(text, "small.yaml")
    lines = [f"small.yaml {one}" for one in refused.value.problems]
    assert "\n" not in str(refused.value)
    return "\n".join(lines) if lines else str(refused.value)


# ---------------------------------------------------------------------------------------- the shipped fairs


def test_the_ciftis_fair_has_the_figures_it_promises(ciftis: Fair) -> None:
    types = Counter(one.type for one in ciftis.exhibitors.values())
    direct = [one for one in ciftis.exhibitors.values() if one.is_direct]
    countries = {one.country for one in direct}
    assert [day.date.isoformat() for day in ciftis.days] == [f"2025-09-{n}" for n in range(10, 15)]
    assert len(direct) == 2_000
    assert types == {ExhibitorType.MAIN: 1_820, ExhibitorType.CO: 180, ExhibitorType.REPRESENTED: 36}
    assert sum(one.country != "CN" for one in direct) / len(direct) > 0.20
    assert len(countries) == 85
    assert countries > {"CN", "HK", "MO", "TW"}
    assert len(ciftis.top_economies) == 30
    assert len(countries & ciftis.top_economies) == 26
    assert sum(one.leader for one in direct) == 480
    assert (len(ciftis.sections), len(ciftis.halls), len(ciftis.gates)) == (9, 12, 9)
    assert list(ciftis.currencies) == ["CNY", "USD", "EUR", "GBP", "JPY", "HKD", "KRW", "KWD"]
    assert all(table.dates == tuple(day.date for day in ciftis.days) for table in ciftis.rates.values())


def test_the_ciftis_fair_shows_the_exhibits_of_the_press(ciftis: Fair) -> None:
    names = {exhibit.name for exhibit in ciftis.exhibits.values()}
    assert names > {
        "3D-printed vascular stents",
        "Thousand-bit photonic quantum computer",
        "AI biopharma workflow",
        "5G smart living",
        "Algorithm store",
        "TCDZ-AC220/070 charger",
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_reference_of_a_shipped_fair_leads_somewhere(name: str) -> None:
    fair = load_fair(example_fair_path(name))
    for one in fair.exhibitors.values():
        booth = fair.booths[one.booth]
        assert one.exhibitor_id in booth.exhibitors
        assert (booth.hall, fair.exhibitors[booth.exhibitors[0]].type) == (one.hall, ExhibitorType.MAIN)
        assert one.hall in fair.sections[one.section].halls
        assert one.hall in fair.halls
    assert {exhibit.exhibitor for exhibit in fair.exhibits.values()} == set(fair.exhibitors)
    assert all(key == exhibit.exhibit_id for key, exhibit in fair.exhibits.items())


def test_norway_stays_norway(small: Fair) -> None:
    assert small.exhibitors["e2"].country == "NO"


def test_co_exhibitors_share_the_booth_of_the_main_one_who_comes_first() -> None:
    e1, e2 = (line for line in SMALL.split("\n") if line.startswith(("  e1:", "  e2:")))
    co_first = SMALL.replace(f"{e1}\n{e2}", f"{e2}\n{e1}")
    assert list(parse_fair(co_first, "small.yaml").exhibitors) == ["e2", "e1", "e3"]
    assert parse_fair(co_first, "small.yaml").booths["h1-001"] == Booth("h1-001", "h1", "finance", ("e1", "e2"))


def test_an_exhibitor_without_an_exhibit_has_one_under_its_own_name(small: Fair) -> None:
    assert list(small.exhibits) == ["night-train", "x-e1", "x-e2"]
    assert small.exhibits["x-e1"].name == "Example Bank"


def test_visitors_are_those_of_fkm_unless_the_file_says_otherwise(small: Fair) -> None:
    fkm = {BadgeRole.VISITOR_PROFESSIONAL, BadgeRole.VISITOR_PUBLIC}
    assert small.profile.visitors == fkm
    without = SMALL.replace("visitor_roles: [visitor_professional, visitor_public]\n", "")
    assert parse_fair(without, "small.yaml").profile.visitors == fkm
    with_press = SMALL.replace("[visitor_professional, visitor_public]", "[visitor_public, media]")
    assert parse_fair(with_press, "small.yaml").profile.visitors == {BadgeRole.VISITOR_PUBLIC, BadgeRole.MEDIA}


ROLES = "visitor_roles: [visitor_professional, visitor_public]\n"


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("", "fkm"),
        (ROLES, "fkm"),
        ("regions_abroad: yes\n", "fkm"),
        ("profile: fkm\n", "fkm"),
        ("profile: abc\n", "abc"),
        ("profile: a762_1\n", "a762_1"),
        ("profile: a762_1\nregions_abroad: yes\n", "a762_1"),
        ("visitor_roles: [visitor_public, media]\n", "own"),
        ("profile: abc\n" + ROLES, "own"),
    ],
)
def test_the_profile_is_the_named_one_or_fkm_and_another_rule_makes_it_the_fairs_own(lines: str, name: str) -> None:
    fair = parse_fair(SMALL.replace(ROLES, lines), "small.yaml")
    assert fair.profile.name == name
    assert list(fair.profiles) == ["fkm", "abc", "a762_1", *(["own"] if name == "own" else [])]
    assert fair.profiles[name] == fair.profile


@pytest.mark.parametrize(
    ("host", "lines", "name"),
    [
        ("CN", "regions_abroad: no\n", "own"),
        ("CN", "profile: abc\nregions_abroad: no\n", "own"),
        ("CN", "regions_abroad: yes\n", "fkm"),
        ("DE", "regions_abroad: no\n", "fkm"),
        ("HK", "profile: abc\nregions_abroad: no\n", "abc"),
        ("DE", "regions_abroad: no\nvisitor_roles: [media]\n", "own"),
    ],
)
def test_the_regions_make_a_rule_of_its_own_only_at_a_fair_in_their_country(host: str, lines: str, name: str) -> None:
    text = SMALL.replace(ROLES, lines).replace("host_country: DE", f"host_country: {host}")
    fair = parse_fair(text, "small.yaml")
    assert fair.profile.name == name
    assert fair.profile.regions_abroad is (host != "CN" or "regions_abroad: no" not in lines)
    assert OracleFair.read(text.encode()).profile.name == name


@pytest.mark.parametrize(
    ("line", "register"), [("", False), ("badge_register: no\n", False), ("badge_register: yes\n", True)]
)
def test_a_fair_has_a_register_of_badges_only_if_its_file_says_so(line: str, register: bool) -> None:
    assert parse_fair(SMALL + line, "small.yaml").badge_register is register


def test_an_unknown_example_is_refused() -> None:
    with pytest.raises(InvalidFairFile, match="choose one of ciftis, small"):
        example_fair_path("../../pyproject")


# -------------------------------------------------------------------------------------- days and opening hours


def test_the_day_summer_time_ends_has_25_hours(small: Fair) -> None:
    saturday, sunday = small.days
    assert (saturday.ends_at - saturday.starts_at).total_seconds() == 24 * 3600
    assert (sunday.ends_at - sunday.starts_at).total_seconds() == 25 * 3600
    assert sunday.starts_at == saturday.ends_at == datetime(2025, 10, 25, 22, tzinfo=UTC)
    assert (saturday.opens_at.hour, sunday.opens_at.hour) == (7, 9)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2025-10-24T23:59:59+02:00", "2025-10-24"),
        ("2025-10-25T00:00:00+02:00", "2025-10-25"),
        ("2025-10-25T23:59:59+02:00", "2025-10-25"),
        ("2025-10-26T00:00:00+02:00", "2025-10-26"),
        ("2025-10-26T02:30:00+02:00", "2025-10-26"),
        ("2025-10-26T02:30:00+01:00", "2025-10-26"),
        ("2025-10-26T23:59:59+01:00", "2025-10-26"),
        ("2025-10-27T00:00:00+01:00", "2025-10-27"),
        ("2024-02-29T12:00:00+01:00", "2024-02-29"),
        ("2031-01-01T00:00:00+01:00", "2031-01-01"),
    ],
)
def test_an_instant_belongs_to_the_date_at_the_venue(small: Fair, instant: str, day: str) -> None:
    assert small.local_date(at(instant)) == date.fromisoformat(day)


def test_the_fast_look_up_of_a_date_agrees_with_the_time_zone(small: Fair) -> None:
    for epoch_s in range(at("2025-10-24T00:00+00:00"), at("2025-10-28T00:00+00:00"), 900):
        assert small.local_date(epoch_s) == datetime.fromtimestamp(epoch_s, small.zone).date()


@pytest.mark.parametrize(
    ("instant", "is_open"),
    [
        ("2025-10-25T08:59:59+02:00", False),
        ("2025-10-25T09:00:00+02:00", True),
        ("2025-10-25T17:59:59+02:00", True),
        ("2025-10-25T18:00:00+02:00", False),
        ("2025-10-26T09:59:59+01:00", False),
        ("2025-10-26T10:00:00+01:00", True),
        ("2025-10-26T15:59:59+01:00", True),
        ("2025-10-26T16:00:00+01:00", False),
        ("2025-10-24T12:00:00+02:00", False),
        ("2025-10-27T12:00:00+01:00", False),
    ],
)
def test_the_fair_is_open_from_the_opening_up_to_not_including_the_closing(
    small: Fair, instant: str, is_open: bool
) -> None:
    assert small.is_open(at(instant)) is is_open


def test_a_day_without_a_fair_between_two_fair_days_is_closed_and_has_its_date() -> None:
    fair = parse_fair(SMALL.replace("2025-10-26: {opens", "2025-10-27: {opens"), "small.yaml")
    assert not fair.is_open(at("2025-10-26T12:00:00+01:00"))
    assert fair.local_date(at("2025-10-26T12:00:00+01:00")) == date(2025, 10, 26)


# ----------------------------------------------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("day", "rate"),
    [("2025-01-01", "0.0056"), ("2025-10-24", "0.0056"), ("2025-10-25", "0.0056"), ("2025-10-26", "0.0057"),
     ("2026-01-01", "0.0057")],
)  # fmt: skip
def test_the_newest_rate_on_or_before_the_day_counts_and_before_the_first_the_first(
    small: Fair, day: str, rate: str
) -> None:
    assert small.rate("JPY", date.fromisoformat(day)) == Decimal(rate)


def test_the_reporting_currency_is_worth_one(small: Fair) -> None:
    assert small.rate("EUR", date(2025, 10, 25)) == 1
    assert small.to_reporting_minor(12_345, "EUR", date(2025, 10, 25)) == 12_345


def test_a_currency_the_fair_does_not_accept_has_no_rate(small: Fair) -> None:
    with pytest.raises(KeyError):
        small.to_reporting_minor(1, "CHF", date(2025, 10, 25))


@pytest.mark.parametrize(
    ("value", "digits", "rate", "target_digits", "result"),
    [
        (1_000_000, 0, "0.0056", 2, 560_000),  # a million yen are 5,600.00 euro
        (1_000, 3, "2.8125", 2, 281),  # one dinar (1,000 fils): 2.8125 euro
        (4, 3, "2.5", 2, 1),  # exactly 1 cent
        (10, 3, "2.5", 2, 2),  # 2.5 cents: half, to even below
        (14, 3, "2.5", 2, 4),  # 3.5 cents: half, to even above
        (-10, 3, "2.5", 2, -2),
        (-14, 3, "2.5", 2, -4),
        (150, 2, "1", 0, 2),  # 1.50 to whole yen
        (250, 2, "1", 0, 2),
        (251, 2, "1", 0, 3),
        (0, 2, "7.1", 2, 0),
        (9_007_199_254_740_993, 2, "1.000000000001", 2, 9_007_199_254_750_000),  # no float would know
    ],
)
def test_conversion_respects_minor_units_and_rounds_half_to_even(
    value: int, digits: int, rate: str, target_digits: int, result: int
) -> None:
    assert (
        convert_minor(value, CurrencyInfo("AAA", digits), CurrencyInfo("BBB", target_digits), Decimal(rate)) == result
    )


def test_a_deal_in_yen_or_dinar_is_reported_in_cents(small: Fair) -> None:
    assert small.to_reporting_minor(1_000_000, "JPY", date(2025, 10, 26)) == 570_000
    assert small.to_reporting_minor(1_000_000, "KWD", date(2025, 10, 26)) == 281_250


# ---------------------------------------------------------------------------------------------- wrong files

MUTATIONS = [
    # (text of small.yaml, what replaces it, field named, word in the message)
    ("capacity: 3000", "capacity: 0", "halls.h1.capacity", "must be a whole number of at least 1; write e.g. capacity"),
    ("capacity: 3000", "capacity: 1_0", "halls.h1.capacity", "whole number"),
    ("capacity: 3000", "capacity: 1e3", "halls.h1.capacity", "whole number"),
    ("capacity: 3000", f"capacity: {SECRET}", "halls.h1.capacity", "whole number"),
    ("capacity: 3000", "capacity: ", "halls.h1.capacity", "whole number"),
    ("capacity: 3000", "capacity: [3000]", "halls.h1.capacity", "whole number"),
    (", capacity: 3000", "", "halls.h1.capacity", "is missing; write e.g. capacity: 10000"),
    ("capacity: 3000", "capasity: 3000", "halls.h1", 'unknown field "capasity"; did you mean capacity?'),
    ("capacity: 3000", "capacity: 3000, floors: 1", "halls.h1", 'unknown field "floors"; remove it'),
    ("h1: {name: Hall 1", "h 1: {name: Hall 1", "halls", 'the key "h 1" must be 1-64 letters'),
    ("name: Hall 1,", "name: '',", "halls.h1.name", "1-120 characters"),
    ("name: Hall 1,", f"name: {'n' * 121},", "halls.h1.name", "1-120 characters"),
    ("name: Hall 1,", 'name: "Hall\\a1",', "halls.h1.name", "control characters"),
    ("name: Hall 1,", 'name: "Hall\\u202e1",', "halls.h1.name", "control characters"),
    ("name: Hall 1,", "name: *hall,", "halls.h1.name", "alias"),
    ("name: Hall 1,", "name: &hall Hall,", "halls.h1.name", "anchor"),
    ("name: Hall 1,", "name: !!str Hall,", "halls.h1.name", "tag"),
    ("h1: {name: Hall 1", "h1: !hall {name: Hall 1", "halls.h1", "tag"),
    ("h2: {name: Hall 2", "h1: {name: Hall 2", "halls.h1", "is given twice, first on line"),
    ("fair_id: small-2025", "fair_id: " + "a" * 65, "fair_id", "1-64 letters"),
    ("host_country: DE", "host_country: de", "host_country", '"de" must be one of the ISO 3166-1 codes'),
    ("host_country: DE", "host_country: de", "host_country", "two capitals; write DE"),
    ("country: NO", "country: UK", "exhibitors.e2.country", '"UK" must be one of the ISO 3166-1 codes'),
    ("country: NO", "country: UK", "exhibitors.e2.country", "; write GB"),
    ("country: NO", "country: XX", "exhibitors.e2.country", "must be one of the ISO 3166-1 codes"),
    ("Europe/Berlin", "Europe/Berlim", "timezone", "IANA"),
    ("Europe/Berlin", "Europe", "timezone", "IANA"),
    ("Europe/Berlin", "../etc/passwd", "timezone", "IANA"),
    ("visitor_public]", "visitor_pubic]", "visitor_roles.1", "must be one of visitor_professional"),
    ("visitor_public]", "exhibitor_staff]", "visitor_roles.1",
     '"exhibitor_staff" must not be in the list, because staff is never an audience; remove it'),
    ("[visitor_professional, v", "[exhibitor_staff, visitor_professional, v", "visitor_roles.0", "must not be in"),
    ("visitor_public]", "staff]", "visitor_roles.1", "visitor_public, media, speaker"),
    ("timezone: Eu", "profile: ufi\ntimezone: Eu", "profile", "must be one of fkm, abc, a762_1; write e.g. pro"),
    ("timezone: Eu", "profile: own\ntimezone: Eu", "profile", "must be one of fkm, abc, a762_1"),
    ("timezone: Eu", "profile: FKM\ntimezone: Eu", "profile", "must be one of fkm, abc, a762_1"),
    ("timezone: Eu", "profile: [fkm]\ntimezone: Eu", "profile", "must be one of fkm, abc, a762_1"),
    ("timezone: Eu", "profil: fkm\ntimezone: Eu", "", "did you mean profile?"),
    ("timezone: Eu", "badge_register: maybe\ntimezone: Eu", "badge_register", "must be yes or no"),
    ("timezone: Eu", "badge_register: 1\ntimezone: Eu", "badge_register", "must be yes or no"),
    ("timezone: Eu", "badge_register: Yes\ntimezone: Eu", "badge_register", "must be yes or no"),
    ("timezone: Eu", "badge_registry: yes\ntimezone: Eu", "", "did you mean badge_register?"),
    ("timezone: Eu", "regions_abroad: [HK]\ntimezone: Eu", "regions_abroad", "must be yes or no"),
    ("timezone: Eu", "regions_abroad: HK\ntimezone: Eu", "regions_abroad", "must be yes or no"),
    ("[US, DE, JP]", "[US, DEU, JP]", "top_economies.1", "two capitals"),
    ("opens: 09:00", "opens: 9:30", "days.2025-10-25.opens", "with two digits each; write 09:30"),
    ("opens: 09:00", "opens: 09.5", "days.2025-10-25.opens", "write 09:05"),
    ("opens: 09:00", "opens: 09:00:00", "days.2025-10-25.opens", "write 09:00"),
    ("opens: 09:00", "opens: 32400", "days.2025-10-25.opens", "local time"),
    ("closes: 18:00", "closes: 24:00", "days.2025-10-25.closes", "local time"),
    ("closes: 18:00", "closes: 09:00", "days.2025-10-25.closes", "must be after opens"),
    ("2025-10-25: {opens", "2025-10-27: {opens", "days.2025-10-26", "sort the days"),
    ("2025-10-26: {opens", "2025-10-25: {opens", "days.2025-10-25", "is given twice"),
    ("2025-10-26: {opens", "2025-02-30: {opens", "days", '"2025-02-30" must be a calendar date; write e.g. 2025'),
    ("2025-10-26: {opens", "2025-10-5: {opens", "days", '"2025-10-5" must be a calendar date; write 2025-10-05'),
    ("2025-10-26: {opens", "2027-10-26: {opens", "days", "within 400 days"),
    ("countable: no", "countable: 0", "gates.goods.countable", "yes or no"),
    ("countable: yes", "countable: no", "gates", "at least one countable gate"),
    ("lanes: 6", "lanes: -6", "gates.north.lanes", "whole number"),
    ("halls: [h1, h2]", "halls: [h1, h7]", "sections.travel.halls.1", '"h7" is not one of halls'),
    ("halls: [h1]", "halls: []", "sections.finance.halls", "at least one hall"),
    ("reporting_currency: EUR", "reporting_currency: USD", "reporting_currency", '"USD" is not one of currencies'),
    ("KWD: 3}", "KWD: 3, CHF: 2}", "currencies.CHF", "has no rate"),
    ("KWD: 3}", "KWD: 5}", "currencies.KWD", "ISO 4217"),
    ("KWD: 3}", "kwd: 3}", "currencies", 'the key "kwd" must be an ISO 4217 code of three capitals; write KWD'),
    ("2025-10-24: 2.8125", "2025-10-24: 0", "rates.KWD.2025-10-24", "above 0"),
    ("2025-10-24: 2.8125", "2025-10-24: 0.000", "rates.KWD.2025-10-24", "above 0"),
    ("2025-10-24: 2.8125", "2025-10-24: 2,8", "rates.KWD", "the key"),
    ("2025-10-24: 2.8125", "24.10.2025: 2.8125", "rates.KWD", "a calendar date"),
    ("  KWD: {2025", "  CHF: {2025", "rates.CHF", '"CHF" is not one of currencies'),
    ("  KWD: {2025", "  EUR: {2025", "rates.EUR", "always 1"),
    ("section: travel, hall", "section: trafel, hall", "exhibitors.e3.section", '"trafel" is not one of sections'),
    ("hall: h2, booth", "hall: h9, booth", "exhibitors.e3.hall", '"h9" is not one of halls'),
    ("section: travel, hall: h2", "section: finance, hall: h2", "exhibitors.e3.hall", "must be a hall of its section"),
    ("booth: h2-001", "booth: h1-001", "exhibitors.e3.hall", "same for everybody on one booth"),
    ("type: co", "type: main", "exhibitors.e2.booth", "has a main exhibitor already"),
    ("type: co, section: finance, hall: h1, booth: h1-001", "type: co, section: finance, hall: h1, booth: h1-002",
     "exhibitors.e2.booth", "has no main exhibitor"),
    ("type: co", "type: partner", "exhibitors.e2.type", "must be one of main, co, represented"),
    ("leader: yes", "leader: maybe", "exhibitors.e1.leader", "yes or no"),
    ("e3: {name: Example J", "e" * 63 + ": {name: Example J", "exhibitors", "1-62 letters"),
    ("exhibitor: e3", "exhibitor: e4", "exhibits.night-train.exhibitor", '"e4" is not one of exhibitors'),
    ("night-train: {", "x-e1: {", "exhibits.x-e1", "choose another id"),
    ("halls:\n", "halls: many\nhells:\n", "", "did you mean halls?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "field", "word"), MUTATIONS, ids=[f"{m[2]}: {m[1][:24]}" for m in MUTATIONS])
def test_an_error_names_file_line_and_field(old: str, new: str, field: str, word: str) -> None:
    wrong = SMALL.replace(old, new, 1)
    assert wrong != SMALL
    told = complaint(wrong)
    first_change = next(
        n for n, (a, b) in enumerate(zip(SMALL.split("\n"), wrong.split("\n"), strict=False), 1) if a != b
    )
    expected = [line for line in told.split("\n") if f" {field}: " in line or (not field and word in line)]
    assert expected, told
    assert any(word in line for line in expected), told
    assert all(re.match(r"small\.yaml line [0-9]+: ", line) for line in told.split("\n"))
    assert SECRET not in told
    assert f"line {first_change}: " in told or "sort the days" in told or field in {"days", "gates"}


def test_a_bad_value_is_never_echoed_whatever_field_it_is_in() -> None:
    values = re.compile(r"(?:(?<=: )|(?<=, )(?=[^:\n]+\]))([^\s\[\]{},#&*!|>'\"%@`][^,\]}\n#]*)")
    told = []
    for found in values.finditer(SMALL):
        if "#" in SMALL[SMALL.rfind("\n", 0, found.start()) + 1 : found.start()]:
            continue
        wrong = SMALL[: found.start()] + f"{SECRET}/" + SMALL[found.end() :]
        try:
            parse_fair(wrong, "small.yaml")
        except InvalidFairFile as error:
            told.append(str(error))
    assert len(told) > 40
    assert SECRET not in "\n".join(told)


def test_the_form_of_an_error_is_file_line_field_what_and_remedy() -> None:
    wrong = SMALL.replace("capacity: 3000", "capacity: none")
    assert complaint(wrong) == (
        f"small.yaml line {line_with(SMALL, 'capacity: 3000')}: halls.h1.capacity: "
        "must be a whole number of at least 1; write e.g. capacity: 10000"
    )


def test_several_errors_come_in_the_order_of_the_file() -> None:
    extra = "".join(f"  g{n}: {{name: Gate, countable: yes, lanes: 0}}\n" for n in range(14))
    told = complaint(SMALL.replace("gates:\n", "gates:\n" + extra)).split("\n")
    first = line_with(SMALL, "gates:") + 1
    assert [int(line.split(" ")[2].rstrip(":")) for line in told] == list(range(first, first + 14))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "is empty"),
        ("# nothing yet\n", "is empty"),
        ("- a\n- b\n", "is not a fair file"),
        ("halls: [\n", "is not valid YAML"),
        ("a: b: c\n", "is not valid YAML"),
        ("\ta: 1\n", "is not valid YAML"),
        ("a: 1\n---\nb: 2\n", "second document"),
        ("? [a]\n: 1\n", "has a key that is not text"),
        ("a: " + "[" * 9, "nested too deeply"),
        ("[" * 100_000, "is not valid YAML"),
        ("a: &a [x, x]\nb: &b [*a, *a]\n", "anchor"),
        ("base: &base {a: 1}\nb: {<<: *base}\n", "anchor"),
        ("a: !!python/object:os.system x\n", "tag"),
        ("a: \x07\n", "control character"),
        ("a: \x85\n", "control character"),
        ("a: |\n  one\n  two\n", "one line"),
        ("a: \ud800\n", "control character"),
    ],
)
def test_text_that_is_not_plain_yaml_is_refused(text: str, word: str) -> None:
    told = complaint(text)
    assert word in told
    assert re.match(r"small\.yaml line [0-9]+: ", told)


def test_without_libyaml_the_file_means_the_same(monkeypatch: pytest.MonkeyPatch, small: Fair) -> None:
    monkeypatch.setattr(fair_text, "LOADER", yaml.SafeLoader)
    assert parse_fair(SMALL, "small.yaml") == small
    assert "is not valid YAML" in complaint("halls: [\n")
    assert "alias" in complaint("a: *b\n")


def test_windows_line_ends_and_a_byte_order_mark_are_welcome(tmp_path: Path, small: Fair) -> None:
    file = tmp_path / "fair.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load_fair(file) == small


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda content: content, True),
        (lambda content: b"\xef\xbb\xbf" + content, True),
        (lambda content: content + b"# a remark\n", False),
        (lambda content: content.replace(b"h1-001", b"h1-009"), False),
        (lambda content: content.replace(b"\n", b"\r\n"), False),
    ],
    ids=["copied", "a byte order mark", "a comment", "a booth", "line ends"],
)
def test_two_fair_files_have_one_fingerprint_exactly_if_their_text_is_the_same(
    change: Callable[[bytes], bytes], same: bool, tmp_path: Path, small: Fair
) -> None:
    file = tmp_path / "another name.yaml"
    file.write_bytes(change(example_fair_path("small").read_bytes()))
    found = load_fair(file).file_fingerprint
    assert re.fullmatch("[0-9a-f]{16}", found)
    assert (found == small.file_fingerprint) is same


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"#" * (MOST_BYTES + 1), "fair.yaml line 1: is larger than 8 MiB; describe one fair per file"),
        (b"a: 1\nb: \xff\n", "fair.yaml line 2: is not UTF-8 text; save the file as UTF-8"),
    ],
)
def test_a_file_that_is_too_large_or_not_text_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "fair.yaml"
    file.write_bytes(content)
    with pytest.raises(InvalidFairFile) as refused:
        load_fair(file)
    assert str(refused.value) == told


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("nowhere.yaml", '"nowhere.yaml" is not there; check the path of the fair file'),
        (".", '"." is a folder; name the fair file in it'),
        ("folder", '"folder" is a folder; name the fair file in it'),
        ("binary", '"binary" is not a text file; name a fair file, which is YAML in UTF-8'),
        ("binary/fair.yaml", '"binary/fair.yaml" is not there; check the path of the fair file'),
        ("utf-16.yaml", "utf-16.yaml line 1: is not UTF-8 text; save the file as UTF-8"),
        ("empty.yaml", "empty.yaml line 1: is empty; start from `fairpulse fair example small`"),
        ("no\nwhere", '"no\\nwhere" is not there; check the path of the fair file'),
    ],
)
def test_what_is_not_a_fair_file_is_named_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, told: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\x7fELF\x02\x01\x01\0\0\0")
    (tmp_path / "utf-16.yaml").write_text(SMALL, encoding="utf-16")
    (tmp_path / "empty.yaml").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidFairFile) as refused:
        load_fair(Path(file))
    assert str(refused.value) == told


@pytest.mark.parametrize("loader", [fair_text.LOADER, yaml.SafeLoader], ids=["libyaml", "python"])
@pytest.mark.parametrize(
    ("old", "new", "line_of", "told"),
    [
        ("  h1: {name", "\th1: {name", "h1: {name", "is indented with a tab; write spaces instead"),
        ("  h1: {name", "  \th1: {name", "h1: {name", "is indented with a tab; write spaces instead"),
        ("name: Hall 1,", 'name: "Hall 1,', "name: Hall 1,", "a quote opens here and is never closed"),
        ("name: Hall 1, area_m2: 4000, capacity: 3000}\n  h2: {name: Hall 2",
         'name: "Hall 1, area_m2: 4000, capacity: 3000}\n  h2: {name: "Hall 2',
         "name: Hall 1,", "the quote that opens here closes on line 23; close it here"),
        ("name: Hall 1,", "name: 'Hall 1,\n\n',", "name: Hall 1,", "its quote closes on line 24; close it here"),
        ("capacity: 3000}", "capacity: 3000", "capacity: 3000", "from here to line 23"),
        ("fair_id: small-2025", "fair_id: small: 2025", "fair_id", "is not valid YAML at or before this line"),
    ],
)  # fmt: skip
def test_what_breaks_yaml_is_named_where_it_begins(
    monkeypatch: pytest.MonkeyPatch, loader: type[yaml.SafeLoader], old: str, new: str, line_of: str, told: str
) -> None:
    monkeypatch.setattr(fair_text, "LOADER", loader)
    wrong = SMALL.replace(old, new, 1)
    assert wrong != SMALL
    assert told in complaint(wrong)
    assert complaint(wrong).startswith(f"small.yaml line {line_with(SMALL, line_of)}: ")


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("floors", '"floors"'),
        ("two words", '"two words"'),
        ("n" * 90, f'"{"n" * 57}..."'),
        ('"\\u202etext"', '"\\u202etext"'),
        ('"a\\nb"', '"a\\nb"'),
    ],
)
def test_an_unknown_field_is_named_visibly_and_briefly(key: str, shown: str) -> None:
    told = complaint(SMALL.replace("capacity: 3000", f"capacity: 3000, {key}: 1"))
    assert f"halls.h1: has an unknown field {shown}; remove it" in told


def test_every_country_of_the_shipped_fairs_and_no_other_code_is_one() -> None:
    assert {"GB", "GR", "HK", "MO", "TW", "NO", "AX"} <= country_names().keys()
    assert not {"UK", "EL", "XX", "EU", "##", ""} & country_names().keys()
    assert all(re.fullmatch("[A-Z]{2}", code) for code in country_names())


def test_every_field_of_the_file_is_explained() -> None:
    defined = set(FairRows.model_fields)
    for block in ("days", "halls", "gates", "sections", "exhibitors", "exhibits"):
        row = FairRows.model_fields[block].annotation.__args__[1]  # type: ignore[union-attr]
        defined |= {f"{block}.*", *(f"{block}.*.{field}" for field in row.model_fields)}
    defined |= {f"badge_codes.{field}" for field in BadgeCodesRow.model_fields}
    inner = {"visitor_roles.*", "top_economies.*", "currencies.*", "rates.*", "rates.*.*", "sections.*.halls.*"}
    assert set(FIELDS) == defined | inner


# ------------------------------------------------------------------------------------------ the command line


def test_check_says_what_fair_a_file_describes() -> None:
    said = CliRunner().invoke(schemas.fair.cli.fair, ["check", str(example_fair_path())])
    assert said.exit_code == 0
    for part in ("CIFTIS 2025", "2,000: 1,820 main, 180 co", "85 countries", "from abroad", "26 of the 30", "KWD"):
        assert part in said.output


def test_check_of_a_wrong_file_says_where_and_leaves_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SMALL.replace("lanes: 6", "lanes: none"), encoding="utf-8")
    assert run(schemas.fair.cli.fair, ["check", str(file)]) == 1
    assert capsys.readouterr().err.startswith(
        f"error: mine.yaml line {line_with(SMALL, 'lanes: 6')}: gates.north.lanes"
    )


PROBLEMS = [
    ([], ""),
    (
        ["lanes: 6"],
        "error: {file} line 27: gates.north.lanes: must be a whole number of at least 1; write e.g. lanes: 12",
    ),
    (["capacity: 3000", "lanes: 6"], "error: {path}: 2 problems\n  line 22: halls.h1.capacity: "),
]


@pytest.mark.parametrize(("wrong", "told"), PROBLEMS)
def test_check_prints_each_problem_on_a_line_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: list[str], told: str
) -> None:
    file, text = tmp_path / "mine.yaml", SMALL
    for one in wrong:
        text = text.replace(one, f"{one.split(':')[0]}: none")
    file.write_text(text, encoding="utf-8")
    assert run(schemas.fair.cli.fair, ["check", str(file)]) == bool(wrong)
    err = capsys.readouterr().err
    assert err.startswith(told.format(file=file.name, path=file))
    assert len(err.splitlines()) == len(wrong) + (len(wrong) > 1)


def test_check_lists_ten_problems_at_most_and_counts_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    extra = "".join(f"  g{n}: {{name: Gate, countable: yes, lanes: 0}}\n" for n in range(14))
    file.write_text(SMALL.replace("gates:\n", "gates:\n" + extra), encoding="utf-8")
    assert run(schemas.fair.cli.fair, ["check", str(file)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert (told[0], told[-1], len(told)) == (f"error: {file}: 14 problems", "  and 4 more; correct these first", 12)


def test_a_program_that_starts_with_a_wrong_file_says_one_line_and_where_the_others_are() -> None:
    wrong = SMALL.replace("capacity: 3000", "capacity: 0").replace("lanes: 6", "lanes: 0")
    with pytest.raises(InvalidFairFile) as refused:
        parse_fair(wrong, "small.yaml")
    assert str(refused.value).startswith("small.yaml line 22: halls.h1.capacity: ")
    assert str(refused.value).endswith("; and 1 more, which `fairpulse fair check` lists")


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_prints_a_file_that_loads(name: str) -> None:
    said = CliRunner().invoke(schemas.fair.cli.fair, ["example", name])
    assert said.output == example_fair_path(name).read_text(encoding="utf-8")
    assert parse_fair(said.output, name).fair_id


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["example", "--help"]])
def test_every_command_explains_itself(arguments: list[str]) -> None:
    said = CliRunner().invoke(schemas.fair.cli.fair, arguments)
    assert said.exit_code == 0
    assert "Usage" in said.output

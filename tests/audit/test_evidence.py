"""The sheets for an auditor: who was counted, who was not and why, and who was let in by hand."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.codes import BadgeRole
from schemas.events import Event, ExhibitInteraction
from schemas.recording.frames import RecordedRecord
from schemas.recording.writer import RecordingWriter
from schemas.topics import key_of, topic_of
from schemas.wire import encode
from streams.audit.cli import audit
from streams.audit.evidence import BY_HAND, EVIDENCE, EXCLUDED, Sheets, evidence_of
from streams.audit.recount.oracle import Oracle
from streams.audit.recount.profiles import WRITTEN
from tests.support.builders import FIRST_DAY, LATENESS, SECOND_DAY, ZONE, badge, records, registered, scan, touch
from tests.truth.playing import fair_file

ROLES = tuple(map(str, BadgeRole))
TEN_ROLES: list[Event] = [
    *(scan(role, role=None) for role in ROLES),
    *(registered(role, role, country="US") for role in ROLES),
]
TEST_BADGE = "7e57" + "00112233445566ff" * 2


def sheets(events: Sequence[Event], profile: str = "fkm", *, day: str | None = None, register: bool = True) -> Sheets:
    return evidence_of(Oracle(fair_file(register), LATENESS).read(records(events)), ZONE, profile, day)


def column(rows: Sequence[Sequence[str]], name: str) -> list[str]:
    return [row[EXCLUDED.index(name)] for row in rows]


@pytest.mark.parametrize(("profile", "counted"), [("fkm", 2), ("abc", 6), ("a762_1", 3)])
def test_the_ten_roles_once_each_are_counted_and_excluded_by_each_profile(profile: str, counted: int) -> None:
    found = sheets(TEN_ROLES, profile)
    assert (len(found.counted), len(found.excluded)) == (counted, 10 - counted)
    assert {*column(found.counted, "role"), *column(found.excluded, "role")} == {*ROLES}


def test_the_excluded_sheet_of_fkm_has_eight_rows_and_stand_staff_among_them() -> None:
    excluded = sheets(TEN_ROLES).excluded
    assert len(excluded) == 8
    assert "exhibitor_staff" in column(excluded, "role")
    assert set(column(excluded, "reason")) == {"role excluded"}


def test_a_row_has_everything_that_an_auditor_looks_up() -> None:
    entry = scan("ada", role=None, at="09:10", received="09:12", source_type="manual", forced=True)
    first = scan("ada", role=None, at="09:05", gate="goods")
    found = sheets([scan("ada", role=None, at="12:00"), entry, first, registered("ada", country="FR")])
    row = (
        *(badge("ada"), FIRST_DAY, "2025-10-25T09:10:00.000+02:00", "2025-10-25T09:12:00.000+02:00", "north"),
        *("visitor_public", "FR", "manual", "yes", entry.event_id),
    )
    by_hand = (*row[:2], "entry", *row[2:])
    assert found == Sheets([row], [], [by_hand], 1)


TIMES = {
    "role excluded": (registered("x", "media"), scan("x", role=None)),
    "not registered": (scan("x", role=None),),
    "denied": (registered("x"), scan("x", role=None, result="denied", reason="unpaid")),
    "beacon": (registered("x"), scan("x", role=None, source_type="ble_rollup")),
    "gate not countable": (registered("x"), scan("x", role=None, gate="goods")),
    "outside opening hours": (registered("x"), scan("x", role=None, at="08:59:59.999")),
    "test": (registered("x"), scan("x", role=None, test=True)),
}


@pytest.mark.parametrize("reason", TIMES)
def test_the_excluded_sheet_says_why(reason: str) -> None:
    found = sheets(TIMES[reason])
    assert found.counted == []
    assert column(found.excluded, "reason") == [reason]


def test_a_test_badge_is_on_the_excluded_sheet() -> None:
    assert column(sheets([registered(TEST_BADGE), scan(TEST_BADGE, role=None)]).excluded, "reason") == ["test"]


def test_the_row_of_an_excluded_person_is_of_the_entry_that_came_nearest() -> None:
    early = scan("x", role=None, at="08:00", gate="goods")
    at_goods = scan("x", role=None, at="10:00", gate="goods")
    later = scan("x", role=None, at="12:00", gate="goods")
    found = sheets([early, later, at_goods, registered("x")]).excluded
    assert (column(found, "event_id"), column(found, "reason")) == ([at_goods.event_id], ["gate not countable"])
    found = sheets([early, registered("x", "media")]).excluded
    assert column(found, "reason") == ["role excluded; gate not countable; outside opening hours"]


def test_a_person_is_on_one_of_the_two_sheets_of_a_day() -> None:
    events = [
        scan("ada", role=None, at="08:00"),
        scan("ada", role=None, at="09:30"),
        scan("ada", role=None, at=f"{SECOND_DAY} 09:59"),
        touch("bob"),
        registered("ada"),
        registered("bob"),
    ]
    found = sheets(events)
    assert (column(found.counted, "day"), column(found.excluded, "day")) == ([FIRST_DAY], [SECOND_DAY])
    assert sheets(events, day=SECOND_DAY) == Sheets([], found.excluded, [], 0)


def test_typed_and_forced_scans_of_any_kind_are_a_sheet_of_their_own_whoever_it_was() -> None:
    typed = scan("sue", role=None, at="09:10", source_type="manual")
    forced = scan("ada", role=None, at="09:20", forced=True)
    inside = scan("ada", "zone_in", role=None, at="09:30", source_type="manual")
    at_booth = scan(None, "booth", role=None, at="09:40", source_type="manual")
    left = scan("sue", "exit", role=None, at="09:50", source_type="manual", forced=True)
    events = [
        *(registered("ada"), registered("sue", "exhibitor_staff"), typed, forced, scan("ada", role=None)),
        *(left, at_booth, inside, scan("ada", "booth", role=None)),
        scan("ada", role=None, source_type="manual", result="denied"),
        scan("ada", role=None, forced=True, test=True),
    ]
    found = sheets(events).by_hand
    assert [row[BY_HAND.index("event_id")] for row in found] == [
        one.event_id for one in (typed, forced, inside, at_booth, left)
    ]
    assert [row[BY_HAND.index("kind")] for row in found] == ["entry", "entry", "zone_in", "booth", "exit"]
    assert [row[BY_HAND.index("place")] for row in found] == ["north", "north", "h1", "h1-001", "north"]
    assert [row[BY_HAND.index("role")] for row in found][3] == "unknown"
    kpis = Oracle(fair_file(register=True), LATENESS).read(records(events)).kpis()
    assert kpis["scans_by_source"][FIRST_DAY][frozenset({("source", "manual")})] == 4
    assert kpis["forced_passages"][FIRST_DAY][frozenset({("gate", "north")})] == 2


def test_a_denied_scan_without_a_badge_is_nobody_on_a_sheet() -> None:
    found = sheets([scan(None, role=None, result="denied", reason="unknown_badge")])
    assert found == Sheets([], [], [], 0)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (touch("ada", source_type="manual"), "demo_started"),
        (touch("ada", "lead_captured", source_type="manual"), "lead_captured"),
        (touch(None, source_type="manual"), "demo_started"),
        (touch("ada", "lead_captured", source_type="qr"), None),
        (touch("ada", "lead_captured"), None),
        (touch("ada", source_type="manual", test=True), None),
    ],
    ids=["typed", "typed lead", "typed without consent", "scanned", "nobody says", "test"],
)
def test_typed_interactions_are_listed_too(event: ExhibitInteraction, kind: str | None) -> None:
    rows = sheets([registered("ada"), event]).by_hand
    told = [tuple(row[BY_HAND.index(name)] for name in ("kind", "place", "source_type", "forced")) for row in rows]
    assert told == ([] if kind is None else [(kind, "night-train", "manual", "no")])


def test_a_person_who_counts_once_per_fair_has_one_row_and_the_later_days_are_excluded() -> None:
    first = scan("ada", role=None, at="12:00")
    second = scan("ada", role=None, at=f"{SECOND_DAY} 11:00")
    events = [second, first, registered("ada"), registered("bob"), scan("bob", role=None, at=f"{SECOND_DAY} 12:00")]
    found = sheets(events, "abc")
    assert column(found.counted, "event_id")[0] == first.event_id
    assert (len(found.counted), found.figure) == (2, 2)
    assert (column(found.excluded, "event_id"), column(found.excluded, "reason")) == (
        [second.event_id],
        ["counted before"],
    )
    of_a_day = sheets(events, "abc", day=SECOND_DAY)
    assert (len(of_a_day.counted), of_a_day.figure, of_a_day.excluded) == (2, 2, [])
    by_day = sheets(events)
    assert (len(by_day.counted), by_day.figure, by_day.excluded) == (3, 3, [])


def test_without_a_register_the_scan_says_role_and_country() -> None:
    events = [scan("ada", residence_country="FR"), scan("meg", role="media")]
    found = sheets(events, register=False)
    assert [column(found.counted, name) for name in ("role", "country")] == [["visitor_professional"], ["FR"]]
    assert [column(found.excluded, name) for name in ("role", "country")] == [["media"], ["unknown"]]


@pytest.mark.parametrize("register", [True, False])
@pytest.mark.parametrize("profile", [one.name for one in WRITTEN])
def test_the_sheet_of_a_profile_has_as_many_rows_as_its_figure(profile: str, *, register: bool) -> None:
    later = (scan(role, role=None if register else role, at=f"{SECOND_DAY} 11:00") for role in ROLES[:4])
    first = (scan(role, role=None if register else role) for role in ROLES)
    events = [*first, *later, *(TEN_ROLES[10:] if register else ())]
    counts = Oracle(fair_file(register), LATENESS).read(records(events)).kpis()["counted_by_profile"]
    key = frozenset({("profile", profile)})
    for day in (None, FIRST_DAY, SECOND_DAY):
        found = sheets(events, profile, day=day, register=register)
        assert len(found.counted) == found.figure == counts[day or "fair"][key], day


def written(folder: Path, *options: str) -> Path:
    """Record the ten roles, and let the audit write its files."""
    file = fair_file(register=True)
    with RecordingWriter(folder / "day.fairrec", "small-2025", {}, file) as writer:
        for topic, partition, offset, key, value in records(TEN_ROLES):
            writer.write(RecordedRecord(topic, partition, offset, 0, key, value))
    done = CliRunner().invoke(audit, [str(folder / "day.fairrec"), "--out", str(folder / "audit"), *options])
    assert done.exit_code in {0, 1}, (
        done.output,
        done.exception,
    )
    assert "audited" not in (folder / "audit" / "manifest.json").read_text()
    return folder / "audit"


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(("options", "profile", "counted"), [((), "fkm", 2), (("--profile", "abc"), "abc", 6)])
def test_the_audit_writes_the_sheets_of_the_fairs_profile_or_of_another(
    tmp_path: Path, options: tuple[str, ...], profile: str, counted: int
) -> None:
    folder = written(tmp_path, *options)
    head, *found = rows(folder / "counted.csv")
    assert (tuple(head), len(found)) == (EVIDENCE, counted)
    head, *found = rows(folder / "excluded.csv")
    assert (tuple(head), len(found)) == (EXCLUDED, 10 - counted)
    assert rows(folder / "by_hand.csv") == [[*BY_HAND]]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["profile"] == profile
    assert manifest["counted_rows"] == manifest["counted_by_profile"] == counted
    names = ["counted.csv", "excluded.csv", "by_hand.csv", "numbers.csv", "restated.csv", "terminals.csv"]
    assert [one["name"] for one in manifest["files"]] == names


def test_a_profile_that_nobody_knows_is_refused_and_one_without_files_too(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "day.fairrec", "small-2025", {}, fair_file(register=True)) as writer:
        one = scan("ada", role=None)
        writer.write(RecordedRecord(topic_of(one).name, 0, 0, 0, key_of(one), encode(one)))
    path = str(tmp_path / "day.fairrec")
    done = CliRunner().invoke(audit, [path, "--profile", "ufi", "--out", str(tmp_path / "audit")])
    assert str(done.exception) == "--profile: the fair has no such profile; one of a762_1, abc, fkm"
    done = CliRunner().invoke(audit, [path, "--profile", "abc"])
    assert "--profile: only with --out, for the lists that it writes" in done.output

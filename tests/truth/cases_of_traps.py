"""The traps of the page on the domain that concern people, one case or more for each that applies."""

from tests.support.builders import FIRST_DAY, SECOND_DAY, meeting, numbered_id, registered, scan, touch
from tests.truth.playing import Case

SENT_AGAIN = numbered_id(10**6 + 2)
AT_HOME = {"host_country: DE": "host_country: CN", "Europe/Berlin": "Asia/Shanghai"}
FROM = {"anna": "CN", "bo": "HK", "chen": "TW", "mo": "MO", "dora": "DE"}
OF_FIVE_REGIONS = (
    *(registered(who, country=country) for who, country in FROM.items()),
    registered("eve"),
    *(scan(who, role=None) for who in (*FROM, "eve")),
)
COUNTRIES = {"fair": {**{f"country={country}": 1 for country in FROM.values()}, "country=unknown": 1}}

OF_TRAPS = (
    Case(
        "coming back in adds passages and no visit",
        "trap 1",
        [
            registered("ada"),
            *(scan("ada", role=None, at=at) for at in ("09:10", "12:00", "15:00")),
            scan("ada", "exit", role=None, at="11:00"),
        ],
        {
            "gate_passages": {"fair": {"gate=north, direction=entry": 3, "gate=north, direction=exit": 1}},
            "visits": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "unique_visitors": {"fair": {"": 1}},
            "repeat_visits": {"fair": {"": 0}},
        },
    ),
    Case(
        "unique visitors are not the sum of the days",
        "trap 2",
        [
            *(registered(who, country="NO") for who in ("ada", "bob", "cy")),
            *(scan(who, role=None) for who in ("ada", "bob")),
            *(scan(who, role=None, at=f"{SECOND_DAY} 11:00") for who in ("bob", "cy")),
        ],
        {
            "visits": {FIRST_DAY: {"": 2}, SECOND_DAY: {"": 2}, "fair": {"": 4}},
            "unique_visitors": {"fair": {"": 3}},
            "international_visitors": {FIRST_DAY: {"": 2}, SECOND_DAY: {"": 2}, "fair": {"": 3}},
            "visitors_by_country": {"fair": {"country=NO": 3}},
            "visits_by_group": {"fair": {"group=foreign": 4}},
            "visitors_by_group": {"fair": {"group=foreign": 3}},
            "first_time_visitors": {FIRST_DAY: {"": 2}, SECOND_DAY: {"": 1}},
            "returning_visitors": {SECOND_DAY: {"": 1}, "fair": {"": 1}},
        },
    ),
    Case(
        "a visitor of two booths is one in their audience",
        "trap 3",
        [
            registered("ada"),
            scan("ada", role=None),
            *(scan("ada", "booth", role=None, booth=booth) for booth in ("h1-001", "h2-001")),
        ],
        {
            "booth_visitors": {FIRST_DAY: {"booth=h1-001": 1, "booth=h2-001": 1}},
            "booth_audience": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
        },
    ),
    Case(
        "staff, press and contractors are not visitors",
        "trap 4",
        [
            registered("ada"),
            registered("sue", "exhibitor_staff"),
            registered("meg", "media"),
            registered("con", "contractor"),
            registered("org", "organiser"),
            *(scan(who, role=None) for who in ("ada", "sue", "meg", "con", "org")),
        ],
        {
            "gate_passages": {FIRST_DAY: {"gate=north, direction=entry": 5}},
            "visits": {FIRST_DAY: {"": 1}},
            "unique_visitors": {"fair": {"": 1}},
            "attendance": {FIRST_DAY: {"": 2}},
            "site_occupancy": {FIRST_DAY: {"": 5}},
        },
    ),
    Case(
        "ABC counts the press and FKM does not",
        "trap 5",
        [registered("meg", "media"), scan("meg", role=None)],
        {
            "counted_by_profile": {"fair": {"profile=abc": 1}},
            "visits": {"fair": {}},
        },
    ),
    Case(
        "a reprint on the second day is not a new person",
        "trap 6",
        [
            registered("ada", country="US"),
            registered("ada", country="US", revision=2),
            scan("ada", role=None, terminal="gate-1"),
            scan("ada", role=None, terminal="gate-9", at=f"{SECOND_DAY} 12:00"),
        ],
        {
            "unique_visitors": {"fair": {"": 1}},
            "visitors_by_country": {"fair": {"country=US": 1}},
            "counted_by_profile": {"fair": {"profile=fkm": 2, "profile=abc": 1, "profile=a762_1": 2}},
        },
    ),
    Case(
        "one badge at two scanners without a net is two passages and one visit",
        "trap 7",
        [
            registered("ada"),
            scan("ada", role=None, terminal="gate-1", capture="offline_replay", received="12:00"),
            scan("ada", role=None, terminal="gate-2", capture="offline_replay", received="12:00"),
        ],
        {
            "gate_passages": {FIRST_DAY: {"gate=north, direction=entry": 2}},
            "visits": {FIRST_DAY: {"": 1}},
        },
    ),
    Case(
        "a clock that is two hours slow is put right by its offset",
        "trap 11",
        [
            registered("ada"),
            registered("bob"),
            scan("ada", role=None, at="07:10", received="09:10", clock_offset_ms=7_200_000),
            scan("bob", role=None, at="16:10", received="18:10", clock_offset_ms=7_200_000),
        ],
        {
            "visits": {FIRST_DAY: {"": 1}},
            "clock_suspects": {"fair": {}},
            "events": {FIRST_DAY: {"topic=fair.scans": 2}},
        },
    ),
    Case(
        "a clock of another year counts at the time of arrival",
        "trap 11",
        [registered("ada"), scan("ada", role=None, at="2029-01-01 12:00", received="11:00")],
        {
            "visits": {FIRST_DAY: {"": 1}},
            "clock_suspects": {FIRST_DAY: {"topic=fair.scans": 1}},
        },
    ),
    Case(
        "what comes a day late counts on its own day",
        "trap 12",
        [
            registered("ada"),
            scan("ada", role=None, at="17:00", received=f"{SECOND_DAY} 12:00", capture="offline_replay"),
        ],
        {
            "visits": {FIRST_DAY: {"": 1}, SECOND_DAY: {}, "fair": {"": 1}},
            "late_events": {FIRST_DAY: {"topic=fair.scans": 1}},
        },
    ),
    Case(
        "an event that is sent again and again counts once",
        "trap 13",
        [
            registered("ada"),
            *(scan("ada", role=None, event_id=SENT_AGAIN, received=at) for at in ("11:00", "11:01", "12:00")),
            scan("ada", role=None, event_id=SENT_AGAIN, terminal="t-2"),  # another terminal: another event
        ],
        {
            "gate_passages": {FIRST_DAY: {"gate=north, direction=entry": 2}},
            "events": {"fair": {"topic=fair.scans": 2}},
            "duplicate_events": {FIRST_DAY: {"topic=fair.scans": 2}, "fair": {"topic=fair.scans": 2}},
            "visits": {FIRST_DAY: {"": 1}},
            "gate_entries_by_role": {FIRST_DAY: {"gate=north, role=visitor_public": 2}},
            "scans_by_source": {FIRST_DAY: {"source=qr": 2}},
        },
    ),
    Case(
        "a revoked badge is a denial with its reason, and not a harmless copy",
        "trap 14",
        [
            *(registered(who) for who in ("ada", "bob", "cy")),
            scan("ada", role=None, at="10:00"),
            scan("ada", role=None, at="12:00", result="denied", reason="revoked"),
            scan("bob", role=None, at="12:00", result="denied", reason="unpaid"),
            scan("cy", "exit", role=None, at="12:00", result="denied"),
        ],
        {
            "gate_denials": {
                FIRST_DAY: {
                    "gate=north, reason=revoked": 1,
                    "gate=north, reason=unpaid": 1,
                    "gate=north, reason=unstated": 1,
                }
            },
            "gate_passages": {FIRST_DAY: {"gate=north, direction=entry": 1}},
            "visits": {FIRST_DAY: {"": 1}},
            "attendance_by_role": {FIRST_DAY: {"role=visitor_public": 1}},
            "duplicate_events": {"fair": {}},
        },
    ),
    Case(
        "an admission that was forced counts, and is counted apart",
        "trap 14",
        [
            registered("ada"),
            scan("ada", role=None, forced=True),
            scan("ada", "exit", role=None, forced=True, gate="goods"),
            scan("ada", "booth", role=None, forced=True),
            scan("ada", role=None, at="12:00", forced=True, result="denied", reason="unpaid"),
        ],
        {
            "forced_passages": {FIRST_DAY: {"gate=north": 1, "gate=goods": 1}},
            "visits": {FIRST_DAY: {"": 1}},
        },
    ),
    Case(
        "opening time is inside and closing time is not, on both sides of the change to winter time",
        "trap 16",
        [
            *(registered(who) for who in ("a", "b", "c", "d", "e", "f", "g", "h", "i")),
            scan("a", role=None, at="08:59:59.999"),
            scan("b", role=None, at="09:00"),
            scan("c", role=None, at="17:59:59.999"),
            scan("d", role=None, at="18:00"),
            scan("e", role=None, at=f"{SECOND_DAY} 09:59:59.999"),
            scan("f", role=None, at=f"{SECOND_DAY} 10:00"),
            scan("g", role=None, at=f"{SECOND_DAY} 15:59:59.999"),
            scan("h", role=None, at=f"{SECOND_DAY} 16:00"),
            scan("i", role=None, at=f"{SECOND_DAY} 00:30"),
        ],
        {
            "visits": {FIRST_DAY: {"": 2}, SECOND_DAY: {"": 2}, "fair": {"": 4}},
            "gate_passages": {
                FIRST_DAY: {"gate=north, direction=entry": 4},
                SECOND_DAY: {"gate=north, direction=entry": 5},
            },
            "gate_entries_by_role": {"fair": {"gate=north, role=visitor_public": 9}},
            "attendance_by_role": {"fair": {"role=visitor_public": 4}},
        },
    ),
    Case(
        "an entry at a gate that does not count is not a visit",
        "trap 16",
        [registered("ada"), scan("ada", role=None, gate="goods")],
        {
            "visits": {"fair": {}},
            "attendance_by_role": {"fair": {}},
            "gate_passages": {"fair": {"gate=goods, direction=entry": 1}},
            "gate_entries_by_role": {"fair": {"gate=goods, role=visitor_public": 1}},
        },
    ),
    Case(
        "Hong Kong, Macao and Taiwan are abroad for a Chinese fair unless it says otherwise",
        "trap 18",
        OF_FIVE_REGIONS,
        {
            "visitors_by_country": COUNTRIES,
            "visitors_by_group": {"fair": {"group=domestic": 1, "group=foreign": 4, "group=unknown": 1}},
            "visits_by_group": {FIRST_DAY: {"group=domestic": 1, "group=foreign": 4, "group=unknown": 1}},
            "international_visitors": {"fair": {"": 4}},
        },
        fair=AT_HOME,
    ),
    Case(
        "Hong Kong, Macao and Taiwan are at home for a Chinese fair that says so",
        "trap 18",
        OF_FIVE_REGIONS,
        {
            "visitors_by_country": COUNTRIES,
            "visitors_by_group": {"fair": {"group=domestic": 4, "group=foreign": 1, "group=unknown": 1}},
            "international_visitors": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "counted_by_profile": {"fair": {f"profile={name}": 6 for name in ("fkm", "abc", "a762_1", "own")}},
            "counted_by_group": {
                "fair": {
                    "group=domestic, profile=own": 4,
                    "group=foreign, profile=own": 1,
                    "group=unknown, profile=own": 1,
                    **{f"group=domestic, profile={name}": 1 for name in ("fkm", "abc", "a762_1")},
                    **{f"group=foreign, profile={name}": 4 for name in ("fkm", "abc", "a762_1")},
                    **{f"group=unknown, profile={name}": 1 for name in ("fkm", "abc", "a762_1")},
                },
            },
        },
        fair=AT_HOME | {"host_country: CN": "host_country: CN\nregions_abroad: no"},
    ),
    Case(
        "those who registered are not those who came",
        "trap 29",
        [*(registered(who) for who in ("ada", "bob", "cy")), registered("meg", "media"), scan("ada", role=None)],
        {
            "registered_badges": {"fair": {"role=visitor_public": 3, "role=media": 1}},
            "visits": {"fair": {"": 1}},
            "unique_visitors": {"fair": {"": 1}},
            "visitors_by_country": {"fair": {"country=unknown": 1}},
            "events": {"fair": {"topic=fair.scans": 1}},
        },
    ),
    Case(
        "a fair without a register takes no registration, and no scan without a role",
        "trap 29",
        [registered("ada"), scan("ada", role=None), scan("bob", role="visitor_public")],
        {
            "rejected_events": {
                "fair": {"topic=fair.badges, reason=no_register": 1, "topic=fair.scans, reason=missing_field": 1}
            },
            "visits": {"fair": {"": 1}},
            "registered_badges": {"fair": {}},
        },
        register=False,
    ),
    Case(
        "a telephone that is near a booth is not a visitor of it",
        "trap 31",
        [
            registered("ada"),
            scan("ada", role=None),
            *(scan("ada", "booth", role=None, at=at, source_type="ble_rollup") for at in ("11:00", "12:00", "13:00")),
        ],
        {
            "booth_scans": {FIRST_DAY: {}},
            "booth_visitors": {FIRST_DAY: {}, "fair": {}},
            "booth_audience": {FIRST_DAY: {}, "fair": {}},
            "funnel": {FIRST_DAY: {"step=visit": 1}},
            "visits": {FIRST_DAY: {"": 1}},
        },
    ),
    Case(
        "a scan at a booth is not a lead, and a lead is not a meeting",
        "trap 34",
        [
            registered("ada"),
            scan("ada", role=None),
            scan("ada", "booth", role=None),
            scan("ada", "session", role=None),
            touch("ada", "meeting_booked"),
            touch("ada", "lead_captured"),
            meeting("m-1", "invited"),
        ],
        {
            "booth_scans": {FIRST_DAY: {"booth=h1-001": 1}},
            "leads": {"fair": {"section=travel": 1}},
            "interactions": {"fair": {"kind=meeting_booked": 1, "kind=lead_captured": 1}},
            "meetings": {"fair": {"step=invited": 1}},
            "gate_passages": {"fair": {"gate=north, direction=entry": 1}},
            "scans_by_source": {FIRST_DAY: {"source=qr": 3}},
        },
    ),
)

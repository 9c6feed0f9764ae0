"""Sections 1.1, 1.2, 1.3, 1.6 and 1.12 of the page: who a badge is, what a visit is, who is counted by whom."""

import json

from schemas.codes import BadgeRole
from schemas.wire import encode
from tests.support.builders import FIRST_DAY, SECOND_DAY, annulled, badge, meeting, numbered_id, registered, scan, touch
from tests.truth.playing import Case, Raw

ROLES = tuple(str(role) for role in BadgeRole)
TEST_BADGE = "7e57" + "0123456789abcdef" * 2


def in_the_register(country: str) -> Raw:
    """Return what the register says of a person, with any word as the country."""
    event = registered("ada")
    fields = json.loads(encode(event)) | {"residence_country": country}
    return "fair.badges", badge("ada").encode(), json.dumps(fields).encode()


STRANGERS = ("uno", "due", "tre")

OF_PEOPLE = (
    Case(
        "the current registration counts, whatever came first",
        "1.1",
        [
            scan("ada", at="09:10", role=None),
            registered("ada", country="DE", at="08:00"),
            registered("ada", country="US", revision=2, at="14:00"),
            scan("bob", at="09:30", role=None),
            registered("bob", at="08:00"),
            registered("bob", "exhibitor_staff", revision=2, exhibitor="e1", at="12:00"),
            *(scan(who, at="10:00", role=None) for who in STRANGERS),
            *(registered(who, at="08:00") for who in STRANGERS),
        ],
        {
            "visits": {FIRST_DAY: {"": 4}, "fair": {"": 4}},
            "unique_visitors": {"fair": {"": 4}},
            "visitors_by_country": {"fair": {"country=US": 1, "country=unknown": 3}},
            "international_visitors": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "visits_by_group": {FIRST_DAY: {"group=foreign": 1, "group=unknown": 3}},
            "visitors_by_group": {"fair": {"group=foreign": 1, "group=unknown": 3}},
            "attendance": {FIRST_DAY: {"": 5}, "fair": {"": 5}},
            "attendance_by_role": {FIRST_DAY: {"role=visitor_public": 4, "role=exhibitor_staff": 1}},
            "gate_entries_by_role": {
                "fair": {"gate=north, role=visitor_public": 4, "gate=north, role=exhibitor_staff": 1}
            },
            "registered_badges": {"fair": {"role=visitor_public": 4, "role=exhibitor_staff": 1}},
            "unregistered_badges": {"fair": {"": 0}},
            "events": {"fair": {"topic=fair.scans": 5}},
            "late_events": {"fair": {}},
            "duplicate_events": {"fair": {}},
        },
    ),
    Case(
        "a country that is not on the list of ISO 3166-1 is refused",
        "1.1",
        [in_the_register("UK"), in_the_register("ZZ"), in_the_register("GB"), scan("ada", role=None)],
        {
            "rejected_events": {"fair": {"topic=fair.badges, reason=bad_value": 2}},
            "visitors_by_country": {"fair": {"country=GB": 1}},
        },
    ),
    Case(
        "what a scan says of somebody does not count at a fair with a register",
        "1.1",
        [
            registered("ada", "visitor_professional", country="FR"),
            scan("ada", role="exhibitor_staff", residence_country="DE"),
            registered("bob", "media"),
            scan("bob", role="visitor_public", residence_country="NO"),
        ],
        {
            "visits": {"fair": {"": 1}},
            "professional_visits": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "visitors_by_country": {"fair": {"country=FR": 1}},
            "attendance_by_role": {"fair": {"role=visitor_professional": 1, "role=media": 1}},
        },
    ),
    Case(
        "of two contents of one revision the greater counts, and a lower revision never does",
        "1.1",
        [
            registered("ada", country="DE", revision=3),
            registered("ada", country="US", revision=3),
            registered("ada", country="ZA", revision=2),
            registered("bob", "exhibitor_staff", revision=1),
            registered("bob", "visitor_public", revision=1),
            registered("cy", country=None, revision=1),
            registered("cy", country="AD", revision=1),
            *(scan(who, role=None) for who in ("ada", "bob", "cy")),
        ],
        {
            "visits": {"fair": {"": 3}},
            "visitors_by_country": {"fair": {"country=US": 1, "country=unknown": 1, "country=AD": 1}},
        },
    ),
    Case(
        "a person who had everything erased was still there",
        "1.1",
        [
            registered("ada", country="US"),
            scan("ada", role=None),
            registered("ada", revision=2, erased=True),
        ],
        {
            "visits": {"fair": {"": 1}},
            "visitors_by_country": {"fair": {"country=unknown": 1}},
        },
    ),
    Case(
        "an event of a badge that the register lacks waits in fair.unresolved, and counts nowhere until then",
        "1.2",
        [
            registered("ada"),
            scan("ada", role=None),
            scan("nobody", role=None, at="12:00"),
            scan("noone", kind="booth", role=None),
            touch("noman"),
            annulled("taken back"),
        ],
        {
            "visits": {"fair": {"": 1}},
            "attendance_by_role": {FIRST_DAY: {"role=visitor_public": 1}},
            "gate_entries_by_role": {FIRST_DAY: {"gate=north, role=visitor_public": 1}},
            "booth_visitors": {FIRST_DAY: {}},
            "unregistered_badges": {"fair": {"": 0}},
            "events": {"fair": {"topic=fair.scans": 1}},
        },
        posted=True,
        waiting=4,
    ),
    Case(
        "a badge that the register lacks and a gate turns away is a denial at once, and stays one",
        "1.2",
        [
            scan("new", role=None, result="denied", reason="unknown_badge", at="09:10"),
            scan("new", kind="exit", role=None, result="denied", reason="unknown_badge", at="09:11"),
            scan("foreign", role=None, result="denied", reason="invalid", at="09:12"),
            scan("foreign", role=None, result="denied", at="09:13", gate="goods"),
            scan("new", kind="zone_in", role=None, result="denied", reason="unknown_badge", at="09:14"),
            registered("new", country="FR", at="09:20"),
            scan("new", role=None, at="09:30"),
            scan("new", role=None, result="denied", reason="already_redeemed", at="09:31"),
        ],
        {
            "gate_denials": {
                FIRST_DAY: {
                    "gate=north, reason=unknown_badge": 2,
                    "gate=north, reason=invalid": 1,
                    "gate=goods, reason=unstated": 1,
                    "gate=north, reason=already_redeemed": 1,
                }
            },
            "gate_passages": {FIRST_DAY: {"gate=north, direction=entry": 1}},
            "visits": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "visitors_by_country": {"fair": {"country=FR": 1}},
            "attendance_by_role": {FIRST_DAY: {"role=visitor_public": 1}},
            "hall_occupancy": {FIRST_DAY: {}},
            "unregistered_badges": {"fair": {"": 0}},
            "events": {"fair": {"topic=fair.scans": 7}},
            "rejected_events": {"fair": {}},
        },
        posted=True,
    ),
    Case(
        "a badge that the register lacks, in events that no gateway took, is counted apart",
        "1.2",
        [
            registered("ada"),
            scan("ada", role=None),
            scan("nobody", role=None, at="12:00"),
            scan("noone", kind="booth", role=None),
            touch("noman"),
            scan("refused", role=None, result="denied", reason="unknown_badge"),
            annulled("taken back"),
        ],
        {
            "visits": {"fair": {"": 1}},
            "unique_visitors": {"fair": {"": 1}},
            "attendance_by_role": {FIRST_DAY: {"role=visitor_public": 1, "role=unknown": 1}},
            "gate_entries_by_role": {FIRST_DAY: {"gate=north, role=visitor_public": 1, "gate=north, role=unknown": 1}},
            "attendance": {FIRST_DAY: {"": 1}},
            "unregistered_badges": {"fair": {"": 3}},
            "gate_denials": {FIRST_DAY: {"gate=north, reason=unknown_badge": 1}},
            "booth_visitors": {FIRST_DAY: {}},
        },
    ),
    Case(
        "a scan that waited for its registration, and was sent twice, is one visit at its own time",
        "1.2",
        [
            scan("late", role=None, at="09:20", received="09:20", event_id=numbered_id(10**6)),
            registered("late", country="FR", at="15:59"),
            scan("late", role=None, at="09:20", received="16:00", event_id=numbered_id(10**6)),
        ],
        {
            "visits": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "visitors_by_country": {"fair": {"country=FR": 1}},
            "gate_passages": {FIRST_DAY: {"gate=north, direction=entry": 1}},
            "duplicate_events": {FIRST_DAY: {"topic=fair.scans": 1}},
            "unregistered_badges": {"fair": {"": 0}},
        },
        posted=True,
    ),
    Case(
        "a reprint is the same person",
        "1.3",
        [
            registered("ada"),
            scan("ada", role=None, at="09:30", terminal="gate-1"),
            scan("ada", role=None, at="12:00", terminal="gate-2"),  # with the new badge, and the same reference
            scan("ada", role=None, at=f"{SECOND_DAY} 11:00", terminal="gate-2"),
        ],
        {
            "visits": {FIRST_DAY: {"": 1}, SECOND_DAY: {"": 1}, "fair": {"": 2}},
            "unique_visitors": {"fair": {"": 1}},
            "repeat_visits": {"fair": {"": 1}},
            "first_time_visitors": {FIRST_DAY: {"": 1}},
            "returning_visitors": {SECOND_DAY: {"": 1}, "fair": {"": 1}},
            "registered_badges": {"fair": {"role=visitor_public": 1}},
        },
    ),
    Case(
        "the ten roles once each, by every profile",
        "1.6",
        [*(scan(role, role=None) for role in ROLES), *(registered(role, role) for role in ROLES)],
        {
            "counted_by_profile": {
                FIRST_DAY: {"profile=fkm": 2, "profile=abc": 6, "profile=a762_1": 3},
                "fair": {"profile=fkm": 2, "profile=abc": 6, "profile=a762_1": 3},
            },
            "visits": {"fair": {"": 2}},
            "professional_visits": {"fair": {"": 1}},
            "attendance": {"fair": {"": 3}},
            "attendance_by_role": {"fair": {f"role={role}": 1 for role in ROLES}},
        },
    ),
    Case(
        "the ten roles once each, at a fair without a register",
        "1.6",
        [scan(role, role=role) for role in ROLES],
        {
            "counted_by_profile": {
                FIRST_DAY: {"profile=fkm": 2, "profile=abc": 6, "profile=a762_1": 3},
                "fair": {"profile=fkm": 2, "profile=abc": 6, "profile=a762_1": 3},
            },
            "visits": {"fair": {"": 2}},
            "attendance": {"fair": {"": 3}},
            "registered_badges": {"fair": {}},
            "unregistered_badges": {"fair": {}},
        },
        register=False,
    ),
    Case(
        "the ten roles on both days: FKM and A762-1 count days, ABC persons",
        "1.6",
        [
            *(scan(role, role=None) for role in ROLES),
            *(scan(role, role=None, at=f"{SECOND_DAY} 11:00") for role in ROLES),
            *(registered(role, role) for role in ROLES),
        ],
        {
            "counted_by_profile": {
                SECOND_DAY: {"profile=fkm": 2, "profile=abc": 6, "profile=a762_1": 3},
                "fair": {"profile=fkm": 4, "profile=abc": 6, "profile=a762_1": 6},
            },
            "visits": {"fair": {"": 4}},
            "attendance": {"fair": {"": 6}},
            "attendance_by_role": {"fair": {f"role={role}": 2 for role in ROLES}},
        },
    ),
    Case(
        "a fair that counts by ABC shows visitors of six roles",
        "1.6",
        [*(scan(role, role=None) for role in ROLES), *(registered(role, role) for role in ROLES)],
        {
            "visits": {"fair": {"": 6}},
            "unique_visitors": {"fair": {"": 6}},
            "attendance": {"fair": {"": 7}},
            "counted_by_profile": {"fair": {"profile=fkm": 2, "profile=abc": 6, "profile=a762_1": 3}},
        },
        fair={"visitor_roles: [visitor_professional, visitor_public]": "profile: abc"},
    ),
    Case(
        "a fair that says itself who is a visitor has a profile of its own beside the others",
        "1.6",
        [*(scan(role, role=None) for role in ROLES), *(registered(role, role) for role in ROLES)],
        {
            "visits": {"fair": {"": 2}},
            "professional_visits": {"fair": {"": 1}},
            "attendance": {"fair": {"": 3}},
            "counted_by_profile": {
                "fair": {"profile=fkm": 2, "profile=abc": 6, "profile=a762_1": 3, "profile=own": 2},
            },
        },
        fair={"[visitor_professional, visitor_public]": "[visitor_professional, delegate]"},
    ),
    Case(
        "test badges go through everything and are counted nowhere",
        "1.12",
        [
            scan(TEST_BADGE, role=None),
            scan(TEST_BADGE, kind="exit", role=None, at="12:00"),
            scan(TEST_BADGE, kind="booth", role=None),
            scan(TEST_BADGE, kind="zone_in", role=None),
            scan(TEST_BADGE, role=None, result="denied", reason="unpaid"),
            touch(TEST_BADGE, "lead_captured"),
            annulled(TEST_BADGE),
            registered(TEST_BADGE, country="US"),
            scan("ada", role=None, at=f"{SECOND_DAY} 11:00"),
            registered("ada"),
        ],
        {
            "test_events": {
                FIRST_DAY: {"topic=fair.scans": 6, "topic=fair.interactions": 1},
                "fair": {"topic=fair.scans": 6, "topic=fair.interactions": 1},
            },
            "visits": {FIRST_DAY: {}, "fair": {"": 1}},
            "unique_visitors": {"fair": {"": 1}},
            "gate_passages": {FIRST_DAY: {}, "fair": {"gate=north, direction=entry": 1}},
            "gate_denials": {FIRST_DAY: {}},
            "gate_entries_by_role": {FIRST_DAY: {}},
            "attendance_by_role": {FIRST_DAY: {}},
            "booth_scans": {FIRST_DAY: {}},
            "hall_occupancy": {FIRST_DAY: {}},
            "site_occupancy": {FIRST_DAY: {}},
            "interactions": {"fair": {}},
            "exhibit_interactions": {FIRST_DAY: {}},
            "leads": {"fair": {}},
            "scans_by_source": {FIRST_DAY: {}},
            "events": {"fair": {"topic=fair.scans": 1}},
            "event_lag": {FIRST_DAY: {}},
            "late_events": {"fair": {}},
            "registered_badges": {"fair": {"role=visitor_public": 1}},
            "unregistered_badges": {"fair": {"": 0}},
        },
    ),
    Case(
        "who tried a test terminal counts like anybody else at the others",
        "1.12",
        [
            registered("ada"),
            *(scan(who, role=None, test=True, at="08:30") for who in ("ada", "nobody")),
            *(scan(who, role=None, at="11:30") for who in ("ada", "nobody")),
            touch("ada", test=True),
            touch("ada", at="12:00"),
        ],
        {
            "visits": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "attendance_by_role": {"fair": {"role=visitor_public": 1, "role=unknown": 1}},
            "unregistered_badges": {"fair": {"": 1}},
            "exhibit_visitors": {FIRST_DAY: {"exhibit=night-train": 1}},
            "test_events": {"fair": {"topic=fair.scans": 2, "topic=fair.interactions": 1}},
        },
    ),
    Case(
        "what a test terminal sends of badges that the register lacks does not wait, and is counted as tests alone",
        "1.12",
        [
            registered("ada"),
            scan("new", role=None, test=True),
            scan("new", kind="exit", role=None, test=True),
            scan("new", kind="booth", role=None, test=True),
            scan("new", kind="zone_in", role=None, test=True),
            scan("new", role=None, result="denied", reason="unknown_badge", test=True),
            scan("other", role=None, test=True),
            annulled("new", gate_id="north", test=True),
            touch("new", "lead_captured", test=True),
            scan("ada", role=None, test=True),
            registered("new", at="12:00"),
            scan("new", role=None, at="12:30"),
            scan("unknown", role=None, at="12:30"),
        ],
        {
            "test_events": {"fair": {"topic=fair.scans": 8, "topic=fair.interactions": 1}},
            "visits": {"fair": {"": 1}},
            "gate_passages": {FIRST_DAY: {"gate=north, direction=entry": 1}},
            "gate_denials": {FIRST_DAY: {}},
            "booth_scans": {FIRST_DAY: {}},
            "leads": {"fair": {}},
            "events": {"fair": {"topic=fair.scans": 1}},
            "rejected_events": {"fair": {}},
            "unregistered_badges": {"fair": {"": 0}},
        },
        posted=True,
        waiting=1,
    ),
    Case(
        "what a test terminal sends is counted nowhere, with any badge and without one",
        "1.12",
        [
            registered("ada"),
            scan("ada", role=None, test=True),
            scan("ada", role=None, kind="booth", test=True),
            scan(None, role=None, kind="booth", test=True),
            scan("nobody", role=None, kind="booth", test=True),
            touch("ada", test=True),
            meeting("m-1", test=True),
            scan("ada", role=None, test=True, event_id=numbered_id(10**6 + 1)),
            scan("ada", role=None, test=True, event_id=numbered_id(10**6 + 1)),
        ],
        {
            "test_events": {"fair": {"topic=fair.scans": 5, "topic=fair.interactions": 1, "topic=fair.meetings": 1}},
            "visits": {"fair": {}},
            "booth_scans": {FIRST_DAY: {}},
            "meetings": {"fair": {}},
            "events": {"fair": {}},
            "duplicate_events": {"fair": {}},
            "scans_by_source": {FIRST_DAY: {}},
            "unregistered_badges": {"fair": {"": 0}},
            "registered_badges": {"fair": {"role=visitor_public": 1}},
        },
    ),
)

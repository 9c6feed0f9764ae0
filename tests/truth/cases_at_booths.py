"""Section 1.7 of the page, and the engagement KPIs D1 to D9 of the page on the domain: audiences count visitors."""

from tests.support.builders import FIRST_DAY, SECOND_DAY, meeting, registered, scan, touch
from tests.truth.playing import Case

STAFF = tuple(f"staff-{number}" for number in range(6))
PEOPLE = (
    registered("ada", "visitor_professional"),
    registered("bob"),
    *(registered(who, "exhibitor_staff", exhibitor="e1") for who in STAFF),
    *(scan(who, role=None, at="09:30") for who in ("ada", "bob", *STAFF)),
)


def at_booth(who: str | None, at: str, **words: str) -> object:
    """Return a scan at booth h1-001, which leaves it to the register who it is."""
    return scan(who, "booth", role=None, at=at, **words)


AT_BOOTHS = (
    Case(
        "two visitors, and six of the staff scanned by colleagues, are an audience of two",
        "1.7",
        [*PEOPLE, *(scan(who, "booth", role=None, at="10:00") for who in ("ada", "bob", *STAFF))],
        {
            "booth_audience": {FIRST_DAY: {"": 2}, "fair": {"": 2}},
            "visits": {FIRST_DAY: {"": 2}},
            "unique_visitors": {"fair": {"": 2}},
            "booth_visitors": {FIRST_DAY: {"booth=h1-001": 2}, "fair": {"booth=h1-001": 2}},
            "booth_scans": {FIRST_DAY: {"booth=h1-001": 8}},
            "funnel": {"fair": {"step=visit": 2, "step=booth": 2}},
        },
    ),
    Case(
        "staff is in no audience of exhibits and leaves no lead",
        "1.7",
        [
            *PEOPLE,
            *(touch(who, "lead_captured") for who in ("ada", *STAFF)),
            *(touch(who) for who in ("bob", "ada", *STAFF)),
            touch(None),
        ],
        {
            "exhibit_audience": {FIRST_DAY: {"": 2}, "fair": {"": 2}},
            "lead_audience": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "leads": {FIRST_DAY: {"section=travel": 1}, "fair": {"section=travel": 1}},
            "exhibit_visitors": {FIRST_DAY: {"exhibit=night-train": 2}},
            "interactions": {"fair": {"kind=lead_captured": 7, "kind=demo_started": 9}},
            "exhibit_interactions": {FIRST_DAY: {"exhibit=night-train": 16}},
        },
    ),
    Case(
        "a beacon makes neither a visit nor a booth visit, and a typed code makes both",
        "1.7",
        [
            registered("ada"),
            registered("bob"),
            scan("ada", role=None, at="09:30", source_type="ble_rollup"),
            scan("ada", "booth", role=None, source_type="ble_rollup"),
            scan(None, "booth", role=None, source_type="ble_rollup"),
            scan("bob", role=None, at="09:30", source_type="manual"),
            scan("bob", "booth", role=None, source_type="manual"),
        ],
        {
            "visits": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "attendance_by_role": {FIRST_DAY: {"role=visitor_public": 1}},
            "booth_scans": {FIRST_DAY: {"booth=h1-001": 1}},
            "booth_visitors": {FIRST_DAY: {"booth=h1-001": 1}},
            "booth_audience": {FIRST_DAY: {"": 1}},
            "scans_by_source": {FIRST_DAY: {"source=ble_rollup": 3, "source=manual": 2}},
        },
    ),
    Case(
        "without a register the role of the scan decides at booths, and every badge counts at exhibits",
        "1.7",
        [
            scan("ada", role="visitor_public"),
            scan("sue", role="exhibitor_staff"),
            scan("ada", "booth", role="visitor_public"),
            scan("sue", "booth", role="exhibitor_staff"),
            touch("ada", "lead_captured"),
            touch("sue", "lead_captured"),
        ],
        {
            "booth_visitors": {FIRST_DAY: {"booth=h1-001": 1}},
            "booth_audience": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "exhibit_visitors": {FIRST_DAY: {"exhibit=night-train": 2}},
            "exhibit_audience": {FIRST_DAY: {"": 1}, "fair": {"": 1}},
            "leads": {"fair": {"section=travel": 2}},
            "lead_audience": {"fair": {"": 1}},
        },
        register=False,
    ),
    Case(
        "scans of one badge at one booth at most five minutes apart are one",
        "D1",
        [
            *PEOPLE,
            at_booth("ada", "10:00"),
            at_booth("ada", "10:00:59.999"),
            at_booth("ada", "10:05"),
            at_booth("ada", "10:10"),  # five minutes after the one before: still the same
            at_booth("ada", "10:15:00.001"),  # a millisecond more after it: another one
            at_booth("bob", "10:02"),
            at_booth("ada", "10:02", booth="h2-001"),
            at_booth("ada", f"{FIRST_DAY} 23:58"),
            at_booth("ada", f"{SECOND_DAY} 00:01"),  # another day
            at_booth(None, "10:00"),
            at_booth(None, "10:00"),
        ],
        {
            "booth_scans": {
                FIRST_DAY: {"booth=h1-001": 6, "booth=h2-001": 1},
                SECOND_DAY: {"booth=h1-001": 1},
            },
            "booth_scans_by_section": {
                FIRST_DAY: {"section=finance": 6, "section=travel": 1},
                SECOND_DAY: {"section=finance": 1},
            },
            "soft_duplicates": {FIRST_DAY: {"": 3}, SECOND_DAY: {}, "fair": {"": 3}},  # 10:00:59, 10:05, 10:10
            "booth_visitors": {
                FIRST_DAY: {"booth=h1-001": 2, "booth=h2-001": 1},
                SECOND_DAY: {"booth=h1-001": 1},
                "fair": {"booth=h1-001": 2, "booth=h2-001": 1},
            },
        },
    ),
    Case(
        "a lead is one visitor of one exhibitor, however often it is taken",
        "D7",
        [
            *PEOPLE,
            touch("ada", "lead_captured"),
            touch("ada", "lead_captured", at="12:00"),
            touch("ada", "lead_captured", at=f"{SECOND_DAY} 12:00"),
            touch("ada", "lead_captured", exhibit="x-e1", exhibitor="e1"),
            touch("ada", "lead_captured", exhibit="x-e2", exhibitor="e2"),
            touch("bob", "lead_captured", at=f"{SECOND_DAY} 12:00"),
        ],
        {
            "leads": {
                FIRST_DAY: {"section=travel": 1, "section=finance": 2},
                SECOND_DAY: {"section=travel": 1},  # ada's was captured the day before: D7, "first captured"
                "fair": {"section=travel": 2, "section=finance": 2},
            },
            # On the second day nobody passed a gate: so nobody of the day's visitors left a lead.
            "lead_audience": {FIRST_DAY: {"": 1}, SECOND_DAY: {}, "fair": {"": 2}},
        },
    ),
    Case(
        "each step of the funnel takes only those of the step before",
        "D8",
        [
            *(registered(who) for who in ("all", "booth", "skip", "lead", "gate")),
            *(scan(who, role=None, at="09:30") for who in ("all", "booth", "skip", "gate")),  # lead never came in
            *(scan(who, "booth", role=None) for who in ("all", "booth", "lead")),
            *(touch(who) for who in ("all", "skip", "lead")),
            *(touch(who, "lead_captured") for who in ("all", "skip", "lead")),
        ],
        {
            "funnel": {
                FIRST_DAY: {"step=visit": 4, "step=booth": 2, "step=exhibit": 1, "step=lead": 1},
                "fair": {"step=visit": 4, "step=booth": 2, "step=exhibit": 1, "step=lead": 1},
            },
            "booth_audience": {FIRST_DAY: {"": 2}},
            "exhibit_audience": {FIRST_DAY: {"": 2}},
            "lead_audience": {FIRST_DAY: {"": 2}},
            "booth_visitors": {FIRST_DAY: {"booth=h1-001": 3}},
        },
    ),
    Case(
        "the funnel of the fair joins the days, and a day does not",
        "D8",
        [
            registered("ada"),
            scan("ada", role=None),
            scan("ada", "booth", role=None, at=f"{SECOND_DAY} 11:00"),
        ],
        {
            "funnel": {FIRST_DAY: {"step=visit": 1}, SECOND_DAY: {}, "fair": {"step=visit": 1, "step=booth": 1}},
            "booth_audience": {FIRST_DAY: {}, SECOND_DAY: {}, "fair": {"": 1}},
            "booth_visitors": {SECOND_DAY: {"booth=h1-001": 1}},
        },
    ),
    Case(
        "a meeting counts once in each step that it came to",
        "D9",
        [
            meeting("m-1", "invited"),
            meeting("m-1", "invited", at="12:00"),
            meeting("m-1", "accepted"),
            meeting("m-1", "held", at=f"{SECOND_DAY} 12:00"),
            meeting("m-2", "invited", exhibitor="e1"),
            meeting("m-2", "declined"),
        ],
        {
            "meetings": {
                FIRST_DAY: {"step=invited": 2, "step=accepted": 1, "step=declined": 1},
                SECOND_DAY: {"step=held": 1},
                "fair": {"step=invited": 2, "step=accepted": 1, "step=declined": 1, "step=held": 1},
            },
            "events": {"fair": {"topic=fair.meetings": 6}},
        },
    ),
    Case(
        "a step of a meeting that is reported again on another day counts on the first one alone",
        "D9",
        [
            meeting("m-1", "invited"),
            meeting("m-1", "invited", at=f"{SECOND_DAY} 11:00"),
            meeting("m-2", "held"),
            meeting("m-2", "held", at=f"{SECOND_DAY} 11:00"),
            meeting("m-3", "held", at=f"{SECOND_DAY} 11:30"),
            meeting("m-1", "invited", exhibitor="e1", at=f"{SECOND_DAY} 12:00"),
        ],
        {
            "meetings": {
                FIRST_DAY: {"step=invited": 1, "step=held": 1},
                SECOND_DAY: {"step=held": 1},
                "fair": {"step=invited": 1, "step=held": 2},
            },
            "events": {"fair": {"topic=fair.meetings": 6}},
        },
    ),
)

"""Rows about who came: what each audit profile counts, by role, and where people live."""

from dashboards.boards.shared import NO_VERDICT, TO_GATES, TO_QUALITY, counted, from_abroad, spoken, unknown_group
from dashboards.queries import fill, total
from dashboards.spec import NO_WORKER, Block, Kind, Panel, Query, Row, about
from streams.kpis.definition import Window
from streams.kpis.labels import Label
from streams.kpis.visits import (
    ATTENDANCE_BY_ROLE,
    COUNTED_BY_GROUP,
    COUNTED_BY_PROFILE,
    REPEAT_VISITS,
    VISITS_BY_GROUP,
)

_W = "$window"
_NOWHERE = "country unknown"


def _titled(expr: str) -> str:
    """Return a number of each audit profile with the profile's title."""
    return f"({expr}) * on (profile) group_left (title) max by (profile, title) (fair_profile_info)"


_WHO = Row(
    8,
    (
        Panel(
            id=1,
            kind=Kind.STAT,
            title="By the fair's profile",
            what="The name beside the number is that of the audit profile that the fair file names; the number is its "
            f"own figure, by its own rule. {about(COUNTED_BY_PROFILE)}",
            good="as Compare shows for the days before.",
            do="quote it with the name of the profile, and with its time: no body outside has audited it.",
            queries=(Query(counted(_W), "{{profile}}"),),
            unit="locale",
            width=3,
            no_value="no data",
            links=(TO_GATES,),
        ),
        Panel(
            id=17,
            kind=Kind.BARS,
            title="What does each audit profile count?",
            what=f"{about(COUNTED_BY_PROFILE)} Every profile is counted all the time; COUNTING.md has their rules.",
            good="each figure is for its own body. They are not expected to be equal.",
            do="never quote one without the name of its profile.",
            queries=(Query(f"sort_desc({_titled(total(COUNTED_BY_PROFILE, _W, Label.PROFILE))})", "{{title}}"),),
            unit="locale",
            width=8,
            no_value="no visit yet",
        ),
        Panel(
            id=18,
            kind=Kind.BARS,
            title="Who came, by role?",
            what=f"{about(ATTENDANCE_BY_ROLE)} `unknown`: persons whom the register lacks, or who gave no role.",
            good="few are unknown. The roles that a profile leaves out are here as well.",
            do="if many are unknown: with a register, a program writes to Kafka itself, see Persons, by the register, "
            "on Data quality. Without one, terminals send no role.",
            queries=(
                Query(f"sort_desc({spoken(total(ATTENDANCE_BY_ROLE, _W, Label.ROLE), Label.ROLE)} > 0)", "{{role}}"),
            ),
            unit="locale",
            width=7,
            no_value="no visit yet",
            links=(TO_QUALITY,),
        ),
        Block(
            6,
            (
                Row(
                    4,
                    (
                        Panel(
                            id=20,
                            kind=Kind.STAT,
                            title="Visits from abroad",
                            what="Visits from abroad as a share of those whose country is known, and beside it the "
                            "number of visits whose country is unknown. If no country is known, there is no share. "
                            f"{about(VISITS_BY_GROUP)}",
                            good=NO_VERDICT,
                            do="quote both. Ask the registration for missing countries: in a register, they count at "
                            "once.",
                            queries=(
                                Query(from_abroad(VISITS_BY_GROUP, _W), "of the known ones"),
                                Query(unknown_group(VISITS_BY_GROUP, _W), _NOWHERE),
                            ),
                            units={_NOWHERE: "locale"},
                            unit="percentunit",
                            width=6,
                            decimals=1,
                            no_value=NO_WORKER,
                        ),
                    ),
                ),
                Row(
                    4,
                    (
                        Panel(
                            id=22,
                            kind=Kind.STAT,
                            title="Repeat visits, whole fair",
                            what=about(REPEAT_VISITS),
                            good="it rises from the second day on.",
                            do="none on the second day: everybody may have got a new badge. Without a register, that "
                            "is a new person.",
                            queries=(Query(fill(total(REPEAT_VISITS, Window.FAIR))),),
                            unit="locale",
                            width=6,
                        ),
                    ),
                ),
            ),
        ),
    ),
)

_ABROAD = Row(
    7,
    (
        Panel(
            id=25,
            kind=Kind.BARS,
            title="Where do those live whom each audit profile counts?",
            what=f"{about(COUNTED_BY_GROUP)} An unknown country is neither at home nor abroad.",
            good=NO_VERDICT,
            do="quote a share with the name of its profile, and with the number of those who are unknown.",
            queries=(
                Query(
                    f"sort_desc({_titled(total(COUNTED_BY_GROUP, _W, Label.PROFILE, Label.GROUP))})",
                    "{{title}}: {{group}}",
                ),
            ),
            unit="locale",
            width=24,
            no_value="no visit yet",
        ),
    ),
)

WHO_CAME = (_WHO, _ABROAD)

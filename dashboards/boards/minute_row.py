"""A row of the board of terminals: what happened at booths and exhibits in the last minute."""

from dashboards.queries import fill_bars, total
from dashboards.spec import Kind, Legend, Panel, Query, Row, about
from streams.kpis.booths import BOOTH_SCANS_BY_SECTION, INTERACTIONS
from streams.kpis.definition import Window
from streams.kpis.labels import Label

MINUTE = Row(
    7,
    (
        Panel(
            id=8,
            kind=Kind.TREND,
            title="How many badges do booths scan per minute?",
            what=f"{about(BOOTH_SCANS_BY_SECTION)} Each point is one minute.",
            good="it follows the day of the fair; no section falls to zero while the fair is open.",
            do="if a section falls to zero, its hall may have lost network or power: see Data quality.",
            queries=(
                Query(
                    fill_bars(
                        total(BOOTH_SCANS_BY_SECTION, Window.M1, Label.SECTION), Label.SECTION, "no scan this minute"
                    ),
                    "{{section}}",
                ),
            ),
            unit="locale",
            width=12,
            stack=True,
            legend=Legend.RIGHT,
        ),
        Panel(
            id=9,
            kind=Kind.TREND,
            title="How much happens at exhibits per minute?",
            what=f"{about(INTERACTIONS)} Each point is one minute.",
            good="it follows the day of the fair.",
            do="if a kind is missing altogether, the terminals' software may not report it.",
            queries=(
                Query(
                    fill_bars(total(INTERACTIONS, Window.M1, Label.KIND), Label.KIND, "nothing this minute"), "{{kind}}"
                ),
            ),
            unit="locale",
            width=12,
            stack=True,
            legend=Legend.RIGHT,
        ),
    ),
)

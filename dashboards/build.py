"""Boards to Grafana's JSON (schema 42), with the Foundation SDK. Only this module and tests import the SDK."""

import json
from collections.abc import Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models import dashboard as m
from grafana_foundation_sdk.models import prometheus as p

from dashboards.queries import ZERO
from dashboards.spec import (
    COLUMNS,
    DATASOURCE,
    NO_WORKER,
    QUIET,
    Board,
    Kind,
    Legend,
    Levels,
    Mark,
    Panel,
    Query,
    Variable,
    places,
)

TAG: Final = "fairpulse"
SOURCE: Final = c.DataSourceRef(type_val="prometheus", uid="${datasource}")
NAME_PX, NUMBER_PX, BAR_PX = 28, 60, 22
"""Sizes of text for the wall: on a screen of 55 inches, letters of 28 pixels can be read from five metres."""
NOTHING: Final = (
    'label_replace(label_replace(label_replace(vector(NaN), "currency", "value", "", ""), '
    '"profile", "-", "", ""), "unknown", "-", "", "")'
)
"""A series without a value; the labels are for names that say a currency, a profile, or how many are unknown."""
INSTANT: Final = frozenset({Kind.STAT, Kind.BARS, Kind.TABLE})
"""They show what is true now; with a range query a number that has gone would be shown on and on."""


def board_json(board: Board) -> str:
    """Return a board as the text of its JSON file: sorted keys, so that a change shows as a change."""
    return json.dumps(_board(board).build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _board(board: Board) -> dashboard.Dashboard:
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.question)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .tooltip(m.DashboardCursorSync.CROSSHAIR)
        .time(board.since, "now")
        .refresh(board.refresh)
        .timepicker(dashboard.TimePicker().refresh_intervals(["5s", "15s", "30s", "1m", "5m"]))
        .link(
            dashboard.DashboardLink("Boards")
            .type(m.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .keep_time(True)
            .icon("dashboard")
            .tooltip("The other boards, at the same time")
        )
        .with_variable(
            dashboard.DatasourceVariable("datasource")
            .label("Data source")
            .type("prometheus")
            .regex("")
            .multi(False)
            .current(m.VariableOption(text="Prometheus", value=DATASOURCE, selected=True))
        )
    )
    for variable in board.variables:
        made = made.with_variable(_variable(variable))
    for mark in board.marks:
        made = made.annotation(_mark(mark))
    for panel, left, top, height in places(board.rows):
        if left + panel.width > COLUMNS:
            raise ValueError(f"{board.uid}: panel {panel.id} does not fit into its row")
        made = made.with_panel(_panel(panel).grid_pos(m.GridPos(h=height, w=panel.width, x=left, y=top)))
    return made


def _variable(variable: Variable) -> Any:
    if variable.custom:
        options = [
            m.VariableOption(text=choice, value=choice, selected=choice == variable.start)
            for choice in variable.query.split(",")
        ]
        return (
            dashboard.CustomVariable(variable.name)
            .label(variable.label)
            .values(variable.query)
            .options(options)
            .current(m.VariableOption(text=variable.start, value=variable.start, selected=True))
        )
    made = (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(SOURCE)
        .query({"query": variable.query, "refId": "Variable"})
        .refresh(m.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(m.VariableSort.NATURAL_ASC)
        .multi(variable.all)
        .include_all(variable.all)
    )
    if variable.hidden:
        made = made.hide(m.VariableHide.HIDE_VARIABLE)
    if variable.all:
        made = made.all_value(".*").current(m.VariableOption(text="All", value="$__all", selected=True))
    return made


def _mark(mark: Mark) -> Any:
    return (
        dashboard.AnnotationQuery()
        .name(mark.name)
        .datasource(SOURCE)
        .enable(True)
        .hide(False)
        .icon_color(mark.colour)
        .expr(_in_sight(mark.expr) if mark.at_value else mark.expr)
        .title_format(mark.title)
        .text_format(mark.text)
        .use_value_for_time(mark.at_value)
        .step("60s")
    )


def _in_sight(seconds: str) -> str:
    """Return times in milliseconds, as Grafana takes them. It draws those outside of the trend too, beside it."""
    return f"({seconds}) * 1000 >= $__from <= $__to"


def _panel(panel: Panel) -> Any:
    made = _KINDS[panel.kind](panel)
    made = (
        made.id(panel.id)
        .title("" if _stands_alone(panel) else panel.title)
        .description(panel.description)
        .datasource(SOURCE)
        .unit(panel.unit)
        .no_value(_word_for_nothing(panel))
        .thresholds(
            dashboard.ThresholdsConfig()
            .mode(m.ThresholdsMode.ABSOLUTE)
            .steps([m.Threshold(value=value, color=colour) for value, colour in _levels(panel)])
        )
    )
    if panel.minimum is not None:
        made = made.min(panel.minimum)
    if panel.maximum is not None:
        made = made.max(panel.maximum)
    if panel.decimals is not None:
        made = made.decimals(panel.decimals)
    if panel.links and panel.kind is not Kind.TABLE:
        made = made.data_links([dashboard.DashboardLink(link.title).url(link.url) for link in panel.links])
    if panel.words:
        mapped = {value: m.ValueMappingResult(text=text, color=colour) for value, (text, colour) in panel.words.items()}
        made = made.mappings([m.ValueMap(options=mapped)])
    if _stands_alone(panel):
        nothing = m.ValueMappingResult(text=_word_for_nothing(panel), color=QUIET)
        match = m.DashboardSpecialValueMapOptions(match=m.SpecialValueMatch.NULL_AND_NAN, result=nothing)
        made = made.mappings([m.SpecialValueMap(options=match)])
    for name, colour in panel.colours.items():
        properties = [m.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour})]
        if name in panel.dashed:
            properties += [
                m.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [10, 10]}),
                m.DynamicConfigValue(id_val="custom.fillOpacity", value=0),
            ]
        made = made.override_by_name(name, properties)
    for name, unit in panel.units.items():
        whole = m.DynamicConfigValue(id_val="decimals", value=0)
        made = made.override_by_name(name, [m.DynamicConfigValue(id_val="unit", value=unit), whole])
    for number, query in enumerate(panel.queries):
        made = made.with_target(_target(query, panel, chr(ord("A") + number)))
    return made


def _word_for_nothing(panel: Panel) -> str:
    if panel.no_value:
        return panel.no_value
    return NO_WORKER if any(ZERO in query.expr for query in panel.queries) else "no data"


def _stands_alone(panel: Panel) -> bool:
    """Whether it is a number of the wall: it shows its title itself, larger than Grafana writes titles."""
    return panel.kind is Kind.STAT and panel.large and not panel.names


def _levels(panel: Panel) -> Levels:
    """Return the levels; where nothing is shown, Grafana takes the first one's colour, and nothing is not good."""
    (lowest, colour), *higher = panel.levels
    if panel.kind not in INSTANT or panel.minimum is None or lowest is not None or colour == QUIET:
        return panel.levels
    return ((None, QUIET), (panel.minimum, colour), *higher)


def _target(query: Query, panel: Panel, ref: str) -> Any:
    kind = panel.kind
    # A number without a series would stand on the wall without its name.
    expr = f"({query.expr}) or on () {NOTHING}" if _stands_alone(panel) else query.expr
    made = prometheus.Dataquery().expr(expr).ref_id(ref).datasource(SOURCE).editor_mode(p.QueryEditorMode.CODE)
    made = made.instant() if kind in INSTANT else made.range()
    if query.legend:
        made = made.legend_format(query.legend)
    return made.format(p.PromQueryFormat.TABLE if kind is Kind.TABLE else p.PromQueryFormat.TIME_SERIES)


def _last() -> Any:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _stat(panel: Panel) -> Any:
    several = len(panel.queries) > 1 or any(query.legend for query in panel.queries)
    named = c.BigValueTextMode.VALUE_AND_NAME if several or panel.large else c.BigValueTextMode.VALUE
    made = (
        stat.Panel()
        .reduce_options(_last())
        .graph_mode(c.BigValueGraphMode.NONE)
        .color_mode(c.BigValueColorMode.BACKGROUND if panel.names else c.BigValueColorMode.VALUE)
        .justify_mode(c.BigValueJustifyMode.CENTER)
        .text_mode(c.BigValueTextMode.NAME if panel.names else named)
        .color_scheme(dashboard.FieldColor().mode(m.FieldColorModeId.THRESHOLDS))
    )
    if several:
        made = made.wide_layout(False)  # the name above its number, not before it
    if panel.names:
        return made.text(common.VizTextDisplayOptions().title_size(NAME_PX))
    if panel.large:
        return made.display_name(panel.title).text(
            common.VizTextDisplayOptions().title_size(NAME_PX).value_size(NUMBER_PX)
        )
    return made


def _bars(panel: Panel) -> Any:
    made = (
        bargauge.Panel()
        .reduce_options(_last())
        .orientation(c.VizOrientation.HORIZONTAL)
        .display_mode(c.BarGaugeDisplayMode.BASIC)
        .value_mode(c.BarGaugeValueMode.COLOR)
        .name_placement(c.BarGaugeNamePlacement.LEFT)
        .color_scheme(dashboard.FieldColor().mode(m.FieldColorModeId.THRESHOLDS))
    )
    if panel.large:
        return made.text(common.VizTextDisplayOptions().title_size(BAR_PX).value_size(BAR_PX))
    return made


def _trend(panel: Panel) -> Any:
    made = (
        timeseries.Panel()
        .draw_style(c.GraphDrawStyle.LINE)
        .line_width(0 if panel.stack else 2)  # the line of a zero would run along the top of the stack
        .fill_opacity(70 if panel.stack else 10)
        .show_points(c.VisibilityMode.NEVER)
        .span_nulls(False)
        .legend(_legend(panel))
        .tooltip(common.VizTooltipOptions().mode(c.TooltipDisplayMode.MULTI).sort(c.SortOrder.DESCENDING))
        .color_scheme(dashboard.FieldColor().mode(m.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    )
    if panel.stack:
        made = made.stacking(common.StackingConfig().mode(c.StackingMode.NORMAL).group("A"))
    if panel.lines:
        made = made.thresholds_style(common.GraphThresholdsStyleConfig().mode(c.GraphThresholdsStyleMode.DASHED))
        made = made.axis_soft_max(panel.levels[-1][0] or 0)  # one sees how far it is to the worst level
    return made


def _legend(panel: Panel) -> Any:
    made = common.VizLegendOptions().show_legend(True)
    if panel.legend is Legend.BELOW:
        return made.display_mode(c.LegendDisplayMode.LIST).placement(c.LegendPlacement.BOTTOM).calcs([])
    return (
        made.display_mode(c.LegendDisplayMode.TABLE)
        .placement(c.LegendPlacement.RIGHT)
        .calcs(["lastNotNull"])
        .sort_by("Last *")
        .sort_desc(True)
    )


def _table(panel: Panel) -> Any:
    names = {query.legend: f"Value #{ref}" for query, ref in _refs(panel.queries)}
    heading = {**panel.keep, **{column: legend for legend, column in names.items()}}
    if len(panel.queries) == 1:
        heading["Value"] = panel.queries[0].legend
    order = {column: number for number, column in enumerate(heading)}
    hidden = {"Time": True, "__name__": True}
    made = (
        table.Panel()
        .with_transformation(m.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            m.DataTransformerConfig(
                id_val="organize", options={"excludeByName": hidden, "indexByName": order, "renameByName": heading}
            )
        )
        .color_scheme(dashboard.FieldColor().mode(m.FieldColorModeId.THRESHOLDS))
        .sort_by([common.TableSortByFieldState().display_name(panel.queries[0].legend).desc(not panel.up)])
    )
    if len(panel.levels) > 1 or panel.words:
        made = made.cell_options(c.TableColorTextCellOptions())
    for number, heading_of in enumerate(panel.keep.values()):
        properties = [m.DynamicConfigValue(id_val="unit", value="string")]
        if panel.links and number == 0:  # a link in every cell would take the numbers out of their line
            links = [{"title": link.title, "url": link.url} for link in panel.links]
            properties.append(m.DynamicConfigValue(id_val="links", value=links))
        if heading_of in panel.widths:
            properties.append(m.DynamicConfigValue(id_val="custom.width", value=panel.widths[heading_of]))
        made = made.override_by_name(heading_of, properties)
    return made


def _refs(queries: Sequence[Query]) -> list[tuple[Query, str]]:
    return [(query, chr(ord("A") + number)) for number, query in enumerate(queries)]


_KINDS: Final = {Kind.STAT: _stat, Kind.BARS: _bars, Kind.TREND: _trend, Kind.TABLE: _table}

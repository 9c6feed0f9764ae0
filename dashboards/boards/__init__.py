"""All boards: one module each, each for one question."""

from dashboards.boards import all_kpis, compare, deals, exhibitors, fair_now, gates, pipeline, quality, terminals
from dashboards.spec import Board

ALL_BOARDS: tuple[Board, ...] = (
    fair_now.BOARD,
    gates.BOARD,
    deals.BOARD,
    exhibitors.BOARD,
    quality.BOARD,
    terminals.BOARD,
    pipeline.BOARD,
    compare.BOARD,
    all_kpis.BOARD,
)

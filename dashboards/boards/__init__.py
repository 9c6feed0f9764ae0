"""All boards: one module each, each for one question."""

from dashboards.boards import fair_now
from dashboards.spec import Board

ALL_BOARDS: tuple[Board, ...] = (fair_now.BOARD,)

"""The table that an audit prints: one row per KPI and window, with its numbers added up."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from streams.shown.answers import Number, ShownValue

HEAD = ("KPI", "window", "numbers", "live", "recomputed", "difference")


def table_of(numbers: Sequence[Number]) -> list[str]:
    """Return aligned lines. Live and recomputed are sums over all labels; for a histogram, sums of its counts."""
    rows = [HEAD]
    for (name, window), group in groupby(numbers, key=lambda one: (one.name, one.window)):
        members = list(group)
        live, recomputed = _sum(one.live for one in members), _sum(one.recomputed for one in members)
        wrong = sum(one.differs for one in members)
        # Wrong numbers may add up to a right sum. Then the column says how many are wrong.
        difference = f"{live - recomputed:+,}" if live != recomputed else f"{wrong} wrong" if wrong else "0"
        rows.append((name, window, f"{len(members):,}", f"{live:,}", f"{recomputed:,}", difference))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return [
        "  ".join(_cell(text, width, column) for column, (text, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]


def _sum(values: Iterable[ShownValue]) -> int:
    return sum(value if isinstance(value, int) else value[0] for value in values)


def _cell(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column < 2 else text.rjust(width)

"""Findings of an audit about terminals, from their sequence numbers: lost events, and copies of a terminal's folder.

A terminal draws an epoch once for its folder, and numbers its events within it. So a machine that takes over in a new
folder may begin again at 1. If two events have the same terminal, epoch and number, two machines have that folder.
Events without an epoch prove less: the terminal may also have begun again at 1 by itself.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from streams.audit.recount.oracle import Oracle

TERMINALS: Final = ("terminal_id", "epoch", "events", "lowest_seq", "highest_seq", "missing", "used_twice")

MOST_LINES: Final = 20
"""Most terminals that a report names; terminals.csv has all."""


def terminal_rows(oracle: Oracle) -> Iterator[tuple[object, ...]]:
    """Yield a row for every terminal and epoch with numbered events; the epoch is empty for events without one."""
    for (terminal, epoch), one in sorted(oracle.sequences.items()):
        yield terminal, epoch, one.events, one.lowest, one.highest, one.missing, one.used_twice


def missing(oracle: Oracle) -> int:
    """Return how many sequence numbers of all terminals no accepted event has."""
    return sum(one.missing for one in oracle.sequences.values())


def used_twice(oracle: Oracle) -> int:
    """Return how many sequence numbers of all terminals two or more accepted events have."""
    return sum(one.used_twice for one in oracle.sequences.values())


def copied(oracle: Oracle) -> Counter[str]:
    """Return the terminals that two machines send as, each with how many numbers both used; empty if there are none."""
    return _by_terminal(oracle, proven=True)


def terminal_lines(oracle: Oracle) -> list[str]:
    """Return a line for every terminal whose numbers were used twice, then the totals of all terminals."""
    sure, unsure = copied(oracle), _by_terminal(oracle, proven=False)
    lines = [
        f"terminal {terminal}: {_numbers(count)} used twice: two machines send as this terminal; "
        "stop one, and pair it anew into an empty folder with a token of its own"
        for terminal, count in sorted(sure.items())
    ]
    lines += [
        f"terminal {terminal}: {_numbers(count)} used twice, by events without an epoch: two machines send as this "
        "terminal, or it began again at 1; see how many machines there are"
        for terminal, count in sorted(unsure.items())
    ]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"... and {len(lines) - MOST_LINES:,} more; --out writes all of them to terminals.csv"]
    terminals = len({terminal for terminal, _ in oracle.sequences})
    gone = f"{missing(oracle):,} sequence numbers missing (lost, refused, on their way, or waiting for a registration)"
    return [*lines, f"{terminals:,} terminals, {gone}, {used_twice(oracle):,} used twice"]


def _by_terminal(oracle: Oracle, *, proven: bool) -> Counter[str]:
    found = Counter[str]()
    for (terminal, epoch), one in oracle.sequences.items():
        if one.used_twice and bool(epoch) is proven:
            found[terminal] += one.used_twice
    return found


def _numbers(count: int) -> str:
    return "1 number was" if count == 1 else f"{count:,} numbers were"

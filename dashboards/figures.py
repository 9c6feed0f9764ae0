"""Figures that were measured: each stands once, in a table of a README, with its date and its command."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from schemas.errors import FairpulseError

ROOT: Final = Path(__file__).parents[1]
HOMES: Final = (ROOT / "tests" / "bench" / "README.md", ROOT / "tests" / "campaign" / "README.md")
"""The pages on which figures stand."""
HEAD: Final = ("name", "figure", "value", "date", "machine", "command")


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of a table of figures.

    Attributes:
        name: by which other pages and the benchmarks name it.
        figure: what was measured, in words.
        value: what it came to, with its unit.
        date: the day of the measurement, as 2026-11-29.
        machine: which of the machines that the page describes.
        command: what prints it.
    """

    name: str
    figure: str
    value: str
    date: str
    machine: str
    command: str

    @property
    def line(self) -> str:
        """The row as it stands on its page."""
        cells = (f"`{self.name}`", self.figure, self.value, self.date, self.machine, f"`{self.command}`")
        return f"| {' | '.join(cells)} |"


def figures_in(text: str) -> Iterator[Figure]:
    """Yield the figures of a page: the rows of every table whose head is `HEAD`."""
    inside = False
    for line in text.splitlines():
        cells = tuple(cell.strip() for cell in line.strip().strip("|").split(" | ")) if line.startswith("|") else ()
        if cells == HEAD:
            inside = True
        elif not cells:
            inside = False
        elif inside and not line.startswith("|---"):
            if len(cells) != len(HEAD):
                raise FairpulseError(f"a row of figures has {len(cells)} cells: {line}", hint=f"give {', '.join(HEAD)}")
            name, figure, value, date, machine, command = cells
            yield Figure(name.strip("`"), figure, value, date, machine, command.strip("`"))


def figure_named(name: str) -> tuple[Figure, Path]:
    """Return a figure and the page on which it stands.

    Raises:
        FairpulseError: there is none of that name.
    """
    for page in HOMES:
        for one in figures_in(page.read_text(encoding="utf-8")):
            if one.name == name:
                return one, page
    raise FairpulseError(f"there is no figure {name}", hint="the tables in tests/bench and tests/campaign name them")


def measured_again(
    text: str, values: Mapping[str, str], date: str, machine: str, command: str
) -> tuple[str, list[str]]:
    """Return a page with new values in the rows that a command measured, and the names of these rows.

    A row is written if its command is this one and its name, up to a dot, is that of a value. Of several, only the
    first is: those after it are of another machine, or of a busy one.

    Args:
        text: the page.
        values: a value with its unit by name; those without a row are left out.
        date: of the measurement, as 2026-11-29.
        machine: on which it was measured.
        command: as the table names it.
    """
    lines = text.splitlines()
    written: dict[str, str] = {}
    for old in figures_in(text):
        name = old.name.partition(".")[0]
        if old.command == command and name in values and name not in written:
            new = replace(old, value=values[name], date=date, machine=machine)
            lines[lines.index(old.line)] = new.line
            written[name] = old.name
    return "\n".join(lines) + "\n", list(written.values())

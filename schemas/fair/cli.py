"""`fairpulse fair`: check a fair file before the fair opens, and see what one looks like."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from schemas.console import Commands

if TYPE_CHECKING:
    from schemas.fair.model import Fair

MOST_PROBLEMS: Final = 10
"""Most problems listed at once; in a file with more, they usually have one cause."""


@click.group(cls=Commands)
def fair() -> None:
    """Check the file that describes a fair, or print an example."""


@fair.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> int:
    """Check a fair file, and say what fair it describes.

    FILE is read as a worker reads it. A problem is named with line, field and remedy, and the exit code is 1.
    """
    from schemas.errors import InvalidFairFile
    from schemas.fair.file import load_fair
    from schemas.kinds import visible

    try:
        fair = load_fair(file)
    except InvalidFairFile as error:
        if not error.problems:
            raise
        shown = error.problems[:MOST_PROBLEMS]
        click.echo(f"error: {visible(str(file))}: {len(error.problems)} problems", err=True)
        for problem in shown:
            click.echo(f"  {visible(problem)}", err=True)
        if left := len(error.problems) - len(shown):
            click.echo(f"  and {left} more; correct these first", err=True)
        return 1
    click.echo(summary(fair))
    return 0


@fair.command()
@click.argument("name", type=click.Choice(["ciftis", "small"]), default="small", metavar="[NAME]")
def example(name: str) -> None:
    """Print a complete fair file.

    NAME is `small`, which is for reading and the default, or `ciftis` with 2,000 exhibitors.
    """
    from schemas.fair.file import example_fair_path

    click.echo(example_fair_path(name).read_text(encoding="utf-8"), nl=False)


def summary(fair: "Fair") -> str:
    """Return the fair in a few lines for a reader who wants to see that the right file was read."""
    from collections import Counter

    from schemas.profiles import Residence

    direct = [exhibitor for exhibitor in fair.exhibitors.values() if exhibitor.is_direct]
    abroad = sum(fair.profile.group(one.country, fair.host_country) is Residence.FOREIGN for one in direct)
    countries = {exhibitor.country for exhibitor in direct}
    of_type = Counter(str(exhibitor.type) for exhibitor in fair.exhibitors.values())
    represented = of_type["represented"]
    countable = [gate for gate in fair.gates.values() if gate.countable]
    lanes = sum(gate.lanes for gate in countable)
    area = sum(hall.area_m2 for hall in fair.halls.values())
    capacity = sum(hall.capacity for hall in fair.halls.values())
    lines = [f"{fair.name} ({fair.fair_id}), {fair.zone.key}", f"days        {len(fair.days)}"]
    for day in fair.days:
        utc = f"{day.opens_at:%H:%M}-{day.closes_at:%H:%M}"
        lines.append(f"  {day.date:%a %d %b %Y}  {day.opens:%H:%M}-{day.closes:%H:%M}  (UTC {utc})")
    lines += [
        f"halls       {len(fair.halls)}: {area:,} m², {capacity:,} people",
        f"gates       {len(fair.gates)}: {len(countable)} countable with {_count(lanes, 'lane')}",
        f"sections    {len(fair.sections)}",
        f"exhibitors  {len(direct):,}: {of_type['main']:,} main, {of_type['co']:,} co",
        f"            apart from them, {_count(represented, 'represented company', 'represented companies')}",
        f"            {_count(len(countries), 'country', 'countries')}, {_share(abroad, len(direct))} from abroad",
        f"            {_count(sum(one.leader for one in direct), 'leader')}",
        f"booths      {len(fair.booths):,} with {_count(len(fair.exhibits), 'exhibit')}",
        f"badges      {_badges(fair)}",
        f"            {_register(fair)}",
        f"profile     {fair.profile.title}",
        f"currencies  {', '.join(fair.currencies)}; reported in {fair.reporting_currency}",
        f"amounts     are typed with a decimal {fair.decimal_mark}",
    ]
    if fair.top_economies:
        there = len(countries & fair.top_economies)
        lines.insert(-6, f"            {there} of the {len(fair.top_economies)} top economies")
    return "\n".join(lines)


def _badges(fair: "Fair") -> str:
    """Return what a badge code looks like, with a warning if a product's code may look the same."""
    form = fair.badge_codes
    if form is None:
        return "any code that is not certainly something else; badge_codes is not given"
    kind = {"digits": "digits", "alphanumeric": "digits and capital letters"}.get(form.alphabet, f"of {form.alphabet}")
    check = "" if form.check == "none" else f", checked by {form.check}"
    case = "small letters are capitals" if form.case == "folded" else "small and capital letters differ"
    told = f"{form.prefix} and {form.length} {kind}{check}; {case}".removeprefix(" and ")
    if not form.prefix and form.characters <= set("0123456789") and form.length in (8, 12, 13, 14):
        told += "\n            warning: the code of a product may look like this"
    return told


def _register(fair: "Fair") -> str:
    """Return where the role and country of a person come from."""
    return "a register says who wears them" if fair.badge_register else "each says itself who wears it: no register"


def _count(number: int, one: str, many: str = "") -> str:
    """Return a number and its noun: "1 lane", "2 lanes"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _share(part: int, whole: int) -> str:
    """Return the part of the whole in per cent; a fair of represented companies only has none."""
    return f"{part / whole:.1%}" if whole else "no"

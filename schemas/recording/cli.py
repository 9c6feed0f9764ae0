"""Commands on recordings: inspect, export, import."""

from pathlib import Path
from typing import BinaryIO

import click

from schemas import options
from schemas.console import Commands

FILE = click.Path(path_type=Path)


@click.group(cls=Commands)
def recording() -> None:
    """Inspect a recording, or convert it to JSON lines and back."""


@recording.command()
@click.argument("file", type=FILE)
@click.option(
    "--check",
    is_flag=True,
    help="Read every record and verify all checksums; the exit code is 1 if records are missing or changed.",
)
def inspect(file: Path, *, check: bool) -> int:
    """Print what a recording holds.

    FILE is the recording. Fair, topics, counts, types and times come from its header alone. A recording that was cut
    is read as far as it goes.
    """
    from schemas.recording.inspection import describe

    lines, whole = describe(file, check=check)
    click.echo("\n".join(lines))
    return 0 if whole or not check else 1


@recording.command()
@click.argument("file", type=FILE)
@click.option("--to", type=FILE, help="File to write. [default: standard output]")
def export(file: Path, *, to: Path | None) -> int:
    """Write a recording as JSON lines.

    FILE is the recording. Each line is one record: topic, partition, offset, timestamp, key, value, headers. Of a
    recording that is cut or damaged, what can be read is written; the exit code is 1 then. If records are missing, the
    last lines say so, and `import` keeps it.
    """
    from schemas.recording.inspection import export_lines

    return 0 if export_lines(file, to) else 1


@recording.command("import")
@click.argument("lines", type=click.File("rb"))
@click.argument("file", type=FILE)
@options.fair
@click.option("--force", is_flag=True, help="Replace FILE if it exists, and what an import that broke off left of it.")
def import_(lines: BinaryIO, file: Path, *, fair_file: Path | None, force: bool) -> None:
    """Make a recording from JSON lines.

    LINES is a file as `export` writes it, or - for standard input. FILE is the recording to write.
    """
    from schemas.recording.inspection import import_lines

    count = import_lines(lines, file, fair_file, force=force)
    click.echo(f"{file}: {count:,} records")

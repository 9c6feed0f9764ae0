"""Commands on recordings: inspect, export, import."""

from pathlib import Path
from typing import BinaryIO

import click

from schemas import options

FILE = click.Path(path_type=Path)


@click.group()
def recording() -> None:
    """Look into recordings, and turn them into JSON lines and back."""


@recording.command()
@click.argument("file", type=FILE)
@click.option("--check", is_flag=True, help="Also read every record and verify all checksums; exit 1 if it is cut.")
def inspect(file: Path, *, check: bool) -> int:
    """Print what is in a recording: fair, topics, counts, types, times.

    Reads the header alone; of a recording that was cut it reads as far as it goes.
    """
    from schemas.recording.inspection import describe

    lines, whole = describe(file, check=check)
    click.echo("\n".join(lines))
    return 0 if whole or not check else 1


@recording.command()
@click.argument("file", type=FILE)
@click.option("--to", type=FILE, help="Write there. [default: standard output]")
def export(file: Path, *, to: Path | None) -> None:
    """Write a recording as JSON lines, one record a line: topic, partition, offset, timestamp, key, value, headers."""
    from schemas.recording.inspection import export_lines

    export_lines(file, to)


@recording.command("import")
@click.argument("lines", type=click.File("rb"))
@click.argument("file", type=FILE)
@options.fair
def import_(lines: BinaryIO, file: Path, *, fair_file: Path | None) -> None:
    """Make a recording FILE of JSON LINES (- for standard input)."""
    from schemas.recording.inspection import import_lines

    count = import_lines(lines, file, fair_file)
    click.echo(f"{file}: {count:,} records")

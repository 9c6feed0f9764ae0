"""`fairpulse terminal repair`: saves what can be read of a damaged spool, and says what is lost."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from producers.terminal.repair import Repaired

RANGES = 20


@click.command()
@click.pass_obj
def repair(folder: Path | None) -> None:
    """Save what can be read of a damaged spool.

    Stop `serve` first. Every event that can be read goes into a fresh file. The damaged file stays beside it, under
    another name. A sound spool is left as it is.
    """
    from producers.terminal.one_sender import OneSender
    from producers.terminal.repair import repair as repair_folder
    from schemas.errors import InvalidSettings
    from schemas.terminal_settings import TerminalSettings

    chosen = TerminalSettings.load(terminal_folder=folder).terminal_folder.expanduser()
    if not chosen.is_dir():
        raise InvalidSettings("there is no such folder", hint="name the terminal's own folder with --folder")
    with OneSender(chosen):
        done = repair_folder(chosen)
    if done is None:
        click.echo("the spool is sound; nothing was changed")
        return
    for line in lines_of(done):
        click.echo(line)


def lines_of(done: "Repaired") -> list[str]:
    """Return what a repair did, what is lost, and what to do next, in lines."""
    lines = [f"saved: {done.waiting:,} waiting, {done.rejected:,} in the drawer"]
    if done.lost:
        lines.append(f"lost: {len(done.lost):,} not sent and not readable, numbers {ranges(done.lost)}")
    if done.unknown:
        lines.append(f"unknown: {len(done.unknown):,} sent or lost, numbers {ranges(done.unknown)}")
    if not done.lost and not done.unknown:
        lines.append("lost: nothing, as far as the file tells" if done.last_seq else "lost: nothing could be read")
    why = "; the last one given cannot be read, so some are passed over, in a new epoch" if done.guessed else ""
    lines.append(f"next number: {done.last_seq + 1:,}{why}")
    if done.kept is not None:
        lines.append(f"the damaged file is now {done.kept}; it holds the token and badge pseudonyms")
    if done.paired:
        lines.append("next: start `fairpulse terminal serve` again; it sends what was saved")
    else:
        lines.append("next: pair again (fairpulse terminal pair); what was saved is sent then")
    return lines


def ranges(numbers: Sequence[int]) -> str:
    """Return numbers in order as ranges: `3-7, 9`; at most twenty ranges, then how many more there are."""
    found = []
    for _, group in groupby(enumerate(numbers), lambda one: one[1] - one[0]):
        run = [number for _, number in group]
        found.append(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]))
    more = f" and {len(found) - RANGES} more ranges" if len(found) > RANGES else ""
    return ", ".join(found[:RANGES]) + more

"""`fairpulse terminal meeting`: saves how far a meeting has come."""

from pathlib import Path

import click

from producers.terminal.parts_cli import ID, choice, open_terminal, say, words
from schemas.codes import MeetingStep


@click.command()
@click.option(
    "--meeting", "meeting_id", required=True, metavar="M", help="Id of the meeting, the same for all its steps."
)
@click.option(
    "--step", required=True, type=choice(MeetingStep), metavar="STEP", help=f"How far it is: {words(MeetingStep)}."
)
@click.option("--exhibitor", metavar="E", help="Whose meeting it is. [default: the main exhibitor of the booth]")
@ID
@click.pass_obj
def meeting(folder: Path | None, meeting_id: str, step: str, exhibitor: str | None, event_id: str | None) -> None:
    """Save how far a meeting of an exhibitor and a visitor has come.

    A step that is saved twice counts once. A desk of the organiser must name the exhibitor.
    """
    with open_terminal(folder) as box:
        say(box.meeting(meeting_id, MeetingStep(step), exhibitor=exhibitor, event_id=event_id))

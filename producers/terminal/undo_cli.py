"""`fairpulse terminal undo`: takes the last scan or interaction back."""

from pathlib import Path

import click

from producers.terminal.parts_cli import ID, code_option, open_terminal, say
from schemas.codes import AnnulReason
from schemas.errors import InvalidEvent


@click.command()
@code_option("--why", AnnulReason, "REASON", "What was wrong", "mistake")
@ID
@click.pass_obj
def undo(folder: Path | None, why: str, event_id: str | None) -> None:
    """Take the last scan or interaction back.

    It can be taken back for a minute, unless something else was saved since. This is saved and sent as an event of
    its own. A deal cannot be taken back.
    """
    with open_terminal(folder) as box:
        last = box.spool.last_event()
        if last is None:
            raise InvalidEvent(
                "bad_value",
                "there is nothing to take back",
                hint="a scan can be taken back for a minute after it was saved",
            )
        say(box.annul(last.event_id, why=AnnulReason(why), event_id=event_id))

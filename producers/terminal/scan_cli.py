"""`fairpulse terminal scan`: saves the scans of badges. Who comes in at a door is checked first, as on the page."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from producers.terminal.parts_cli import ID, choice, open_terminal, say, words
from schemas.codes import BadgeRole, DenyReason, ScanKind, ScanResult, SourceType
from schemas.errors import InvalidEvent, InvalidSettings

if TYPE_CHECKING:
    from producers.terminal.decisions import Decision
    from producers.terminal.spool import Saved

TURNED_AWAY: Final = 3
"""The exit code if the register turns the person away: the scan is saved, and nobody may go in."""
UNKNOWN: Final = "the register does not have this badge yet"
UNCHECKED: Final = "not checked: the gateway could not say in time"
_STOP: Final = "\a\aStop: this person must not go in"
"""Two tones, as on the page."""


@click.command()
@click.argument("badge", required=False)
@click.option(
    "--kind",
    type=choice(ScanKind),
    metavar="KIND",
    help=f"Kind of scan: {words(ScanKind)}. [default: what the place scans]",
)
@click.option(
    "--role",
    type=choice(BadgeRole),
    metavar="ROLE",
    help=f"Who the visitor is: {words(BadgeRole)}. Not at a fair with a register of badges. "
    "[default: visitor_professional]",
)
@click.option(
    "--country",
    metavar="CODE",
    help="Where the visitor lives, two letters such as DE. Not at a fair with a register of badges. [default: unknown]",
)
@click.option(
    "--source",
    type=choice(SourceType),
    metavar="SOURCE",
    help=f"What read the badge: {words(SourceType)}. [default: manual for BADGE, qr for standard input]",
)
@click.option("--denied", is_flag=True, help="The person was turned away, at a gate or a hall door.")
@click.option("--reason", type=choice(DenyReason), metavar="REASON", help=f"Why, with --denied: {words(DenyReason)}.")
@click.option("--forced", is_flag=True, help="The person was let in after a denial.")
@click.option("--anonymous", is_flag=True, help="Keep no badge: for a visitor who does not want to be tracked.")
@ID
@click.pass_obj
def scan(
    folder: Path | None,
    badge: str | None,
    kind: str | None,
    role: str | None,
    country: str | None,
    source: str | None,
    reason: str | None,
    event_id: str | None,
    *,
    denied: bool,
    forced: bool,
    anonymous: bool,
) -> int:
    """Save the scan of a badge.

    BADGE is the code, typed by hand. Without it, codes are read from standard input, one per line, as a scanner types
    them. A badge that is read again within 3 seconds counts once: `again` instead of `saved`, with the number and id
    of its scan.

    At a fair with a register of badges, a gate or a hall door asks about everybody who comes in. Whom the register
    turns away is `denied`, with the reason, and the exit code of BADGE is 3.
    """
    from producers.terminal.decisions import Decision, decided, saved_before
    from producers.terminal.door_check import asking
    from producers.terminal.scanned_lines import lines_from

    if badge is not None and anonymous:
        raise InvalidSettings("BADGE and --anonymous do not go together", hint="leave one of them out")
    if badge is None and not anonymous and event_id is not None:
        raise InvalidSettings("--id is for one scan, and standard input has many", hint="give BADGE, or leave --id out")
    by_hand = Decision(
        ScanResult.DENIED if denied else ScanResult.ACCEPTED, None if reason is None else DenyReason(reason)
    )
    scanned = None if kind is None else ScanKind(kind)
    usual = SourceType.QR if badge is None else SourceType.MANUAL
    with open_terminal(folder) as box, asking(box, scanned, decided=denied or forced or anonymous) as ask:

        def one(code: str | None, name: str | None = None) -> int:
            if name is not None and (earlier := saved_before(box, name)) is not None:
                return _say(*earlier, by_hand)
            said = None if ask is None or code is None else ask(code)
            decision = decided(said, by_hand)
            saved = box.scan(
                code,
                kind=scanned,
                role=None if role is None else BadgeRole(role),
                country=country,
                read_by=usual if source is None else SourceType(source),
                result=decision.result,
                reason=decision.reason,
                forced=forced,
                event_id=name,
            )
            note = "" if ask is None else UNCHECKED if said is None else "" if said.known else UNKNOWN
            return _say(saved, decision, by_hand, note)

        if badge is not None or anonymous:
            return one(badge, event_id)
        for number, line in lines_from(click.get_binary_stream("stdin")):
            try:
                if isinstance(line, InvalidEvent):
                    raise line
                one(line)
            except InvalidEvent as error:
                # One bad scan must not end the scanning.
                click.echo(f"line {number}: not saved: {error}", err=True)
        return 0


def _say(saved: "Saved", decision: "Decision", by_hand: "Decision", note: str = "") -> int:
    """Print that a scan is safe, and what the register says; return the exit code."""
    if not decision.denied or by_hand.denied:
        say(saved, note)
        return 0
    say(saved, str(decision.reason or "no reason was given"), word="denied")
    click.echo(_STOP, err=True)
    return TURNED_AWAY

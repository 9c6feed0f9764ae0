"""The state of a terminal in words, and how wrong its clock is."""

from email.utils import parsedate_to_datetime
from typing import Final

from producers.terminal.clock import ClockMs
from producers.terminal.link import Link, ServerAnswer
from producers.terminal.pairing import Pairing
from producers.terminal.spool import SpoolCounts
from producers.terminal.terminal import BoothTerminal
from schemas.errors import Unavailable
from schemas.times import epoch_ms, wall_ms

BARELY_MS: Final = 2_000
"""Smaller differences are not reported: the Date header has whole seconds."""


def clock_offset_ms(answer: ServerAnswer, now_ms: int) -> int | None:
    """Return server clock minus terminal clock by an answer's Date header, to about a second; None without one.

    Args:
        answer: just received.
        now_ms: the terminal's clock at that moment.
    """
    date = next((value for name, value in answer.headers.items() if name.lower() == "date"), "")
    try:
        # The header has the second that had begun, on average half a second ago.
        server_ms = epoch_ms(parsedate_to_datetime(date)) + 500
    except (ValueError, TypeError, OverflowError):
        return None
    return server_ms - (now_ms - int(answer.took_s * 500))


def clock_text(offset_ms: int | None) -> str:
    """Return the offset in words; empty while it is unknown."""
    if offset_ms is None:
        return ""
    if abs(offset_ms) <= BARELY_MS:
        return "clock correct"
    seconds = abs(offset_ms) // 1_000
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= 2 * size or size == 1:
            return f"clock {seconds // size} {word} {'slow' if offset_ms > 0 else 'fast'}"
    raise AssertionError(seconds)


def counts_text(totals: SpoolCounts) -> str:
    """Return the line that is always visible, for example `saved here: 12, sent: 340`."""
    text = f"saved here: {totals.pending:,}, sent: {totals.accepted + totals.duplicates:,}"
    if totals.rejected:
        text += f", rejected: {totals.rejected:,}"
    return text


async def report(terminal: BoothTerminal, clock: ClockMs = wall_ms, patience_s: float = 5) -> str:
    """Return the terminal's state in a few lines, after asking the gateway for its clock."""
    pairing = Pairing.load(terminal.spool)
    assert pairing is not None, "a terminal is paired"
    card, totals = terminal.card, terminal.spool.totals()
    try:
        async with Link(pairing.server, patience_s=patience_s) as link:
            answer = await link.who_am_i(pairing.token)
        knows = "knows this terminal" if answer.status == 200 else f"answers {answer.status}: pair the terminal again"
        line = f"{knows}, {clock_text(clock_offset_ms(answer, clock()))}".rstrip(", ")
    except Unavailable as error:
        line = f"does not answer: {error}; events stay here and are sent later"
    lines = [
        f"terminal  {pairing.terminal_id} at {card.title} ({card.place} {card.place_id}), {card.fair_name}",
        f"gateway   {pairing.server} {line}",
        f"events    {counts_text(totals)}",
        f"numbers   1-{terminal.spool.last_seq():,}" if totals.saved else "numbers   none yet",
    ]
    if totals.full:
        lines.append("full      nothing more can be saved until events have been sent")
    lines += [f"exhibit   {one.id}  {one.name}" for one in card.exhibits]
    return "\n".join(lines)

"""What a scanner typed in one go: one code, several, or a code of many lines that is not a badge."""

from collections.abc import Sequence
from itertools import groupby

from schemas.badges.foreign import DOCUMENTS, certainly_foreign, is_named
from schemas.badges.format import BadgeFormat
from schemas.badges.reading import read_code
from schemas.badges.refusals import refusal
from schemas.badges.wrapping import trimmed
from schemas.errors import InvalidEvent


def read_burst(lines: Sequence[str], badge_format: BadgeFormat | None) -> list[str | InvalidEvent]:
    """Return what the lines are that a scanner typed without a pause: codes and refusals, in their order.

    A QR code may have many lines, so lines in a row that are not badges are one refusal. A business card or the like is
    one refusal as a whole. At a fair without a format, so is a burst with any line that is not a badge.

    Args:
        lines: each as typed; empty ones are left out. A burst without any other line is refused as empty.
        badge_format: see `read_code`.
    """
    typed = [line for line in lines if trimmed(line)]
    if not typed:
        return [refusal("badge_empty")]
    whole = certainly_foreign("\n".join(map(trimmed, typed)))
    if len(typed) > 1 and whole in DOCUMENTS:
        return [refusal(whole)]
    read = [_read(line, badge_format) for line in typed]
    refused = [one for one in read if isinstance(one, InvalidEvent)]
    if badge_format is None and refused:
        return [_most_telling(refused)]
    found: list[str | InvalidEvent] = []
    for is_code, group in groupby(read, key=lambda one: isinstance(one, str)):
        together = list(group)
        found += together if is_code else [_most_telling([one for one in together if isinstance(one, InvalidEvent)])]
    return found


def _read(line: str, badge_format: BadgeFormat | None) -> str | InvalidEvent:
    try:
        return read_code(line, badge_format)
    except InvalidEvent as refused:
        return refused


def _most_telling(refused: Sequence[InvalidEvent]) -> InvalidEvent:
    """Return the refusal that names what was scanned, or else the first."""
    return next((one for one in refused if is_named(one.word)), refused[0])

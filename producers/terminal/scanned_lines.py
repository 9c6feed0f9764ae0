"""Codes from a scanner on standard input: one per line. An odd byte costs its own line, and no other."""

from collections.abc import Iterator
from typing import IO, Final

from schemas.errors import InvalidEvent

LINE_BYTES: Final = 4_096
"""Longest line: many times the longest code."""


def lines_from(stream: IO[bytes]) -> Iterator[tuple[int, str | InvalidEvent]]:
    """Yield each line that is not blank, by its number from 1: its text, or why it cannot be a code.

    The last line needs no line end. What a line holds is in no error.

    Args:
        stream: read as its lines come, so that a scan is saved at once.
    """
    number = 0
    while line := stream.readline(LINE_BYTES):
        number += 1
        if len(line) == LINE_BYTES and not line.endswith(b"\n"):
            while (rest := stream.readline(LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield number, _odd("it is longer than any code")
            continue
        text = _text(line)
        if isinstance(text, InvalidEvent) or text.strip():
            yield number, text


def _text(line: bytes) -> str | InvalidEvent:
    if b"\0" in line:
        return _odd("it holds a zero byte, as text in UTF-16 does")
    try:
        return line.decode()
    except UnicodeDecodeError:
        return _odd("it is not text in UTF-8")


def _odd(why: str) -> InvalidEvent:
    return InvalidEvent("bad_value", f"badge: {why}", field="badge", hint="scan it again; set the scanner to UTF-8")

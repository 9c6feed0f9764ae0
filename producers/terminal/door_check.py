"""Asks the register about who comes in at a door, for commands, which have no event loop of their own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from producers.terminal.badge_check import CheckedBadge, check_badge
from producers.terminal.gate import asks_register
from producers.terminal.renewal import link_of
from producers.terminal.terminal import BoothTerminal
from producers.terminal.trust import authorities_in
from schemas.codes import ScanKind
from schemas.errors import InvalidEvent
from schemas.terminal_settings import TerminalSettings

Ask = Callable[[str], CheckedBadge | None]


@contextmanager
def asking(terminal: BoothTerminal, kind: ScanKind | None, *, decided: bool) -> Iterator[Ask | None]:
    """Give a function that returns what the register says of a code; give None where nobody is asked about.

    The function returns None without an answer in time, and for a code that is refused: saving it says why. Each
    question has a connection of its own. An idle one may have ended unnoticed while the command waited for a scan.

    Args:
        terminal: paired.
        kind: of the scans; None for the first one that the place has.
        decided: whether a person has decided already, or there is no badge.

    Raises:
        InvalidSettings: the file of authorities in the settings does not hold certificates.
    """
    if not asks_register(terminal.card, kind, decided=decided):
        yield None
        return
    paired = terminal.paired
    link = link_of(terminal.spool, paired, authorities_in(TerminalSettings.load().terminal_ca_file))

    async def check(code: str) -> CheckedBadge | None:
        badge = terminal.badge(code)
        async with link:
            return await check_badge(link, paired.pairing.token, badge)

    def ask(code: str) -> CheckedBadge | None:
        try:
            return runner.run(check(code))
        except InvalidEvent:
            return None

    with asyncio.Runner() as runner:
        yield ask

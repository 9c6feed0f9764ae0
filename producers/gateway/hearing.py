"""When each terminal was last heard, by a request of any kind with a valid token. Pure: the clock is an argument.

Our terminals ask every 5 seconds who they are while they have nothing to send, so each is heard all the time. The
memory is this gateway's own: a terminal is silent only if no gateway hears it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas.api.terminals import Terminal
from schemas.ids import TerminalId


class LastHeard(NamedTuple):
    """A terminal, and the server's time of its last request in seconds since 1970; 0 before the first."""

    terminal: Terminal
    at_s: float


class Hearing:
    """The last request of each terminal: about 100 bytes for each that is enrolled."""

    def __init__(self) -> None:
        self._last_s: dict[TerminalId, float] = {}

    def heard(self, terminal_id: TerminalId, at_s: float) -> None:
        """Note a request."""
        self._last_s[terminal_id] = at_s

    def of(self, enrolled: Iterable[Terminal]) -> Iterator[LastHeard]:
        """Yield each enrolled terminal once, and forget all others. Those for tests are left out."""
        terminals = {one.terminal_id: one for one in enrolled if not one.test}
        self._last_s = {name: at_s for name, at_s in self._last_s.items() if name in terminals}
        for name, terminal in terminals.items():
            yield LastHeard(terminal, self._last_s.get(name, 0.0))

"""A badge that is read twice at once is one visitor: a hand scanner that is held on reads on and on."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from threading import Lock
from typing import Final

from producers.terminal.spool import Saved

AGAIN_S: Final = 3.0
"""A second read within this time is the same visitor at the same thing. Each read begins it anew."""

REMEMBERED: Final = 500
"""Reads whose answers are kept, for a page that asks again after a lost reply."""


class Debounce:
    """Remembers for a moment what was saved, and answers a second read with it. Several threads may use it.

    Args:
        elapsed: seconds of a clock that never jumps.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._last: dict[Hashable, tuple[float, Saved]] = {}
        self._answered: dict[str, Saved] = {}
        self._lock = Lock()

    def once(self, what: Hashable, event_id: str, save: Callable[[], Saved]) -> Saved:
        """Save, or return what was saved for the same thing a moment ago, marked `again`.

        Args:
            what: the badge and what it was read for.
            event_id: of this read. The same id gets the same answer later too.
            save: saves this read; nothing is remembered if it raises.
        """
        with self._lock:
            now = self._elapsed()
            self._last = {one: kept for one, kept in self._last.items() if now - kept[0] <= AGAIN_S}
            if event_id in self._answered:
                return self._answered[event_id]
            kept = self._last.get(what)
            saved = save() if kept is None else replace(kept[1], again=True)
            self._last[what] = (now, replace(saved, again=False))
            self._answered[event_id] = saved
            while len(self._answered) > REMEMBERED:
                del self._answered[next(iter(self._answered))]
            return saved

    def forget(self, event_id: str) -> None:
        """Let the badge of an event be read anew at once."""
        with self._lock:
            self._last = {one: kept for one, kept in self._last.items() if kept[1].event_id != event_id}

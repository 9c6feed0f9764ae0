"""Events that something on the way never lets through: the others go first, and these are tried again and again."""

from dataclasses import dataclass, field
from typing import Final

from producers.terminal.answers import Verdict

AGAIN_S: Final = 30.0
"""Pause between two attempts to send what was skipped."""


@dataclass(slots=True)
class Skipping:
    """The skipped events of one sender. A round goes through the waiting events once; then they are all tried again.

    Times are seconds of one clock that never jumps.
    """

    again_s: float = AGAIN_S
    _skipped: dict[int, Verdict] = field(default_factory=dict)
    _after: int = 0
    _until: float = 0

    def after(self, now: float) -> int:
        """Return the number behind which to look for the next events, 0 at the beginning of a round."""
        if self._after and now >= self._until:
            self._after = 0
        return self._after

    def skip(self, seq: int, verdict: Verdict, now: float) -> None:
        """Leave an event for the next round, because of this verdict."""
        if not self._after:
            self._until = now + self.again_s
        self._skipped[seq] = verdict
        self._after = seq

    def again(self) -> None:
        """Begin the next round now."""
        self._after = 0

    def settled(self, numbers: set[int]) -> None:
        """Forget skipped events that went through."""
        for seq in numbers & self._skipped.keys():
            del self._skipped[seq]

    @property
    def verdict(self) -> Verdict | None:
        """Return why the oldest skipped event is still here, None if no event was skipped."""
        return self._skipped[min(self._skipped)] if self._skipped else None

    def pause_s(self, now: float, most_s: float) -> float | None:
        """Return the seconds until the next round, at most `most_s`; None in a round without a skipped event."""
        return min(most_s, max(0.0, self._until - now)) if self._after else None

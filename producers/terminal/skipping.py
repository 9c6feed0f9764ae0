"""Events that something on the way never lets through: all others go first, and these are tried again and again."""

from dataclasses import dataclass, field
from typing import Final

from producers.terminal.answers import Verdict

AGAIN_S: Final = 30.0
"""Pause between two rounds of further attempts to send what was skipped."""


@dataclass(slots=True)
class Skipping:
    """The skipped events of one sender. Events that were not tried yet go first, however many are skipped.

    Times are seconds of one clock that never jumps.

    Attributes:
        tried: every waiting event up to this number was skipped; 0 if none was.
    """

    again_s: float = AGAIN_S
    tried: int = 0
    _skipped: dict[int, Verdict] = field(default_factory=dict)
    _behind: int = 0
    _until: float = 0

    def behind(self, now: float) -> int | None:
        """Return the number behind which the round of further attempts goes on, None while there is none."""
        return self._behind if self.tried and now >= self._until else None

    def skip(self, seq: int, verdict: Verdict, now: float) -> None:
        """Leave an event for the next round, because of this verdict."""
        if not self.tried:
            self._until = now + self.again_s
        if seq <= self.tried:
            self._behind = seq
        self.tried = max(self.tried, seq)
        self._skipped[seq] = verdict

    def end_round(self, now: float) -> None:
        """Report that nothing waits behind `behind`."""
        if not self._behind:
            self._skipped.clear()
            self.tried = 0
        self._behind, self._until = 0, now + self.again_s

    def again(self) -> None:
        """Try the skipped events as if they were new."""
        self.tried = self._behind = 0

    def settled(self, numbers: set[int]) -> None:
        """Forget skipped events that went through."""
        for seq in numbers & self._skipped.keys():
            del self._skipped[seq]

    @property
    def verdict(self) -> Verdict | None:
        """Return why the oldest skipped event is still here, None if no event was skipped."""
        return self._skipped[min(self._skipped)] if self._skipped else None

    def pause_s(self, now: float, most_s: float) -> float | None:
        """Return the seconds until the next round, at most `most_s`; None without a skipped event."""
        return min(most_s, max(0.0, self._until - now)) if self.tried else None

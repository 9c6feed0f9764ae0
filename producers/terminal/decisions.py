"""How a person is treated at a door: as the register says, or as a person at the terminal says."""

import json
from typing import NamedTuple

from producers.terminal.badge_check import CheckedBadge
from producers.terminal.spool import Saved
from producers.terminal.terminal import DENIED_WORD, SCAN_WORDS, BoothTerminal
from schemas.codes import DenyReason, ScanResult


class Decision(NamedTuple):
    """Whether somebody is let in, and why not; None if nobody said why."""

    result: ScanResult
    reason: DenyReason | None = None

    @property
    def denied(self) -> bool:
        """Whether the person is turned away."""
        return self.result is ScanResult.DENIED


def decided(said: CheckedBadge | None, by_hand: Decision) -> Decision:
    """Return the decision of the register if it turns the person away, else the one by hand.

    Args:
        said: by the register; None if it was not asked, or could not say in time.
        by_hand: what a person at the terminal chose.
    """
    return Decision(ScanResult.DENIED, said.reason) if said is not None and said.denied else by_hand


def saved_before(terminal: BoothTerminal, event_id: str) -> tuple[Saved, Decision] | None:
    """Return a scan that is saved already, with the decision of then; None if there is none.

    One who asks again after a lost reply gets the same answer, whatever the register says by now. The reason is known
    until the event was sent.
    """
    kept = terminal.spool.find_any(event_id)
    if kept is None or kept[1] not in SCAN_WORDS:
        return None
    saved, word, body = kept
    if word != DENIED_WORD:
        return saved, Decision(ScanResult.ACCEPTED)
    reason = json.loads(body)["data"].get("reason") if body else None
    return saved, Decision(ScanResult.DENIED, None if reason is None else DenyReason(reason))

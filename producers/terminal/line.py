"""The state of the line to the gateway: for the status line of the page, for `status`, and for the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from producers.terminal.link import ServerAnswer
from producers.terminal.trouble import NONE, Trouble
from schemas.api.http import TERMINAL_COPIES
from schemas.logs import logger

log = logger(__name__)

ONE_OF_THEM: Final = "stop one of them, and give it a folder and a token of its own"
"""The remedy for two machines that send as one terminal."""


class Line(Enum):
    """The state of the connection, in the words of the status line."""

    UNTRIED = "not tried yet"
    ONLINE = "online"
    OFFLINE = "offline"
    BUSY = "server not ready"
    REPAIR = "pair again"
    TROUBLE = "trouble"


@dataclass(slots=True)
class Status:
    """The state of the sender.

    Attributes:
        failures: failed attempts since the last good one.
        next_try_s: seconds that the sender decided to wait after the last failure.
        asked_s: the part of it that the server asked for.
        problem: what is wrong.
        copies: seconds since another machine was heard that sends as this terminal; None if there is none.
    """

    line: Line = Line.UNTRIED
    failures: int = 0
    next_try_s: float = 0
    asked_s: float = 0
    problem: Trouble = NONE
    copies: int | None = None

    @property
    def trouble(self) -> str:
        """The problem in a few words of English; empty if there is none."""
        return self.problem.message

    @property
    def cause(self) -> str:
        """The name of the page's text about the problem; empty if there is none."""
        return self.problem.cause

    @property
    def facts(self) -> Mapping[str, str]:
        """The values in that text."""
        return self.problem.facts

    def become(self, line: Line, problem: Trouble, server: str) -> bool:
        """Take a new state; return whether it is another one, which is then logged."""
        changed = line is not self.line or problem.cause != self.cause
        self.line, self.problem = line, problem
        if changed:
            say = log.warning if problem.mended_by_people else log.info
            say(
                "line to the gateway",
                server=server,
                line=line,
                trouble=problem.message,
                remedy=problem.hint,
                failures=self.failures,
            )
        return changed

    def hear(self, answer: ServerAnswer) -> None:
        """Note whether the gateway says that another machine sends as this terminal too."""
        before, self.copies = self.copies, copies_in(answer)
        if self.copies is not None and before is None:
            log.warning(
                "two machines send as this terminal",
                heard_seconds_ago=self.copies,
                remedy=ONE_OF_THEM,
            )
        elif self.copies is None and before is not None:
            log.info("one machine sends as this terminal again")


def copies_in(answer: ServerAnswer) -> int | None:
    """Return the seconds since another machine was heard that sends as this terminal; None if there is none."""
    for name, value in answer.headers.items():
        if name.lower() == TERMINAL_COPIES.lower() and value.isascii() and value.isdigit():
            return int(value[:9])
    return None

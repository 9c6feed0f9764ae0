"""The law "not silent": a wrong number is never shown while everything looks well.

Once a second, all workers are asked for their numbers and whether they are ready. If all are ready, their numbers are
compared with a recount of the records up to the same offsets. A number that is wrong for a moment is not silent yet:
workers look at their logs every 10 s, and the shipped Prometheus evaluates its rules every 15 s.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, Literal

from dashboards.alerts import ALERTS
from dashboards.scraping import SCRAPE_SECONDS

TRUTH: Final = ("TopicsWrong", "EventsMisplaced", "LogShorter", "EventsFell", "LiveDiffersFromAudit")
"""Alerts that say that numbers may be wrong. Each fires at the first evaluation at which it is true."""

LASTING: Final = ("EventsMisplaced", "EventsFell")
"""Those of them that go on firing for 15 minutes after what they tell of. They tell when they begin, and later nothing:
else the events that a producer misplaced would hide every other fault for a quarter of an hour.
"""

EVALUATIONS: Final = 2


def seconds_of(wait: str) -> int:
    """Return the seconds of an alert's `for:`, such as 30s or 2m."""
    return int(wait[:-1]) * {"s": 1, "m": 60}[wait[-1]]


LIMIT_S: Final = max(seconds_of(one.wait) for one in ALERTS if one.name in TRUTH) + EVALUATIONS * SCRAPE_SECONDS
"""A wrong number must be told of within this time: the longest `for:` of those alerts, and two shipped evaluations.

The Prometheus of a run evaluates every second, so an alert that tells in time here tells in time there.
"""

State = Literal["told", "equal", "wrong", "unread"]
"""What a look found.

* `told`: a worker is not ready, does not answer, or there is none.
* `equal`: all are ready, and their numbers are those of the recount at their offsets.
* `wrong`: all are ready, and a number is another one, or a partition is shown by nobody, or records are passed over:
  they were there before, and are not folded, although the workers say that no record waits.
* `unread`: all are ready, but the topics could not be read just then. It proves nothing.
"""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at all workers.

    Attributes:
        at: when it began, in seconds since 1970.
        why: the first number that is wrong, or why the topics were not read.
    """

    at: float
    state: State
    why: str = ""


@dataclass(frozen=True, slots=True)
class Untold:
    """A time during which wrong numbers were shown by workers that were all ready.

    Attributes:
        start: of the first look that found it.
        end: of the last one.
        since: of the last look before it that found something else; the numbers became wrong after that.
    """

    start: float
    end: float
    why: str
    since: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Firing:
    """A series of an alert of TRUTH: each alert has one for each set of labels, such as a topic.

    Attributes:
        moments: at which it was firing, ascending, in seconds since 1970.
    """

    alert: str
    moments: Sequence[float]

    @property
    def beginnings(self) -> list[float]:
        """The moments before which it did not fire for as long as the limit: a short break does not count."""
        before = (-inf, *self.moments)
        return [at for last, at in zip(before, self.moments, strict=False) if at - last > LIMIT_S]

    def tells_of(self, one: Untold, limit_s: float = LIMIT_S) -> bool:
        """Return whether it tells of a time of wrong numbers, and soon enough."""
        if self.alert in LASTING:
            return any(one.since < moment <= one.start + limit_s for moment in self.beginnings)
        return any(one.start <= moment <= one.start + limit_s for moment in self.moments)


def untold(looks: Iterable[Look]) -> list[Untold]:
    """Return the times of wrong numbers, each from first to last look. Looks that prove nothing are skipped."""
    found: list[Untold] = []
    is_open = False
    since = -inf
    for look in looks:
        if look.state == "wrong":
            start = found.pop().start if is_open else look.at
            found.append(Untold(start, look.at, look.why, since))
            is_open = True
        elif look.state != "unread":
            is_open, since = False, look.at
    return found


def silent(times: Iterable[Untold], fired: Sequence[Firing], limit_s: float = LIMIT_S) -> list[Untold]:
    """Return the times that were silent: longer than the limit, and no alert told of them within the limit.

    Args:
        times: of wrong numbers.
        fired: the alerts of TRUTH that fired at some time.
        limit_s: seconds.
    """
    return [one for one in times if one.seconds > limit_s and not any(alert.tells_of(one, limit_s) for alert in fired)]


def prove_something(looks: Iterable[Look]) -> bool:
    """Return whether numbers were compared at all: looks that find only that somebody told prove nothing of them."""
    return any(look.state in ("equal", "wrong") for look in looks)

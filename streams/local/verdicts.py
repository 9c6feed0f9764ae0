"""How a demo ends: its numbers beside those of somebody else, and what that proves."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console

from schemas.errors import MustStop, Unavailable
from schemas.topics import BADGES
from streams.audit.run import audit, plan_from
from streams.local.cast import DemoGateway, DemoPage, DemoSimulator, DemoStage, DemoWorker
from streams.local.crew import Crew
from streams.local.ledger import compared, differences, events_in
from streams.local.parts import ANSWER_SECONDS, say, tell
from streams.local.registration import waiting_events
from streams.shown.listing import fetch_report

DRAIN_SECONDS: Final = 120
"""How long the worker may take to fold what the simulator has sent."""
MOST_DIFFERENCES: Final = 20


@dataclass(frozen=True, slots=True)
class Proof:
    """The parts of a demo that say, at its end, what was sent and what was counted."""

    stage: DemoStage
    crew: Crew
    worker: DemoWorker
    simulator: DemoSimulator
    page: DemoPage | None
    gateway: DemoGateway | None = None

    def report(self) -> dict[str, Any]:
        """Return all numbers of the worker. Raises Unavailable while it does not answer."""
        return fetch_report(self.worker.url)

    def counted(self) -> int | None:
        """Return how many events the worker has counted; None while it does not answer."""
        try:
            return events_in(fetch_report(self.worker.url, "events", within_s=ANSWER_SECONDS))
        except Unavailable:
            return None

    def has_counted(self, events: int) -> bool:
        """Return whether the worker says that it has counted this number of events or more."""
        counted = self.counted()
        return counted is not None and counted >= events

    def delivered(self) -> int:
        """Return how many different events have been delivered, those of the page among them.

        Raises:
            Unavailable: a program that must say so does not answer.
        """
        book = self.simulator.book()
        if not book:
            raise Unavailable("the simulator does not say what it has sent", hint="start the demo again")
        if self.stage.plan.direct:
            return events_in(book)
        counts = (0, 0) if self.page is None else self.page.counts()
        if counts is None:
            raise Unavailable("the booth's page does not answer", hint="start the demo again")
        return int(book["events"]) + counts[0]

    def unregistered(self) -> int:
        """Return how many delivered events wait for the registration of their badge: no number has them yet.

        Raises:
            Unavailable: the gateway does not answer.
        """
        if self.gateway is None or not self.stage.fair.badge_register:
            return 0
        return waiting_events(self.gateway.internal)

    def has_counted_all(self) -> bool:
        """Return whether the worker has counted every delivered event that does not wait for a registration."""
        try:
            waiting = self.unregistered()
        except Unavailable:  # killed; it is started again
            return False
        return self.has_counted(self.delivered() - waiting)

    def has_sent_all(self) -> bool:
        """Return whether nothing waits at the page's terminal. The simulator's ended when nothing waited there."""
        counts = (0, 0) if self.page is None else self.page.counts()
        return counts is not None and counts[1] == 0

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = DRAIN_SECONDS) -> None:
        """Return when the condition holds; programs that die meanwhile are started again.

        Raises:
            Unavailable: it does not hold in time.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            self.crew.look("at the end")
            if time.monotonic() > deadline:
                raise Unavailable(f"{what} after {seconds:.0f} s", hint="is the machine very busy?")
            time.sleep(0.1)

    def survived(self) -> str:
        """Return what the demo has survived, as the end of a sentence."""
        told = self.crew.told()
        return f" Survived: {told}." if told else ""


def check_with_ledger(proof: Proof) -> None:
    """Say that every KPI equals the simulator's ledger.

    Raises:
        MustStop: one does not.
    """
    say("the simulator has stopped; comparing every KPI with its ledger")
    ledger = proof.simulator.book()
    sent = events_in(ledger)
    proof.wait(lambda: proof.has_counted(sent), f"{sent:,} events were not all counted")
    _refuse([str(one) for one in differences(proof.report(), ledger)], "the ledger")
    tell(
        f"{sent:,} events, each counted once; {compared(ledger):,} numbers: all KPIs equal the simulator's own ledger."
        f"{proof.survived()}",
        Console(),
    )


def check_with_audit(proof: Proof) -> None:
    """Say that every delivered event is counted once and every KPI equals the audit's.

    Raises:
        MustStop: it is not so.
    """
    stage = proof.stage
    proof.wait(proof.has_sent_all, "scans of the booth's page were not all sent")
    say("the simulator has stopped and every spool is empty; recounting every number from the raw records")
    proof.wait(proof.has_counted_all, "delivered events were not all counted")
    plan = stage.plan
    audited = plan_from(None, [proof.worker.url], None, None, plan.lateness, stage.fair_file, stage.bootstrap)
    verdict = audit(audited, Console(stderr=True))
    _refuse([str(one) for one in verdict.differences], "the audit")
    counted, delivered, wait = proof.counted(), proof.delivered(), proof.unregistered()
    if counted is None or counted + wait != delivered:
        raise MustStop(
            f"of {delivered:,} delivered events {counted or 0:,} are counted{unregistered(wait)}",
            hint="please report it with the lines above",
        )
    read = sum(seal.records for (topic, _), seal in verdict.seals.items() if topic != BADGES.name)
    tell(
        f"{counted:,} events from {_terminals(proof):,} terminals, each counted once{not_counted(read, counted)}"
        f"{unregistered(wait)}; "
        f"{len(verdict.numbers):,} numbers equal a recount from the raw records by code that shares nothing with the "
        f"worker.{proof.survived()}",
        Console(),
    )


def not_counted(read: int, counted: int) -> str:
    """Return why there are more records than events that are counted, for a sentence; empty if there are not."""
    if read <= counted:
        return ""
    were = "was" if read - counted == 1 else "were"
    return f" ({read - counted:,} of {read:,} records {were} refused, came again, or a test)"


def unregistered(wait: int) -> str:
    """Return how many events wait for the registration of their badge, for a sentence; empty if none does."""
    if not wait:
        return ""
    whose = "waits for the registration of its badge" if wait == 1 else "wait for the registration of their badge"
    return f", and {wait:,} {whose}"


def say_what_was_counted(proof: Proof, seconds: float, shown: str) -> None:
    """Say how many of the delivered events are counted, after waiting a little for the last ones.

    Args:
        proof: who is asked.
        seconds: how long to wait.
        shown: the number that was shown last, and when.
    """
    sent, waiting, counted = *_sent(proof), proof.counted()
    deadline = time.monotonic() + seconds
    while sent is not None and (counted is None or counted < sent) and time.monotonic() < deadline:
        time.sleep(0.1)
        sent, waiting, counted = *_sent(proof), proof.counted()
    terminals = "" if proof.stage.plan.direct else f" from {_terminals(proof):,} terminals"
    tell(f"{_counted_of(sent, counted, terminals, shown, waiting)}{proof.survived()}", Console())
    tell(f"With `{with_proof(os.environ)}` every number is recounted as well.", Console())


def with_proof(environment: Mapping[str, str]) -> str:
    """Return the command of a demo that ends by itself, as the person would type it who has started this one."""
    return "DEMO_SECONDS=60 make demo" if "MAKELEVEL" in environment else "fairpulse demo --seconds 60"


def _sent(proof: Proof) -> tuple[int | None, int]:
    """Return how many delivered events can be counted, None if nobody knows; and how many wait for a registration."""
    try:
        waiting = proof.unregistered()
        return proof.delivered() - waiting, waiting
    except Unavailable:
        return None, 0


def _counted_of(sent: int | None, counted: int | None, terminals: str, shown: str, waiting: int) -> str:
    more = unregistered(waiting)
    if counted is None:
        arrived = "" if sent is None else f"{sent:,} events{terminals} were delivered. "
        return f"{arrived}No worker answered at the end; the last number shown was {shown}."
    if sent is None:
        return f"{counted:,} events were counted; more were on their way when it ended."
    if counted == sent:
        return f"{sent:,} events{terminals}, each counted once{more}."
    return f"Of {sent:,} events{terminals}, {counted:,} were counted when it ended{more}."


def _terminals(proof: Proof) -> int:
    return int(proof.simulator.status().get("terminals", 0)) + (proof.page is not None)


def _refuse(found: list[str], other: str) -> None:
    """Print differences; raise MustStop if there are any."""
    for difference in found[:MOST_DIFFERENCES]:
        tell(difference, Console())
    if found:
        raise MustStop(f"{len(found)} KPIs differ from {other}", hint="please report it with the lines above")

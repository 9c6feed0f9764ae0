"""The one sender of a spool: oldest first, one request at a time, until the server gives a final answer."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Final, ParamSpec, TypeVar

from producers.terminal.answers import UNKNOWN, Then, Verdict, judge
from producers.terminal.backoff import wait_s
from producers.terminal.clock import ClockMs, writable
from producers.terminal.clock_offset import ClockOffsets
from producers.terminal.holding import Holding, Holds
from producers.terminal.line import Line, Status
from producers.terminal.link import Link, ServerAnswer, Stamps
from producers.terminal.mending import mended
from producers.terminal.skipping import Skipping
from producers.terminal.spool import Spool, Waiting
from producers.terminal.trouble import NONE, PAIR_AGAIN, Trouble, of_answer, of_error
from schemas.api.http import CLOCK_OFFSET, EVENTS_MAX, SENT_AT
from schemas.errors import Unavailable
from schemas.http_reach import NoAnswer
from schemas.times import instant_text, wall_ms

MOST_EVENTS: Final = EVENTS_MAX
FIRST_EVENTS: Final = 100
LEAST_EVENTS: Final = 20
QUICK_S: Final = 2.0
"""Requests begin with `FIRST_EVENTS` events. They grow after answers within `QUICK_S`, and shrink without answers."""

MOST_BYTES: Final = 262_144
"""Largest request. The gateway takes four times as much, but a weak Wi-Fi cannot carry that within the time limit."""

LOOK_AGAIN_S: Final = 1.0
"""Pause between two looks into the spool: another process may save into it."""

SKIPPED_FAILURES: Final = 5
"""The pause after an event that is skipped is at most that after this number of failures: four seconds on average."""

LOOK_UP_S: Final = 60.0
"""With events to send, pause between two questions who this terminal is: what was refused may be mended."""

ASK_AGAIN_S: Final = 60.0
"""Pause between two questions to a server that no longer knows the terminal."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Sender:
    """Sends what the spool holds.

    Args:
        token: returns the token; called at each attempt, since the terminal may be paired again meanwhile.
        clock: the terminal's own clock, right or wrong.
        more_stamps: more headers with times, for a simulation.
        chance: numbers from 0 up to 1 for the jitter.
        heard: called with every answer and its verdict, after it was booked.
        met: called with every answer to a request that is not a post.
        standing: returns what is wrong although the gateway answers.
        told: called when the state of the line becomes another one.
        known_ms: a time that is over for certain, by the server's clock; 0 if none is known.
        ask_idle_s: with nothing to send, pause before asking whether the server is there; None never asks.
        ask_again_s: pause before asking a server that does not know the terminal again.
        offsets: how wrong the clock is; None if it is not meant to show the server's time, as in a simulation.
        in_thread: use the spool on another thread, if the event loop serves people. A fleet does not need it.
    """

    spool: Spool
    link: Link
    token: Callable[[], str]
    clock: ClockMs = wall_ms
    more_stamps: Stamps = dict
    chance: Callable[[], float] = random.random
    heard: Callable[[Sequence[Waiting], ServerAnswer | None, Verdict], None] = lambda *_: None
    met: Callable[[ServerAnswer], None] = lambda _: None
    standing: Callable[[], Trouble] = lambda: NONE
    told: Callable[[Status], None] = lambda _: None
    known_ms: int = 0
    ask_idle_s: float | None = None
    ask_again_s: float = ASK_AGAIN_S
    offsets: ClockOffsets | None = field(default_factory=ClockOffsets)
    in_thread: bool = False
    status: Status = field(default_factory=Status)
    skipping: Skipping = field(default_factory=Skipping)
    holding: Holding = field(default_factory=Holding)
    _at_once: int = FIRST_EVENTS
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _now: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: float = float("-inf")

    def wake(self) -> None:
        """Report that something was saved: it is sent at once, unless the server asked to wait."""
        self._wake.set()

    def try_now(self) -> None:
        """Make the next attempt at once: somebody asked for it, or the terminal was paired again."""
        self.skipping.again()
        self._now.set()
        self._wake.set()

    async def run(self) -> None:
        """Send until the task is cancelled. Cancelling never loses an event."""
        while True:
            self._wake.clear()
            self._now.clear()
            try:
                await self._measure()
                wait = await self.step()
                await self._look_up()
                if self.status.line is Line.REPAIR:
                    await self._wait_for_pairing()
                    continue
                if wait is None:
                    await self._idle()
                    continue
            except Unavailable as error:
                # The spool cannot be used. An answer that was not booked is asked for again, which is harmless.
                self.status.failures += 1
                self._now_on(Line.TROUBLE, self._because(error))
                self.status.asked_s = 0
                wait = self.status.next_try_s = wait_s(self.status.failures, self.chance)
            if wait > 0:
                # Somebody may cut the jitter short, but never the wait that the server asked for.
                await asyncio.sleep(self.status.asked_s)
                await _until(self._now, wait - self.status.asked_s)

    async def _idle(self) -> None:
        """Wait for something to send; ask whether the server is there if it has been silent for long."""
        loop = asyncio.get_running_loop()
        await self._do(self.spool.forget_last_event, self.clock())
        if self.ask_idle_s is not None and loop.time() >= self._asked + self.ask_idle_s:
            self._asked = loop.time()
            await self._ask()
        await _until(self._wake, LOOK_AGAIN_S)

    async def _measure(self) -> None:
        """Measure how wrong the clock is, if that is not known, before events are sent under it."""
        loop = asyncio.get_running_loop()
        if self.ask_idle_s is None or self.offsets is None or loop.time() < self._asked + self.ask_idle_s:
            return
        if self.offsets.needs_one(self.clock(), monotonic()):
            self._asked = loop.time()
            await self._ask()

    async def _look_up(self) -> None:
        """Ask now and then, also while there is always something to send, how the gateway is set up."""
        loop = asyncio.get_running_loop()
        if self.ask_idle_s is None or loop.time() < self._asked + LOOK_UP_S:
            return
        self._asked = loop.time()
        await self.look_up()

    async def look_up(self) -> None:
        """Ask who this terminal is; what was refused waits again if the gateway is set up in another way now."""
        with suppress(NoAnswer):  # the next post says why
            await self._who_am_i()

    async def _who_am_i(self) -> ServerAnswer:
        answer = await self.link.who_am_i(self.token())
        if self.offsets is not None:
            self.offsets.hear(answer, self.clock(), monotonic())
        self.met(answer)
        await self._do(mended, self.spool, answer)
        return answer

    async def _ask(self) -> bool:
        """Ask the server who this terminal is, update the status, and return whether the server knows it."""
        try:
            answer = await self._who_am_i()
        except NoAnswer as error:
            problem = self._because(error)
            self._now_on(Line.TROUBLE if problem.mended_by_people else Line.OFFLINE, problem)
            return False
        self.status.hear(answer)
        problem = of_answer(answer)
        if not problem.cause:
            self._online(NONE)
        elif problem.cause in ("token", "wrong_fair"):
            self._now_on(Line.REPAIR, problem)
        else:
            self._now_on(Line.TROUBLE if problem.mended_by_people else Line.BUSY, problem)
        return not problem.cause

    def _because(self, error: Unavailable) -> Trouble:
        return of_error(error, self.clock(), self.known_ms)

    def _online(self, problem: Trouble) -> None:
        problem = problem if problem.cause or problem.message else self.standing()
        self._now_on(Line.TROUBLE if problem.mended_by_people else Line.ONLINE, problem)

    def _now_on(self, line: Line, problem: Trouble) -> None:
        if self.status.become(line, problem, self.link.server):
            self.told(self.status)

    async def drain(self) -> None:
        """Return when nothing waits any more.

        Raises:
            Unavailable: the terminal must be paired again; waiting does not help.
        """
        while (wait := await self.step()) is not None:
            if self.status.line is Line.REPAIR:
                raise Unavailable(self.status.trouble, hint=PAIR_AGAIN)
            await asyncio.sleep(wait)

    async def step(self) -> float | None:
        """Make one attempt; return the seconds to wait before the next one, None when nothing waits.

        Raises:
            Unavailable: the answer cannot be written to disk. Nothing is lost; the same events are sent again.
        """
        now = asyncio.get_running_loop().time()
        batch = await self._next_batch(now)
        if not batch:
            return self.skipping.pause_s(now, LOOK_AGAIN_S)
        verdict, answer, problem = await self._attempt(batch)
        if verdict.delivered or verdict.duplicates or verdict.refused:
            await self._do(self.spool.settle, self.clock(), verdict.delivered, verdict.duplicates, verdict.refused)
            self.skipping.settled({*verdict.delivered, *verdict.duplicates, *(one.seq for one in verdict.refused)})
        verdict = self._hold(verdict, batch, now)
        if verdict.then is Then.SKIP:
            self.skipping.skip(batch[0].seq, verdict, now)
        wait = self._react(verdict, len(batch), answer, problem)
        self.heard(batch, answer, verdict)
        return wait

    def _hold(self, verdict: Verdict, batch: Sequence[Waiting], now: float) -> Verdict:
        """Return the verdict, or another one if an event may be why a server fails: see `holding`."""
        first, events = batch[0].seq, len(batch)
        skipped = replace(verdict, then=Then.SKIP, problem=verdict.if_an_event)
        if verdict.then is Then.GO_ON and self.holding.passed(events, now):
            self._at_once = LEAST_EVENTS
        if not verdict.if_an_event.cause:
            return verdict
        if first <= self.skipping.tried:  # it was passed by before
            self._at_once = 1
            return skipped if events == 1 else verdict
        holds = self.holding.failed(first, events, now)
        if holds is Holds.RETURN:
            self.skipping.again()
        return skipped if holds is Holds.NEXT else verdict

    async def _next_batch(self, now: float) -> Sequence[Waiting]:
        """Return the oldest events that were not tried yet; without any, skipped ones if it is time for them."""
        at_once = 1 if self.holding.is_searching else self._at_once
        batch = await self._do(self.spool.oldest, at_once, MOST_BYTES, self.skipping.tried)
        behind = None if batch else self.skipping.behind(now)
        if behind is not None:
            batch = await self._do(self.spool.oldest, self._at_once, MOST_BYTES, behind)
            if not batch:
                self.skipping.end_round(now)
        return batch

    async def _attempt(self, batch: Sequence[Waiting]) -> tuple[Verdict, ServerAnswer | None, Trouble]:
        try:
            answer = await self.link.post(batch, self.token(), self._stamps)
        except Unavailable as error:
            return UNKNOWN, None, self._because(error)
        self.status.hear(answer)
        verdict = judge(answer.status, answer.headers, answer.body, batch, self.clock() / 1_000)
        return verdict, answer, verdict.problem

    def _stamps(self) -> Mapping[str, str]:
        now_ms = self.clock()
        offset_ms = None if self.offsets is None else self.offsets.best_ms(now_ms, monotonic())
        measured = {} if offset_ms is None else {CLOCK_OFFSET: str(offset_ms)}
        return {SENT_AT: instant_text(writable(now_ms)), **measured, **self.more_stamps()}

    @property
    def offset_ms(self) -> int | None:
        """Server clock minus terminal clock, for a person to read; None if it is not known."""
        return None if self.offsets is None else self.offsets.shown_ms(self.clock(), monotonic())

    def _react(self, verdict: Verdict, sent: int, answer: ServerAnswer | None, problem: Trouble) -> float:
        """Update the status from a verdict; return the seconds to wait before the next attempt."""
        status = self.status
        took_s = 0 if answer is None else answer.took_s
        if verdict.then in (Then.GO_ON, Then.FEWER):
            # Halve the request after each complaint, down to the event at fault; then let it slowly grow again.
            if verdict.then is Then.FEWER:
                self._at_once = max(1, sent // 2)
            elif sent >= self._at_once and took_s <= QUICK_S:
                self._at_once = min(MOST_EVENTS, self._at_once + max(1, self._at_once // 4))
            status.failures, status.next_try_s, status.asked_s = 0, 0, 0
            skipped = self.skipping.verdict
            self._online(problem if problem.message or skipped is None else skipped.problem)
            return 0
        # A slow server gets smaller requests from every terminal: otherwise nothing gets through at all.
        self._at_once = min(self._at_once, max(LEAST_EVENTS, sent // 2))
        status.failures += 1
        status.asked_s = verdict.wait_s
        # After a skipped event, another one is tried: many that are skipped must not hold up those behind them.
        counted = min(status.failures, SKIPPED_FAILURES) if verdict.then is Then.SKIP else status.failures
        status.next_try_s = wait_s(counted, self.chance, verdict.wait_s)
        lines = {Then.REPAIR: Line.REPAIR, Then.ALERT: Line.TROUBLE, Then.SKIP: Line.TROUBLE}
        line = lines.get(verdict.then, Line.OFFLINE if answer is None else Line.BUSY)
        if problem.cause == "server_not_ready":
            line = Line.BUSY
        self._now_on(Line.TROUBLE if line is Line.OFFLINE and problem.mended_by_people else line, problem)
        return status.next_try_s

    async def _wait_for_pairing(self) -> None:
        """Post nothing until the token is valid again; ask the server now and then whether it is."""
        while not self._now.is_set():
            await _until(self._now, self.ask_again_s)
            if await self._ask():
                return

    async def _do(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        if self.in_thread:
            return await asyncio.to_thread(work, *arguments, **named)
        return work(*arguments, **named)


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Return when the event is set, at the latest after the given seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

"""Many real terminals in one process: the simulator's way to the gateway, each with a spool and a sender of its own."""

import asyncio
import json
import resource
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from typing_extensions import override

from producers.play.simulator.emission import Emission
from producers.play.simulator.places import Places
from producers.play.sinks import Acknowledged, CountingSink
from producers.records import Record, record_of
from producers.terminal.answers import Verdict
from producers.terminal.envelope import envelope_of
from producers.terminal.link import Link, ServerAnswer
from producers.terminal.sender import Line, Sender
from producers.terminal.spool import Spool, Waiting
from schemas.api.http import SIMULATED_TIME
from schemas.api.terminals import PlaceKind, Terminal
from schemas.errors import Unavailable
from schemas.events import Event
from schemas.fair.model import Fair
from schemas.times import from_epoch_ms, instant_text, wall_ms

PATIENCE_S: Final = 120.0
"""How long `flush` waits without a single event getting through."""

CONNECTIONS: Final = 64
"""Exchanges of all terminals at the same time: one process has only so many files."""

TOGETHER_MS: Final = 10_000
"""As far apart in fair time as two events of one terminal may be that are sent together before the fair is live."""

ASK_AGAIN_S: Final = 2.0

FILES_EACH: Final = 4
"""Open files of one terminal: its spool, the log and the index of the log, and one that comes and goes."""

SPARE_FILES: Final = 128

CAP_BYTES: Final = 64 * 1_048_576


def terminals_of(fair: Fair) -> tuple[Terminal, ...]:
    """Return every terminal of a simulated fair, as the organiser would enrol it."""
    places = Places(fair)
    found = [
        *((one.name, PlaceKind.GATE, gate.gate_id) for gate in places.all_gates.things for one in gate.lanes),
        *((one.name, PlaceKind.HALL, hall.hall_id) for hall in places.halls.things for one in hall.doors),
        *((booth.terminal.name, PlaceKind.BOOTH, booth.booth_id) for booth in places.booths.values()),
        *((one.name, PlaceKind.DESK, "") for one in (*places.stages, places.forum)),
    ]
    return tuple(Terminal(name, fair.fair_id, place, place_id) for name, place, place_id in found)


@dataclass(slots=True)
class _Box:
    """One terminal of the fleet.

    Attributes:
        records: those that the server has not answered, by number.
        first_ms: fair time of the first of them, 0 without any.
        last_ms: fair time of the record that was saved last, 0 without any.
        offset_ms: the fair's clock minus the terminal's, as it was when that record was made.
    """

    spool: Spool
    sender: Sender
    source: str
    records: dict[int, Record] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None
    first_ms: int = 0
    last_ms: int = 0
    offset_ms: int = 0


class HttpSink(CountingSink):
    """Gives every record to the terminal it comes from, which saves it and sends it when it can.

    A record is acknowledged when the gateway has answered for it; one that no terminal can have made (it is no event,
    or names no terminal of the fleet) is left out and counted.

    Args:
        server: address of the gateway.
        terminals: each terminal with its token.
        folder: where the spools lie, one folder a terminal. What is left there from before is sent too.
        acknowledged: told of each record that the gateway has.
        patience_s: how long `flush` waits without any progress.
        live_from_ms: fair time from which the fair is played at its pace. What comes before is sent as fast as it goes,
            yet as if the fair's time stood still meanwhile: a terminal sends within `TOGETHER_MS` of the fair's time.

    Attributes:
        left_out: records that no terminal can send.
        rejected: records that the gateway refused; they lie in the drawers.
        statuses: how often each HTTP status was answered; 0 stands for no answer.
    """

    def __init__(
        self,
        server: str,
        terminals: Mapping[Terminal, str],
        folder: Path,
        acknowledged: Acknowledged | None = None,
        *,
        patience_s: float = PATIENCE_S,
        live_from_ms: int = 0,
    ) -> None:
        super().__init__(acknowledged)
        self.left_out = 0
        self.statuses: dict[int, int] = {}
        self._patience_s = patience_s
        self._live_from_ms = live_from_ms
        self._link = Link(server, connections=CONNECTIONS)
        self._terminals = terminals
        self._folder = folder
        self._boxes: dict[str, _Box] = {}
        self._unplugged: set[str] = set()
        self._progress = asyncio.Event()
        self._fair_ms = 0

    @override
    async def start(self) -> None:
        """Open every spool and start every sender. The gateway need not be there yet.

        Raises:
            Unavailable: a spool cannot be opened, or the system does not allow one process so many files.
        """
        _allow_files(FILES_EACH * len(self._terminals) + CONNECTIONS + SPARE_FILES)
        await self._link.__aenter__()
        for terminal, token in self._terminals.items():
            name = terminal.terminal_id
            spool = Spool(self._folder / name, cap_bytes=CAP_BYTES, ballast_bytes=0, power_safe=False)
            sender = Sender(
                spool,
                self._link,
                lambda token=token: token,  # type: ignore[misc]
                clock=partial(self._terminal_ms, name),
                more_stamps=partial(self._stamps, name),
            )
            box = self._boxes[name] = _Box(spool, sender, terminal.source)
            # A terminal that was enrolled a moment ago may not be known yet.
            sender.ask_again_s = ASK_AGAIN_S
            sender.heard = self._listener(box)
            if name not in self._unplugged:
                self._plug(box)

    async def send(self, record: Event | Record) -> None:
        """Save a record at its terminal. Raises SpoolFull or Unavailable if its disk does not take it."""
        at_ms = record.at_ms if isinstance(record, Emission) else 0
        self._fair_ms = max(self._fair_ms, at_ms)
        if isinstance(record, Event):
            record = record_of(record)
        self.sent += 1
        try:
            members = json.loads(record.value or b"")
            box = self._boxes[members["terminal_id"]]
            body = envelope_of(members, box.source)
            event_id = members["event_id"]
        except (ValueError, KeyError, TypeError):
            self.left_out += 1
            return
        if at_ms < self._live_from_ms:
            await self._sent_before(box, at_ms)
        # A simulated copy stands for a resend after a lost answer: it is sent like any other.
        saved = box.spool.save(event_id, "event", 0, lambda _: body, once=False)
        box.first_ms = box.first_ms if box.records else at_ms
        box.last_ms = at_ms
        box.offset_ms = members.get("clock_offset_ms", 0)
        box.records[saved.seq] = record
        box.sender.wake()
        await asyncio.sleep(0)

    def unplug(self, names: Iterable[str]) -> None:
        """Take terminals off the network, in the middle of whatever they do; they go on saving."""
        for name in names:
            self._unplugged.add(name)
            box = self._boxes.get(name)
            if box is not None and box.task is not None:
                box.task.cancel()
                box.task = None

    def plug_in(self) -> None:
        """Put all terminals back on the network, at once."""
        for name in self._unplugged:
            self._plug(self._boxes[name])
        self._unplugged.clear()

    @override
    async def flush(self) -> None:
        """Return when every terminal on the network has sent what it saved.

        Raises:
            Unavailable: nothing got through for too long. All is in the spools.
        """
        left = [box for name, box in self._boxes.items() if name not in self._unplugged]
        while left:
            if not left[-1].spool.oldest(1, 1):
                left.pop()
                continue
            try:
                await self._some_progress()
            except TimeoutError:
                if any(box.sender.status.line is Line.REPAIR for box in self._boxes.values()):
                    raise Unavailable(
                        "the gateway does not know a terminal", hint="enrol it in the gateway's registry (--terminals)"
                    ) from None
                raise Unavailable(
                    f"{self.waiting():,} events wait at terminals and nothing gets through",
                    hint="see that the gateway runs; the events are in the spools and are sent the next time",
                ) from None

    def waiting(self) -> int:
        """Return how many events wait at terminals that are on the network."""
        return sum(box.spool.totals().pending for name, box in self._boxes.items() if name not in self._unplugged)

    @override
    async def stop(self) -> None:
        """End every sender and close every spool. Nothing is lost by it; what waits is sent the next time."""
        tasks = [box.task for box in self._boxes.values() if box.task is not None]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self._link.__aexit__()
        for box in self._boxes.values():
            box.spool.close()
        self._boxes.clear()

    async def _sent_before(self, box: _Box, at_ms: int) -> None:
        """Wait until a terminal on the network has sent what it saved long before a fair time."""
        while box.task is not None and box.records and at_ms - box.first_ms > TOGETHER_MS:
            await self._some_progress()

    async def _some_progress(self) -> None:
        """Wait until some terminal has been answered. Raises TimeoutError if none is for too long."""
        self._progress.clear()
        await asyncio.wait_for(self._progress.wait(), self._patience_s)

    def _terminal_ms(self, name: str) -> int:
        """Return what a terminal's clock says, wrong as it was when the event was made."""
        return self._clock_ms(name) - self._boxes[name].offset_ms

    def _stamps(self, name: str) -> Mapping[str, str]:
        """Return the fair's time, for a gateway that lives in it; nothing unless a fair is simulated."""
        return {SIMULATED_TIME: instant_text(from_epoch_ms(self._clock_ms(name)))} if self._fair_ms else {}

    def _clock_ms(self, name: str) -> int:
        """Return the fair's time while a fair is simulated, else the wall clock."""
        box = self._boxes[name]
        if 0 < box.last_ms < self._live_from_ms:
            return box.last_ms
        return self._fair_ms or wall_ms()

    def _plug(self, box: _Box) -> None:
        box.task = asyncio.get_running_loop().create_task(box.sender.run())
        box.sender.try_now()

    def _listener(self, box: _Box) -> Callable[[Sequence[Waiting], ServerAnswer | None, Verdict], None]:
        def heard(batch: Sequence[Waiting], answer: ServerAnswer | None, verdict: Verdict) -> None:
            del batch
            status = 0 if answer is None else answer.status
            self.statuses[status] = self.statuses.get(status, 0) + 1
            for seq in (*verdict.delivered, *verdict.duplicates):
                record = box.records.pop(seq, None)
                if record is not None:
                    self._confirm(record)
            for refusal in verdict.refused:
                self.rejected += box.records.pop(refusal.seq, None) is not None
            if verdict.delivered or verdict.duplicates or verdict.refused:
                self._progress.set()

        return heard


def _allow_files(count: int) -> None:
    """Let this process open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and count > hard:
        raise Unavailable(
            f"so many terminals need {count:,} open files and the system allows {hard:,}",
            hint="simulate a smaller fair, or raise the limit (ulimit -Hn)",
        )
    if count > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))

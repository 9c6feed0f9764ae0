"""Many real terminals in one process: the simulator's way to the gateway, each with a spool and a sender of its own."""

import asyncio
import json
import resource
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from typing_extensions import override

from producers.play.simulator.emission import Emission
from producers.play.simulator.places import Places
from producers.play.sinks import Acknowledged, CountingSink, EventSink
from producers.records import Record, record_of
from producers.terminal.answers import Verdict
from producers.terminal.envelope import envelope_of
from producers.terminal.line import Line
from producers.terminal.link import Link, ServerAnswer
from producers.terminal.sender import Sender
from producers.terminal.spool import Spool, Waiting
from schemas.api.http import CLOCK_OFFSET, SIMULATED_TIME
from schemas.api.terminals import Terminal
from schemas.errors import Unavailable
from schemas.events import Event
from schemas.fair.model import Fair
from schemas.times import from_epoch_ms, instant_text, wall_ms
from schemas.topics import BADGES

PATIENCE_S: Final = 120.0
"""How long `flush` waits without a single event getting through."""

CONNECTIONS: Final = 64
"""Exchanges of all terminals at the same time: a process may open a limited number of files."""

TOGETHER_MS: Final = 10_000
"""As far apart in fair time as two events of one terminal may be that are sent together before the fair is live."""

ASK_AGAIN_S: Final = 2.0

DATABASE: Final = "spool.sqlite3"
"""The file of a spool, in the spool's folder."""

FILES_EACH: Final = 4
"""Open files of one terminal: its spool, the log and the index of the log, and one that comes and goes."""

SPARE_FILES: Final = 128

CAP_BYTES: Final = 64 * 1_048_576


def terminals_of(fair: Fair) -> tuple[Terminal, ...]:
    """Return every terminal of a simulated fair, as the organiser would enrol it."""
    return tuple(reader.enrolled for reader in Places(fair).terminals)


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

    A record is acknowledged when the gateway has answered for it. A record that no terminal can have made (not an
    event, or not of this fleet) is left out and counted.

    Args:
        server: address of the gateway.
        terminals: each terminal with its token.
        folder: where the spools lie, one folder per terminal. Events that are left there from before are sent too.
        acknowledged: told of each record that the gateway has.
        register: makes the sink of what the register of badges says, which no terminal can send. None leaves it out.
        patience_s: how long `flush` waits without any progress.
        live_from_ms: fair time from which the fair is played at its pace. Earlier events are sent as fast as it goes,
            yet as if the fair's time stood still meanwhile: a terminal sends within `TOGETHER_MS` of the fair's time.

    Attributes:
        left_out: records that no terminal can send.
        rejected: records that the gateway refused; they are in the drawers.
        statuses: how often each HTTP status was answered; 0 stands for no answer.
    """

    def __init__(
        self,
        server: str,
        terminals: Mapping[Terminal, str],
        folder: Path,
        acknowledged: Acknowledged | None = None,
        *,
        register: Callable[[Acknowledged], EventSink] | None = None,
        patience_s: float = PATIENCE_S,
        live_from_ms: int = 0,
    ) -> None:
        super().__init__(acknowledged)
        self._register = None if register is None else register(self._confirm)
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
        self._by_name = {terminal.terminal_id: (terminal, token) for terminal, token in terminals.items()}
        self._blank = b""

    @property
    def fair_ms(self) -> int:
        """Fair time of the newest record, in ms since 1970; 0 before the first."""
        return self._fair_ms

    @override
    async def start(self) -> None:
        """Make ready to send; terminals that have a spool from before start to send. The gateway need not be there yet.

        Raises:
            Unavailable: a spool cannot be opened, or the system does not allow one process that many files.
        """
        _allow_files(FILES_EACH * len(self._terminals) + CONNECTIONS + SPARE_FILES)
        if self._register is not None:
            await self._register.start()
        await self._link.__aenter__()
        self._blank = _blank_spool(self._folder)
        for name in self._by_name:
            if (self._folder / name).exists():
                self._box_of(name)

    def _box_of(self, name: str) -> _Box:
        """Return a terminal of the fleet, switched on if it was not. Raises KeyError if the fleet has no such terminal.

        A terminal has no spool before its first event: two thousand new ones would take a slow disk a minute.
        """
        if name in self._boxes:
            return self._boxes[name]
        terminal, token = self._by_name[name]
        folder = self._folder / name
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True)
            (folder / DATABASE).write_bytes(self._blank)
        sender = Sender(
            Spool(folder, cap_bytes=CAP_BYTES, ballast_bytes=0, power_safe=False),
            self._link,
            lambda: token,
            clock=partial(self._terminal_ms, name),
            more_stamps=partial(self._stamps, name),
        )
        box = self._boxes[name] = _Box(sender.spool, sender, terminal.source)
        # A terminal that was enrolled a moment ago may not be known yet.
        sender.ask_again_s = ASK_AGAIN_S
        sender.heard = self._listener(box)
        if name not in self._unplugged:
            self._plug(box)
        return box

    async def send(self, record: Event | Record) -> None:
        """Save a record at its terminal. Raises SpoolFull or Unavailable if its disk does not take it."""
        at_ms = record.at_ms if isinstance(record, Emission) else 0
        self._fair_ms = max(self._fair_ms, at_ms)
        if isinstance(record, Event):
            record = record_of(record)
        self.sent += 1
        if self._register is not None and record.topic == BADGES.name:
            await self._register.send(record)
            return
        try:
            members = json.loads(record.value or b"")
            box = self._box_of(members["terminal_id"])
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
        for name in self._unplugged & self._boxes.keys():
            self._plug(self._boxes[name])
        self._unplugged.clear()

    @override
    async def flush(self) -> None:
        """Return when every terminal on the network has sent what it saved.

        Raises:
            Unavailable: nothing got through for too long. All is in the spools.
        """
        if self._register is not None:
            await self._register.flush()
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

    def unanswered(self) -> int:
        """Return how many records wait at terminals for an answer, those off the network included; asks no disk."""
        return sum(len(box.records) for box in self._boxes.values())

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
        if self._register is not None:
            await self._register.stop()

    async def _sent_before(self, box: _Box, at_ms: int) -> None:
        """Wait until a terminal on the network has sent what it saved long before a fair time."""
        while box.task is not None and box.records and at_ms - box.first_ms > TOGETHER_MS:
            await self._some_progress()

    async def _some_progress(self) -> None:
        """Wait until some terminal has been answered. Raises TimeoutError if none is for too long."""
        self._progress.clear()
        async with asyncio.timeout(self._patience_s):
            await self._progress.wait()

    def _terminal_ms(self, name: str) -> int:
        """Return what a terminal's clock says, wrong as it was when the event was made."""
        return self._clock_ms(name) - self._boxes[name].offset_ms

    def _stamps(self, name: str) -> Mapping[str, str]:
        """Return how wrong the clock is and, if a fair is simulated, its time for a gateway that lives in it."""
        now = {SIMULATED_TIME: instant_text(from_epoch_ms(self._clock_ms(name)))} if self._fair_ms else {}
        return {CLOCK_OFFSET: str(self._boxes[name].offset_ms), **now}

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


def _blank_spool(beside: Path) -> bytes:
    """Return the file of an empty spool: to copy it is quicker than to make one."""
    beside.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=beside) as folder:
        Spool(Path(folder), ballast_bytes=0, power_safe=False).close()
        return (Path(folder) / DATABASE).read_bytes()


def _allow_files(count: int) -> None:
    """Let this process open that many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and count > hard:
        raise Unavailable(
            f"this fair's terminals need {count:,} open files and the system allows {hard:,}",
            hint="simulate a smaller fair, or raise the limit (ulimit -Hn)",
        )
    if count > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))

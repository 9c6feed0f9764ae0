"""How a gateway answers requests. A posting passes, in order: drain, token, turn, rate, room, body, events, Kafka."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from producers.gateway.copies import Copies
from producers.gateway.events.intake import Intake, Judged
from producers.gateway.events.letters import Letters
from producers.gateway.events.memory import IdInDoubt
from producers.gateway.events.reading import Posting, UnreadableBody, read_request
from producers.gateway.events.refusing import unreadable_letter
from producers.gateway.hearing import Hearing
from producers.gateway.http.answering import Reply, document_reply, info_reply, reply_to
from producers.gateway.http.forwarded import Proxies
from producers.gateway.http.heading import (
    Heading,
    badge_key_in,
    check_length,
    instance_in,
    instant_in,
    token_in,
)
from producers.gateway.http.incoming import Incoming
from producers.gateway.http.problems import RequestRefused
from producers.gateway.lags import Lags
from producers.gateway.metrics import GatewayMetrics
from producers.gateway.register.register import Register
from producers.gateway.shares.accounts import Accounts
from producers.gateway.shares.limits import Buckets, Room
from producers.gateway.shares.turns import ProcessorTurns
from producers.gateway.skew import Skew, clock_told
from producers.gateway.supervisor import NotStored, Supervisor
from producers.gateway.topic_watch import TopicWatch
from producers.records import RawRecord
from producers.registry.badge_keys import BadgeKey
from producers.registry.doorkeeper import Doorkeeper, RegistryUnreadable
from producers.registry.store import Key
from schemas.api.http import (
    BODY_MAX_BYTES,
    EVENT_MAX_BYTES,
    EVENTS_MAX,
    OPENAPI_PATH,
    SIMULATED_TIME,
    Limits,
    TerminalInfo,
)
from schemas.api.openapi import openapi_text
from schemas.api.terminals import PlaceKind, Terminal
from schemas.errors import Unavailable
from schemas.fair.model import Fair
from schemas.ids import TerminalId
from schemas.logs import logger
from schemas.settings import GatewaySettings
from schemas.times import instant_text
from schemas.version import our_version

log = logger(__name__)

Clock = Callable[[], datetime]

_ID_IN_DOUBT: Final = "Another event came under one of these ids, and Kafka may still confirm that one."


@dataclass(slots=True, kw_only=True)
class Gateway:
    """Everything that the routes need.

    Attributes:
        draining: new requests are refused.
        register: the register of badges; None at a fair without one.
        letters: dead letters that Kafka has.
        told_of_copies: terminals that two machines send as, and of which a line in the log has told.
        badges_token: hash of the token of the registration system; None if it has none.
        patience: deadlines of bodies that are being read.
    """

    fair: Fair
    settings: GatewaySettings
    proxies: Proxies
    clock: Clock
    doorkeeper: Doorkeeper
    supervisor: Supervisor
    topics: TopicWatch
    intake: Intake
    accounts: Accounts
    room: Room
    buckets: Buckets
    copies: Copies
    skew: Skew
    lags: Lags
    hearing: Hearing
    metrics: GatewayMetrics
    register: Register | None = None
    draining: bool = False
    letters: Letters = field(default_factory=Letters)
    told_of_copies: set[TerminalId] = field(default_factory=set)
    badges_token: bytes | None = None
    patience: set[asyncio.Timeout] = field(default_factory=set)

    async def post_events(self, incoming: Incoming) -> Reply:
        """Take events, and answer when Kafka has all of them."""
        if self.draining:
            raise RequestRefused("draining")
        received_at = self.clock()
        terminal = (await self.identify(incoming, received_at)).terminal
        now_s = asyncio.get_running_loop().time()
        self.buckets.check(terminal.terminal_id, now_s)
        if self.topics.wrong is not None:
            raise RequestRefused("topics_wrong")
        if self.register is not None:
            self.check_register(self.register)
        if not self.supervisor.is_connected:  # a flood of bodies would only delay the reconnection
            raise RequestRefused("kafka_unavailable")
        check_length(incoming.heading)
        with self.room.enter(incoming.guest.account) as charge:
            body = await self.body_of(incoming, charge)
            self.buckets.charge(terminal.terminal_id, 1, now_s)
            posting = await self._read(incoming.heading, body, terminal, received_at, charge)
            judged = await self._judge(posting, incoming.guest.account.turns)
            self.buckets.charge(terminal.terminal_id, judged.events - 1, now_s)
            await self._store(judged)
            self.metrics.count_fates(judged)
            if not terminal.test:
                self.lags.heard(terminal.terminal_id, judged.lags_ms, now_s)
            return reply_to(judged)

    async def get_terminal(self, incoming: Incoming) -> Reply:
        """Tell a terminal who it is."""
        now = self.clock()
        key = await self.identify(incoming, now)
        terminal = key.terminal
        told = badge_key_in(incoming.heading)
        badge_key = await self._badge_key(None if told is None else BadgeKey(told, terminal.terminal_id, now))
        offset_ms = self._offset_ms(incoming.heading, terminal, now)
        limits = Limits(
            EVENT_MAX_BYTES, BODY_MAX_BYTES, EVENTS_MAX, self.settings.gateway_rate, int(self.settings.gateway_burst)
        )
        answered_at = instant_text(self.clock())
        info = TerminalInfo(
            fair_id=terminal.fair_id,
            terminal_id=terminal.terminal_id,
            place=PlaceKind(terminal.place),
            place_id=terminal.place_id or None,
            test=terminal.test,
            source=terminal.source,
            received_at=instant_text(now),
            answered_at=answered_at,
            server_time=answered_at,
            clock_offset_ms=offset_ms,
            limits=limits,
            token_expires_at=None if key.expires_at is None else instant_text(key.expires_at),
            badge_key=badge_key,
            fair_file=self.fair.file_fingerprint,
            gateway_version=our_version(),
        )
        return info_reply(info)

    async def get_openapi(self, incoming: Incoming) -> Reply:
        """Serve the description of this API."""
        reached = self.proxies.reached(incoming.peer, incoming.heading.headers)
        return document_reply(openapi_text(f"{reached.origin}{reached.prefix}{self.settings.gateway_prefix}"))

    async def get_root(self, _: Incoming) -> Reply:
        """Tell a load balancer or a curious person that a gateway is here, and where it is described."""
        if self.draining:
            raise RequestRefused("draining")
        return document_reply(json.dumps({"openapi": f"{self.settings.gateway_prefix}{OPENAPI_PATH}"}) + "\n")

    def check_register(self, register: Register) -> None:
        """Raise RequestRefused (503) unless badges can be looked up now."""
        if register.trouble(self.doorkeeper):
            raise RequestRefused("register_unready")

    async def identify(self, incoming: Incoming, now: datetime) -> Key:
        """Return the key of a request, when it is its terminal's turn. Raises RequestRefused (401, 403, 429, 503)."""
        key = self._key_of(incoming, now)
        account = self.accounts.of_terminal(key.terminal.terminal_id)
        incoming.is_identified = True
        if not self.accounts.seat(incoming.guest, account):
            raise RequestRefused("share")
        if account.turns.must_wait:
            await account.turns.turn()
        return key

    def _key_of(self, incoming: Incoming, now: datetime) -> Key:
        try:
            key = self.doorkeeper.identify(token_in(incoming.heading), now)
        except RegistryUnreadable:
            raise RequestRefused("registry_unreadable") from None
        if key is None:
            raise RequestRefused("token_unknown")
        incoming.copies_s = self._copies_of(key.terminal, instance_in(incoming.heading))
        if key.terminal.fair_id != self.fair.fair_id:
            raise RequestRefused("wrong_fair")
        self.hearing.heard(key.terminal.terminal_id, now.timestamp())
        return key

    def _copies_of(self, terminal: Terminal, instance: str | None) -> float | None:
        if instance is None:
            return None
        silence_s = self.copies.heard(terminal.terminal_id, instance, asyncio.get_running_loop().time())
        if silence_s is not None and terminal.terminal_id not in self.told_of_copies:
            self.told_of_copies.add(terminal.terminal_id)
            log.warning(
                "two machines send as one terminal",
                terminal=terminal.terminal_id,
                source=terminal.source,
                remedy="find out which one belongs there, and stop the other",
            )
        return silence_s

    async def _badge_key(self, told: BadgeKey | None) -> str | None:
        try:
            known = await self.doorkeeper.badge_key(self.fair.fair_id, told)
        except Unavailable:
            raise RequestRefused("registry_unwritable") from None
        return None if known is None else known.fingerprint

    async def body_of(self, incoming: Incoming, charge: Callable[[int], None]) -> bytes:
        """Return the body of a request. Raises RequestRefused, see `Incoming.body`."""
        try:
            return await incoming.body(self.patience, charge)
        except RequestRefused as refused:
            late = self.draining and refused.kind.code == "body_late"
            raise RequestRefused("draining") if late else refused from None

    async def _read(
        self, heading: Heading, body: bytes, terminal: Terminal, received_at: datetime, charge: Callable[[int], None]
    ) -> Posting:
        if self.settings.gateway_clock == "simulated":
            received_at = instant_in(heading, SIMULATED_TIME) or received_at
        offset = self._offset_ms(heading, terminal, received_at)
        received = instant_text(received_at)
        try:
            return read_request(heading, body, terminal, received, offset, charge)
        except UnreadableBody as error:
            refused = RequestRefused(error.code, alone=error.alone)
            if refused.kind.status == 400 and error.kept:
                keep = self.register is None
                await self.deliver([unreadable_letter(error.kept, terminal, received, refused.kind, keep=keep)])
            raise refused from None

    async def _judge(self, posting: Posting, turns: ProcessorTurns) -> Judged:
        """Judge a posting slice by slice: other requests get in between, and a party over its share waits."""
        for judged in self.intake.judging(posting):
            if judged is not None:
                return judged
            await (turns.turn() if turns.must_wait else asyncio.sleep(0))
        raise AssertionError("a posting has an outcome")

    def _offset_ms(self, heading: Heading, terminal: Terminal, received_at: datetime) -> int:
        told = clock_told(heading, received_at)
        if not told.is_readable:
            self.metrics.bad_sent_at.inc()
        now_s = asyncio.get_running_loop().time()
        return self.skew.offset_ms(terminal.terminal_id, told, now_s, is_shown=not terminal.test)

    async def _store(self, judged: Judged) -> None:
        """Store what was judged, and remember how that ended. An id that may be another event's is never settled."""
        loop = asyncio.get_running_loop()
        try:
            self.intake.begin(judged, loop.time())
        except IdInDoubt:
            raise RequestRefused("kafka_timeout", addition=_ID_IN_DOUBT) from None
        try:
            await self.deliver(judged.records)
        except BaseException as error:
            if isinstance(error, RequestRefused) and error.kind.outcome == "not_stored":
                self.intake.forget(judged)
            else:
                self.intake.doubt(judged, loop.time())
            raise
        self.intake.confirm(judged)

    async def deliver(self, records: Sequence[RawRecord]) -> None:
        """Store records, except dead letters that Kafka has. Raises RequestRefused (503)."""
        records = self.letters.missing(records)
        if not records:
            return
        with self.metrics.ack_seconds.time():
            try:
                await self.supervisor.deliver(records)
            except NotStored as error:
                if error.misfit:
                    self.topics.look_soon()
                    raise RequestRefused("topics_wrong") from None
                raise RequestRefused("kafka_timeout" if error.unknown else "kafka_unavailable") from None
        self.letters.confirm(records)

"""How a gateway answers about badges: imports of the registration system, and questions of gates and hall doors."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from io import BytesIO
from typing import Final

from producers.badges.change import Effect
from producers.badges.file import read_rows
from producers.badges.plan import ImportPlan
from producers.badges.registering import write_plan
from producers.gateway.app import Gateway
from producers.gateway.events.codings import NotGzip, codings_in, unpacked
from producers.gateway.http.answering import Reply, badge_reply, import_reply
from producers.gateway.http.heading import Heading, check_length, token_in
from producers.gateway.http.incoming import Incoming
from producers.gateway.http.problems import RequestRefused
from producers.gateway.register.checking import BadQuestion, badge_in, check
from producers.gateway.register.importing import AT_ONCE, ERRORS_MAX, GatewayTopics
from producers.gateway.register.register import Register
from schemas.api.http import BADGE_CODE, DRY_RUN, OPENAPI_PATH, ImportReceipt, LineError, ProblemError
from schemas.api.terminals import PlaceKind
from schemas.errors import FairpulseError, InvalidEvent, Unavailable
from schemas.logs import logger

log = logger(__name__)

_TRY: Final = f"{DRY_RUN}=true".encode()
DRY_RUNS: Final = frozenset({_TRY, f"{DRY_RUN}=false".encode()})
"""The queries that an import may have."""

_ASKING: Final = frozenset({PlaceKind.GATE, PlaceKind.HALL})
_SCHEMA: Final = f"..{OPENAPI_PATH}#/components/schemas/BadgeQuestion"


class BadgeDesk:
    """Answers about badges.

    Args:
        gateway: whose register it is.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def post_badges(self, incoming: Incoming) -> Reply:
        """Take persons into the register, and answer when Kafka has all of them; or say what that would do."""
        self._check_token(incoming.heading)
        register = self._register()
        gateway, is_trial = self._gateway, incoming.heading.query == _TRY
        check_length(incoming.heading)
        with gateway.room.enter(incoming.guest.account) as charge:
            body = await self._unpacked(incoming, charge)
            async with register.importing:  # the next one must see in the book what this one writes
                await self._reach_end(register, "register_unready")
                plan = await self._planned(body, register)
                if not is_trial and not plan.is_done(register.book):
                    await self._write(plan, register)
        counts = {kind.value: plan.counts[kind] for kind in Effect}
        if is_trial:
            log.info("an import of badges was tried", **counts)
        else:
            log.info("badges were imported", **counts)
        return import_reply(ImportReceipt(**counts, dry_run=is_trial))

    async def post_badge_check(self, incoming: Incoming) -> Reply:
        """Tell a gate or a hall door whether a badge is known, and whether to turn it away."""
        gateway = self._gateway
        terminal = (await gateway.identify(incoming, gateway.clock())).terminal
        register = self._register()
        if terminal.place not in _ASKING:
            raise RequestRefused("not_here")
        now_s = asyncio.get_running_loop().time()
        gateway.buckets.check(terminal.terminal_id, now_s)
        check_length(incoming.heading)
        with gateway.room.enter(incoming.guest.account) as charge:
            body = await gateway.body_of(incoming, charge)
            gateway.buckets.charge(terminal.terminal_id, 1, now_s)
            try:
                badge = badge_in(body, register.codes)
            except BadQuestion:
                raise RequestRefused("not_a_question") from None
            except InvalidEvent as error:
                raise RequestRefused("not_a_badge", errors=[_error(error)]) from None
        return badge_reply(check(badge, register.book))

    def _check_token(self, heading: Heading) -> None:
        """Raise RequestRefused (401) unless the request has the token of the registration system."""
        given = sha256(token_in(heading).encode("latin-1", "replace")).digest()
        known = self._gateway.badges_token
        if not compare_digest(given, known or bytes(len(given))) or known is None:
            raise RequestRefused("badges_token")

    def _register(self) -> Register:
        gateway = self._gateway
        if gateway.draining:
            raise RequestRefused("draining")
        if gateway.register is None:
            raise RequestRefused("no_register")
        if gateway.topics.wrong is not None:
            raise RequestRefused("topics_wrong")
        gateway.check_register(gateway.register)
        return gateway.register

    async def _unpacked(self, incoming: Incoming, charge: Callable[[int], None]) -> bytes:
        codings = codings_in(incoming.heading)
        try:
            return unpacked(await self._gateway.body_of(incoming, charge), codings, charge)
        except NotGzip:
            raise RequestRefused("not_gzip") from None

    async def _reach_end(self, register: Register, code: str) -> None:
        """Return when the book holds all that Kafka has. Raises RequestRefused (503) with this code."""
        try:
            await register.follower.reach_end()
        except Unavailable:
            raise RequestRefused(code) from None

    async def _planned(self, body: bytes, register: Register) -> ImportPlan:
        """Return what an import does.

        Raises:
            RequestRefused: a line cannot be taken (422); or nobody can say whether the register has this key (403).
        """
        try:
            reading = await asyncio.to_thread(read_rows, BytesIO(body), register.fair, register.key)
        except FairpulseError as error:
            raise RequestRefused("badges_unreadable", addition=_sentence(error)) from None
        plan = ImportPlan(read=register.follower.read)
        try:
            for _ in plan.planning(reading, register.book):
                await asyncio.sleep(0)
        except FairpulseError as error:
            raise RequestRefused("key_unproven", addition=_sentence(error)) from None
        if plan.problems:
            lines = [LineError(one.line, one.text) for one in plan.problems[:ERRORS_MAX]]
            raise RequestRefused("badges_refused", lines=lines, rejected=plan.refused)
        return plan

    async def _write(self, plan: ImportPlan, register: Register) -> None:
        """Write a plan, and return when the book has it too: it learns it from Kafka, in the order that it has there.

        Raises:
            RequestRefused: Kafka did not take all, or others changed the register meanwhile (503). The same import may
                be sent again, and writes what is missing.
        """
        gateway = self._gateway
        topics = GatewayTopics(
            register.book,
            lambda: self._reach_end(register, "kafka_timeout"),
            gateway.deliver,
            lambda: register.follower.read,
        )
        try:
            await write_plan(plan, topics, register.key, register.fair.fair_id, gateway.clock, AT_ONCE)
        except FairpulseError as error:
            raise RequestRefused("register_unready", addition=_sentence(error)) from None
        await topics.reach_end()
        if plan.problems:
            raise RequestRefused("register_changed")


def _sentence(error: FairpulseError) -> str:
    why = str(error)
    return f"{why[:1].upper()}{why[1:]}."


def _error(error: InvalidEvent) -> ProblemError:
    message = error.message.removeprefix(f"{error.field}: ")
    return ProblemError(
        index=0,
        pointer=f"/{BADGE_CODE}",
        code=error.reason,
        message=f"/{BADGE_CODE}: {message}; {error.to_sender}",
        schema=_SCHEMA,
        word=error.word or None,
    )

"""How a gateway answers about badges: imports of the registration system, and questions of gates and hall doors."""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha256
from hmac import compare_digest
from io import BytesIO
from typing import Final

from producers.badges.change import Change, Effect
from producers.badges.file import read_rows
from producers.gateway.app import Gateway
from producers.gateway.events.codings import NotGzip, codings_in, unpacked
from producers.gateway.http.answering import Reply, badge_reply, import_reply
from producers.gateway.http.heading import Heading, check_length, token_in
from producers.gateway.http.incoming import Incoming
from producers.gateway.http.problems import RequestRefused
from producers.gateway.register.checking import BadQuestion, badge_in, check
from producers.gateway.register.importing import (
    ERRORS_MAX,
    Import,
    codes,
    plan_import,
    registrations,
)
from producers.gateway.register.register import Register
from schemas.api.http import BADGE_CODE, DRY_RUN, OPENAPI_PATH, ImportReceipt, LineError, ProblemError
from schemas.api.terminals import PlaceKind
from schemas.errors import FairpulseError, InvalidEvent, Unavailable
from schemas.logs import logger

log = logger(__name__)

_TRY: Final = f"{DRY_RUN}=true".encode()
DRY_RUNS: Final = frozenset({_TRY, f"{DRY_RUN}=false".encode()})
"""The queries that an import may have."""
AT_ONCE: Final = 1_000
"""Persons that are written together: first who they are, then their codes."""

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
                found = await self._planned(body, register)
                if not is_trial:
                    await self._write(found.changes, register)
                    await self._reach_end(register, "kafka_timeout")
        counts = {kind.value: found.counts[kind] for kind in Effect}
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

    async def _planned(self, body: bytes, register: Register) -> Import:
        """Return what an import does. Raises RequestRefused (422) if a line cannot be taken."""
        try:
            reading = await asyncio.to_thread(read_rows, BytesIO(body), register.fair, register.key)
        except FairpulseError as error:
            why = str(error)
            raise RequestRefused("badges_unreadable", addition=f"{why[:1].upper()}{why[1:]}.") from None
        found = await plan_import(reading, register.book)
        if found.problems:
            lines = [LineError(one.line, one.text) for one in found.problems[:ERRORS_MAX]]
            raise RequestRefused("badges_refused", lines=lines, rejected=found.refused)
        return found

    async def _write(self, changes: Sequence[Change], register: Register) -> None:
        """Write changes. The book learns them from Kafka, in the order that they have there.

        Raises:
            RequestRefused: Kafka did not take all (503). The same import may be sent again, and writes what is missing.
        """
        gateway, now = self._gateway, self._gateway.clock()
        for begin in range(0, len(changes), AT_ONCE):
            some = changes[begin : begin + AT_ONCE]
            await gateway.deliver(registrations(some, register.fair.fair_id, now))
            await gateway.deliver(codes(some))


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

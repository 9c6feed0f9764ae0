"""The state of a terminal, in words for people and as JSON for scripts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from producers.terminal.answer_reading import object_in
from producers.terminal.card import Choice
from producers.terminal.clock import ClockMs
from producers.terminal.clock_offset import clock_offset_ms, clock_text
from producers.terminal.line import ONE_OF_THEM, copies_in
from producers.terminal.paired import Paired
from producers.terminal.renewal import link_of
from producers.terminal.spool import Spool
from producers.terminal.trouble import of_answer, of_error
from schemas.errors import Unavailable
from schemas.times import wall_ms


@dataclass(frozen=True, slots=True)
class TerminalState:
    """The state of a terminal, after the gateway was asked.

    Attributes:
        cause: what is wrong with the line, as the page names it; empty if nothing is.
        clock_offset_ms: server clock minus terminal clock; None if it is not known.
        copies: seconds since another machine was heard that sends as this terminal; None if there is none.
        moved: the folder was copied or moved since it was paired.
        badge_key: fingerprint of the badge key in the settings; empty without one.
        fair_badge_key: fingerprint of the fair's; empty if it has none.
        badge_register: whether the fair has a register of badges, so that the gateway takes codes.
        last_number: of the newest event, 0 before the first.
        spool_bytes: that the events take which are kept here.
    """

    terminal: str
    title: str
    place: str
    fair: str
    gateway: str
    cause: str
    facts: Mapping[str, str]
    trouble: str
    remedy: str
    clock_offset_ms: int | None
    pending: int
    sent: int
    rejected: int
    full: bool
    last_number: int
    epoch: str
    spool_bytes: int
    badge_key: str
    fair_badge_key: str
    badge_register: bool
    copies: int | None
    moved: bool
    exhibits: tuple[Choice, ...]

    def json(self) -> str:
        """Return it as one JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def text(self) -> str:
        """Return it in a few lines for people."""
        return "\n".join(f"{name:<10}{words}" for name, words in self._lines())

    def _lines(self) -> Iterator[tuple[str, str]]:
        yield "terminal", f"{self.terminal} at {self.title} ({self.place}), {self.fair}"
        if self.cause:
            yield "gateway", f"{self.gateway} {self.cause}: {self.trouble}; {self.remedy}"
        else:
            yield "gateway", f"{self.gateway} knows this terminal, {clock_text(self.clock_offset_ms)}".rstrip(", ")
        yield "badge key", self._key_words()
        if self.copies is not None:
            yield (
                "copies",
                f"another machine sends as this terminal too, last {self.copies} s ago; {ONE_OF_THEM}",
            )
        if self.moved:
            yield "moved", "this folder was copied or moved; if the other one still runs, stop it; then pair again"
        size = f"{self.spool_bytes / 1_048_576:,.1f} MiB kept here"
        yield "events", f"saved here: {self.pending:,}, sent: {self.sent:,}, {size}"
        if self.rejected:
            yield "drawer", f"{self.rejected:,} rejected; `fairpulse terminal drawer list` says why"
        numbers = f"1-{self.last_number:,}" if self.last_number else "none yet"
        yield "numbers", f"{numbers}, epoch {self.epoch}"
        if self.full:
            yield "full", "nothing more can be saved until events have been sent"
        for one in self.exhibits:
            yield "exhibit", f"{one.id}  {one.name}"

    def _key_words(self) -> str:
        if not self.badge_key and self.badge_register:
            return "none here, none needed: the gateway takes the codes of badges"
        if not self.badge_key:
            fairs = f"; the fair has one, {self.fair_badge_key}" if self.fair_badge_key else ""
            return f"none here: only badges that carry a pseudonym can be scanned{fairs}"
        if self.badge_key == self.fair_badge_key:
            return f"{self.badge_key}, the fair's"
        if not self.fair_badge_key:
            return f"{self.badge_key} was never compared with the fair's; pair again"
        return f"{self.badge_key} is not the fair's, {self.fair_badge_key}; set the fair's key, then pair again"


async def asked(
    spool: Spool,
    paired: Paired,
    authorities: str,
    badge_key: str,
    clock: ClockMs = wall_ms,
    patience_s: float = 5,
) -> TerminalState:
    """Return the terminal's state, after asking the gateway.

    Args:
        spool: of the terminal.
        paired: what it says.
        authorities: PEM text of authorities from the settings.
        badge_key: fingerprint of the key in the settings; empty without one.
        clock: the terminal's.
        patience_s: how long to wait for the gateway.
    """
    pairing, card, totals = paired.pairing, paired.card, spool.totals()
    offset_ms, copies, fairs = None, None, pairing.badge_key
    try:
        async with link_of(spool, paired, authorities, patience_s=patience_s) as link:
            answer = await link.who_am_i(pairing.token)
        problem = of_answer(answer, pairing.source)
        offset_ms, copies = clock_offset_ms(answer, clock()), copies_in(answer)
        said = object_in(answer.body).get("badge_key")
        fairs = said if isinstance(said, str) and said else fairs
    except Unavailable as error:
        problem = of_error(error, clock(), pairing.known_ms)
    return TerminalState(
        terminal=pairing.terminal_id,
        title=card.title,
        place=f"{card.place} {card.place_id}".strip(),
        fair=card.fair_name,
        gateway=pairing.server,
        cause=problem.cause,
        facts=problem.facts,
        trouble=problem.message,
        remedy=problem.hint,
        clock_offset_ms=offset_ms,
        pending=totals.pending,
        sent=totals.accepted + totals.duplicates,
        rejected=totals.rejected,
        full=totals.full,
        last_number=spool.last_seq(),
        epoch=paired.epoch,
        spool_bytes=totals.bytes,
        badge_key=badge_key,
        fair_badge_key=fairs,
        badge_register=card.badge_register,
        copies=copies,
        moved=paired.moved,
        exhibits=tuple(Choice(one.id, one.name) for one in card.exhibits),
    )

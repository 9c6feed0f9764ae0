"""Deals and other outcomes of a day: signed at booths and in ceremonies, changed, doubled, called off.

Every deal yields its steps in order of time; an amendment may all the same arrive before the signing does.
"""

import json
from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import Any, Final, NamedTuple

from producers.play.simulator.emission import DealFact, Happening, Reader
from producers.play.simulator.places import Places
from producers.play.simulator.population import ABROAD
from producers.play.simulator.scenarios import Scenario
from producers.play.simulator.writing import DAY_MS, HOUR_MS, MINUTE_MS, instant
from schemas.codes import (
    CancelReason,
    ChangeKind,
    DealLocation,
    DealStage,
    ExhibitorType,
    OutcomeKind,
    PartyRole,
    ServiceCategory,
    TradeDirection,
    ValueBasis,
)
from schemas.events import DealAmended, DealCancelled, DealSigned, DealTerms, type_of
from schemas.fair.model import Exhibitor, Fair
from schemas.topics import DEALS

OUTCOMES: Final = (
    (OutcomeKind.TRANSACTION, 513),
    (OutcomeKind.INVESTMENT, 175),
    (OutcomeKind.FIRST_LAUNCH, 173),
    (OutcomeKind.STRATEGIC_AGREEMENT, 128),
    (OutcomeKind.AUTHORITATIVE_RELEASE, 82),
    (OutcomeKind.ALLIANCE_PLATFORM, 26),
    (OutcomeKind.SELECTION_RECOMMENDATION, 242),
)
"""The 1,339 results of CIFTIS 2022, by kind."""

NARROW: Final = frozenset({OutcomeKind.TRANSACTION, OutcomeKind.INVESTMENT})
"""Kinds that are deals in the narrow sense, and have a value."""

UNDISCLOSED: Final = 0.22
"""Deals of a narrow kind whose value stays secret."""

HOME_CURRENCY: Final = 0.6
"""Deals in the reporting currency of the fair."""

MIDDLE_VALUE: Final = 14.5
"""Logarithm of the middle value: two million units of its currency."""

PRE_SIGNED: Final = 0.05
"""Deals agreed up to three weeks before the fair and only announced there."""

TYPED_IN_LATER: Final = 0.04
"""Deals typed in hours later; over a whole fair that is the next morning, with the signing of the day before."""

CEREMONY_MS: Final = 10 * MINUTE_MS

BINDING_STAGES: Final = (DealStage.CONTRACT, DealStage.PURCHASE_ORDER)
OPEN_STAGES: Final = (DealStage.INTENT, DealStage.MOU, DealStage.FRAMEWORK)
TERMS: Final = (0, 0, 6, 12, 18, 24, 36, 60)
"""Months a contract runs; 0 is not given."""


class Terms(NamedTuple):
    """A deal as it stands: what the simulator books, and the members of the event that say the rest."""

    state: DealFact
    more: dict[str, Any]


class DealRoom:
    """Where the deals of a fair are made. Keeps nothing about them."""

    def __init__(self, fair: Fair, places: Places, scenario: Scenario) -> None:
        self._fair = fair
        self._places = places
        self._scenario = scenario
        self._direct = [
            exhibitor for exhibitor in fair.exhibitors.values() if exhibitor.type is not ExhibitorType.REPRESENTED
        ] or list(fair.exhibitors.values())
        self._foreign = [country for country in ABROAD if country != fair.host_country]
        self._others = [code for code in fair.currencies if code != fair.reporting_currency]
        self._sums = list(accumulate(weight for _, weight in OUTCOMES))

    def signings(self, opens: int, closes: int, chance: Random) -> list[int]:
        """Return when the deals of a day are signed, in ms since 1970, ascending."""
        scenario = self._scenario
        starts = [opens + minute * MINUTE_MS for minute in scenario.ceremonies]
        starts = [start for start in starts if start + CEREMONY_MS < closes]
        moments = []
        for number in range(scenario.deals):
            if starts and number < scenario.deals * scenario.ceremony:
                moments.append(starts[number % len(starts)] + int(chance.random() * CEREMONY_MS))
            else:
                moments.append(opens + 30 * MINUTE_MS + int(chance.random() * (closes - opens - HOUR_MS)))
        return sorted(moments)

    def deal(self, deal_id: str, signed: int, opens: int, chance: Random) -> Iterator[Happening]:
        """Yield a deal's life: signing, perhaps changes, perhaps its end. Times in ms since 1970."""
        draw = chance.random
        scenario = self._scenario
        exhibitor = self._direct[int(draw() * len(self._direct))]
        booth = self._places.booths[exhibitor.booth]
        in_ceremony = self._in_ceremony(signed, opens)
        terminal = self._places.stages[int(draw() * len(self._places.stages))] if in_ceremony else booth.terminal
        terms = self._terms(deal_id, exhibitor, signed, in_ceremony, chance)
        changes = draw() < scenario.amended
        at = signed + int(draw() * 3 * MINUTE_MS)
        # The stage's terminal is busy, or the booth's was put away: the change overtakes the signing.
        hold = int((0.5 + draw()) * HOUR_MS) if changes and draw() < scenario.overtaken else 0
        late = not changes and draw() < TYPED_IN_LATER
        if late:
            at += int((16 if scenario.whole_fair else 1) * HOUR_MS + draw() * 2 * HOUR_MS)
        yield self._step(at, terminal, DealSigned, terms, hold, typed_in=late)
        revision = 1
        if changes:
            for _ in range(1 + int(draw() * 1.4)):
                revision += 1
                at += 4 * MINUTE_MS + int(draw() * 20 * MINUTE_MS)
                correction = draw() < 1 / 3
                terms = self._changed(terms, revision, correction=correction, chance=chance)
                yield self._amended(at, booth.terminal, terms, correction=correction)
                if draw() < scenario.doubled:
                    # The other party reports the same revision from its booth, with a value of its own.
                    other = self._places.booths[self._direct[int(draw() * len(self._direct))].booth].terminal
                    at += int(draw() * 2 * MINUTE_MS)
                    twin = self._changed(terms, revision, correction=correction, chance=chance)
                    yield self._amended(at, other, twin, correction=correction)
        if draw() < scenario.cancelled:
            revision += 1
            at += int((0.2 + draw()) * HOUR_MS)
            yield self._cancelled(at, booth.terminal, deal_id, revision, booth.booth_id, chance)
            if draw() < 0.1:
                # Called off in error; the next revision brings it back.
                at += int(draw() * HOUR_MS)
                terms = self._changed(terms, revision + 1, correction=True, chance=chance)
                yield self._amended(at, booth.terminal, terms, correction=True)

    def _in_ceremony(self, signed: int, opens: int) -> bool:
        minute = (signed - opens) // MINUTE_MS
        return any(start <= minute < start + CEREMONY_MS // MINUTE_MS for start in self._scenario.ceremonies)

    def _terms(self, deal_id: str, exhibitor: Exhibitor, signed: int, in_ceremony: bool, chance: Random) -> Terms:
        draw = chance.random
        outcome = OUTCOMES[bisect(self._sums, draw() * self._sums[-1])][0]
        narrow = outcome in NARROW
        binding = narrow and draw() < 0.55
        stage = (BINDING_STAGES if binding else OPEN_STAGES)[int(draw() * (2 if binding else 3))]
        value, currency, basis, term = None, "", ValueBasis.UNDISCLOSED, TERMS[int(draw() * len(TERMS))]
        if narrow and draw() >= UNDISCLOSED:
            currency = self._fair.reporting_currency
            if self._others and draw() >= HOME_CURRENCY:
                currency = self._others[int(draw() * len(self._others))]
            units = min(10**10, int(chance.lognormvariate(MIDDLE_VALUE, 1.4)))
            value = units * 10 ** self._fair.currencies[currency].minor_units + int(draw() * 10)
            basis = ValueBasis.INVESTMENT_COMMITMENT
            if outcome is OutcomeKind.TRANSACTION:
                basis = ValueBasis.ANNUAL_INTENDED if not binding and draw() < 0.4 else ValueBasis.TOTAL_CONTRACT
        pre_signed = draw() < PRE_SIGNED
        if pre_signed:
            signed -= int(draw() * 21 * DAY_MS)
        abroad = self._foreign[int(draw() * draw() * len(self._foreign))]
        partner = abroad if draw() < 0.45 else self._fair.host_country
        state = DealFact(
            deal_id,
            1,
            stands=True,
            outcome=outcome,
            stage=stage,
            binding=binding,
            value_minor=value,
            currency=currency,
            yearly=basis is ValueBasis.ANNUAL_INTENDED,
            term_months=term,
            section=exhibitor.section,
            signed_ms=signed,
        )
        location = DealLocation.SIGNING_CEREMONY if in_ceremony else DealLocation.ON_FLOOR
        more = {
            "value_basis": basis.value,
            "parties": [
                {
                    "org_id": exhibitor.exhibitor_id,
                    "role": (PartyRole.SELLER if outcome is OutcomeKind.TRANSACTION else PartyRole.PARTNER).value,
                    "country": exhibitor.country,
                    "exhibitor": True,
                },
                {
                    "org_id": f"org-{int(draw() * 5_000)}",
                    "role": (PartyRole.INVESTOR if outcome is OutcomeKind.INVESTMENT else PartyRole.BUYER).value,
                    "country": partner,
                    "exhibitor": False,
                },
            ],
            "trade_direction": self._direction(outcome, exhibitor.country, partner).value,
            "ebops_main": (service := tuple(ServiceCategory)[int(draw() * len(ServiceCategory))]).value,
            "location": location.value,
            "pre_signed": pre_signed,
            "booth_id": exhibitor.booth,
        }
        return Terms(state._replace(service=service), more)

    def _direction(self, outcome: OutcomeKind, ours: str, theirs: str) -> TradeDirection:
        host = self._fair.host_country
        if ours == theirs == host:
            return TradeDirection.DOMESTIC
        if outcome is OutcomeKind.INVESTMENT:
            return TradeDirection.INBOUND_INVESTMENT if ours == host else TradeDirection.OUTBOUND_INVESTMENT
        if outcome is OutcomeKind.TRANSACTION and host in (ours, theirs):
            return TradeDirection.EXPORT if ours == host else TradeDirection.IMPORT
        return TradeDirection.NOT_APPLICABLE

    def _changed(self, terms: Terms, revision: int, *, correction: bool, chance: Random) -> Terms:
        """Return the deal at its next revision: another value, and perhaps binding now."""
        state = terms.state
        value, binding, stage = state.value_minor, state.binding, state.stage
        if value is not None:
            value = value // 10 if correction and chance.random() < 0.2 else int(value * (0.7 + 0.6 * chance.random()))
        if not correction and state.outcome in NARROW and not binding and chance.random() < 0.3:
            binding, stage = True, DealStage.CONTRACT
        return Terms(state._replace(revision=revision, value_minor=value, binding=binding, stage=stage), terms.more)

    def _amended(self, at: int, terminal: Reader, terms: Terms, *, correction: bool) -> Happening:
        kind = ChangeKind.CORRECTION if correction else ChangeKind.BUSINESS_CHANGE
        changed = Terms(terms.state._replace(change=kind), {**terms.more, "change_kind": kind.value})
        return self._step(at, terminal, DealAmended, changed)

    def _cancelled(
        self, at: int, terminal: Reader, deal_id: str, revision: int, booth_id: str, chance: Random
    ) -> Happening:
        reason = tuple(CancelReason)[int(chance.random() * len(CancelReason))].value
        body = (
            f'"type":"{type_of(DealCancelled)}","deal_id":"{deal_id}","revision":{revision},"reason":"{reason}",'
            f'"booth_id":"{booth_id}"'
        )
        fact = DealFact(deal_id, revision, stands=False)
        return Happening(at, terminal, DEALS.name, deal_id.encode(), body, fact)

    def _step(
        self, at: int, terminal: Reader, kind: type[DealTerms], terms: Terms, hold: int = 0, *, typed_in: bool = False
    ) -> Happening:
        state = terms.state
        members: dict[str, Any] = {
            "type": type_of(kind),
            "deal_id": state.deal,
            "revision": state.revision,
            "outcome_kind": state.outcome.value,
            "stage": state.stage.value,
            "binding": state.binding,
            "section": state.section,
            "signed_at": instant(state.signed_ms),
            **terms.more,
        }
        if state.value_minor is not None:
            members |= {"value_minor": state.value_minor, "currency": state.currency}
        if state.term_months:
            members["term_months"] = state.term_months
        body = json.dumps(members, separators=(",", ":"))[1:-1]
        return Happening(at, terminal, DEALS.name, state.deal.encode(), body, state, hold, typed_in)

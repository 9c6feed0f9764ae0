"""Deals: of each the highest revision, and every number of results and money."""

from collections.abc import Collection
from fractions import Fraction

from streams.audit.recount.counts import RecountedKpis, put_number
from streams.audit.recount.fair import OracleFair
from streams.audit.recount.fitting import CANCELLED
from streams.audit.recount.json_text import JsonEvent
from streams.audit.recount.times import epoch_ms


class Deals:
    """Keeps the current revision of every deal."""

    def __init__(self, fair: OracleFair) -> None:
        self.fair = fair
        self.current: dict[str, JsonEvent] = {}

    def take(self, deal: JsonEvent) -> None:
        """Keep a revision if it is the highest."""
        before = self.current.get(deal["deal_id"])
        if before is None or _rank(deal) > _rank(before):
            self.current[deal["deal_id"]] = deal

    def kpis(self) -> RecountedKpis:
        """Return every number of results and money."""
        return deal_kpis(self.fair, self.current.values())


def deal_kpis(fair: OracleFair, deals: Collection[JsonEvent]) -> RecountedKpis:
    """Return the numbers of these deals."""
    kpis: RecountedKpis = {}
    for deal in deals:
        if deal["type"] == CANCELLED:
            put_number(kpis, "deals_cancelled", "fair", 1)
            continue
        day = fair.local_day(epoch_ms(deal["signed_at"]))
        for window in (day, "fair"):
            put_number(kpis, "outcomes", window, 1, kind=deal["outcome_kind"])
            if deal["outcome_kind"] in {"transaction", "investment"}:
                put_number(kpis, "deals", window, 1, stage=deal["stage"])
            if "change_kind" in deal:
                put_number(kpis, "outcomes_amended", window, 1, change=deal["change_kind"])
            if deal.get("value_minor") is not None:
                kind = "contract_value" if deal["binding"] else "intended_value"
                amount = deal["value_minor"] if deal["binding"] else annualised(deal)
                section, currency = deal["section"], deal["currency"]
                put_number(kpis, kind, window, amount, section=section, currency=currency)
                reported = fair.reported(amount, currency, day)
                put_number(kpis, f"{kind}_reported", window, reported, section=section)
                if deal["binding"]:
                    service = deal.get("ebops_main", "unclassified")
                    put_number(kpis, "service_value_reported", window, reported, service=service)
    return kpis


def annualised(deal: JsonEvent) -> int:
    """Return a deal's value for one year, rounded half to even, if it runs for longer; otherwise its whole value."""
    value, term = int(deal["value_minor"]), deal.get("term_months")
    if term is None or term <= 12 or deal.get("value_basis") == "annual_intended":
        return value
    return round(Fraction(value * 12, term))


def _rank(deal: JsonEvent) -> tuple[int, str]:
    return deal["revision"], deal["event_id"]

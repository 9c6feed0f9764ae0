"""Results of the fair. A KPI about deals is a function of the deals' current states: the highest revision wins.

Not every result is a deal: only transactions and investments are (51 % of the results of CIFTIS 2022).
Intended value and contract value are separate numbers and are never added.
"""

from decimal import ROUND_HALF_EVEN, Decimal

from schemas.codes import OutcomeKind, ServiceCategory, ValueBasis
from schemas.events import DealAmended, DealCancelled, DealEvent
from streams.kpis.aggregates import Sum
from streams.kpis.definition import Kpi, On, Signal, Unit, Window
from streams.kpis.labels import Label, LabelValues
from streams.kpis.moment import Moment

_STATE: On[DealEvent] = On((Signal.DEAL_STATE,))
_OVER = (Window.DAY, Window.FAIR)
DEAL_KINDS = frozenset({OutcomeKind.TRANSACTION, OutcomeKind.INVESTMENT})
KNOWLEDGE_INTENSIVE = frozenset(
    {
        ServiceCategory.INSURANCE_PENSION,
        ServiceCategory.FINANCIAL,
        ServiceCategory.INTELLECTUAL_PROPERTY,
        ServiceCategory.TELECOM_COMPUTER_INFORMATION,
        ServiceCategory.OTHER_BUSINESS,
        ServiceCategory.PERSONAL_CULTURAL_RECREATIONAL,
    }
)
"""The knowledge-intensive services in releases of China's Ministry of Commerce, 2021-2022, taken together."""


def annualised(value_minor: int, term_months: int | None, basis: ValueBasis) -> int:
    """Return the value per year: total x 12 / term in months, half to even, for terms over a year; else unchanged."""
    if term_months is None or term_months <= 12 or basis is ValueBasis.ANNUAL_INTENDED:
        return value_minor
    return int((Decimal(value_minor) * 12 / term_months).to_integral_value(rounding=ROUND_HALF_EVEN))


def _outcome(deal: DealEvent, _: Moment) -> tuple[LabelValues, int] | None:
    return None if isinstance(deal, DealCancelled) else ((deal.outcome_kind,), 1)


def _deal(deal: DealEvent, _: Moment) -> tuple[LabelValues, int] | None:
    if isinstance(deal, DealCancelled) or deal.outcome_kind not in DEAL_KINDS:
        return None
    return ((deal.stage,), 1)


def _cancelled(deal: DealEvent, _: Moment) -> tuple[LabelValues, int] | None:
    return ((), 1) if isinstance(deal, DealCancelled) else None


def _value(deal: DealEvent, *, binding: bool) -> int | None:
    if isinstance(deal, DealCancelled) or deal.binding is not binding or deal.value_minor is None:
        return None
    return deal.value_minor if binding else annualised(deal.value_minor, deal.term_months, deal.value_basis)


def _in_currency(deal: DealEvent, *, binding: bool) -> tuple[LabelValues, int] | None:
    value = _value(deal, binding=binding)
    if value is None or isinstance(deal, DealCancelled) or deal.currency is None:
        return None
    return ((deal.section, deal.currency), value)


def _reported(deal: DealEvent, moment: Moment, *, binding: bool) -> tuple[LabelValues, int] | None:
    value = _value(deal, binding=binding)
    if value is None or isinstance(deal, DealCancelled) or deal.currency is None:
        return None
    signed_on = moment.fair.local_date(int(deal.signed_at.timestamp()))
    return ((deal.section,), moment.fair.to_reporting_minor(value, deal.currency, signed_on))


def _service_value(deal: DealEvent, moment: Moment) -> tuple[LabelValues, int] | None:
    reported = _reported(deal, moment, binding=True)
    if reported is None or isinstance(deal, DealCancelled):
        return None
    return ((deal.ebops_main,), reported[1])


def _amended(deal: DealEvent, _: Moment) -> tuple[LabelValues, int] | None:
    return ((deal.change_kind,), 1) if isinstance(deal, DealAmended) else None


def _contract_value(deal: DealEvent, _: Moment) -> tuple[LabelValues, int] | None:
    return _in_currency(deal, binding=True)


def _intended_value(deal: DealEvent, _: Moment) -> tuple[LabelValues, int] | None:
    return _in_currency(deal, binding=False)


def _contract_value_reported(deal: DealEvent, moment: Moment) -> tuple[LabelValues, int] | None:
    return _reported(deal, moment, binding=True)


def _intended_value_reported(deal: DealEvent, moment: Moment) -> tuple[LabelValues, int] | None:
    return _reported(deal, moment, binding=False)


OUTCOMES = Kpi(
    name="outcomes",
    question="How many results does the fair have, by kind?",
    unit=Unit.OUTCOMES,
    source="distinct results of the seven CIFTIS kinds, without cancelled ones",
    on=_STATE,
    labels=(Label.KIND,),
    aggregate=Sum(),
    measure=_outcome,
    windows=_OVER,
)

DEALS = Kpi(
    name="deals",
    question="How many deals are at each stage?",
    unit=Unit.DEALS,
    source="distinct deals (transactions and investments) by current stage, without cancelled ones",
    on=_STATE,
    labels=(Label.STAGE,),
    aggregate=Sum(),
    measure=_deal,
    windows=_OVER,
)

CONTRACT_VALUE = Kpi(
    name="contract_value",
    question="What are the binding contracts worth, by section and currency?",
    unit=Unit.MONEY,
    source="sum over the latest revisions of binding deals, on a total basis; never added to intended value",
    on=_STATE,
    labels=(Label.SECTION, Label.CURRENCY),
    aggregate=Sum(),
    measure=_contract_value,
    windows=_OVER,
    wide=True,
)

INTENDED_VALUE = Kpi(
    name="intended_value",
    question="What are the intended deals worth per year, by section and currency?",
    unit=Unit.MONEY,
    source="sum over the latest revisions of deals that are not binding, annualised; never added to contract value",
    on=_STATE,
    labels=(Label.SECTION, Label.CURRENCY),
    aggregate=Sum(),
    measure=_intended_value,
    windows=_OVER,
    wide=True,
)

CONTRACT_VALUE_REPORTED = Kpi(
    name="contract_value_reported",
    question="What are the binding contracts worth, in the reporting currency?",
    unit=Unit.MONEY,
    source="contract value at the rate frozen on the day of signing",
    on=_STATE,
    labels=(Label.SECTION,),
    aggregate=Sum(),
    measure=_contract_value_reported,
    windows=_OVER,
)

INTENDED_VALUE_REPORTED = Kpi(
    name="intended_value_reported",
    question="What are the intended deals worth per year, in the reporting currency?",
    unit=Unit.MONEY,
    source="intended value, annualised, at the rate frozen on the day of signing",
    on=_STATE,
    labels=(Label.SECTION,),
    aggregate=Sum(),
    measure=_intended_value_reported,
    windows=_OVER,
)

SERVICE_VALUE_REPORTED = Kpi(
    name="service_value_reported",
    question="What are the binding contracts worth by kind of service, in the reporting currency?",
    unit=Unit.MONEY,
    source="contract value by main item of services trade (EBOPS 2010); unclassified contracts are shown as such",
    on=_STATE,
    labels=(Label.SERVICE,),
    aggregate=Sum(),
    measure=_service_value,
    windows=_OVER,
)

OUTCOMES_AMENDED = Kpi(
    name="outcomes_amended",
    question="How many results are currently amended, by kind of change?",
    unit=Unit.OUTCOMES,
    source="distinct results whose current revision is an amendment: a correction or a business change",
    on=_STATE,
    labels=(Label.CHANGE,),
    aggregate=Sum(),
    measure=_amended,
    windows=_OVER,
)

DEALS_CANCELLED = Kpi(
    name="deals_cancelled",
    question="How many results were cancelled?",
    unit=Unit.DEALS,
    source="distinct deals whose current state is cancelled",
    on=_STATE,
    aggregate=Sum(),
    measure=_cancelled,
    windows=(Window.FAIR,),
)

KPIS = (
    OUTCOMES,
    DEALS,
    CONTRACT_VALUE,
    INTENDED_VALUE,
    CONTRACT_VALUE_REPORTED,
    INTENDED_VALUE_REPORTED,
    SERVICE_VALUE_REPORTED,
    OUTCOMES_AMENDED,
    DEALS_CANCELLED,
)

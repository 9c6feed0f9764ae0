"""Deals and results: by stage, section, kind, currency. Intended value beside contract value, never added."""

from dashboards.boards.shared import DEALS as UID
from dashboards.boards.shared import MARKS, SPAN, TO_EXHIBITORS, TO_QUALITY, spoken
from dashboards.queries import fill, share, total
from dashboards.spec import GOOD, NEUTRAL, WATCH, Board, Kind, Panel, Query, Row, Variable, about
from streams.kpis.deals import (
    CONTRACT_VALUE,
    CONTRACT_VALUE_REPORTED,
    DEALS,
    DEALS_CANCELLED,
    INTENDED_VALUE,
    INTENDED_VALUE_REPORTED,
    KNOWLEDGE_INTENSIVE,
    OUTCOMES,
    OUTCOMES_AMENDED,
    SERVICE_VALUE_REPORTED,
)
from streams.kpis.definition import Window
from streams.kpis.labels import Label

_W = "$window"
_S = 'section=~"$section"'
_APART = "Intended and contract value are two numbers and are never added."
_QUOTE = "quote it as a live number, with its time: no body outside has audited it."
_KIS = f'service=~"{"|".join(sorted(KNOWLEDGE_INTENSIVE))}"'
_CLASSIFIED = 'service!="unclassified"'
_SERVICES = total(SERVICE_VALUE_REPORTED, _W, Label.SERVICE)
_CONTRACTS = total(CONTRACT_VALUE_REPORTED, _W, Label.SECTION, where=_S)
_INTENTS = total(INTENDED_VALUE_REPORTED, _W, Label.SECTION, where=_S)
CURRENCY = Variable("currency", "Currency", "label_values(fair_info, currency)", hidden=True)
SECTION = Variable("section", "Section", "label_values(fair_contract_value_reported, section)", all=True)

_NOW = Row(
    4,
    (
        Panel(
            id=1,
            kind=Kind.STAT,
            title="Results",
            what=about(OUTCOMES),
            good="it rises with every signing ceremony.",
            do=_QUOTE,
            queries=(Query(fill(total(OUTCOMES, _W))),),
            unit="locale",
            width=4,
        ),
        Panel(
            id=2,
            kind=Kind.STAT,
            title="Deals among the results",
            what=f"{about(DEALS)} Launches, releases and alliances are results, but not deals.",
            good="about half of the results (51 % at CIFTIS 2022).",
            do=_QUOTE,
            queries=(Query(fill(total(DEALS, _W))),),
            unit="locale",
            width=4,
        ),
        Panel(
            id=3,
            kind=Kind.STAT,
            title="Contracts, $currency",
            what=f"{about(CONTRACT_VALUE_REPORTED)} {_APART}",
            good="it rises in steps that match the signing ceremonies.",
            do="if a step is larger than its ceremony, have the deal checked before you quote it.",
            queries=(Query(fill(total(CONTRACT_VALUE_REPORTED, _W, where=_S))),),
            unit="short",
            width=4,
            levels=((None, GOOD),),
            decimals=1,
        ),
        Panel(
            id=4,
            kind=Kind.STAT,
            title="Intended, $currency",
            what=f"{about(INTENDED_VALUE_REPORTED)} Counted for one year. {_APART}",
            good="it may fall: an intent that becomes a contract leaves this number.",
            do=_QUOTE,
            queries=(Query(fill(total(INTENDED_VALUE_REPORTED, _W, where=_S))),),
            unit="short",
            width=4,
            levels=((None, WATCH),),
            decimals=1,
        ),
        Panel(
            id=5,
            kind=Kind.STAT,
            title="Knowledge-intensive",
            what=f"{about(SERVICE_VALUE_REPORTED)} The share of insurance, finance, intellectual property, telecom "
            "and computing, other business and cultural services in the value of all classified contracts.",
            good="about 39 %, as in China's services trade.",
            do="look at the unclassified contracts below: if they are many, this share says little.",
            queries=(
                Query(
                    share(
                        total(SERVICE_VALUE_REPORTED, _W, where=_KIS),
                        total(SERVICE_VALUE_REPORTED, _W, where=_CLASSIFIED),
                    )
                ),
            ),
            unit="percentunit",
            width=4,
            decimals=1,
        ),
        Panel(
            id=6,
            kind=Kind.STAT,
            title="Cancelled, whole fair",
            what=about(DEALS_CANCELLED),
            good="a few per hundred results.",
            do="if many come at once, ask the section whether a ceremony was entered twice.",
            queries=(Query(fill(total(DEALS_CANCELLED, Window.FAIR))),),
            unit="locale",
            width=4,
        ),
    ),
)

_VALUE = Row(
    11,
    (
        Panel(
            id=7,
            kind=Kind.TREND,
            title="How do contract and intended value grow, in $currency?",
            what=f"{about(CONTRACT_VALUE_REPORTED, INTENDED_VALUE_REPORTED)} {_APART}",
            good="steps up. Steps down are normal too: amendments and cancellations.",
            do="if a whole line drops, a worker may be folding the fair anew: see Pipeline health.",
            queries=(
                Query(total(CONTRACT_VALUE_REPORTED, _W, where=_S), "contracts"),
                Query(total(INTENDED_VALUE_REPORTED, _W, where=_S), "intended, one year"),
            ),
            unit="short",
            width=12,
            colours={"contracts": GOOD, "intended, one year": WATCH},
        ),
        Panel(
            id=8,
            kind=Kind.TABLE,
            title="What are each section's deals worth, in $currency?",
            what=f"{about(CONTRACT_VALUE_REPORTED, INTENDED_VALUE_REPORTED)} {_APART}",
            good="every section has contracts by the second day.",
            do="ask an empty section whether it enters its deals, or signs them elsewhere.",
            queries=(
                Query(_CONTRACTS, "Contracts"),
                Query(_INTENTS, "Intended, one year"),
            ),
            unit="short",
            width=12,
            decimals=1,
            no_value="-",
            keep={"section": "Section"},
            links=(TO_EXHIBITORS,),
        ),
    ),
)

_KINDS = Row(
    9,
    (
        Panel(
            id=9,
            kind=Kind.BARS,
            title="What kinds of results are there?",
            what=about(OUTCOMES),
            good="transactions are the largest kind. The other kinds are results, but not deals.",
            do="if an announced kind is missing, check whether it was entered as another kind.",
            queries=(Query(f"sort_desc({spoken(total(OUTCOMES, _W, Label.KIND), Label.KIND)} > 0)", "{{kind}}"),),
            unit="locale",
            width=8,
        ),
        Panel(
            id=10,
            kind=Kind.BARS,
            title="At what stage are the deals?",
            what=about(DEALS),
            good="intents turn into contracts and orders towards the last day.",
            do="if there are only intents on the last day, remind the sections to enter the signed contracts.",
            queries=(Query(f"sort_desc({spoken(total(DEALS, _W, Label.STAGE), Label.STAGE)} > 0)", "{{stage}}"),),
            unit="locale",
            width=8,
        ),
        Panel(
            id=11,
            kind=Kind.BARS,
            title="Contracts by kind of service, $currency",
            what=about(SERVICE_VALUE_REPORTED),
            good="few contracts are unclassified.",
            do="have the missing kinds of service entered: a revised deal replaces its earlier version.",
            queries=(
                Query(
                    f"sort_desc({spoken(total(SERVICE_VALUE_REPORTED, _W, Label.SERVICE), Label.SERVICE)} > 0)",
                    "{{service}}",
                ),
            ),
            unit="short",
            width=8,
            decimals=1,
        ),
    ),
)

_MONEY = Row(
    9,
    (
        Panel(
            id=12,
            kind=Kind.TABLE,
            title="Contracts in the currency they were signed in",
            what=f"{about(CONTRACT_VALUE)} In units of each currency; different currencies are never added.",
            good="it matches the contracts.",
            do="if an amount looks wrong, look for a missing or extra zero in the newest deal of that currency.",
            queries=(Query(f"{total(CONTRACT_VALUE, _W, Label.CURRENCY, where=_S)} > 0", "Contracts"),),
            unit="locale",
            width=8,
            decimals=0,
            keep={"currency": "Currency"},
        ),
        Panel(
            id=13,
            kind=Kind.TABLE,
            title="Intended value in its own currency",
            what=f"{about(INTENDED_VALUE)} In units of each currency; different currencies are never added.",
            good="it matches the letters of intent, counted for one year.",
            do="if an amount looks wrong, look for a missing or extra zero in the newest deal of that currency.",
            queries=(Query(f"{total(INTENDED_VALUE, _W, Label.CURRENCY, where=_S)} > 0", "Intended, one year"),),
            unit="locale",
            width=8,
            decimals=0,
            keep={"currency": "Currency"},
        ),
        Panel(
            id=14,
            kind=Kind.TREND,
            title="How many results were amended or cancelled?",
            what=about(OUTCOMES_AMENDED, DEALS_CANCELLED),
            good="amendments follow a ceremony within the hour.",
            do="if there are many corrections, ask who enters the deals: it may be haste, or the wrong unit.",
            queries=(
                Query(spoken(total(OUTCOMES_AMENDED, Window.FAIR, Label.CHANGE), Label.CHANGE), "{{change}}"),
                Query(total(DEALS_CANCELLED, Window.FAIR), "cancelled"),
            ),
            unit="locale",
            width=8,
            decimals=0,
            colours={"correction": WATCH, "business change": NEUTRAL, "cancelled": "red"},
            links=(TO_QUALITY,),
        ),
    ),
)

BOARD = Board(
    uid=UID,
    title="Deals and results",
    question="What has been signed, by whom, and what is it worth?",
    rows=(_NOW, _VALUE, _KINDS, _MONEY),
    variables=(SPAN, SECTION, CURRENCY),
    marks=MARKS,
)

"""Pipeline health: workers, lag, journal, rebalances, the gateway's requests, Kafka seen from both sides."""

from dashboards import queries
from dashboards.boards.shared import MARKS, PIPELINE, TO_QUALITY, TOPIC_COLOURS
from dashboards.queries import FOLDS, RATE
from dashboards.scraping import MOST_SERIES
from dashboards.spec import BAD, GOOD, NEUTRAL, NO_WORKER, WARN, WATCH, Board, Kind, Legend, Levels, Panel, Query, Row
from schemas.environment import variable

LAG: Levels = ((None, GOOD), (5_000, WATCH), (50_000, BAD))
APPEND: Levels = ((None, GOOD), (0.25, WATCH), (1, BAD))
_LAG = f"sum by (topic) (max by (topic, partition) ({queries.LAG}))"
_STALE = "max by (partition) (fair_watermark_timestamp_seconds)"
_LEADER = "max by (topic, partition) (kafka_topic_partition_leader)"
_BEHIND = "max by (topic, partition) (kafka_topic_partition_under_replicated_partition)"
_GONE = "max(last_over_time(fair_worker_ready[1h])) * 0"
"""Zero if there was a worker within the last hour; before the first worker, nothing, so nobody is alarmed."""
_FIRING = '(time() - ALERTS_FOR_STATE) and ignoring (alertstate) ALERTS{alertstate="firing"}'
_PLACES = '"hall", "gate", "topic", "partition", "setting", "instance"'
_FAILED = 'status=~"5.."'


def _rate(metric: str, by: str = "", where: str = "") -> str:
    summed = f"sum by ({by})" if by else "sum"
    return f"{summed} (rate({metric}{{{where}}}[{RATE}]))" if where else f"{summed} (rate({metric}[{RATE}]))"


def _p(q: float, metric: str) -> str:
    return f"histogram_quantile({q}, {_rate(f'{metric}_bucket', 'le')}) >= 0"


_NOW = Row(
    4,
    (
        Panel(
            id=1,
            kind=Kind.STAT,
            title="Workers that fold",
            what="Workers that have recovered their state and fold events.",
            good="as many as you started; at least two.",
            do="without a worker, the boards soon go blank: see the runbook NoWorker.",
            queries=(Query(f"sum({FOLDS}) or {_GONE}"),),
            unit="locale",
            width=4,
            levels=((None, BAD), (1, WATCH), (2, GOOD)),
            no_value="start a worker",
        ),
        Panel(
            id=2,
            kind=Kind.STAT,
            title="Partitions folded",
            what="Partitions that a worker is folding now.",
            good=f"all partitions of the fair: {variable('partitions')}.",
            do="if some are missing for over half a minute, a takeover hangs: see the runbook WorkerRecoversTooLong.",
            queries=(Query(f"count(max by (partition) (fair_worker_remembered_events)) or {_GONE}"),),
            unit="locale",
            width=4,
            levels=((None, BAD), (1, NEUTRAL)),
            no_value=NO_WORKER,
        ),
        Panel(
            id=3,
            kind=Kind.STAT,
            title="Not yet folded",
            what="Records in Kafka that no worker has folded yet.",
            good="below 5,000: less than a second of work.",
            do="if it grows, start another worker: see the runbook WorkerLags.",
            queries=(Query(f"sum({_LAG})"),),
            unit="locale",
            width=4,
            levels=LAG,
            no_value=NO_WORKER,
        ),
        Panel(
            id=4,
            kind=Kind.STAT,
            title="Slowest partition",
            what="How far the slowest partition's newest event is behind the newest event of all partitions.",
            good="below a minute while the fair is open. It grows at night.",
            do="if records are waiting too, its worker is stuck: see the runbook WatermarkStuck.",
            queries=(Query(f"max({_STALE}) - min({_STALE})"),),
            unit="s",
            width=4,
            levels=((None, GOOD), (60, WATCH), (600, BAD)),
            decimals=0,
            no_value=NO_WORKER,
        ),
        Panel(
            id=5,
            kind=Kind.STAT,
            title="Journal acknowledged within",
            what="Kafka acknowledged 99 of 100 journal records within this time.",
            good="below 0.25 s.",
            do="above a second, suspect Kafka's disks or network: see the runbook JournalSlow.",
            queries=(Query(_p(0.99, "fair_worker_journal_append_seconds")),),
            unit="s",
            width=4,
            levels=APPEND,
            decimals=0,
            no_value="no record now",
        ),
        Panel(
            id=6,
            kind=Kind.STAT,
            title="Largest scrape",
            what=f"Series of the worker that shows the most. Above {MOST_SERIES:,}, Prometheus takes none of them.",
            good=f"below {MOST_SERIES * 9 // 10:,}. A worker that has taken over all partitions shows the most.",
            do="follow the runbook ScrapeNearItsLimit before the limit is reached.",
            queries=(Query('max(scrape_samples_scraped{job="fairpulse-worker"} > 0)'),),
            unit="locale",
            width=4,
            levels=((None, GOOD), (MOST_SERIES * 9 // 10, WATCH), (MOST_SERIES, BAD)),
            no_value=NO_WORKER,
        ),
    ),
)

_WORKERS = Row(
    8,
    (
        Panel(
            id=7,
            kind=Kind.TREND,
            legend=Legend.RIGHT,
            title="How many records are folded per second?",
            what="Records per second that each worker folds.",
            good="as many as gates and booths send. After an outage, up to 50,000 per worker.",
            do="if it is zero while records wait, the worker is stuck or recovering.",
            queries=(Query(_rate("fair_worker_records_total", "instance"), "{{instance}}"),),
            unit="short",
            width=8,
            stack=True,
        ),
        Panel(
            id=8,
            kind=Kind.TREND,
            title="How far behind are the workers?",
            what="Records in Kafka that are not yet folded, by topic.",
            good="back to zero within a minute of every peak.",
            do="if it grows for minutes, start one more worker, as long as there are partitions for it.",
            queries=(Query(_LAG, "{{topic}}"),),
            unit="locale",
            width=8,
            levels=LAG,
            colours=TOPIC_COLOURS,
            links=(TO_QUALITY,),
        ),
        Panel(
            id=9,
            kind=Kind.TREND,
            title="When did partitions move, and how long did it take?",
            what="Rebalances of the workers, and how many seconds the longest of their last recoveries took.",
            good="rebalances only at deploys; recoveries below 15 s.",
            do="without a deploy, a worker keeps dying or stalling: read its last log line.",
            queries=(
                Query(f"sum (increase(fair_worker_rebalances_total[{RATE}]))", "rebalances"),
                Query("max(fair_worker_recovery_seconds)", "last recovery, s"),
            ),
            unit="none",
            width=8,
            colours={"rebalances": WARN, "last recovery, s": NEUTRAL},
        ),
    ),
)

_INSIDE = Row(
    8,
    (
        Panel(
            id=10,
            kind=Kind.TREND,
            legend=Legend.RIGHT,
            title="How busy are the workers' processors?",
            what="Share of one core that each worker uses; also decoding and folding, for all workers together.",
            good="below 70 %.",
            do="at 100 %, a worker is at its limit: start another one.",
            queries=(
                Query(_rate("process_cpu_seconds_total", "instance", 'job="fairpulse-worker"'), "{{instance}}"),
                Query(_rate("fair_worker_phase_seconds_total", "phase"), "{{phase}}"),
            ),
            unit="percentunit",
            width=12,
            levels=((None, GOOD), (0.7, WATCH), (1, BAD)),
        ),
        Panel(
            id=11,
            kind=Kind.TREND,
            legend=Legend.RIGHT,
            title="How much memory do the workers use?",
            what="Resident memory by worker. It grows with every event, because workers remember all ids.",
            good="below the container's limit. Expect about 200 bytes per event.",
            do="near the limit, start more workers: they share the events.",
            queries=(
                Query(
                    'sum by (instance) (process_resident_memory_bytes{job="fairpulse-worker"})',
                    "{{instance}}",
                ),
            ),
            unit="bytes",
            width=12,
        ),
    ),
)

_GATEWAY = Row(
    8,
    (
        Panel(
            id=13,
            kind=Kind.TREND,
            title="How many requests does the gateway answer?",
            what="Answers per second, by HTTP status.",
            good="2xx, and a few 4xx.",
            do="with 503, Kafka is away or the gateway full; terminals keep their events. With 401, a key is wrong.",
            queries=(Query(_rate("fair_gateway_requests_total", "status"), "{{status}}"),),
            unit="reqps",
            width=6,
            stack=True,
            colours={"200": GOOD, "202": GOOD, "207": WATCH, "400": WATCH, "429": WARN, "503": BAD, "500": BAD},
            no_value="no request",
        ),
        Panel(
            id=14,
            kind=Kind.STAT,
            title="Gateway errors",
            what="Share of requests that the gateway failed to serve (5xx).",
            good="0. Terminals repeat failed requests, so nothing is lost.",
            do="read the gateway's log. If only 503 occurs, look at Kafka first.",
            queries=(
                Query(
                    f"({_rate('fair_gateway_requests_total', where=_FAILED)} or vector(0))"
                    f" / {_rate('fair_gateway_requests_total')}"
                ),
            ),
            unit="percentunit",
            width=4,
            levels=((None, GOOD), (0.001, WATCH), (0.01, BAD)),
            decimals=2,
            no_value="no request",
        ),
        Panel(
            id=15,
            kind=Kind.TREND,
            title="How fast does the gateway answer?",
            what="Seconds from a request's headers to its answer, and the part that Kafka needs to acknowledge.",
            good="99 of 100 requests within half a second.",
            do="both rise: look at Kafka. Only the requests: the processor is the limit, start another gateway.",
            queries=(
                Query(_p(0.5, "fair_gateway_request_seconds"), "median"),
                Query(_p(0.99, "fair_gateway_request_seconds"), "99 in a hundred"),
                Query(_p(0.99, "fair_gateway_ack_seconds"), "Kafka, 99 in a hundred"),
            ),
            unit="s",
            width=7,
            colours={"median": GOOD, "99 in a hundred": WARN, "Kafka, 99 in a hundred": NEUTRAL},
            no_value="no request",
        ),
        Panel(
            id=16,
            kind=Kind.TREND,
            title="What happens to events at the gateway?",
            what="Events per second, by final outcome.",
            good="accepted; after outages also duplicate.",
            do="rejected: a terminal's software or the fair file is wrong. Data quality lists the reasons.",
            queries=(Query(_rate("fair_gateway_events_total", "outcome"), "{{outcome}}"),),
            unit="short",
            width=7,
            stack=True,
            colours={"accepted": GOOD, "duplicate": NEUTRAL, "rejected": BAD},
            no_value="no request",
        ),
    ),
)

_KAFKA = Row(
    7,
    (
        Panel(
            id=19,
            kind=Kind.STAT,
            title="Kafka's brokers",
            what="Brokers that Kafka reports as alive.",
            good="as many as you set up.",
            do="without any, see the runbook KafkaAway. If some are missing, start them.",
            queries=(Query("max(kafka_brokers)"),),
            unit="locale",
            width=4,
            levels=((None, BAD), (1, NEUTRAL)),
            no_value="no exporter",
        ),
        Panel(
            id=20,
            kind=Kind.TREND,
            title="In what state are Kafka's partitions?",
            what="Partitions of all topics: well, without one of their copies, or without a leader (unusable).",
            good="all are well.",
            do="without a leader: see the runbook KafkaPartitionsDown. A copy missing: see KafkaCopiesMissing.",
            queries=(
                Query(f"sum(({_LEADER} > bool -1) * ({_BEHIND} == bool 0))", "well"),
                Query(f"sum(({_LEADER} > bool -1) * {_BEHIND})", "a copy is missing"),
                Query(f"sum({_LEADER} == bool -1)", "without a leader"),
            ),
            unit="locale",
            width=10,
            stack=True,
            colours={"well": GOOD, "a copy is missing": WARN, "without a leader": BAD},
            no_value="no exporter",
        ),
        Panel(
            id=12,
            kind=Kind.TREND,
            title="How fast does Kafka answer?",
            what="Seconds until Kafka acknowledges a journal record, and until it answers the exporter.",
            good="below 0.25 s.",
            do="all lines rise: Kafka's disks or network. Only the journal's lines: the brokers that lead it.",
            queries=(
                Query(_p(0.5, "fair_worker_journal_append_seconds"), "journal, median"),
                Query(_p(0.99, "fair_worker_journal_append_seconds"), "journal, 99 in a hundred"),
                Query("max(fair_kafka_answer_seconds)", "describes itself"),
            ),
            unit="s",
            width=10,
            levels=APPEND,
            colours={"journal, median": GOOD, "journal, 99 in a hundred": WARN, "describes itself": NEUTRAL},
        ),
    ),
)

_ALERTS = Row(
    8,
    (
        Panel(
            id=17,
            kind=Kind.TABLE,
            title="Which alerts fire?",
            what="Alerts that are firing now, where, and for how long.",
            good="an empty table.",
            do="open the runbook with the alert's name. Critical alerts first.",
            queries=(
                Query(f'max by (severity, alertname, place) (label_join({_FIRING}, "place", " ", {_PLACES}))', "For"),
            ),
            unit="s",
            width=14,
            decimals=0,
            no_value="no alert is firing",
            keep={"severity": "Severity", "alertname": "Alert: runbook of that name", "place": "Where"},
            widths={"Severity": 110},
            words={"critical": ("critical", BAD), "warning": ("warning", WARN), "notice": ("notice", WATCH)},
        ),
        Panel(
            id=18,
            kind=Kind.TABLE,
            title="What does Prometheus scrape?",
            what="Every target of Prometheus, and whether it answers. Those that do not come first.",
            good="every target answers.",
            do="a target without an answer has gone, or shows more series than its limit allows.",
            queries=(Query("max by (job, instance) (up)", "Answers"),),
            unit="none",
            width=10,
            levels=((None, BAD), (1, GOOD)),
            no_value="nothing is scraped",
            words={"0": ("no", BAD), "1": ("yes", GOOD)},
            up=True,
            keep={"job": "Job", "instance": "Instance"},
        ),
    ),
)

BOARD = Board(
    uid=PIPELINE,
    title="Pipeline health",
    question="Does everything between terminal and board work?",
    rows=(_NOW, _ALERTS, _WORKERS, _INSIDE, _KAFKA, _GATEWAY),
    marks=MARKS,
    since="now-3h",
)

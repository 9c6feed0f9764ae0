"""The row of Data quality about topics: are they as declared, looked at, and free of open transactions?"""

from dashboards.queries import fill
from dashboards.spec import BAD, GOOD, NEUTRAL, NO_WORKER, WARN, WATCH, Kind, Panel, Query, Row

TOPICS = Row(
    7,
    (
        Panel(
            id=19,
            kind=Kind.TABLE,
            title="Which topics are not as declared?",
            what="Topics that have other partitions, copies or settings than fairpulse declares, or do not exist.",
            good="an empty table.",
            do="run `fairpulse topics --check`, which names the cure: see the runbooks TopicsWrong and TopicsAtRisk.",
            queries=(Query("max by (severity, topic, setting) (fair_topic_findings) > 0", "Findings"),),
            unit="none",
            width=12,
            no_value="none, or nobody looks",
            keep={"severity": "Severity", "topic": "Topic", "setting": "Setting"},
            widths={"Severity": 110},
            words={"wrong": ("wrong", BAD), "risk": ("risk", WARN)},
        ),
        Panel(
            id=20,
            kind=Kind.TREND,
            title="Are the logs looked at, and free of open transactions?",
            what="How long ago the slowest worker, gateway or exporter made sure that its topics are as they should "
            "be; and how long records have waited behind the oldest transaction that a producer has not ended.",
            good="looks below 20 s. Transactions near 0.",
            do="above a minute, see the runbooks LogsUnchecked and TransactionHangs.",
            queries=(
                Query("time() - min(fair_topics_checked_timestamp_seconds)", "last look"),
                Query(fill("max(fair_worker_transaction_seconds)"), "open transaction"),
            ),
            unit="s",
            width=12,
            levels=((None, GOOD), (30, WATCH), (60, BAD)),
            colours={"last look": NEUTRAL, "open transaction": WARN},
            decimals=0,
            no_value=NO_WORKER,
        ),
    ),
)

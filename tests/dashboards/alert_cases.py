"""For each alert, series that make it fire, and near ones that do not. In promtool's notation, with steps of 15 s.

`fair:` series are given directly where an alert only compares them: the tests of the rules check how they are made.
"""

from dataclasses import dataclass, field

OPEN = {"fair_opens_timestamp_seconds{day='d1'}": "0x400", "fair_closes_timestamp_seconds{day='d1'}": "90000x400"}
MINUTES = {"fair_window_end_timestamp_seconds{instance='a'}": "60+15x400"}
READY = {"fair_worker_ready{instance='a'}": "1x400"}
UNREADY = {"fair_worker_ready{instance='a'}": "0x400", "fair_worker_folding{instance='a'}": "1x400"}
"""A worker that folds while a setting of a topic is wrong."""
HUNG = "fair_worker_transaction_seconds{topic='t', partition='0', instance='a'}"
NOW = {**OPEN, **MINUTES, **READY}
H1 = {"fair_hall_capacity_persons{hall='h1'}": "100x400"}
NORTH = {"fair_gate_lanes{gate='north'}": "2x400", "fair_gate_info{gate='north', countable='yes'}": "1x400"}
REQUESTS = "fair_gateway_requests_total"
APPENDS = "fair_worker_journal_append_seconds"


def hall(persons: str) -> dict[str, str]:
    """Return a hall of 100 people in two partitions; two workers show partition 1 at once."""
    return {
        **H1,
        "fair_hall_occupancy{hall='h1', window='day', partition='0', instance='a'}": "0x400",
        "fair_hall_occupancy{hall='h1', window='day', partition='1', instance='a'}": persons,
        "fair_hall_occupancy{hall='h1', window='day', partition='1', instance='b'}": persons,
    }


def passages(window: str, values: str) -> dict[str, str]:
    at = "gate='north', direction='entry', partition='0', instance='a'"
    return {f"fair_gate_passages{{{at}, window='{window}'}}": values}


def booths(values: str, of: int = 2) -> dict[str, str]:
    return {f"fair_booth_scans{{booth='b{n}', window='day', instance='a'}}": values for n in range(of)}


def refused(reason: str, partition: int) -> str:
    return f"fair_rejected_events{{topic='t', reason='{reason}', window='fair', partition='{partition}', instance='a'}}"


def finding(setting: str, severity: str, instance: str) -> str:
    place = f"topic='fair.scans', setting='{setting}'"
    return f"fair_topic_findings{{{place}, severity='{severity}', instance='{instance}'}}"


def events(partition: int) -> str:
    return f"fair_events{{topic='t', window='fair', partition='{partition}', instance='a'}}"


def of_tests(partition: int) -> str:
    return f"fair_test_events{{topic='t', window='day', partition='{partition}', instance='a'}}"


def waiting(instance: str, values: str) -> dict[str, str]:
    """Return the events that wait for a registration, in one partition as a gateway shows it."""
    return {f"fair_unresolved_events{{partition='0', instance='{instance}'}}": values}


def folded(partitions: int) -> dict[str, str]:
    """Return series of a worker that folds all of these partitions."""
    names = ("fair_worker_remembered_events", "fair_watermark_timestamp_seconds")
    return {f"{name}{{partition='{n}', instance='a'}}": "9x400" for name in names for n in range(partitions)}


@dataclass(frozen=True, slots=True)
class Case:
    """Series for which an alert must fire, and near ones for which it must not, `at` this minute."""

    fires: dict[str, str]
    quiet: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    at: int = 20


CASES = {
    "HallFillsUp": Case(hall("80x400"), hall("79x400"), {"hall": "h1"}),
    "HallNearlyFull": Case(hall("90x400"), hall("100x400"), {"hall": "h1"}),
    "HallFull": Case(hall("100x400"), hall("99x400"), {"hall": "h1"}),
    "QueueGrows": Case(
        {**NORTH, **passages("15m", "181x400")}, {**NORTH, **passages("15m", "180x400")}, {"gate": "north"}
    ),
    "GateQuiet": Case(
        {**NOW, **NORTH, **passages("15m", "50x40 0x360")},
        {**NOW, **NORTH, **passages("15m", "50x40 1x360")},
        {"gate": "north"},
    ),
    "TerminalsSilent": Case({**NOW, **booths("5x400")}, {**NOW, **booths("5+1x400")}, at=50),
    "TerminalSentFromTwice": Case(
        {"fair_gateway_terminal_copies{terminal='t-1', instance='a'}": "1x400",
         "fair_gateway_terminal_copies{terminal='t-1', instance='b'}": "_x20 1x380"},
        {"fair_gateway_terminal_copies{terminal='t-1', instance='a'}": "1x10 _x390"},
        {"terminal": "t-1"},
    ),
    "CertificateEnds": Case(
        {"fair_gateway_certificate_expires_timestamp_seconds{instance='a'}": "604800x400"},  # 7 days after time 0
        {"fair_gateway_certificate_expires_timestamp_seconds{instance='a'}": "606001x400"},
        {"instance": "a"},
    ),
    "CertificateUnusable": Case(
        {"fair_gateway_certificate_unusable{instance='a'}": "1x400"},
        {"fair_gateway_certificate_unusable{instance='a'}": "0x78 1x322"},
        {"instance": "a"},
    ),
    "GatewayShareExceeded": Case(
        {"fair_gateway_terminal_over_share{terminal='t-1', instance='a'}": "1x400"},
        {"fair_gateway_terminal_over_share{terminal='t-1', instance='a'}": "1x72 stale"},
        {"terminal": "t-1"},
    ),
    "AddressOverShare": Case(
        {"fair_gateway_addresses_over_share{instance='a'}": "2x400"},
        {"fair_gateway_addresses_over_share{instance='a'}": "0x72 2x328"},
        {"instance": "a"},
    ),
    "RejectsBurst": Case(
        {"fair_rejected_events{topic='t', reason='r', window='fair', partition='0'}": "5+10x400"},
        {"fair_rejected_events{topic='t', reason='r', window='fair', partition='0'}": "500x40 501+1x360"},
    ),
    "WorkerLags": Case(
        {"fair_worker_lag_records{topic='t', partition='0', instance='a'}": "50001x400"},
        {
            "fair_worker_lag_records{topic='t', partition='0', instance='a'}": "30000x400",
            "fair_worker_lag_records{topic='t', partition='0', instance='b'}": "30000x400",
        },
    ),
    "WatermarkStuck": Case(
        {
            "fair_watermark_timestamp_seconds{partition='0', instance='a'}": "1000x400",
            "fair_worker_lag_records{topic='t', partition='0', instance='a'}": "7x400",
            "fair_worker_lag_records{topic='u', partition='0', instance='a'}": "-9x400",
        },
        {
            "fair_watermark_timestamp_seconds{partition='0', instance='a'}": "1000x400",
            "fair_worker_lag_records{topic='t', partition='0', instance='a'}": "7x400",  # behind an open transaction
            HUNG: "0+15x400",
            "fair_worker_lag_records{topic='u', partition='0', instance='a'}": "0x400",
        },
        {"partition": "0"},
    ),
    "NumbersStandStill": Case(
        {**OPEN, "fair_window_end_timestamp_seconds{instance='a'}": "60x400"}, NOW
    ),
    "NoEvents": Case(
        {**NOW, "fair_watermark_timestamp_seconds{partition='0'}": "30+15x40 630x360", HUNG: "31x400",
         "fair_worker_lag_records{topic='t', partition='0', instance='a'}": "7x400"},
        {**NOW, "fair_watermark_timestamp_seconds{partition='0'}": "30+15x400",
         "fair_watermark_timestamp_seconds{partition='1'}": "30+15x40 630x360"},
    ),
    "NoWorker": Case(
        {"fair_worker_ready{instance='a'}": "1x20 0x380", "fair_worker_folding{instance='a'}": "1x20 0x380"}, UNREADY
    ),
    "WorkerRecoversTooLong": Case(
        {"fair_worker_ready{instance='a'}": "0x400"},
        {"fair_worker_ready{instance='b'}": "0x6 1x394", **UNREADY},
        {"instance": "a"},
    ),
    "WorkerRestarts": Case(
        {"process_start_time_seconds{job='fairpulse-worker', instance='a'}": "1x30 500x20 700x350"},
        {"process_start_time_seconds{job='fairpulse-worker', instance='a'}": "1x30 500x370"},
        {"job": "fairpulse-worker", "instance": "a"},
        at=15,
    ),
    "JournalFails": Case(
        {
            **UNREADY,
            f"{APPENDS}_count{{instance='a'}}": "9x400",
            "fair_worker_lag_records{topic='t', partition='0', instance='a'}": "7x400",
            "fair_worker_lag_records{topic='t', partition='1', instance='a'}": "-9x400",
        },
        {
            **READY,
            f"{APPENDS}_count{{instance='a'}}": "9x400",
            "fair_worker_lag_records{topic='t', partition='0', instance='a'}": "7x400",  # behind an open transaction
            HUNG: "0+15x400",
        },
        {"instance": "a"},
    ),
    "JournalSlow": Case(
        {f"{APPENDS}_bucket{{le='1'}}": "0x400", f"{APPENDS}_bucket{{le='2.5'}}": "0+1x400",
         f"{APPENDS}_bucket{{le='+Inf'}}": "0+1x400"},
        {f"{APPENDS}_bucket{{le='1'}}": "0+1x400", f"{APPENDS}_bucket{{le='2.5'}}": "0+1x400",
         f"{APPENDS}_bucket{{le='+Inf'}}": "0+1x400"},
    ),
    "LiveDiffersFromAudit": Case({"fair_audit_differences": "3x400"}, {"fair_audit_differences": "0x400"}),
    "TopicsWrong": Case(
        {finding("cleanup.policy", "wrong", "a"): "0x20 1x380", finding("cleanup.policy", "wrong", "b"): "1x400"},
        {finding("copies", "risk", "a"): "1x400", finding("cleanup.policy", "wrong", "b"): "1x70 stale"},
        {"topic": "fair.scans", "setting": "cleanup.policy"},
    ),
    "TopicsAtRisk": Case(
        {finding("copies", "risk", "a"): "1x400"},
        {finding("copies", "risk", "a"): "0x62 1x338", finding("cleanup.policy", "wrong", "a"): "1x400"},
        {"topic": "fair.scans", "setting": "copies"},
    ),
    "EventsMisplaced": Case(
        {refused("misplaced", 0): "_x60 3x340"},  # the first ones, and the series did not exist before
        {refused("misplaced", 0): "3x400", refused("late", 1): "_x60 3x340"},  # these are an hour old
        {"topic": "t"},
    ),
    "EventsOfAnotherFair": Case(
        {refused("wrong_fair", 0): "_x60 11x340", events(0): "5x60 114x340"},  # over a tenth of 109 events
        {refused("wrong_fair", 0): "_x60 11x340", events(0): "5x60 115x340", refused("misplaced", 1): "_x60 99x340"},
        {"topic": "t"},
    ),
    "BadgesUnknown": Case(
        {**NOW, **passages("15m", "1000x400"), **waiting("g", "5x55 9x345"), **waiting("h", "5x55 9x345"),
         "fair_unregistered_badges{window='fair', partition='0', instance='a'}": "2x55 9x345"},
        {**NOW, **passages("15m", "1000x400"), **waiting("g", "900x55 904x345"), **waiting("h", "900x55 904x345"),
         "fair_unregistered_badges{window='fair', partition='0', instance='a'}": "70x55 76x345"},
    ),
    "BadgesClash": Case(
        {"fair_register_clashes{instance='g'}": "1x400", "fair_register_clashes{instance='h'}": "0x400"},
        {"fair_register_clashes{instance='g'}": "0x400", "fair_register_clashes{instance='h'}": "0x400"},
    ),
    "TestEventsDuringFair": Case(
        {**NOW, of_tests(0): "5x60 15x340", of_tests(1): "_x60 11x340"},
        {**NOW, of_tests(0): "5x60 15x340", of_tests(1): "_x60 10x340"},
    ),
    "TransactionHangs": Case(
        {"fair_worker_transaction_seconds{topic='t', partition='0', instance='a'}": "0+1x400"},
        {"fair_worker_transaction_seconds{topic='t', partition='0', instance='a'}": "60x400",
         "kafka_topic_partition_current_offset{topic='t', partition='0'}": "9+5x400",
         "kafka_topic_partition_stable_offset{topic='t', partition='0'}": "2+5x400"},
        {"topic": "t", "partition": "0"},
    ),
    "LogsUnchecked": Case(
        {"kafka_brokers": "1x400", "fair_topics_checked_timestamp_seconds{job='w', instance='a'}": "0+15x70 1050x330",
         "fair_topics_checked_timestamp_seconds{job='g', instance='a'}": "0+15x400"},
        {"kafka_brokers": "0x400", "fair_topics_checked_timestamp_seconds{job='w', instance='a'}": "0+15x70 1050x330",
         "fair_topics_checked_timestamp_seconds{job='g', instance='b'}": "0+15x400"},
        {"job": "w", "instance": "a"},
    ),
    "LogShorter": Case(
        {"fair_worker_lag_records{topic='t', partition='0', instance='a'}": "-1x400",
         "fair_worker_lag_records{topic='t', partition='0', instance='b'}": "5x400"},
        {"fair_worker_lag_records{topic='t', partition='0', instance='a'}": "0x400"},
        {"topic": "t", "partition": "0"},
    ),
    "EventsFell": Case(
        {**folded(2), events(0): "100x60 30x340", events(1): "100x60 149x340"},
        {**folded(2), events(0): "100x60 30x340", events(1): "100x60 150x340"},
    ),
    "LettersLost": Case(
        {refused("misplaced", 0): "3x400", refused("misplaced", 1): "2x400",
         "kafka_topic_partition_current_offset{topic='fair.rejected', partition='0', instance='a'}": "4x400",
         "kafka_topic_partition_current_offset{topic='fair.rejected', partition='0', instance='b'}": "3x400",
         "kafka_topic_partition_current_offset{topic='fair.scans', partition='0', instance='a'}": "90x400"},
        {refused("misplaced", 0): "3x72 3+1x328", refused("misplaced", 1): "2x400",
         "kafka_topic_partition_current_offset{topic='fair.rejected', partition='0', instance='a'}": "5x75 5+1x325"},
    ),
    "AuditOld": Case(
        {"fair_audit_waiting_seconds": "841+15x400"},
        {"fair_audit_waiting_seconds": "900x400"},
    ),
    "TerminalCopied": Case(
        {"fair_audit_reused_sequence_numbers{terminal='stand-1'}": "2x200 3x200",
         "fair_audit_reused_sequence_numbers{terminal='stand-2'}": "2x400"},
        {"fair_audit_reused_sequence_numbers{terminal='stand-1'}": "2x40 3x360",
         "fair_audit_reused_sequence_numbers{terminal='stand-2'}": "0x400"},
        {"terminal": "stand-1"},
        at=80,
    ),
    "ScrapeNearItsLimit": Case(
        {"scrape_samples_scraped{job='fairpulse-worker', instance='a'}": "13501x400"},
        {
            "scrape_samples_scraped{job='fairpulse-worker', instance='a'}": "13500x400",
            "scrape_samples_scraped{job='fairpulse-facts', instance='a'}": "13501x400",
        },
        {"job": "fairpulse-worker", "instance": "a"},
    ),
    "ScrapeFails": Case(
        {"up{job='fairpulse-worker', instance='a'}": "0x400"},
        {"up{job='fairpulse-worker', instance='a'}": "1x400"},
        {"job": "fairpulse-worker", "instance": "a"},
    ),
    "KafkaAway": Case({"kafka_brokers": "3x20 0x380"}, {"kafka_brokers": "1x400"}),
    "KafkaPartitionsDown": Case(
        {"kafka_topic_partition_leader{topic='fair.scans', partition='0'}": "1x20 -1x380",
         "kafka_topic_partition_leader{topic='fair.deals', partition='0'}": "1x400"},
        {"kafka_topic_partition_leader{topic='fair.scans', partition='0'}": "1x20 2x380"},
        {"topic": "fair.scans"},
    ),
    "KafkaCopiesMissing": Case(
        {"kafka_topic_partition_under_replicated_partition{topic='fair.scans', partition='0'}": "0x20 1x380"},
        {"kafka_topic_partition_under_replicated_partition{topic='fair.scans', partition='0'}": "0x20 1x10 0x370"},
    ),
    "RegistryOld": Case(
        {"fair_gateway_registry_age_seconds{instance='two'}": "1x20 11x380"},
        {"fair_gateway_registry_age_seconds{instance='two'}": "1x20 11x380", "kafka_brokers": "1x20 0x380"},
        {"instance": "two"},
    ),
    "SoftwareRefused": Case(
        {f"{REQUESTS}{{status='400', code='not_a_cloudevent'}}": "_x40 1x360"},  # the first is refused in minute 10
        {f"{REQUESTS}{{status='400', code='not_a_cloudevent'}}": "5x400", f"{REQUESTS}{{status='422'}}": "0+1x400"},
        {"code": "not_a_cloudevent"},
    ),
    "GatewayFails": Case(
        {f"{REQUESTS}{{status='503'}}": "0+1x400", f"{REQUESTS}{{status='200'}}": "0+50x400"},
        {f"{REQUESTS}{{status='503'}}": "0x400", f"{REQUESTS}{{status='200'}}": "0+50x400"},
    ),
}  # fmt: skip

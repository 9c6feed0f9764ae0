"""The cures for what cannot be right in Kafka. One text for one cure, whichever program finds it.

Each is carried out to its end in a test, and the numbers are right after it.
"""

from typing import Final

FOLD_ANEW: Final = (
    "start all workers again with FAIRPULSE_GENERATION one higher: they count what Kafka holds now, from its beginning"
)
"""For a state that does not fit the log: another log, a shorter one, or a damaged journal."""

FOLD_ANEW_OR_FORGET: Final = (
    f"if its workers still run, {FOLD_ANEW}; if its fair or its version is over, delete that topic with Kafka's own "
    "`kafka-topics.sh`"
)
"""For a journal with another number of partitions, seen by one who does not know whether it is used any more."""

MAKE_ANEW: Final = (
    "stop gateways and workers, then run `fairpulse record FILE --until end`, `fairpulse topics --anew FILE` and "
    "`fairpulse replay FILE`"
)
"""For records that lie in the wrong partitions: all are written again by their keys. An older recording may be replayed
as well; each event counts once.
"""

OLDER: Final = "replay an older recording that has the first records: without one the numbers stay those of a part"
"""For records that Kafka does not keep any more."""

MAKE_PART_ANEW: Final = (
    "stop gateways and workers, then run `fairpulse record FILE --until end`, `fairpulse topics --anew FILE --part` "
    f"and `fairpulse replay FILE`, and {OLDER}"
)
"""For a log whose beginning is gone before it was counted: what is left is written again, a recording adds the rest.
The new logs begin at offset 0, so nothing shows later on that there ever was more.
"""


def end_transaction(servers: str, place: tuple[str, int], offset: int) -> str:
    """Return the cure for a transaction that does not end.

    Args:
        servers: the brokers, host:port,host:port.
        place: topic and partition.
        offset: of its first record.
    """
    topic, partition = place
    return (
        f"stop its producer, or end it with `kafka-transactions.sh --bootstrap-server {servers} abort --topic {topic} "
        f"--partition {partition} --start-offset {offset}`"
    )


CORRECT: Final = "run `fairpulse topics --correct`"
"""For settings of a topic."""

CREATE: Final = "create the topics with `fairpulse topics --create`"
"""For topics that are missing, and for the dead letters' topic if it has too few partitions."""

JUDGE: Final = "run `fairpulse topics --check`, which says what to do"
"""For a number of partitions that a program itself cannot judge: it may not read the records."""

REDRIVE: Final = (
    "redrive it with `fairpulse dead-letters redrive --reason misplaced`; its producer must choose partitions as "
    "dashboards/generated/TOPICS.md says"
)
"""For an event that another team's producer wrote into a wrong partition: it is sent again under its own key."""

REGISTRY_ANEW: Final = (
    "stop the gateways, delete the topic with Kafka's own `kafka-topics.sh`, and run `fairpulse topics --create` and "
    "`fairpulse terminals restore FILE` with the registry's file of a gateway"
)
"""For the registry of terminals with more partitions than one, or without its first records."""

AFTER_COMPACTION: Final = (
    "replay a recording from before with `fairpulse replay FILE`: compaction may have removed events, and nothing else "
    "shows it"
)
"""For a topic of events that was compacted for a while: its log still begins at offset 0. Each event counts once."""

CORRECT_COMPACTED: Final = f"{CORRECT}, then {AFTER_COMPACTION}"
"""For a topic of events that is compacted."""

REGISTRY_AFTER_COMPACTION: Final = f"see whether `fairpulse terminals list` lacks any: then {REGISTRY_ANEW}"
"""For the registry of terminals that was compacted for a while."""

CORRECT_COMPACTED_REGISTRY: Final = f"{CORRECT}, then {REGISTRY_AFTER_COMPACTION}"
"""For the registry of terminals that is compacted."""

UNRESOLVED_AFTER_COMPACTION: Final = (
    "register the missing persons with `fairpulse badges import FILE`: of the events of one badge that waited, all but "
    "the newest may be gone"
)
"""For the events that wait for a registration, if they were compacted for a while."""

CORRECT_COMPACTED_UNRESOLVED: Final = f"{CORRECT}, then {UNRESOLVED_AFTER_COMPACTION}"
"""For the events that wait for a registration, if they are compacted."""

_CODES: Final = "--bootstrap-server SERVER --topic fair.badge-codes"
REGISTER_ANEW: Final = (
    f"stop the gateways, save the marks of spent codes with `kafka-console-consumer.sh {_CODES} --from-beginning "
    "--timeout-ms 10000 --property print.key=true | grep spent > MARKS`, delete the topic with `kafka-topics.sh`, run "
    f"`fairpulse topics --create`, write the marks again with `kafka-console-producer.sh {_CODES} --property "
    "parse.key=true < MARKS`, and run `fairpulse badges import FILE` with a file of all persons"
)
"""For the codes of the register with another number of partitions. A reprint that the file lacks must be made again.

Without its mark, the code of an erased person could be given to another person, and would name that one at once.
"""

REGISTER_PART_ANEW: Final = (
    f"{REGISTER_ANEW}; marks among the older records are lost, so give nobody a code that an erased person had"
)
"""For the codes of the register without their first records."""

UNRESOLVED_ANEW: Final = (
    "register the badges that events wait for with `fairpulse badges import FILE`; then stop the gateways, delete the "
    "topic with Kafka's own `kafka-topics.sh`, and run `fairpulse topics --create`"
)
"""For the events that wait for a registration, with another number of partitions: those in the topic are lost."""

"""Who may do what in Kafka: `fairpulse acls` prints, grants and checks this table.

Every program has its own principal, with only the rights that it needs. Rules name each topic. The topics themselves
declare who writes and reads them; all other rights are declared here. The journal and the group of a fair's workers
have a fingerprint in their names, so their rules name only the prefix (`group_prefix`). Gateways release
waiting events in a group of their own (`release_group`). Some rights follow from others in Kafka: Read, Write and Alter
include Describe, and Write on a topic allows an idempotent producer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from schemas.topics import (
    ALL_TOPICS,
    BADGE_CODES,
    EVENT_TOPICS,
    RECORDED_TOPICS,
    REJECTED,
    RELEASE,
    TERMINALS,
    UNRESOLVED,
    group_prefix,
)

PREFIX: Final = "fairpulse-"
"""The prefix of all principals of fairpulse. In a Kafka with other users, nobody else should have it."""

ADMIN: Final = f"{PREFIX}admin"
"""Grants and checks the rules, makes users, corrects topics and makes them anew. It is a super user: it needs no rules,
and no rule limits it.
"""

BROKER: Final = f"{PREFIX}broker"
"""The brokers, when they connect to one another. A super user."""

Resource = Literal["Topic", "Group"]
Operation = Literal["Alter", "Create", "Describe", "DescribeConfigs", "Read", "Write"]


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One access rule, which allows an operation from every host.

    Attributes:
        principal: without Kafka's "User:".
        resource: the kind of resource.
        name: name of the resource, or its prefix.
        prefixed: whether `name` is a prefix.
        operation: Kafka's name for it.
    """

    principal: str
    resource: str
    name: str
    prefixed: bool
    operation: str

    def text(self) -> str:
        """Return the rule as one line, in Kafka's terms."""
        return f"{self.principal} {self.operation} on {self.resource.lower()} {self.name}{'*' if self.prefixed else ''}"


@dataclass(frozen=True, slots=True)
class Grant:
    """Some operations on some resources.

    Attributes:
        names: of the resources; empty for all those of the fair's workers.
        ending: of the one name that begins as those of the fair's workers; empty for all of them.
    """

    operations: tuple[Operation, ...]
    names: tuple[str, ...] = ()
    resource: Resource = "Topic"
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """One principal.

    Attributes:
        name: name of the principal without `PREFIX`.
        does: the commands that it is for, and why it needs its rights.
        grants: the rights that it needs besides those on topics that name it as producer or consumer.
    """

    name: str
    does: str
    grants: tuple[Grant, ...] = ()

    @property
    def principal(self) -> str:
        """Its name in Kafka, without "User:"."""
        return f"{PREFIX}{self.name}"

    def rules(self, fair_id: str) -> Iterator[Rule]:
        """Yield its rules for a fair."""
        for grant in (*self._records(), *self.grants):
            for name in grant.names or (f"{group_prefix(fair_id)}{grant.ending}",):
                for operation in grant.operations:
                    yield Rule(self.principal, grant.resource, name, not (grant.names or grant.ending), operation)

    def _records(self) -> Iterator[Grant]:
        """Yield the rights that the topics give it."""
        for topic in ALL_TOPICS:
            if self.name in topic.consumers:
                yield Grant(("Read",), (topic.name,))
            if self.name in topic.producers:
                yield Grant(("Write",), (topic.name,))


_ALL: Final = tuple(topic.name for topic in ALL_TOPICS)
_EVENTS: Final = tuple(topic.name for topic in EVENT_TOPICS)
_RECORDED: Final = tuple(topic.name for topic in RECORDED_TOPICS)

OFFSETS: Final = "__consumer_offsets"
"""Kafka's own topic for groups. While it has no leaders, no worker gets a partition."""

ROLES: Final = (
    Role(
        "topics",
        "`topics --create`, `topics --check`, and `topics conform --live`. It creates topics, and adds partitions for"
        " dead letters. It reads events to see if they lie where their keys put them, and writes nothing.",
        (
            Grant(("Create", "DescribeConfigs"), _ALL),
            Grant(("Alter",), (REJECTED.name,)),
            Grant(("Describe",), (TERMINALS.name, BADGE_CODES.name, UNRESOLVED.name)),
            Grant(("Describe", "DescribeConfigs")),
        ),
    ),
    Role(
        "gateway",
        "`gateway`, `terminals`, and `simulate` through a gateway. It writes the events that terminals post, and dead"
        " letters for refused ones. It reads and writes the registry of terminals and the register of badges. All"
        " gateways of a fair are a group, which releases events that waited for a registration.",
        (Grant(("DescribeConfigs",), _ALL), Grant(("Read",), resource="Group", ending=RELEASE)),
    ),
    Role(
        "worker",
        "`worker`, and `rebuild`, which starts one. It reads events but cannot write them. It creates, reads and writes"
        " the journals of its fair, which share a prefix in all generations. It writes dead letters.",
        (
            Grant(("Create", "DescribeConfigs", "Read", "Write")),
            Grant(("DescribeConfigs",), _RECORDED),
            Grant(("Read",), resource="Group"),
        ),
    ),
    Role(
        "audit",
        "`audit` and `backfill`. They read events, and `audit` how many wait for a registration. They write nothing.",
        (Grant(("DescribeConfigs",), _EVENTS),),
    ),
    Role(
        "record",
        "`record`. It reads what happened at the fair and the dead letters, and writes nothing.",
        (Grant(("DescribeConfigs",), _RECORDED),),
    ),
    Role(
        "badges",
        "`badges`. It reads and writes the register of badges, and reads which events wait for a registration.",
    ),
    Role("simulator", "`simulate` without a gateway. It writes events and reads nothing."),
    Role(
        "replay",
        "`replay`. It writes events, and reads the topics to check that they hold no other fair.",
    ),
    Role(
        "kafka-exporter",
        "`kafka-exporter`. It looks at topics, journals and Kafka's own offsets, but reads no records.",
        (
            Grant(("Describe", "DescribeConfigs"), _ALL),
            Grant(("Describe",), (OFFSETS,)),
            Grant(("Describe", "DescribeConfigs")),
        ),
    ),
    Role(
        "dead-letters",
        "`dead-letters`. It reads dead letters. A redrive writes their events again, and marks the letters.",
    ),
)
"""All principals except the two super users. Commands with the same rights share one."""


def all_rules(fair_id: str) -> frozenset[Rule]:
    """Return all rules for a fair."""
    return frozenset(rule for role in ROLES for rule in role.rules(fair_id))


def all_users() -> tuple[str, ...]:
    """Return every principal that needs a password, the super users first."""
    return (BROKER, ADMIN, *(role.principal for role in ROLES))


def kafka_acls_commands(rules: Iterable[Rule], bootstrap_servers: str) -> Iterator[str]:
    """Yield the commands of Kafka's own tool that grant some rules, for a Kafka that others administer."""
    things: dict[tuple[str, str, str, bool], list[str]] = {}
    for rule in sorted(rules):
        things.setdefault((rule.principal, rule.resource, rule.name, rule.prefixed), []).append(rule.operation)
    for (principal, resource, name, prefixed), operations in things.items():
        words = " ".join(f"--operation {operation}" for operation in operations)
        pattern = "prefixed" if prefixed else "literal"
        yield (
            f"kafka-acls.sh --bootstrap-server {bootstrap_servers} --command-config admin.properties --add"
            f" --allow-principal User:{principal} {words} --{resource.lower()} {name} --resource-pattern-type {pattern}"
        )

"""Who may do what in Kafka: `fairpulse acls` prints, grants and checks this table.

Every program of ours has a principal of its own and the least that it works with. Topics are named one by one, and
say themselves who writes and reads them; the rest is declared here. The journal and the group of a fair's workers have
a fingerprint in their names, so their rules name the beginning (`group_prefix`). Kafka's own implications are used:
Read and Write contain Describe, and with Write on a topic a producer may be idempotent.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from schemas.topics import ALL_TOPICS, group_prefix

PREFIX: Final = "fairpulse-"
"""How our principals begin: in a Kafka with other users, nobody else should."""

ADMIN: Final = f"{PREFIX}admin"
"""Grants and checks the rules, and makes users. A super user: no rule is needed for it, and none limits it."""

BROKER: Final = f"{PREFIX}broker"
"""The brokers themselves, to one another. A super user."""

Resource = Literal["Topic", "Group"]
Operation = Literal["Create", "Describe", "Read", "Write"]


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One access rule: it allows, from every host.

    Attributes:
        principal: without Kafka's "User:".
        resource: what kind of thing.
        name: of the thing, or how its name begins.
        prefixed: whether it is the beginning.
        operation: as Kafka calls it.
    """

    principal: str
    resource: str
    name: str
    prefixed: bool
    operation: str

    def text(self) -> str:
        """Return the rule in a line, in Kafka's words."""
        return f"{self.principal} {self.operation} on {self.resource.lower()} {self.name}{'*' if self.prefixed else ''}"


@dataclass(frozen=True, slots=True)
class Grant:
    """Some operations on some things.

    Attributes:
        names: of the things; empty for whatever belongs to the workers of the fair.
    """

    operations: tuple[Operation, ...]
    names: tuple[str, ...] = ()
    resource: Resource = "Topic"


@dataclass(frozen=True, slots=True)
class Role:
    """One principal.

    Attributes:
        name: its principal is `PREFIX` and this.
        does: the commands that it is for, and why it needs what it is given.
        grants: what it needs beside the topics that name it as producer or consumer.
    """

    name: str
    does: str
    grants: tuple[Grant, ...] = ()

    @property
    def principal(self) -> str:
        """Its name in Kafka, without "User:"."""
        return f"{PREFIX}{self.name}"

    def rules(self, fair_id: str) -> Iterator[Rule]:
        """Yield its rules at a fair."""
        for grant in (*self._records(), *self.grants):
            for name in grant.names or (group_prefix(fair_id),):
                for operation in grant.operations:
                    yield Rule(self.principal, grant.resource, name, not grant.names, operation)

    def _records(self) -> Iterator[Grant]:
        """Yield what the topics grant it."""
        for topic in ALL_TOPICS:
            if self.name in topic.consumers:
                yield Grant(("Read",), (topic.name,))
            if self.name in topic.producers:
                yield Grant(("Write",), (topic.name,))


_ALL: Final = tuple(topic.name for topic in ALL_TOPICS)

OFFSETS: Final = "__consumer_offsets"
"""Kafka's own topic of groups: without its leaders no worker gets a partition."""

ROLES: Final = (
    Role(
        "topics",
        "`topics --create`. It can make the topics and neither read nor write them.",
        (Grant(("Create", "Describe"), _ALL),),
    ),
    Role(
        "gateway",
        "`gateway`. It writes what terminals post, and what it refused. It reads nothing.",
    ),
    Role(
        "worker",
        "`worker`, and `rebuild`, which starts one. It reads events and cannot write them; it makes, reads and writes"
        " the journals of its fair, whose later generations begin alike; it writes what it refused.",
        (
            Grant(("Create", "Read", "Write")),
            Grant(("Read",), resource="Group"),
        ),
    ),
    Role("audit", "`audit` and `backfill`. They read events and write nothing."),
    Role("record", "`record`. It reads every topic and writes nothing."),
    Role("simulator", "`simulate` without a gateway. It writes events, reads nothing."),
    Role(
        "replay",
        "`replay`. It writes events, after it has read whether another fair lies there.",
    ),
    Role(
        "kafka-exporter",
        "`kafka-exporter`. It looks at topics, journals and Kafka's own offsets, and reads no record.",
        (Grant(("Describe",), (*_ALL, OFFSETS)), Grant(("Describe",))),
    ),
    Role(
        "dead-letters",
        "`dead-letters`. It reads what was refused; a redrive writes it as events again, and marks it.",
    ),
)
"""All principals but the two super users. Those with the same rights share one."""


def all_rules(fair_id: str) -> frozenset[Rule]:
    """Return the table for a fair."""
    return frozenset(rule for role in ROLES for rule in role.rules(fair_id))


def all_users() -> tuple[str, ...]:
    """Return every principal that needs a password, the super users first."""
    return (BROKER, ADMIN, *(role.principal for role in ROLES))


def kafka_acls_commands(rules: Iterable[Rule], bootstrap_servers: str) -> Iterator[str]:
    """Yield the calls of Kafka's own tool that grant some rules, for a Kafka that others look after."""
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

"""Reads and writes Kafka's access rules. aiokafka has the requests, but its admin client has no methods for them."""

from collections.abc import Collection
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest, DescribeAclsRequest

from schemas.errors import Unavailable
from schemas.kafka_access import refused
from schemas.outputs import reason
from schemas.settings import KafkaSettings
from schemas.topics import ALL_TOPICS
from streams.kafka.principals import PREFIX, Rule
from streams.kafka.topics import admin

ANY: Final = 1
ALLOW: Final = 3
EVERY_HOST: Final = "*"
USER: Final = "User:"
RESOURCES: Final = {2: "Topic", 3: "Group", 4: "Cluster", 5: "TransactionalId", 6: "DelegationToken", 7: "User"}
LITERAL, PREFIXED = 3, 4
OPERATIONS: Final = {
    2: "All",
    3: "Read",
    4: "Write",
    5: "Create",
    6: "Delete",
    7: "Alter",
    8: "Describe",
    9: "ClusterAction",
    10: "DescribeConfigs",
    11: "AlterConfigs",
    12: "IdempotentWrite",
}
"""The numbers in Kafka's protocol."""

NO_AUTHORIZER: Final = 54
"""Kafka's error SECURITY_DISABLED."""


async def rules_in_kafka(kafka: KafkaSettings) -> frozenset[Rule]:
    """Return the rules that concern fairpulse: those of its principals, and those for everybody on its topics.

    The operation of a rule also says if the rule denies or is limited to one host. Such a rule never equals a declared
    one.

    Raises:
        Unavailable: no broker answers, it keeps no rules, or the right to see them is missing.
    """
    async with admin(kafka) as client:
        answer = await _ask(client, DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))
    _refuse(kafka, answer.error_code, "Describe on the cluster")
    found = (
        _rule(resource, name, pattern, *one) for resource, name, pattern, rules in answer.resources for one in rules
    )
    return frozenset(rule for rule in found if _concerns_us(rule))


async def grant(kafka: KafkaSettings, rules: Collection[Rule]) -> None:
    """Create rules; existing ones stay as they are.

    Raises:
        Unavailable: no broker answers, it keeps no rules, or the right to change them is missing.
    """
    async with admin(kafka) as client:
        for rule in sorted(rules):
            for code, _ in (await _ask(client, CreateAclsRequest(*protocol_fields(rule)))).creation_responses:
                _refuse(kafka, code, "Alter on the cluster")


def protocol_fields(rule: Rule) -> tuple[int, str, int, str, str, int, int]:
    """Return a rule in the form of Kafka's requests to create or delete it; `rules_in_kafka` does the inverse."""
    types = {name: number for number, name in RESOURCES.items()}
    operations = {name: number for number, name in OPERATIONS.items()}
    pattern = PREFIXED if rule.prefixed else LITERAL
    user = f"{USER}{rule.principal}"
    return types[rule.resource], rule.name, pattern, user, EVERY_HOST, operations[rule.operation], ALLOW


async def _ask(client: AIOKafkaAdminClient, request: Any) -> Any:
    return await client._send_request(request)  # noqa: SLF001 - there are no public methods for access rules


def _refuse(kafka: KafkaSettings, code: int, doing: str) -> None:
    if code == NO_AUTHORIZER:
        raise Unavailable(
            f"Kafka at {kafka.bootstrap_servers} keeps no access rules",
            hint="set authorizer.class.name on every broker and controller; docker-compose.sasl.yml shows how",
        )
    if code:
        problem = for_code(code)
        raise refused(kafka, problem, doing) or Unavailable(
            f"Kafka did not take the access rules: {reason(problem)}", hint="see the broker's log"
        )


def _rule(resource: int, name: str, pattern: int, principal: str, host: str, operation: int, permission: int) -> Rule:
    words = OPERATIONS.get(operation, str(operation))
    if permission != ALLOW:
        words = f"no {words}"
    if host != EVERY_HOST:
        words = f"{words} from {host}"
    kind = RESOURCES.get(resource, str(resource))
    return Rule(principal.removeprefix(USER), kind, name, pattern == PREFIXED, words)


def _concerns_us(rule: Rule) -> bool:
    ours = {topic.name for topic in ALL_TOPICS}
    here = rule.name == "*" or rule.name in ours or rule.name.startswith(PREFIX)
    there = rule.prefixed and any(name.startswith(rule.name) for name in ours)
    return rule.principal.startswith(PREFIX) or (rule.principal == "*" and (here or there))

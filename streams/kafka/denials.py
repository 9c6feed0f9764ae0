"""What a running worker is told when an access rule is taken from it, in one line."""

from schemas.errors import Refused
from schemas.kafka_access import DENIED, code_of, names_in, refused
from schemas.settings import KafkaSettings


def denial(kafka: KafkaSettings, error: BaseException, operation: str) -> Refused | None:
    """Return which right is missing, with the remedy; None if the error says something else.

    Args:
        kafka: who we are.
        error: aiokafka's; its argument names the topic, the topics or the group.
        operation: what we wanted, for example "Read".
    """
    kind = DENIED.get(code_of(error), "cluster")
    return refused(kafka, error, f"{operation} on {kind} {names_in(error)}".rstrip())

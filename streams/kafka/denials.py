"""The one-line error of a running worker when an access rule is taken from it."""

from schemas.errors import Refused
from schemas.kafka_access import DENIED, code_of, names_in, refused
from schemas.settings import KafkaSettings


def denial(kafka: KafkaSettings, error: BaseException, operation: str) -> Refused | None:
    """Return which right is missing, with the remedy; None if the error means something else.

    Args:
        kafka: the settings, which name the principal.
        error: the error of aiokafka; its argument names the topics or the group.
        operation: what was tried, for example "Read".
    """
    kind = DENIED.get(code_of(error), "cluster")
    return refused(kafka, error, f"{operation} on {kind} {names_in(error)}".rstrip())

"""Why Kafka is silent, for every producer alike."""

from aiokafka.conn import create_conn
from aiokafka.protocol.metadata import MetadataRequest

from schemas.errors import FairpulseError
from schemas.kafka_access import explain_silence
from schemas.settings import KafkaSettings


async def no_kafka(kafka: KafkaSettings) -> FairpulseError:
    """Return why a client could not start: no broker answers, or it does not let us in."""
    return await explain_silence(kafka, create_conn, MetadataRequest([]))

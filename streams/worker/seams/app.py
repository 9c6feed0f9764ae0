"""Faust's app and producer: no files, and the outcome of an append. Read with faust-streaming 0.15.3."""

from collections.abc import Awaitable
from typing import Any

import faust
from faust.exceptions import ProducerSendError
from typing_extensions import override

SAID_TWICE = ("faust.topics",)
"""Loggers of Faust that warn of an error which whoever sent the record is told as well."""


class FilelessApp(faust.App):
    """An app that keeps no files: its state lives in the journal topic, and an image may be read-only."""

    @override
    def _create_directories(self) -> None:
        """Create none. Faust makes three for its tables, also for those in memory, when an app starts first."""


async def offset_of(sending: Awaitable[Any]) -> int:
    """Return the offset of a record once Kafka has it.

    Faust wraps an error that aiokafka raises while it takes a record, and hands on as it is one that comes later: both
    come out of here as aiokafka's.
    """
    try:
        return int((await sending).offset)
    except ProducerSendError as error:
        raise (error.__cause__ or error) from error

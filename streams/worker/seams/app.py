"""Faust's app and producer: an app without files, and the result of an append. Read with faust-streaming 0.15.3."""

from collections.abc import Awaitable
from typing import Any

import faust
from faust.exceptions import ProducerSendError
from typing_extensions import override

from streams.worker.appended import Appended

SAID_TWICE = ("faust.topics",)
"""Faust loggers that warn of an error which the sender of the record gets as well."""


class FilelessApp(faust.App):
    """An app without files: its state is in the journal topic, and the image may be read-only."""

    @override
    def _create_directories(self) -> None:
        """Create no directories. At an app's first start Faust makes three for its tables, even for those in memory."""


async def place_of(sending: Awaitable[Any]) -> Appended:
    """Return the place of a record once Kafka has it.

    Faust wraps an error that aiokafka raises when it accepts a record, but passes on a later error as it is. This
    function raises aiokafka's own error in both cases.
    """
    try:
        stored = await sending
        return Appended(int(stored.offset), int(stored.timestamp))
    except ProducerSendError as error:
        raise (error.__cause__ or error) from error

"""Dead letters for refused records, each with reason and place; and a limit, in case every record is refused."""

from collections.abc import Callable, Iterable

from schemas.dead_letters import RecordHeaders, record_letter
from schemas.errors import MustStop
from streams.fold.decoding import RefusedRecord


def letters(
    topic: str, partition: int, refused: Iterable[RefusedRecord], headers_at: Callable[[int], RecordHeaders]
) -> Iterable[tuple[bytes, bytes]]:
    """Yield key and value of the dead letter for each refused record.

    The key is the record's place, so a letter that is written again after a crash is recognised as the same letter.

    Args:
        topic: of the records.
        partition: of the records.
        refused: the records.
        headers_at: returns the headers of the record at an offset.
    """
    for offset, raw, error in refused:
        yield record_letter(topic, partition, offset, raw, error, headers_at(offset))


class RejectLimit:
    """Stops a worker that refuses everything: then the worker is wrong, not the records.

    Args:
        most: most refused records in a row, over all partitions; 0 for no limit.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._in_a_row = 0

    def note(self, good: int, refused: int) -> None:
        """Count the good and the refused records of a chunk.

        Raises:
            MustStop: the limit is reached. The letters are already written, so nothing is lost; redrive them later.
        """
        self._in_a_row = refused + (self._in_a_row if not good else 0)
        if self._most and self._in_a_row >= self._most and not good:
            raise MustStop(
                f"{self._in_a_row} records in a row were refused",
                hint="compare the versions of producers, worker and fair file; then redrive the dead letters",
            )

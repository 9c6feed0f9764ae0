"""Every codec that Kafka's protocol allows must be readable here: one batch in another ends a reader for good."""

from collections.abc import Callable, Mapping
from typing import Final

from aiokafka import codec

from schemas.errors import Unavailable

READERS: Final[Mapping[str, Callable[[], bool]]] = {
    "gzip": codec.has_gzip,
    "snappy": codec.has_snappy,
    "lz4": codec.has_lz4,
    "zstd": codec.has_zstd,
}
"""By Kafka's name of a codec, whether records in it can be read here."""


def refuse_unreadable_codecs(readers: Mapping[str, Callable[[], bool]] = READERS) -> None:
    """Look whether all codecs can be read; every program does so before it connects.

    Raises:
        Unavailable: one cannot; the error names it and what to install.
    """
    missing = [name for name, is_there in readers.items() if not is_there()]
    if missing:
        raise Unavailable(
            f"records that a producer has compressed with {' or '.join(missing)} cannot be read here: the package "
            "cramjam is missing",
            hint="install it with `python -m pip install 'aiokafka[lz4,snappy,zstd]'`",
        )

"""A codec that cannot be read is told before anything is read, with what to install."""

import pytest

from schemas.errors import Unavailable
from streams.kafka.codecs import READERS, refuse_unreadable_codecs


@pytest.mark.parametrize("missing", [["snappy"], ["lz4", "zstd"], list(READERS)], ids=["one", "two", "all"])
def test_a_codec_that_cannot_be_read_is_named_with_what_to_install(missing: list[str]) -> None:
    readers = {name: (lambda name=name: name not in missing) for name in READERS}
    with pytest.raises(Unavailable) as caught:
        refuse_unreadable_codecs(readers)
    assert f"compressed with {' or '.join(missing)} cannot be read here" in caught.value.message
    assert "pip install 'aiokafka[lz4,snappy,zstd]'" in str(caught.value)


def test_all_codecs_can_be_read_here() -> None:
    refuse_unreadable_codecs()
    assert set(READERS) == {"gzip", "snappy", "lz4", "zstd"}

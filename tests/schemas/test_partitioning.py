"""A badge's events meet in one partition, whichever client wrote them."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from schemas.partitioning import murmur2, partition_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ],
)
def test_it_is_the_hash_of_kafkas_own_tests(text: str, number: int) -> None:
    assert murmur2(text.encode()) == number % 2**32


@given(st.binary(max_size=80), st.integers(1, 100))
def test_every_key_goes_where_the_other_producers_send_it(key: bytes, partitions: int) -> None:
    numbers = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, numbers, numbers)

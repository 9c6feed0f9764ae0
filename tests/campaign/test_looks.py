"""Records that workers passed over are told from those that just came."""

import pytest

from schemas.fair.file import example_fair_path
from schemas.topics import SCANS
from tests.campaign.watching import Logs, Place, Recount
from tests.campaign.workloads import PARTITIONS

HERE, BESIDE = (SCANS.name, 0), (SCANS.name, PARTITIONS)


def log_of(number: int, place: Place = HERE) -> Logs:
    """Return a log with this number of records."""
    return {place: [(*place, offset, b"key", b"value") for offset in range(number)]}


@pytest.mark.parametrize(
    ("before", "now", "upto", "waiting"),
    [
        ({}, log_of(5), {HERE: 1}, 0),  # the first look: all may just have come
        (log_of(5), log_of(9), {HERE: 4}, 0),
        (log_of(5), log_of(9), {HERE: 1}, 3),
        (log_of(5), log_of(5), {}, 5),  # not one was folded
        (log_of(5), log_of(2), {HERE: 1}, 0),
        (log_of(5, BESIDE), log_of(5, BESIDE), {}, 0),  # nobody may fold them
    ],
)
def test_records_that_were_there_before_and_are_not_folded_wait(
    before: Logs, now: Logs, upto: dict[Place, int], waiting: int
) -> None:
    recount = Recount(example_fair_path("small"))
    recount.waiting(before, {})
    assert recount.waiting(now, upto) == waiting

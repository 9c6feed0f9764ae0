"""Every case of the pages on truth and traps gives the numbers that stand there, in any order of arrival."""

import pytest

from tests.truth.cases_at_booths import AT_BOOTHS
from tests.truth.cases_of_people import OF_PEOPLE
from tests.truth.cases_of_traps import OF_TRAPS
from tests.truth.playing import Case, folded, must_be, plays, recounted

CASES = (*OF_PEOPLE, *AT_BOOTHS, *OF_TRAPS)

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.where}: {case.name}")


def test_no_case_is_told_twice() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


@every_case
def test_the_recount_gives_the_numbers_of_the_page(case: Case) -> None:
    for play in plays(case.records):
        must_be(case.expected, recounted(case.fair_file, play), f"recount, {play.partitions} partitions")


@every_case
def test_the_fold_gives_the_numbers_of_the_page(case: Case) -> None:
    for play in plays(case.records):
        told = f"fold, {play.partitions} partitions, seed {play.seed}"
        must_be(case.expected, folded(case.fair_file, play), told)


@every_case
def test_the_gateway_lets_as_many_events_wait_as_the_case_says(case: Case) -> None:
    assert len(case.passed.waiting) == case.waiting

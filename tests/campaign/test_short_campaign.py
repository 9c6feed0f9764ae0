"""One fault of each kind; `make chaos RUNS=300` is the long form. A red run says how to repeat it."""

import pytest

from tests.campaign.campaign import Lane, Outcome, line, table
from tests.campaign.chaos import without_impossible
from tests.campaign.checks import Verdict
from tests.campaign.plan import FAULTS, SMALL_DISK, Run, run_of
from tests.campaign.stage import SmallDisk
from tests.campaign.workloads import WORKLOADS

SEED = 1
ONCE = (
    "worker_kill",
    "producer_kill_while_broker_frozen",
    "broker_kill",
    "worker_freeze",
    "failpoint_after_append_sent",
    "failpoint_before_commit",
    "half_open",
    "two_of_three",
    "topic_recreated_longer",
    "misplaced",
    "settings_changed",
)
"""`make chaos` has them all; those that are left out here take long, or differ little from one of these."""
LONGER = {"two_of_three", "half_open", "topic_recreated_longer"}


@pytest.mark.broker
@pytest.mark.parametrize(
    ("number", "fault"),
    [
        pytest.param(number, fault, marks=[pytest.mark.long] if fault in LONGER else [])
        for number, fault in enumerate(ONCE)
    ],
)
def test_nothing_is_lost_or_double_and_all_is_right_again_soon(lane: Lane, number: int, fault: str) -> None:
    if fault in SMALL_DISK:
        try:
            with SmallDisk():
                pass
        except PermissionError as error:
            pytest.skip(str(error))
    outcome = lane.run(run_of(SEED, number, fault))
    assert outcome.is_good, line(outcome)


def test_a_run_can_be_repeated_from_its_seed_and_number_alone() -> None:
    assert run_of(7, 12) == run_of(7, 12)
    assert {run_of(7, number) for number in range(60)}.isdisjoint({run_of(8, number) for number in range(60)})
    assert [run_of(7, n).fault for n in range(60)] != [run_of(8, n).fault for n in range(60)]


def test_every_deck_holds_every_fault_as_often_as_its_weight_says_and_every_workload() -> None:
    size = sum(weight for _, weight in FAULTS.values())
    for deck in range(2):
        runs = [run_of(3, deck * size + number) for number in range(size)]
        assert {name: weight for name, (_, weight) in FAULTS.items()} == {
            name: sum(run.fault == name for run in runs) for name in FAULTS
        }
        assert {run.workload for run in runs} == set(WORKLOADS)


def test_the_table_ends_with_runs_lost_double_and_silent_and_leaves_out_faults_that_did_not_take_place() -> None:
    good = Outcome(run_of(1, 0, "worker_kill"), Verdict(recovery_s=2.04, silent=0), kills=3)
    bad = Outcome(run_of(1, 1, "worker_kill"), Verdict(lost=2, double=1, silent=1, untold_s=41.2), kills=1)
    unseen = Outcome(run_of(1, 2, "cut"), Verdict(silent=1), counts=False)
    text = table([good, bad, unseen]).splitlines()
    assert text[-4:] == ["runs\t2", "lost\t2", "double\t1", "silent\t1"]
    assert text[1].split() == ["worker_kill", "2", "4", "2", "1", "1", "never", "41.2", "s"]
    assert len(text) == 2 + 5
    assert not unseen.is_good


def test_a_run_that_was_silent_is_red_and_one_that_nobody_looked_at_does_not_say_0() -> None:
    assert not Outcome(run_of(1, 0, "cut"), Verdict(silent=1)).is_good
    unknown = Outcome(run_of(1, 0, "cut"), Verdict())
    assert unknown.is_good
    assert table([unknown]).splitlines()[-1] == "silent\t?"
    both = [unknown, Outcome(run_of(1, 1, "cut"), Verdict(silent=0))]
    assert table(both).splitlines()[-1] == "silent\t0"


def test_runs_that_this_machine_refuses_are_left_out_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    runs: list[Run] = [run_of(1, 0, "disk_full"), run_of(1, 1, "cut")]
    assert without_impossible(runs) == runs[1:]
    assert "skipped: disk_full: a small file system cannot be mounted" in capsys.readouterr().out

"""Bugs put in on purpose turn the campaign red: an oracle that cannot see them would prove nothing.

Each is usually found in the first run, and must be within twenty. N5 (a booth client that deletes what the server
refuses with 4xx) is in tests/terminal/test_campaign.py.
"""

import pytest

from tests.campaign.beside import MISSING
from tests.campaign.campaign import Lane, line
from tests.campaign.plan import run_of
from tests.campaign.silence import LIMIT_S

pytestmark = pytest.mark.broker

SEED = 1
WITHIN = 20
PATIENCE_S = 6
"""Numbers that are wrong stay wrong; there is no need to wait a minute for them."""

CONTROLS = {
    "acknowledge_before_append": ("producer_kill_while_broker_frozen", "lost"),
    "no_dedupe": ("nothing", "double"),
    "dedupe_by_id_only": ("nothing", "lost"),
    "commit_before_apply": ("worker_kill", "lost"),
    "counters_instead_of_state": ("worker_kill", "lost"),
    "no_look_at_logs": ("topic_recreated_equal", "silent"),
}
"""By bug: the fault under which it shows, and what it does to the numbers."""
SHORT = {"acknowledge_before_append", "dedupe_by_id_only"}
"""One bug for each place where something is lost. The silent one takes minutes."""


@pytest.mark.parametrize(
    "bug", [bug if bug in SHORT else pytest.param(bug, marks=pytest.mark.long) for bug in CONTROLS]
)
def test_a_seeded_bug_turns_the_campaign_red(lane: Lane, bug: str) -> None:
    fault, what = CONTROLS[bug]
    if what == "silent" and MISSING:
        pytest.skip(MISSING)
    for number in range(WITHIN):
        outcome = lane.run(run_of(SEED, number, fault), bug, PATIENCE_S)
        if outcome.counts and getattr(outcome.verdict, what):
            return
    pytest.fail(f"{bug} was not found in {WITHIN} runs, the last was\n{line(outcome)}")


@pytest.mark.long
def test_wrong_numbers_of_which_only_an_alert_tells_are_wrong_but_not_silent(lane: Lane) -> None:
    """The same fault and nearly the same bug as `no_look_at_logs`, which is silent."""
    if MISSING:
        pytest.skip(MISSING)
    for number in range(WITHIN):
        outcome = lane.run(run_of(SEED, number, "topic_recreated_shorter"), "no_stop", PATIENCE_S)
        if outcome.counts and outcome.verdict.untold_s > LIMIT_S:
            assert outcome.verdict.silent == 0, line(outcome)
            assert "LogShorter" in outcome.seen, line(outcome)
            assert not outcome.is_good
            return
    pytest.fail(f"numbers were wrong for no longer than {LIMIT_S} s in {WITHIN} runs, the last was\n{line(outcome)}")

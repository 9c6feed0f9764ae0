"""Random sequences at the page: no scan lost, none misused, none silent.

It runs a few by default. `SEQUENCES=300 FIRST_SEED=1 pytest tests/terminal/page/test_random.py -s` is a campaign: after
each sequence it prints the totals, and what is wrong with its seed and step.
"""

import os
from pathlib import Path

import pytest

from tests.support.booth_hands import ChromiumHands, FirefoxHands, Hands
from tests.support.booth_page import IN_A_BROWSER, Booth
from tests.support.booth_sequences import Sequences
from tests.support.firefox import FIREFOX, Firefox

NUMBER = int(os.environ.get("SEQUENCES", "3"))
FIRST = int(os.environ.get("FIRST_SEED", "1"))
LIMIT_S = 120 + 60 * NUMBER
"""A sequence takes 3 to 5 seconds; on a busy machine, and with faults to wait for, several times as long."""
pytestmark = [*IN_A_BROWSER, pytest.mark.timeout(LIMIT_S)]


async def run(booth: Booth, hands: Hands) -> None:
    sequences = Sequences(booth, hands)
    for seed in range(FIRST, FIRST + NUMBER):
        await sequences.run(seed)
        print(f"seeds {FIRST} to {seed}: {sequences.totals.line()}", *sequences.totals.wrong(), sep="\n", flush=True)
    wrong = sequences.totals.wrong()
    assert not wrong, "\n".join([sequences.totals.line(), *wrong])


async def test_random_sequences_lose_no_scan_in_chromium(booth: Booth) -> None:
    await run(booth, ChromiumHands(booth))


@pytest.mark.alone
@pytest.mark.skipif(FIREFOX is None, reason="no Firefox on this machine (Debian: apt-get install firefox-esr)")
async def test_random_sequences_lose_no_scan_in_firefox(booth: Booth, tmp_path: Path) -> None:
    profile = tmp_path / "firefox"
    profile.mkdir()
    async with Firefox(profile) as firefox:
        await run(booth, FirefoxHands(booth, firefox))

"""Random sequences at the page: no scan lost, none misused, none silent. SEQUENCES=300 runs more of them."""

import os
from pathlib import Path

import pytest

from tests.support.booth_hands import ChromiumHands, FirefoxHands, Hands
from tests.support.booth_page import IN_A_BROWSER, Booth
from tests.support.booth_sequences import Sequences
from tests.support.firefox import FIREFOX, Firefox

pytestmark = IN_A_BROWSER
NUMBER = int(os.environ.get("SEQUENCES", "25"))
FIRST = int(os.environ.get("FIRST_SEED", "1"))


async def run(booth: Booth, hands: Hands) -> None:
    sequences = Sequences(booth, hands)
    for seed in range(FIRST, FIRST + NUMBER):
        await sequences.run(seed)
    totals = await sequences.finish()
    print(f"{NUMBER} sequences: {totals.line()}")
    assert (totals.lost, totals.misused, totals.silent) == ([], [], [])


async def test_random_sequences_lose_no_scan_in_chromium(booth: Booth) -> None:
    await run(booth, ChromiumHands(booth))


@pytest.mark.skipif(FIREFOX is None, reason="no Firefox on this machine (Debian: apt-get install firefox-esr)")
async def test_random_sequences_lose_no_scan_in_firefox(booth: Booth, tmp_path: Path) -> None:
    profile = tmp_path / "firefox"
    profile.mkdir()
    async with Firefox(profile) as firefox:
        await run(booth, FirefoxHands(booth, firefox))

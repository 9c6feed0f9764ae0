"""The worker with a failpoint or a seeded bug, for tests: `python -m tests.campaign.patched_worker`.

CAMPAIGN_FAILPOINT names a step of `failpoints`, with CAMPAIGN_ARM; CAMPAIGN_BUG names one of `seeded_bugs`.
The product itself contains neither: its functions are replaced in this process before the worker starts.
"""

import os
import sys
from pathlib import Path

from schemas.console import run
from streams.__main__ import streams
from tests.campaign import failpoints, seeded_bugs

if __name__ == "__main__":
    if step := os.environ.get("CAMPAIGN_FAILPOINT"):
        failpoints.install(step, Path(os.environ["CAMPAIGN_ARM"]))
    if bug := os.environ.get("CAMPAIGN_BUG"):
        seeded_bugs.install(bug)
    sys.argv = ["streams", "worker"]
    sys.exit(run(streams))

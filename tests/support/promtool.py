"""promtool of Prometheus, which tries queries and rules on series."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")


def promtool_says(folder: Path, tests: Sequence[dict[str, Any]], rules: Sequence[str] = ()) -> str:
    """Return promtool's output about tests of rule files; empty if all pass."""
    file = folder / "tests.yml"
    file.write_text(yaml.safe_dump({"rule_files": list(rules), "evaluation_interval": "15s", "tests": list(tests)}))
    done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr

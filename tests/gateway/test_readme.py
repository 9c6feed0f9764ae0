"""A newcomer's first scan: the block of the gateway's page, run as it stands."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.ports import free_port
from schemas.topics import SCANS
from schemas.wire import decoder
from streams.local.kafka import LocalKafka
from tests.support.workers import read_back

pytestmark = pytest.mark.broker

ROOT = Path(__file__).parents[2]
ADDRESS, INSIDE = "127.0.0.1:8080", "127.0.0.1:9465"


def test_the_block_of_the_page_enrols_a_terminal_and_posts_a_scan(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    page = (ROOT / "producers" / "gateway" / "README.md").read_text(encoding="utf-8")
    block = next(one for one in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "terminals enrol" in one)
    port = free_port()
    internal = free_port({port})
    assert ADDRESS in block
    assert INSIDE in block
    script = block.replace(ADDRESS, f"127.0.0.1:{port}").replace(INSIDE, f"127.0.0.1:{internal}")
    script += "\nkill %1; wait %1\n"
    with LocalKafka.start() as kafka:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FAIRPULSE_")},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FAIRPULSE_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "FAIRPULSE_GATEWAY_PORT": str(port),
            "FAIRPULSE_GATEWAY_INTERNAL_PORT": str(internal),
        }
        ran = subprocess.run(
            ["bash", "-c", f"set -m\n{script}"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        said = json.loads(ran.stdout.strip().splitlines()[-1])
        assert said == {"accepted": 1, "duplicates": 0}, ran.stdout
        ((*_, value),) = read_back(kafka.bootstrap_servers, SCANS.name)
        assert decoder(SCANS.name)(value).terminal_id == "stand-1"

"""The file in which a simulation says how far it is."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from producers.play.cli import simulate
from producers.play.status import AHEAD_MS, PlayStage, PlayStatus
from schemas.errors import Unavailable
from schemas.fair.file import example_fair_path


def test_a_head_start_is_sent_at_once_and_the_file_says_how_much_arrived(tmp_path: Path) -> None:
    file, receipt = tmp_path / "status.json", tmp_path / "receipt.json"
    words = ["--fair", str(example_fair_path("small")), "--visitors", "300", "--dry-run", "--head-start", "50m"]
    ended = CliRunner().invoke(simulate, [*words, "--seconds", "0", "--status", str(file), "--receipt", str(receipt)])
    assert ended.exception is None, ended.output
    said = PlayStatus.read(file)
    assert said.stage == PlayStage.SENDING_REST
    assert said.events == json.loads(receipt.read_text())["events"] > 100


@pytest.mark.parametrize(
    ("later_ms", "passed_ms"), [(0, 0), (500, 30_000), (AHEAD_MS, 60_000), (60_000, 60_000), (-500, 0)]
)
def test_the_fairs_clock_is_carried_on_a_little_without_news_and_then_stands(later_ms: int, passed_ms: int) -> None:
    status = PlayStatus(stage=PlayStage.LIVE, fair_ms=1_000_000, wall_ms=5_000, speed=60)
    assert status.now_ms(5_000 + later_ms) == 1_000_000 + passed_ms


@pytest.mark.parametrize("written", [None, "", "[]", '{"unknown": 1}'])
def test_a_file_that_says_nothing_is_named(tmp_path: Path, written: str | None) -> None:
    file = tmp_path / "status.json"
    if written is not None:
        file.write_text(written)
    with pytest.raises(Unavailable, match="no simulation writes there"):
        PlayStatus.read(file)

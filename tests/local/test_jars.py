"""Kafka's jars: only the ones we know, and no network once they are here."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import Unavailable
from streams.local import jars

ALPHA, BETA = "org.example:alpha:1.0", "org.example:beta:2.0"
SUMS = {name: hashlib.sha256(name.encode()).hexdigest() for name in (ALPHA, BETA)}


def download(coordinate: str, directory: Path) -> Path:
    """A registry whose jars contain their own coordinates."""
    jar = directory / jars.file_name(coordinate)
    jar.write_text(coordinate)
    return jar


def no_registry(coordinate: str, directory: Path) -> Path:
    raise AssertionError(f"{coordinate} was asked for")


def altered(coordinate: str, directory: Path) -> Path:
    jar = download(coordinate, directory)
    if coordinate == BETA:
        jar.write_text("something else")
    return jar


def test_the_second_start_asks_nobody(tmp_path: Path) -> None:
    first = jars.class_path(tmp_path, sums=SUMS, get=download)
    assert [jar.name for jar in first] == ["alpha-1.0.jar", "beta-2.0.jar"]
    assert jars.class_path(tmp_path, sums=SUMS, get=no_registry) == first


def test_a_cached_jar_with_a_wrong_sum_is_named_deleted_and_fetched_anew_by_the_next_run(tmp_path: Path) -> None:
    first, _ = jars.class_path(tmp_path, sums=SUMS, get=download)
    first.write_text("altered")
    with pytest.raises(Unavailable, match=rf"{ALPHA} .*deleted; run again"):
        jars.class_path(tmp_path, sums=SUMS, get=no_registry)
    assert not first.exists()
    assert jars.class_path(tmp_path, sums=SUMS, get=download)[0].read_text() == ALPHA


def test_a_download_with_a_wrong_sum_never_reaches_the_cache(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=BETA):
        jars.class_path(tmp_path, sums=SUMS, get=altered)
    assert [jar.name for jar in tmp_path.rglob("*") if jar.is_file()] == ["alpha-1.0.jar"]


def test_a_first_start_without_network_says_what_it_needs(tmp_path: Path) -> None:
    nowhere = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "XDG_CACHE_HOME": str(tmp_path)}
    nowhere |= {"https_proxy": nowhere["HTTPS_PROXY"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    program = "import sys; from schemas.console import run; from streams.local.cli import kafka; sys.exit(run(kafka))"
    ended = subprocess.run(
        [sys.executable, "-c", program], env=nowhere, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("error: Kafka's jars cannot be downloaded to ")
    assert "the first start needs the network" in last


def test_every_jar_has_a_sum_and_a_file_name_of_its_own() -> None:
    sums = jars.expected_sums()
    assert set(jars.KAFKA) <= set(sums)
    assert {len(digest) for digest in sums.values()} == {64}
    assert len({jars.file_name(coordinate) for coordinate in sums}) == len(sums)

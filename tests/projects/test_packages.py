"""What the packages bring: wheel and sdist, as an index and a user see them."""

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from importlib.metadata import PathDistribution
from pathlib import Path

from fairpulse import PACKAGES
from schemas.console import COMMANDS
from tests.projects.conftest import ROOT, Built, Environment

BIN = Path(sys.executable).parent


def said(program: str, *arguments: str | Path) -> str:
    done = subprocess.run([BIN / program, *arguments], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_twine_finds_nothing_to_say(built: Built) -> None:
    assert said("twine", "--no-color", "check", "--strict", built.wheel, built.sdist).count("PASSED") == 2


def test_check_wheel_contents_finds_nothing_to_say(built: Built) -> None:
    assert said("check-wheel-contents", built.wheel) == f"{built.wheel}: OK\n"


def test_an_installed_fairpulse_shows_one_module_and_takes_no_name_of_others(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        tops = {name.partition("/")[0] for name in wheel.namelist()}
        packages = {name.split("/")[1] for name in wheel.namelist() if name.startswith("_fairpulse/")}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"fairpulse.py", "_fairpulse"}
    assert packages == {*PACKAGES}


def test_installed_for_editing_it_shows_that_module_only(built: Built, editable: Environment) -> None:
    with zipfile.ZipFile(built.editable) as wheel:
        tops = {name for name in wheel.namelist() if ".dist-info/" not in name}
    [path] = tops
    folder = Path((editable.modules / path).read_text(encoding="utf-8"))
    shown = {file.resolve() for file in folder.iterdir() if file.name != "__pycache__"}
    assert (path, shown) == ("_fairpulse.pth", {ROOT / "fairpulse.py"})


def test_the_wheel_has_every_file_of_the_four_packages_but_pictures_and_no_tests(built: Built) -> None:
    files = {file.relative_to(ROOT) for package in PACKAGES for file in (ROOT / package).rglob("*") if file.is_file()}
    with zipfile.ZipFile(built.wheel) as wheel:
        found = {name.removeprefix("_fairpulse/") for name in wheel.namelist() if name.startswith("_fairpulse/")}
    assert found == {file.as_posix() for file in files if not {"screenshots", "__pycache__"} & {*file.parts}}


def test_the_licence_and_its_name_travel_with_both(built: Built) -> None:
    licence = (ROOT / "LICENSE").read_bytes()
    with zipfile.ZipFile(built.wheel) as wheel:
        [metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        about = message_from_bytes(wheel.read(metadata))
        assert wheel.read(metadata.replace("METADATA", "licenses/LICENSE")) == licence
    with tarfile.open(built.sdist) as sdist:
        inside = sdist.extractfile(f"{built.sdist.name.removesuffix('.tar.gz')}/LICENSE")
        assert inside is not None
        assert inside.read() == licence
    assert about["License-Expression"] == "Apache-2.0"
    assert about["Description-Content-Type"] == "text/markdown"


def test_the_plugin_is_not_loaded_by_itself_and_every_command_loads(installed: Environment, tmp_path: Path) -> None:
    [metadata] = installed.modules.glob("fairpulse-*.dist-info")
    points = PathDistribution(metadata).entry_points
    assert {point.group for point in points} == {"console_scripts", COMMANDS}
    shown = installed.run("fairpulse", "--help", at=tmp_path).stdout
    missing = [point.name for point in points.select(group=COMMANDS) if f"\n  {point.name} " not in shown]
    assert not missing
    assert installed.run("fairpulse", "--version", at=tmp_path).stdout.startswith("fairpulse, version ")
    assert "exhibitors:" in installed.run("fairpulse", "fair", "example", at=tmp_path).stdout


def test_the_commands_for_a_grafana_are_there(installed: Environment, tmp_path: Path) -> None:
    assert "snapshot" in installed.run("fairpulse", "dashboards", "--help", at=tmp_path).stdout


def test_importing_fairpulse_costs_other_projects_nothing(installed: Environment, tmp_path: Path) -> None:
    heavy = "{'pytest', 'click', 'pydantic', 'schemas', 'streams', 'asyncio', 'subprocess'}"
    code = f"import sys, fairpulse; sys.exit(', '.join({heavy} & sys.modules.keys()) or 0)"
    installed.run("python", "-c", code, at=tmp_path)

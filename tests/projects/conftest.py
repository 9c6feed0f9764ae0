"""Environments as users have them: fairpulse from its wheel or for editing, what it requires, and pytest."""

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoints, PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Built:
    """What hatchling builds of this checkout.

    Attributes:
        editable: the wheel that `pip install --editable` installs.
    """

    wheel: Path
    sdist: Path
    editable: Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment.

    Attributes:
        modules: its site-packages.
    """

    folder: Path
    modules: Path

    def run(
        self, *command: str | Path, at: Path, path: str | None = None, code: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its programs in a folder, with a PYTHONPATH if one is given."""
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        done = subprocess.run(
            [self.folder / "bin" / command[0], *command[1:]],
            cwd=at,
            env=keep if path is None else keep | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Wheels and sdist of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    for at, targets in ((folder, ("wheel", "sdist")), (folder / "editable", ("wheel:editable",))):
        wanted = [word for target in targets for word in ("--target", target)]
        command = [sys.executable, "-m", "hatchling", "build", "--directory", at, *wanted]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    [wheel, sdist, editable] = [next(folder.glob(name)) for name in ("*.whl", "*.tar.gz", "editable/*.whl")]
    return Built(wheel, sdist, editable)


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Fairpulse installed from its wheel, with what the wheel requires, and pytest."""
    return environment(tmp_path_factory.mktemp("environment"), built.wheel)


@pytest.fixture(scope="session")
def editable(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Fairpulse of this checkout, installed for editing, with what it requires, and pytest."""
    return environment(tmp_path_factory.mktemp("editable"), built.editable)


def environment(folder: Path, wheel: Path) -> Environment:
    """Make an environment with a wheel of fairpulse, the distributions that it requires, and pytest."""
    venv.create(folder, symlinks=True)
    modules = next((folder / "lib").glob("python3.*")) / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(modules)
    [metadata] = modules.glob("fairpulse-*.dist-info")
    for top in {top for name in required(["pytest", *requirements_of(metadata)]) for top in tops_of(name)}:
        (modules / top.name).symlink_to(top)
    for script in (*scripts_of(PathDistribution(metadata)), *scripts_of(distribution("pytest"))):
        program = folder / "bin" / script.name
        call = f"from {script.module} import {script.attr}\nsys.exit({script.attr}())\n"
        program.write_text(f"#!{folder}/bin/python\nimport sys\n{call}", encoding="utf-8")
        program.chmod(0o755)
    return Environment(folder, modules)


def requirements_of(metadata: Path) -> list[str]:
    lines = (metadata / "METADATA").read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
    return [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]


def scripts_of(installed: Distribution) -> EntryPoints:
    return installed.entry_points.select(group="console_scripts")


def required(requirements: Sequence[str], extra: str = "") -> Iterator[str]:
    """Yield the distributions that these requirements bring with them, each once."""
    seen: set[tuple[str, str]] = set()
    pending = [(Requirement(one), extra) for one in requirements]
    while pending:
        one, extra = pending.pop()
        if one.marker is not None and not one.marker.evaluate({"extra": extra}):
            continue
        for wanted in ("", *one.extras):
            if (one.name, wanted) not in seen:
                seen.add((one.name, wanted))
                pending += [(Requirement(more), wanted) for more in distribution(one.name).requires or ()]
    yield from sorted({name for name, _ in seen})


def tops_of(name: str) -> set[Path]:
    """Return the files and folders of a distribution at the top of our site-packages."""
    here = distribution(name)
    names = {file.parts[0] for file in here.files or () if file.parts[0] not in {"..", "__pycache__"}}
    return {Path(str(here.locate_file(one))) for one in names}

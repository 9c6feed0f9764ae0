"""Fairpulse installed beside a project that has `schemas/`, `streams/` of its own: neither hides the other's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from streams.history.replay import Replay
from tests.projects.conftest import ROOT, Environment

RECORDING = ROOT / "tests" / "recordings" / "opening_rush.fairrec"
TIME = "2025-10-25T09:30"
INI = "pyproject.toml"

THEIRS = {
    "schemas/__init__.py": "MINE = 'schemas of another project'\n",
    "streams/__init__.py": "",
    "streams/mine.py": "def double(n):\n    return 2 * n\n",
}
OWN_TEST = {
    "tests/test_own.py": "from schemas import MINE\nfrom streams.mine import double\n\n"
    "def test_the_projects_own_packages_are_there():\n    assert MINE == 'schemas of another project'\n"
    "    assert double(21) == 42\n"
}
OPTED_IN = {"conftest.py": "pytest_plugins = ['fairpulse']\n"}
ASKING = {
    "tests/test_rush.py": "def test_the_rush(replay):\n"
    f"    rush = replay({str(RECORDING)!r})\n"
    f"    assert rush.at({TIME!r}).value('visits', day='2025-10-25') == 54\n"
    "    assert rush.final().value('unique_visitors') == 104\n"
}
OWN_FIXTURE = {
    "tests/conftest.py": "import pytest\nfrom streams.mine import double\n\n"
    "@pytest.fixture\ndef replay():\n    return double\n",
    "tests/test_own.py": "def test_the_projects_own_fixture_is_there(replay):\n    assert replay(21) == 42\n",
}
OWN_ARGUMENT = {
    "tests/test_own.py": "import pytest\nfrom streams.mine import double\n\n"
    "@pytest.mark.parametrize('replay', [21])\n"
    "def test_the_projects_own_argument_is_there(replay):\n    assert double(replay) == 42\n",
}
ASKING_LATER = {
    "tests/test_rush.py": "def test_the_rush(request):\n    request.getfixturevalue('replay')\n",
}
APPENDED = ("pytest", "--import-mode=append")
ROOT_ON_PATH = {INI: "[tool.pytest.ini_options]\npythonpath = ['.']\n"}
IN_SRC = {f"src/{name}": text for name, text in THEIRS.items()}
AS_MODULES = {name: text for name, text in THEIRS.items() if not name.startswith("streams/__init__")}


@dataclass(frozen=True)
class Layout:
    """A project, and how its tests are run.

    Attributes:
        path: PYTHONPATH.
        editable: a folder of it that an editable install of the project names.
    """

    files: Mapping[str, str]
    command: tuple[str, ...] = ("pytest",)
    path: str | None = None
    editable: str | None = field(default=None)


LAYOUTS = {
    "a conftest.py at its root": Layout({**THEIRS, **OWN_TEST, "conftest.py": ""}),
    "python -m pytest": Layout({**THEIRS, **OWN_TEST}, ("python", "-m", "pytest")),
    "tests are a package": Layout({**THEIRS, **OWN_TEST, "tests/__init__.py": ""}),
    "pythonpath names its root": Layout({**THEIRS, **OWN_TEST, **ROOT_ON_PATH}),
    "importlib mode": Layout({**THEIRS, **OWN_TEST, **ROOT_ON_PATH}, ("pytest", "--import-mode=importlib")),
    "PYTHONPATH names its root": Layout({**THEIRS, **OWN_TEST}, path="."),
    "installed for editing": Layout({**THEIRS, **OWN_TEST}, editable="."),
    "src, installed for editing": Layout({**IN_SRC, **OWN_TEST}, editable="src"),
    "a package without __init__.py": Layout({**AS_MODULES, **OWN_TEST, "conftest.py": ""}),
    "appended to the path": Layout({**THEIRS, **OWN_TEST, "conftest.py": ""}, APPENDED),
    "appended, without __init__.py, opted in": Layout({**AS_MODULES, **OWN_TEST, **OPTED_IN}, APPENDED),
    "opted in, with a fixture `replay` of its own": Layout({**THEIRS, **OWN_FIXTURE, **OPTED_IN}),
    "opted in, with an argument `replay` of its own": Layout({**THEIRS, **OWN_ARGUMENT, **OPTED_IN}),
    "opted in, and no test asks for ours": Layout({**THEIRS, **OWN_TEST, **OPTED_IN}),
    "opted in by -p, and imported later": Layout(
        {**THEIRS, **OWN_TEST, "tests/__init__.py": ""}, ("pytest", "-p", "fairpulse")
    ),
}
GIVEN = {
    "nothing of its own": Layout({**ASKING, **OPTED_IN}),
    "schemas are files of data": Layout({**ASKING, **OPTED_IN, "schemas/order.json": "{}"}),
    "packages that the fixture does not need": Layout({**ASKING, **OPTED_IN, "dashboards/__init__.py": ""}),
    "importlib mode, its packages not on the path": Layout(
        {**THEIRS, **ASKING}, ("pytest", "--import-mode=importlib", "-p", "fairpulse")
    ),
}
HIDDEN = {
    "a conftest.py at its root": (Layout({**THEIRS, **OWN_TEST, **ASKING, **OPTED_IN}), "schemas"),
    "imported after we were opted into": (
        Layout({**THEIRS, **OWN_TEST, **ASKING, "tests/__init__.py": ""}, ("pytest", "-p", "fairpulse")),
        "schemas",
    ),
    "a package without __init__.py": (
        Layout({"streams/mine.py": "", **ASKING, **OPTED_IN, "conftest.py": OPTED_IN["conftest.py"]}),
        "streams",
    ),
    "asked for while the test runs": (Layout({**THEIRS, **ASKING_LATER, **OPTED_IN}), "schemas"),
    "a module": (Layout({"streams.py": "", **ASKING, **OPTED_IN}), "streams.py"),
    "installed for editing": (Layout({**IN_SRC, **ASKING, **OPTED_IN}, editable="src"), "src/schemas"),
}


@pytest.fixture(params=["installed", "editable"])
def either(request: pytest.FixtureRequest) -> Environment:
    """Fairpulse from its wheel, then for editing."""
    environment: Environment = request.getfixturevalue(request.param)
    return environment


def project(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def ran(installed: Environment, layout: Layout, home: Path, code: int = 0) -> str:
    """Run the tests of a project; return all that was said."""
    project(home, layout.files)
    link = installed.modules / "_editable_theirs.pth"
    if layout.editable is not None:
        link.write_text(str(home / layout.editable), encoding="utf-8")
    try:
        done = installed.run(*layout.command, "-q", "-p", "no:cacheprovider", at=home, path=layout.path, code=code)
    finally:
        link.unlink(missing_ok=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_project_with_packages_of_our_names_finds_its_own(
    either: Environment, tmp_path: Path, layout: Layout
) -> None:
    assert "1 passed" in ran(either, layout, tmp_path)


@pytest.mark.parametrize("layout", GIVEN.values(), ids=GIVEN)
def test_the_fixture_is_there_for_a_project_that_opts_in(either: Environment, tmp_path: Path, layout: Layout) -> None:
    assert "1 passed" in ran(either, layout, tmp_path)


def test_without_opting_in_there_is_no_fixture_of_ours(installed: Environment, tmp_path: Path) -> None:
    assert "fixture 'replay' not found" in ran(installed, Layout(ASKING), tmp_path, code=1)


@pytest.mark.parametrize(("layout", "which"), HIDDEN.values(), ids=HIDDEN)
def test_where_another_package_hides_ours_one_line_says_which_and_what_to_do(
    installed: Environment, tmp_path: Path, layout: Layout, which: str
) -> None:
    lines = ran(installed, layout, tmp_path, code=1).splitlines()
    [said] = [line for line in lines if line.startswith("fairpulse cannot")]
    assert said == (
        "fairpulse cannot give the fixture `replay`, because "
        f"{tmp_path.resolve() / which} hides its package of that name; ask the program instead, which nothing hides: "
        "fairpulse kpis RECORDING --at TIME --json"
    )


@pytest.mark.parametrize(("program", "path"), [(("fairpulse",), "."), (("python", "-m", "fairpulse"), None)])
def test_the_program_finds_its_own_packages_in_such_a_project(
    either: Environment, tmp_path: Path, program: tuple[str, ...], path: str | None
) -> None:
    project(tmp_path, THEIRS)
    asked = either.run(*program, "kpis", RECORDING, "--at", TIME, "--json", at=tmp_path, path=path)
    assert json.loads(asked.stdout)["kpis"] == Replay.of(RECORDING).at(TIME).report["kpis"]


def test_a_program_that_we_start_finds_our_packages_in_such_a_project(either: Environment, tmp_path: Path) -> None:
    """As `rebuild` and `demo` start workers: see `schemas/program.py`."""
    project(tmp_path, THEIRS)
    start = (
        "import fairpulse, subprocess; fairpulse.use_packages(first=True)\n"
        "from schemas.program import PROGRAM\n"
        "subprocess.run([*PROGRAM, 'worker', '--help'], check=True)\n"
    )
    assert "Usage:" in either.run("python", "-c", start, at=tmp_path, path=".").stdout


def test_the_tests_of_a_project_can_ask_the_program(installed: Environment, tmp_path: Path) -> None:
    program = installed.folder / "bin" / "fairpulse"
    asking = (
        "import json, subprocess\nfrom streams.mine import double\n\ndef test_the_rush():\n"
        f"    asked = [{str(program)!r}, 'kpis', {str(RECORDING)!r}, '--at', {TIME!r}, '--json']\n"
        "    kpis = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)['kpis']\n"
        "    assert kpis['visits']['windows']['day']['2025-10-25'][0]['value'] == double(27)\n"
    )
    layout = Layout({**THEIRS, "tests/test_rush.py": asking}, ("python", "-m", "pytest"))
    assert "1 passed" in ran(installed, layout, tmp_path)

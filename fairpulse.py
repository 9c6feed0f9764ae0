"""The program `fairpulse`, and the pytest plugin of that name: the only module that an installed fairpulse shows.

`schemas`, `streams`, `producers` and `dashboards` are names that other projects use too. The wheel keeps these
packages in the folder `_fairpulse`, where Python does not look by itself, so they hide no package of another project.
`use_packages` makes them importable: for the program before all others, for tests only where no other project has
such a package. In a checkout they lie beside this file, also for an installation made with `pip install --editable`.

To opt into the plugin, which gives tests the fixture `replay`, write in a `conftest.py`:

    pytest_plugins = ["fairpulse"]
"""

import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

    from streams.history.pytest_plugin import Replays

PACKAGES: Final = ("schemas", "streams", "producers", "dashboards")
_WHEEL: Final = Path(__file__).with_name("_fairpulse")
HOME: Final = _WHEEL if _WHEEL.is_dir() else Path(__file__).resolve().parent
"""Where our packages are. An installation for editing has a link to this file."""

REPLAY: Final = ("schemas", "streams")
"""What the fixture `replay` imports."""


class Finder:
    """Finds our packages for Python's import, beside the finders that it has anyway.

    Attributes:
        first: take ours, even where another project has a package of that name; else only where none has.
    """

    first = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where one of our packages is; None for other names, and where another project's goes first."""
        del path, target
        if fullname not in PACKAGES or (not self.first and _elsewhere(fullname)):
            return None
        return PathFinder.find_spec(fullname, [str(HOME)])


_FINDER: Final = Finder()


def use_packages(*, first: bool = False) -> None:
    """Make our packages importable in this process.

    Args:
        first: before packages of the same names on PYTHONPATH, in the current folder or of other distributions. Else
            after all of them; a folder of such a name without Python in it counts for nothing.
    """
    _FINDER.first = _FINDER.first or first
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def main() -> None:
    """Run the program `fairpulse`; whatever packages its folder or PYTHONPATH have, it takes ours."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the program has its own handler: no traceback of imports
    use_packages(first=True)
    from schemas.console import main as run

    run()


def pytest_configure(config: "pytest.Config") -> None:
    """Give tests the fixture. It imports our packages when a test asks for it, and not before."""
    import pytest

    class Fixtures:
        @pytest.fixture
        def replay(self, request: pytest.FixtureRequest) -> "Replays":
            """Return a function from a recording's name or path to its replay: `.at(time)`, `.final()` give KPIs."""
            if (hiding := _hiding()) is not None:
                pytest.fail(
                    f"fairpulse cannot give the fixture `replay`, because {hiding} hides its package of that name; ask "
                    "the program instead, which nothing hides: fairpulse kpis RECORDING --at TIME --json",
                    pytrace=False,
                )
            from streams.history.pytest_plugin import replays

            return replays(request)

    use_packages()
    config.pluginmanager.register(Fixtures(), "fairpulse fixtures")


def _hiding() -> Path | None:
    """Return the folder or the file of another project that hides a package which the fixture needs, if one does."""
    places = {name: _place(name) for name in REPLAY}
    return next((place for name, place in places.items() if place != (HOME / name).resolve()), None)


def _elsewhere(name: str) -> bool:
    """Return whether somebody has Python under that name. A folder of data, as of JSON schemas, is not Python."""
    for finder in sys.meta_path:
        spec = None if isinstance(finder, Finder) else finder.find_spec(name, None)
        if spec is not None:
            folders = () if spec.origin else spec.submodule_search_locations or ()
            return bool(spec.origin) or any(True for folder in folders for _ in Path(folder).rglob("*.py"))
    return False


def _place(name: str) -> Path:
    """Return the folder or the file that Python has imported, or would, under that name."""
    found = sys.modules.get(name) or find_spec(name)
    file = getattr(found, "__file__", None) or getattr(found, "origin", None)
    if file:
        place = Path(file).resolve()
        return place.parent if place.name == "__init__.py" else place
    folders = getattr(found, "__path__", None) or getattr(found, "submodule_search_locations", None) or [name]
    return Path(next(iter(folders))).resolve()


if __name__ == "__main__":
    main()

"""A small fair and the stream of a small day at it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from producers.play.simulator.emission import Emission
from producers.play.simulator.scenarios import scenario_named
from producers.play.simulator.stream import emissions
from schemas.fair.file import example_fair_path, load_fair
from schemas.fair.model import Fair

Simulate = Callable[..., Iterator[Emission]]


@pytest.fixture(scope="session")
def fair() -> Fair:
    return load_fair(example_fair_path("small"))


@pytest.fixture(scope="session")
def register_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fair file of the small fair, with a register of badges."""
    path = tmp_path_factory.mktemp("fair") / "register.yaml"
    path.write_text(
        example_fair_path("small").read_text(encoding="utf-8") + "\nbadge_register: yes\n", encoding="utf-8"
    )
    return path


@pytest.fixture(scope="session")
def register_fair(register_file: Path) -> Fair:
    return load_fair(register_file)


@pytest.fixture(scope="session")
def registered(register_fair: Fair) -> tuple[Emission, ...]:
    """A whole fair with a register of badges, with more late and corrected registrations than usual."""
    scenario = replace(
        scenario_named("whole_fair"),
        visitors=1_500, broken=0.002, straggling=0.002, registered_late=0.05, corrected=0.1, tests=0.005,
    )  # fmt: skip
    return tuple(emissions(register_fair, scenario, 1))


@pytest.fixture(scope="session")
def ciftis() -> Fair:
    return load_fair(example_fair_path("ciftis"))


@pytest.fixture(scope="session")
def simulated(fair: Fair) -> Simulate:
    """Return a function: scenario, seed and changes of the scenario in, stream out."""

    def run(
        name: str = "fair_day", seed: int = 1, starts_ms: int | None = None, **changes: object
    ) -> Iterator[Emission]:
        scenario = replace(scenario_named(name), **{"visitors": 600, **changes})  # type: ignore[arg-type]
        return emissions(fair, scenario, seed, starts_ms)

    return run


@pytest.fixture(scope="session")
def day(simulated: Simulate) -> tuple[Emission, ...]:
    """One busy day of 2,500 visits, with more broken records and stragglers than usual."""
    return tuple(simulated(visitors=2_500, broken=0.002, straggling=0.002))

"""Tables in pages are written from the code, between two comments, and nothing else of a page is touched."""

import re
from pathlib import Path

import pytest
import yaml

from dashboards.__main__ import stale, written
from dashboards.alerts import ALERTS, kpi_alerts
from dashboards.blocks import END, has_blocks, pages_of, rows, with_fresh_blocks
from dashboards.figures import HOMES, figure_named, figures_in, measured_again
from dashboards.tables import TABLES
from schemas.environment import default_of, variable
from schemas.errors import FairpulseError
from schemas.settings import ALL_SETTINGS
from streams.kpis.catalogue import ALL_KPIS
from tests.bench.writing import command_of, value_text, write
from tests.support.pages import ROOT, Page, tracked

HEAD = "| name | figure | value | date | machine | command |\n|---|---|---|---|---|---|\n"
MADE_UP = f"""# Figures

{HEAD}| `speed` | events | 1 event/s | 2020-01-01 | one | `python run.py --quick` |
| `speed.busy` | events | 2 events/s | 2020-01-02 | two | `python run.py --quick` |
| `speed.million` | events | 3 events/s | 2020-01-03 | three | `python run.py` |
| `size` | bytes | 4 bytes | 2020-01-04 | four | `python run.py --quick` |

Prose with 1 event/s.
"""


def block(name: str, inside: str = "\nold\n") -> str:
    return f"before\n\n<!-- {name}: written by python -m dashboards -->\n{inside}{END}\n\nafter\n"


def test_the_tables_of_all_pages_are_fresh() -> None:
    assert not (names := [str(path) for path in stale() if path.suffix == ".md"]), f"run: make generate: {names}"


def test_every_page_with_a_table_is_written_by_the_program() -> None:
    with_tables = {ROOT / name for name in tracked() if name.endswith(".md") and has_blocks((ROOT / name).read_text())}
    assert with_tables
    assert with_tables <= written().keys()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_written_between_its_comments_and_again_alike(tmp_path: Path, name: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(block(f"{name} takeover_seconds" if name == "figures" else name))
    once = with_fresh_blocks(page, TABLES)
    assert once.startswith("before\n\n<!-- ")
    assert once.endswith(f"\n{END}\n\nafter\n")
    assert "old" not in once.split(END)[0].splitlines()
    page.write_text(once)
    assert with_fresh_blocks(page, TABLES) == once


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (block("weather"), "there is no table weather; there are "),
        (block("ports").replace(END, ""), "a block has no end; "),
        (block("figures jog_per_second"), "there is no figure jog_per_second; "),
    ],
)
def test_a_table_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path, text: str, said: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(FairpulseError, match=re.escape(said)):
        with_fresh_blocks(page, TABLES)


def test_hidden_folders_have_no_pages_but_that_of_github(tmp_path: Path) -> None:
    for name in (".venv/x", ".github", "a/b", "."):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "page.md").write_text("")
    found = {one.relative_to(tmp_path).as_posix() for one in pages_of(tmp_path)}
    assert found == {".github/page.md", "a/b/page.md", "page.md"}


def test_a_cell_keeps_to_its_row_and_column() -> None:
    assert rows(("a", "b"), ("1|2", "3\n4")) == "| a | b |\n|---|---|\n| 1/2 | 3 4 |\n"


def test_the_table_of_ports_has_every_port_of_a_setting_and_every_one_that_compose_publishes() -> None:
    lines = TABLES["ports"](ROOT, ()).splitlines()[2:]
    ports = {line.split(" | ")[0].strip("| ") for line in lines}
    settings = {
        str(default_of(owner, name)): variable(name)
        for owner in ALL_SETTINGS
        for name in owner.model_fields
        if name.endswith("_port")
    }
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"].values()
    published = {str(one).split(":")[1] for service in services for one in service.get("ports", ())}
    assert ports == settings.keys() | published
    for port, name in settings.items():
        assert any(line.startswith(f"| {port} |") and f"`{name}`" in line for line in lines)
    for port in published:
        assert any(line.startswith(f"| {port} |") and "published on" in line for line in lines)


def test_the_table_of_alerts_has_each_with_its_runbook() -> None:
    table = Page("dashboards/page.md", TABLES["alerts"](ROOT / "dashboards", ()))
    links = {link.text: link.target for link in table.links}
    assert links.keys() == {alert.name for alert in (*ALERTS, *kpi_alerts())}
    assert all((ROOT / "dashboards" / target).is_file() for target in links.values())
    assert "{{" not in table.text


def test_the_table_of_counting_rules_has_every_kpi_with_its_version() -> None:
    lines = TABLES["kpis"](ROOT, ()).splitlines()[2:]
    assert [tuple(line.split(" | ")[:2]) for line in lines] == [
        (f"| `{kpi.name}`", str(kpi.version)) for kpi in ALL_KPIS
    ]


def test_a_figure_of_another_page_links_to_the_page_on_which_it_stands() -> None:
    figure, home = figure_named("takeover_seconds")
    line = TABLES["figures"](ROOT, ("takeover_seconds",)).splitlines()[-1]
    assert f"[{figure.value}]({home.relative_to(ROOT)})" in line
    assert figure.date in line


def test_every_figure_has_a_name_of_its_own_a_date_and_a_machine() -> None:
    figures = [one for home in HOMES for one in figures_in(home.read_text(encoding="utf-8"))]
    names = [one.name for one in figures]
    assert len(names) > 30
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", one.date) and one.machine and one.value for one in figures)


def test_a_row_of_figures_with_a_cell_too_few_is_an_error() -> None:
    with pytest.raises(FairpulseError, match="a row of figures has 2 cells"):
        list(figures_in(f"{HEAD}| `speed` | events |\n"))


def test_what_was_measured_again_replaces_the_first_row_of_its_name_and_command_and_nothing_else() -> None:
    values = {"speed": "9 events/s", "unknown": "7"}
    text, names = measured_again(MADE_UP, values, "2026-11-29", "this one", "python run.py --quick")
    assert names == ["speed"]
    assert text == MADE_UP.replace("| 1 event/s | 2020-01-01 | one |", "| 9 events/s | 2026-11-29 | this one |")
    assert measured_again(MADE_UP, values, "2026-11-29", "this one", "python run.py --slow") == (MADE_UP, [])


def test_a_name_finds_the_row_of_the_command_that_measured_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(MADE_UP)
    assert write({"speed": "8 events/s"}, "python run.py", "2026-11-29", page) == ["speed.million"]
    assert "| 8 events/s | 2026-11-29 |" in page.read_text()


def test_a_command_is_written_with_the_settings_of_its_environment_and_without_the_wish_to_write() -> None:
    environment = {"PATH": "/bin", "FAIRPULSE_CHUNK_RECORDS": "2"}
    command = command_of("tests/bench/run.py", ["--quick", "--write", "--only", "worker"], environment)
    assert command == "FAIRPULSE_CHUNK_RECORDS=2 python tests/bench/run.py --quick --only worker"


@pytest.mark.parametrize(
    ("name", "value", "unit", "text"),
    [
        ("worker_events_per_second", 55_138.4, "events/s", "55,138 events/s"),
        ("takeover_seconds", 9.93, "s", "9.93 s"),
        ("worker_vs_stock_faust", 122.4, "ratio", "122 times"),
        ("journal_bytes_per_event", 44.2, "bytes", "44.2 bytes per event"),
        ("recording_bytes_per_record", 79.9, "bytes", "79.9 bytes per record"),
    ],
)
def test_a_value_is_written_with_its_unit(name: str, value: float, unit: str, text: str) -> None:
    assert value_text(name, value, unit) == text


def test_the_table_of_the_campaign_adds_up_to_its_figures() -> None:
    page = Page("tests/campaign/README.md", HOMES[1].read_text(encoding="utf-8"))
    head, (*faults, last) = next((head, lines) for head, lines in page.tables if head[:2] == ("fault", "runs"))
    slow = head.index("worst recovery")
    sums = [sum(int(cells[column]) for _, cells in faults) for column in range(1, slow)]
    assert [int(cell) for cell in last[1][1:slow]] == sums
    runs, kills, lost, double, *_ = sums
    wrong, _ = figure_named("campaign_wrong")
    assert wrong.value == str(lost + double)
    assert f"in {runs} runs with {kills} kills" in wrong.figure
    slowest, _ = figure_named("campaign_slowest")
    worst = max(faults, key=lambda row: float(row[1][slow].removesuffix(" s")))
    assert slowest.value == last[1][slow] == worst[1][slow]

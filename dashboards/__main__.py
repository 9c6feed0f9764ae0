"""`python -m dashboards`: write the generated files and tables; with --check name the files that are stale."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
import yaml

from dashboards.alerts import alert_rules
from dashboards.blocks import has_blocks, pages_of, with_fresh_blocks
from dashboards.boards import ALL_BOARDS
from dashboards.commands import COMMANDS
from dashboards.counting import counting_page
from dashboards.pages import kpis_page, settings_page, topics_page
from dashboards.provisioning import datasources, providers
from dashboards.rules import recording_rules
from dashboards.scraping import prometheus_config
from dashboards.tables import TABLES
from schemas.api.asyncapi import asyncapi_text
from schemas.api.openapi import openapi_text
from schemas.console import Commands, main
from schemas.errors import FairpulseError

ROOT = Path(__file__).parent
GENERATED = ROOT / "generated"
FILES: Mapping[str, Callable[[], str]] = {
    "KPIS.md": kpis_page,
    "COUNTING.md": counting_page,
    "asyncapi.json": asyncapi_text,
    "openapi.json": openapi_text,
    "SETTINGS.md": settings_page,
    "TOPICS.md": topics_page,
}
CONFIG: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "prometheus/prometheus.yml": prometheus_config,
    "prometheus/rules/recording.yml": recording_rules,
    "prometheus/rules/alerts.yml": alert_rules,
    "provisioning/datasources/fairpulse.yaml": datasources,
    "provisioning/dashboards/fairpulse.yaml": providers,
}
WRITTEN = "# Written by `make generate`; change the constants in dashboards/, not this file.\n"


def written() -> Mapping[Path, Callable[[], str]]:
    """Return every file that is written, with what makes its text."""
    from dashboards.build import board_json  # the SDK is there in development only

    pages = {GENERATED / name: text for name, text in FILES.items()}
    boards = {ROOT / "json" / f"{board.uid}.json": partial(board_json, board) for board in ALL_BOARDS}
    config = {ROOT / name: partial(_yaml, make) for name, make in CONFIG.items()}
    with_tables = {
        page: partial(with_fresh_blocks, page, TABLES)
        for page in pages_of(ROOT.parent)
        if has_blocks(page.read_text(encoding="utf-8"))
    }
    return {**pages, **boards, **config, **with_tables}


def stale() -> Mapping[Path, str]:
    """Return the files that are missing, or say something else than what is written today, with that text."""
    fresh = {path: text() for path, text in written().items()}
    return {path: text for path, text in fresh.items() if not path.exists() or path.read_text(encoding="utf-8") != text}


def _yaml(make: Callable[[], Mapping[str, Any]]) -> str:
    return WRITTEN + yaml.safe_dump(make(), sort_keys=False, width=10_000, allow_unicode=True)


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--check", is_flag=True, help="Write nothing; name files that are stale, with exit code 1.")
@click.pass_context
def dashboards(context: click.Context, check: bool) -> None:
    """Write the files that come from the KPI catalogue, the boards, the topics and the settings."""
    if context.invoked_subcommand is not None:
        return
    found = stale()
    if check and found:
        names = ", ".join(str(path.relative_to(ROOT.parent)) for path in found)
        raise FairpulseError(f"stale: {names}", hint="run: make generate")
    for path, text in found.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {path.relative_to(ROOT.parent)}")


for command in COMMANDS:
    dashboards.add_command(command)

if __name__ == "__main__":
    main(dashboards)

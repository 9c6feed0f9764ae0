"""`python -m dashboards`: write the generated files; with --check fail if one is stale."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from dashboards.pages import kpis_page, settings_page, topics_page
from schemas.asyncapi import asyncapi_text
from schemas.console import run
from schemas.errors import FairpulseError
from schemas.openapi import openapi_text

GENERATED = Path(__file__).parent / "generated"
FILES: Mapping[str, Callable[[], str]] = {
    "KPIS.md": kpis_page,
    "asyncapi.json": asyncapi_text,
    "openapi.json": openapi_text,
    "SETTINGS.md": settings_page,
    "TOPICS.md": topics_page,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--check", is_flag=True, help="Write nothing; fail if a file is stale.")
def dashboards(check: bool) -> None:
    """Write the files that come from the KPI catalogue, the topics and the settings."""
    for name, text in FILES.items():
        path = GENERATED / name
        fresh = path.exists() and path.read_text(encoding="utf-8") == text()
        if check and not fresh:
            raise FairpulseError(f"dashboards/generated/{name} is stale", hint="run: make generate")
        if not fresh:
            GENERATED.mkdir(exist_ok=True)
            path.write_text(text(), encoding="utf-8")
            click.echo(f"wrote dashboards/generated/{name}")


if __name__ == "__main__":
    sys.exit(run(dashboards))

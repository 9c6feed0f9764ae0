"""The command `kpis`."""

import click


@click.command()
@click.argument("name", required=False)
@click.option("--url", help="Ask a running worker for the values: http://HOST:PORT.")
def kpis(name: str | None, url: str | None) -> None:
    """List the KPIs: what each answers, its unit, windows and source; with --url also its values."""
    from streams.shown.listing import list_kpis

    for line in list_kpis(name, url):
        click.echo(line)

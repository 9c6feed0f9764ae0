"""`fairpulse gateway conform`: check a gateway, and everything on the way to it, from where an integrator stands."""

import click


@click.command()
@click.argument("url")
@click.option("--insecure", is_flag=True, help="Allow http:// over a network, which anybody on it can read.")
@click.option("--yes", is_flag=True, help="Post events that count, without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
def conform(url: str, *, insecure: bool, yes: bool, as_json: bool) -> int:
    """Post a suite of good and bad events, and explain every answer.

    URL is the gateway's address as your devices have it. The token of an enrolled terminal is asked for, or taken from
    FAIRPULSE_TERMINAL_TOKEN. The good events count, so use the gateway of a rehearsal. Exit code 1: an answer differs
    from what is expected.
    """
    from urllib.parse import urlsplit, urlunsplit

    from producers.gateway.conform.cases import CASES
    from producers.gateway.conform.report import ConformReport, counted, lines_of
    from producers.gateway.conform.run import asked, sender_of
    from producers.gateway.conform.suite import GatewayPlace, Suite
    from producers.terminal.asked_token import given_token
    from producers.terminal.gateway_address import given_server
    from producers.terminal.trust import CA_FILE, authorities_in, trusting
    from schemas.errors import InvalidSettings
    from schemas.http_reach import no_answer
    from schemas.terminal_settings import TerminalSettings

    parts = urlsplit(url)
    given_server("URL", urlunsplit((*parts[:2], "", parts.query, "")) if parts.netloc else url, insecure=insecure)
    settings = TerminalSettings.load()
    authorities = authorities_in(settings.terminal_ca_file)
    tls = trusting([authorities]) if url.lower().startswith("https:") else None
    address = GatewayPlace(url.rstrip("/"), tls)
    token = given_token(settings).get_secret_value()
    report = ConformReport(address.url)

    def say(text: str, *, err: bool = False) -> None:
        if not as_json or err:
            click.echo(text, err=err)

    try:
        asked(address, token, report)
        if report.info:
            for line in report.about():
                say(line)
            events = counted(CASES)
            if not yes:
                click.echo(
                    f"{events} scans will be posted, and will count in fair {report.info['fair_id']}; "
                    "use the gateway of a rehearsal",
                    err=True,
                )
                if not click.get_text_stream("stdin").isatty():
                    raise InvalidSettings("nothing was posted: nobody is here to be asked", hint="add --yes")
                if not click.confirm("Post them?", err=True):
                    click.echo("nothing was posted", err=True)
                    return 1
            suite = Suite(address, sender_of(address, token, report))
            report.rows.clear()
            for row in suite.run():
                report.rows.append(row)
                for line in lines_of(row):
                    say(line)
            report.posted = suite.posted
        else:
            for line in lines_of(report.rows[0]):
                say(line)
            say("nothing else was sent: the other cases need this answer")
    except OSError as error:
        raise no_answer("gateway", address.url, error, ca_setting=CA_FILE) from None
    for line in report.summary():
        say(line)
    if as_json:
        click.echo(report.json())
    return 1 if report.differing else 0

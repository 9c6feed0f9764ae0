"""`fairpulse terminal deal`: shows a deal, asks, and saves it."""

from pathlib import Path

import click

from producers.terminal.parts_cli import ID, code_option, open_terminal, say
from schemas.codes import DealStage, OutcomeKind


@click.command()
@click.option("--partner", required=True, metavar="ID", help="Organisation id of the other side.")
@click.option("--country", required=True, metavar="CODE", help="Country of the other side, two letters such as DE.")
@code_option("--stage", DealStage, "STAGE", "How far the deal is", "contract")
@code_option("--outcome", OutcomeKind, "KIND", "What was agreed", "transaction")
@click.option("--amount", default="", help="Value of the deal, 1250000.00; leave it out if it is undisclosed.")
@click.option("--currency", metavar="CODE", default="", help="Currency of the amount, three letters such as EUR.")
@click.option("--section", metavar="ID", default="", help="Section of the fair. [default: that of the booth]")
@click.option("--yes", is_flag=True, help="Save without asking.")
@ID
@click.pass_obj
def deal(
    folder: Path | None,
    partner: str,
    country: str,
    stage: str,
    outcome: str,
    amount: str,
    currency: str,
    section: str,
    event_id: str | None,
    *,
    yes: bool,
) -> None:
    """Show a deal, ask, and save it."""
    from producers.terminal.deal_form import DealForm

    form = DealForm(
        partner=partner,
        country=country,
        stage=DealStage(stage),
        outcome=OutcomeKind(outcome),
        amount=amount,
        currency=currency,
        section=section,
    )
    with open_terminal(folder) as box:
        box.check_deal(form)
        value = f"{amount} {currency}" if amount else "undisclosed"
        click.echo(f"{outcome} {stage} with {partner} ({country}), value {value}", err=True)
        if not yes:
            click.confirm("Sign it?", abort=True, err=True)
        say(box.deal(form, event_id=event_id))

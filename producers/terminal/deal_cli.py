"""`fairpulse terminal deal`: shows a deal, asks, and saves it."""

from pathlib import Path

import click

from producers.terminal.parts_cli import ID, code_option, open_terminal, say
from producers.terminal.readings import AmountUnit
from schemas.codes import DealStage, OutcomeKind


@click.command()
@click.option("--partner", required=True, metavar="ID", help="Organisation id of the other side.")
@click.option("--country", required=True, metavar="CODE", help="Country of the other side, two letters such as DE.")
@code_option("--stage", DealStage, "STAGE", "How far the deal is", "contract")
@code_option("--outcome", OutcomeKind, "KIND", "What was agreed", "transaction")
@click.option("--amount", default="", help="Value of the deal, 1,250.00 or 1.5万; leave it out if it is undisclosed.")
@code_option("--unit", AmountUnit, "UNIT", "What the amount counts; wan is 10,000, yi is 100,000,000", "1")
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
    unit: str,
    currency: str,
    section: str,
    event_id: str | None,
    *,
    yes: bool,
) -> None:
    """Save a deal, after a review.

    The review shows the deal as it will be stored, and asks. The amount has the decimal point or comma of the fair.
    One that can be read in two ways is refused.
    """
    from producers.terminal.deal_form import DealForm

    form = DealForm(
        partner=partner,
        country=country,
        stage=DealStage(stage),
        outcome=OutcomeKind(outcome),
        amount=amount,
        unit=AmountUnit(unit),
        currency=currency,
        section=section,
    )
    with open_terminal(folder) as box:
        review = box.review(form)
        click.echo(f"{outcome} {stage} with {review.partner} ({review.country})", err=True)
        if review.value is None:
            click.echo("value: undisclosed", err=True)
        else:
            click.echo(f"value: {review.value.digits}\nin words: {review.value.words}", err=True)
        if not yes:
            click.confirm("Sign it?", abort=True, err=True)
        say(box.deal(form, event_id=event_id, read=review.read()))

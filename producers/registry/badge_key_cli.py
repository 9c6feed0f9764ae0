"""`fairpulse terminals badge-key`: show the fingerprint that the registry keeps for a fair, and forget it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas import options

if TYPE_CHECKING:
    from producers.registry.badge_keys import BadgeKey


@click.command(name="badge-key")
@click.option("--forget", is_flag=True, help="Forget it, so that the next terminal that pairs chooses the key anew.")
@options.fair
@options.setting("GatewaySettings", "terminals_file", "--terminals", "--file")
def badge_key(*, forget: bool, fair_file: Path | None, terminals_file: Path | None) -> None:
    """Show the fingerprint of the fair's badge key.

    The registry keeps the one of the first terminal that paired. Terminals with another key are refused: one visitor
    would count as several. The key itself is never here.

    Use --forget if that first terminal had a wrong key. Give it the right key before it pairs again.
    """
    from producers.registry.badge_keys import forget_badge_key, read_badge_keys
    from schemas.fair.chosen import chosen_fair
    from schemas.settings import GatewaySettings

    path = GatewaySettings.load(terminals_file=terminals_file).terminals_file
    fair_id = chosen_fair(fair_file).fair_id
    known = forget_badge_key(path, fair_id) if forget else read_badge_keys(path).get(fair_id)
    if known is None:
        click.echo(f"no terminal of {fair_id} has told its badge key", err=True)
    elif forget:
        click.echo(f"forgotten: {_told(known)}", err=True)
        click.echo(
            f"the next terminal that pairs chooses the badge key of {fair_id}. Terminals that paired with the "
            "forgotten key go on with it: give them the right key, and pair them again",
            err=True,
        )
    else:
        click.echo(_told(known))


def _told(key: "BadgeKey") -> str:
    return f"{key.fingerprint}  told by {key.told_by} on {key.told_at:%Y-%m-%d %H:%M} UTC"

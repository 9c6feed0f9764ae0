"""Whether the badge key of a terminal is the fair's: with another one, every visitor would be a second person."""

from schemas.errors import InvalidSettings


def other_key(own: str, fairs: str) -> InvalidSettings:
    """Return why a badge key cannot be used.

    Args:
        own: its fingerprint.
        fairs: the fingerprint of the fair's key, empty if the gateway keeps none.
    """
    if not fairs:
        return InvalidSettings(
            "the gateway does not keep the fingerprint of the badge key",
            hint="have the gateway updated, then pair again",
        )
    return InvalidSettings(
        f"the badge key of this terminal ({own}) is not the fair's ({fairs})",
        hint="set the key that the other terminals have; if theirs is the wrong one, the organiser clears it with "
        "`fairpulse terminals badge-key --forget`; then pair again",
    )


def refuse_other_key(own: str, fairs: str) -> None:
    """Check a badge key before the first pseudonym is made with it.

    Args:
        own: its fingerprint; empty if the terminal has no key: then only pseudonyms can be scanned.
        fairs: the fingerprint that pairing has kept; empty if none was compared.

    Raises:
        InvalidSettings: it is not the fair's, or was never compared.
    """
    if not own or own == fairs:
        return
    if fairs:
        raise other_key(own, fairs)
    raise InvalidSettings(
        "the badge key of this terminal was never compared with the fair's",
        hint="pair again with it (fairpulse terminal pair); every event is kept",
    )

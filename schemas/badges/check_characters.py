"""Check characters at the end of a badge code: which there are, and what they can be calculated over."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from string import ascii_uppercase, digits
from typing import Final

from stdnum import luhn
from stdnum.iso7064 import mod_11_2, mod_37_2, mod_37_36, mod_97_10

ALPHANUMERIC: Final = digits + ascii_uppercase


class CheckKind(StrEnum):
    """How the last characters of a code follow from those before them: ISO 7064, or Luhn's formula."""

    NONE = "none"
    MOD_37_36 = "mod_37_36"
    MOD_37_2 = "mod_37_2"
    MOD_11_2 = "mod_11_2"
    MOD_97_10 = "mod_97_10"
    LUHN = "luhn"


@dataclass(frozen=True, slots=True)
class CheckRule:
    """One kind of check.

    Attributes:
        over: characters that it can be calculated over.
        width: number of check characters, at the end of the code.
        yields: characters that these may be, whether or not others of the code may.
        fits: whether a text ends with the right ones.
        made: the right ones for a text without them.
    """

    over: str
    width: int
    yields: str
    fits: Callable[[str], bool]
    made: Callable[[str], str]


CHECKS: Final[dict[CheckKind, CheckRule]] = {
    CheckKind.NONE: CheckRule("", 0, "", lambda _: True, lambda _: ""),
    CheckKind.MOD_37_36: CheckRule(ALPHANUMERIC, 1, ALPHANUMERIC, mod_37_36.is_valid, mod_37_36.calc_check_digit),
    CheckKind.MOD_37_2: CheckRule(ALPHANUMERIC, 1, f"{ALPHANUMERIC}*", mod_37_2.is_valid, mod_37_2.calc_check_digit),
    CheckKind.MOD_11_2: CheckRule(digits, 1, f"{digits}X", mod_11_2.is_valid, mod_11_2.calc_check_digit),
    CheckKind.MOD_97_10: CheckRule(ALPHANUMERIC, 2, digits, mod_97_10.is_valid, mod_97_10.calc_check_digits),
    CheckKind.LUHN: CheckRule(digits, 1, digits, luhn.is_valid, luhn.calc_check_digit),
}
"""Each kind. `none` is calculated over nothing, and takes any character."""

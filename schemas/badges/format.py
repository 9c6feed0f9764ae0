"""The form of one fair's badge codes, from the block `badge_codes` of its fair file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from string import ascii_uppercase, digits
from typing import Final

from schemas.badges.check_characters import CHECKS, CheckKind

ALPHABETS: Final = {"digits": digits, "alphanumeric": digits + ascii_uppercase}
"""The alphabets that have a name; any other is a list of its characters."""

_HEX: Final = frozenset("0123456789abcdef")


class CodeCase(StrEnum):
    """Whether small letters are read as capitals."""

    FOLDED = "folded"
    EXACT = "exact"


@dataclass(frozen=True)
class BadgeFormat:
    """The form of a badge code. The fair file's checks have refused what does not fit together.

    Attributes:
        prefix: what every code begins with; may be empty.
        alphabet: `digits`, `alphanumeric` (digits and capital letters), or the characters themselves.
        length: number of characters after the prefix, with the check characters.
        check: how the last characters follow from the others. The prefix is not part of the calculation: it is the
            same in all codes, and is compared as a whole.
        case: folded if small letters are read as capitals.
    """

    prefix: str
    alphabet: str
    length: int
    check: CheckKind = CheckKind.NONE
    case: CodeCase = CodeCase.FOLDED

    @property
    def total_length(self) -> int:
        """Number of characters of a whole code."""
        return len(self.prefix) + self.length

    @property
    def is_pseudonym(self) -> bool:
        """Whether the codes are pseudonyms already: 32 to 64 small hex digits, and nothing else."""
        plain = not self.prefix and self.check is CheckKind.NONE and self.case is CodeCase.EXACT
        return plain and self.characters == _HEX and self.length in range(32, 65, 2)

    @cached_property
    def characters(self) -> frozenset[str]:
        """The characters of a canonical code between the prefix and the check characters."""
        return frozenset(self.canonical(ALPHABETS.get(self.alphabet, self.alphabet)))

    def canonical(self, code: str) -> str:
        """Return the one spelling of a code: in capitals if the case is folded."""
        return code.upper() if self.case is CodeCase.FOLDED and code.isascii() else code

    def begins(self, code: str) -> bool:
        """Return whether a code has the prefix."""
        return self.canonical(code).startswith(self.canonical(self.prefix))

    def foreign_place(self, code: str) -> int:
        """Return the place, counted from 1, of the first character that cannot stand there; 0 if there is none.

        Args:
            code: one with the prefix.
        """
        body, check = self.canonical(code)[len(self.prefix) :], CHECKS[self.check]
        ends = len(body) - check.width
        for place, one in enumerate(body):
            if one not in (check.yields if place >= ends else self.characters):
                return len(self.prefix) + place + 1
        return 0

    def has_shape(self, code: str) -> bool:
        """Return whether a code has the prefix, the length and the alphabet, whatever its check characters are."""
        return len(code) == self.total_length and self.begins(code) and not self.foreign_place(code)

    def accepts(self, code: str) -> bool:
        """Return whether a code is a badge code of this fair."""
        return self.has_shape(code) and CHECKS[self.check].fits(self.canonical(code)[len(self.prefix) :])


def misfits(form: BadgeFormat) -> Iterator[tuple[str, str]]:
    """Yield what does not fit together in a format: the field to correct, and what is wrong with the remedy."""
    letters, rule = ALPHABETS.get(form.alphabet, form.alphabet), CHECKS[form.check]
    for field, value in (("prefix", form.prefix), ("alphabet", letters)):
        if ";" in value:
            yield field, "has a semicolon, which separates codes in the file of the registration system; leave it out"
    if letters.isalpha() and list(letters) != sorted(letters):
        yield "alphabet", "is neither digits nor alphanumeric; for other letters, write them in alphabetical order"
    elif re.search("0-9|A-Z|a-z", letters):
        yield "alphabet", "has a range, which is not understood; write digits, alphanumeric or every character"
    elif len(set(letters)) < len(letters):
        yield "alphabet", "has a character twice; write each once"
    elif len(form.characters) < len(letters):
        yield "alphabet", "has a letter both small and capital, which case: folded cannot tell apart; write case: exact"
    if form.check is CheckKind.NONE:
        return
    if not form.characters <= set(rule.over):
        takes = "digits" if rule.over == digits else "digits and capital letters"
        yield "check", f"counts {takes} only; change the alphabet, or write check: none"
    elif rule.over != digits and rule.width == 1 and form.characters <= set(digits):
        yield "check", "may be a letter, and the alphabet has digits only; write e.g. check: mod_97_10"
    if form.length <= rule.width:
        yield "length", f"leaves no room beside the check characters; write at least {rule.width + 1}"

"""Keyboards: what a scanner meant that types for another keyboard than the computer has.

A scanner sends keys, not characters. Set to a US keyboard, it sends the key of `-`; a German computer types `ß`.
"""

from collections.abc import Iterator
from typing import Final

_US: Final = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./" + '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?'
"""The characters of a US keyboard key by key, first without and then with Shift."""

LAYOUTS: Final = {
    "German": "^1234567890ß\xb4qwertzuiopü+#asdfghjklöäyxcvbnm,.-" + "°!\"§$%&/()=?`QWERTZUIOPÜ*'ASDFGHJKLÖÄYXCVBNM;:_",
    "French": "²&é\"'(-è_çà)=azertyuiop^$*qsdfghjklmùwxcvbn,;:!" + "~1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%WXCVBN?./§",
    "Spanish": "º1234567890'¡qwertyuiop`+çasdfghjklñ\xb4zxcvbnm,.-" + 'ª!"·$%&/()=?¿QWERTYUIOP^*ÇASDFGHJKLÑ¨ZXCVBNM;:_',
    "Italian": "\\1234567890'ìqwertyuiopè+ùasdfghjklòàzxcvbnm,.-" + '|!"£$%&/()=?^QWERTYUIOPé*§ASDFGHJKLç°ZXCVBNM;:_',
    "British": "`1234567890-=qwertyuiop[]#asdfghjkl;'zxcvbnm,./" + '¬!"£$%^&*()_+QWERTYUIOP{}~ASDFGHJKL:@ZXCVBNM<>?',
    "Swedish": "§1234567890+\xb4qwertyuiopå¨'asdfghjklöäzxcvbnm,.-" + '½!"#¤%&/()=?`QWERTYUIOPÅ^*ASDFGHJKLÖÄZXCVBNM;:_',
    "Russian": "ё1234567890-=йцукенгшщзхъ\\фывапролджэячсмитьбю." + 'Ё!"№;%:?*()_+ЙЦУКЕНГШЩЗХЪ/ФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,',
}
"""The same keys on other keyboards."""


def _pairs() -> Iterator[tuple[frozenset[str], dict[int, str]]]:
    """Yield, for each pair, what the computer's keyboard can type and what is on the same keys of the scanner's."""
    for keys in LAYOUTS.values():
        for computer, scanner in ((keys, _US), (_US, keys)):
            # Where a keyboard has a character on two keys, the first is meant.
            table = dict(reversed([*zip(map(ord, computer), scanner, strict=True)]))
            yield frozenset(computer), table


_PAIRS: Final = tuple(_pairs())


def meant(typed: str) -> Iterator[str]:
    """Yield what may have been meant if scanner and computer have different keyboards, one of them a US one.

    A keyboard that does not have all the characters cannot have typed them, and yields nothing; nor does one that
    changes nothing.
    """
    for characters, table in _PAIRS:
        if characters.issuperset(typed) and (text := typed.translate(table)) != typed:
            yield text

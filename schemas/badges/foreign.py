"""Codes that are not badges, told apart by what they begin with or look like."""

import re
from typing import Final

from stdnum import ean

_TOP: Final = (
    r"(?:com|cn|net|org|info|biz|io|app|me|eu|de|at|ch|fr|uk|it|es|nl|jp|kr|hk|tw|sg|ru|in|br|us|link|ly|page)"
)

_BEGINNINGS: Final[tuple[tuple[str, str], ...]] = (
    ("badge_contact", r"(?:mailto|tel|sms|smsto|mms|mmsto|geo|facetime|skype|MATMSG):"),
    ("badge_contact", r"[\w.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\Z"),
    ("badge_vcard", r"(?:BEGIN:VCARD|END:VCARD|MECARD:|BIZCARD:)"),
    # Lines of a business card, for a scanner that types each of them as a code.
    ("badge_vcard", r"(?:VERSION:[234]\.[01]$|N(?:;[^:]*)?:[^;]*;)"),
    ("badge_vcard", r"(?:FN|ORG|TEL|EMAIL|ADR|TITLE|URL|BDAY|PHOTO|NICKNAME)(?:;[^:]*)?:"),
    ("badge_calendar", r"(?:BEGIN|END):V(?:CALENDAR|EVENT|TODO)"),
    ("badge_calendar", r"DT(?:START|END)[;:]"),
    ("badge_wifi", r"(?:WIFI|DPP):"),
    # Transfers: SEPA, Switzerland, Czechia, Russia; EMVCo, which most wallets of Asia and Brazil read; coins; wallets.
    ("badge_payment", r"(?:BCD\r?\n|SPC\r?\n|SPD\*1\.|ST0001[0-9]\||000201[0-9]{2})"),
    ("badge_payment", r"(?:bitcoin|ethereum|litecoin|lightning|upi|payto|alipays?|wxp):"),
    ("badge_health", r"(?:HC1:|LT1:|SHC:/)"),
    # IATA's bar coded boarding pass: M, number of legs, name, E for an electronic ticket, booking, airports.
    ("badge_boarding_pass", r"M[1-4][A-Z][A-Z /.'-]{19}[E ][A-Z0-9 ]{7}[A-Z]{6}"),
    ("badge_boarding_pass", r"(?:#UT0[0-9]|OTI[0-9])"),  # railways
    # The lines that machines read on passports and identity cards (ICAO 9303); driving licences of North America.
    ("badge_document", r"(?=[A-Z0-9<]*<)(?:[A-Z0-9<]{30}|[A-Z0-9<]{36}|[A-Z0-9<]{44})$"),
    ("badge_document", r"@\s*ANSI "),
    ("badge_product", r"\(0[0-2]\)[0-9]{14}"),
    ("badge_url", r"(?:[a-z][a-z0-9+.-]*://|https?:|www\.[a-z0-9-]+\.|URLTO:|MEBKM:)"),
    ("badge_url", r"https?/Z"),  # in Code 39, where /Z stands for a colon
    ("badge_url", rf"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.{_TOP}(?::[0-9]+)?[/?]"),
    ("badge_foreign", r"(?:otpauth|data|urn|market|intent|javascript|LPA|openpgp4fpr|MT):"),
    ("badge_foreign", r"(?:\{.*\}|<.*>)\Z"),
)
_CERTAIN: Final = tuple(
    (word, re.compile(rf"\A{pattern}", re.IGNORECASE | re.MULTILINE | re.DOTALL)) for word, pattern in _BEGINNINGS
)

DOCUMENTS: Final = frozenset(("badge_vcard", "badge_calendar", "badge_payment", "badge_document"))
"""Codes of several lines, which a scanner types as several codes."""

_PAYMENT: Final = re.compile(r"(?:1[0-5][0-9]{16}|(?:2[5-9]|30)[0-9]{14,22})\Z")
"""The numbers that WeChat Pay and Alipay show to a till."""

_GTIN_OF_GS1: Final = re.compile("0[12][0-9]{14}")
_NAMED: Final = frozenset(word for word, _ in _CERTAIN)


def is_named(word: str) -> bool:
    """Return whether a word says what a code is, and not what is wrong with it."""
    return word in _NAMED


def certainly_foreign(code: str) -> str:
    """Return the word for what a code is that is not a badge at any fair; empty if it may be one."""
    return next((word for word, pattern in _CERTAIN if pattern.match(code)), "")


def probably_foreign(code: str) -> str:
    """Return the word for what a code probably is, if it is not a badge of this fair; empty if nothing is probable."""
    if is_product(code):
        return "badge_product"
    return "badge_payment" if _PAYMENT.match(code) else ""


def is_product(code: str) -> bool:
    """Return whether a code has the form and check digit of a product, book or parcel: EAN, UPC, ISBN, GTIN, SSCC."""
    plain = code.replace("-", "")
    if _GTIN_OF_GS1.match(plain):
        return ean.is_valid(plain[2:16])
    if not (plain.isascii() and plain.isdecimal()):
        return False
    if len(plain) in (8, 12, 13, 14):
        return ean.is_valid(plain)
    if len(plain) in (15, 18) and plain.startswith(("977", "978", "979")):
        return ean.is_valid(plain[:13])  # a periodical or book, with two or five digits beside it
    return len(plain) == 20 and plain.startswith("00") and ean.calc_check_digit(plain[2:-1]) == plain[-1]

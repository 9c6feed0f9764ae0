"""Codes as scanners type them: from badges, and from everything else that people hold before a scanner."""

from typing import Final, NamedTuple

from schemas.badges.check_characters import CheckKind
from schemas.badges.format import BadgeFormat, CodeCase


class Row(NamedTuple):
    """One scan: what it is, at a fair of which format, what was typed, and the badge code or the word of the refusal.

    Attributes:
        facts: of the refusal.
    """

    name: str
    form: BadgeFormat | None
    typed: str
    expected: str
    facts: dict[str, str] = {}  # noqa: RUF012  # a NamedTuple copies nothing, and no test changes it


PLAIN: Final = BadgeFormat("CIF26-", "digits", 6)
CHECKED: Final = BadgeFormat("CIF26-", "alphanumeric", 18, CheckKind.MOD_37_36)
STARRED: Final = BadgeFormat("", "alphanumeric", 14, CheckKind.MOD_37_2)
NUMBER: Final = BadgeFormat("", "digits", 11, CheckKind.LUHN)
EXACT: Final = BadgeFormat("Cif-", "0123456789ABCDEFabcdef", 6, case=CodeCase.EXACT)
SMALL: Final = BadgeFormat("cif-", "0123456789abcdef", 6)
HASH: Final = BadgeFormat("FAIR#", "digits", 6)
LETTERS: Final = BadgeFormat("XYZ26", "digits", 6)
LINK: Final = BadgeFormat("https://fair.example/b/", "alphanumeric", 6)
PSEUDONYMS: Final = BadgeFormat("", "0123456789abcdef", 32, case=CodeCase.EXACT)
NO: Final = None
"""A fair whose file does not say what its badge codes look like."""

BADGE: Final = "CIF26-000417"
PSEUDONYM: Final = "9f2c61d0a7b84e35c1d2f60918a4b7e3"
GOOD: Final = "CIF26-A12425GABC1234002M"
"""The example of python-stdnum for MOD 37,36, behind a prefix."""

SHORT: Final = {"length": "11", "expected": "12"}
LONG: Final = {"length": "13", "expected": "12"}

WRAPPED: Final = (
    Row("as printed", PLAIN, BADGE, BADGE),
    Row("small letters", PLAIN, "cif26-000417", BADGE),
    Row("mixed letters", PLAIN, "Cif26-000417", BADGE),
    Row("Enter after it", PLAIN, f"{BADGE}\r", BADGE),
    Row("line end of Windows after it", PLAIN, f"{BADGE}\r\n", BADGE),
    Row("Tab after it", PLAIN, f"{BADGE}\t", BADGE),
    Row("two Enters after it", PLAIN, f"{BADGE}\n\n", BADGE),
    Row("blanks around it", PLAIN, f"  {BADGE} ", BADGE),
    Row("a no-break and an ideographic space around it", PLAIN, f"\xa0{BADGE}\u3000", BADGE),
    Row("STX and ETX around it", PLAIN, f"\x02{BADGE}\x03", BADGE),
    Row("GS before it, for FNC1", PLAIN, f"\x1d{BADGE}", BADGE),
    Row("a byte order mark before it", PLAIN, f"\ufeff{BADGE}", BADGE),
    Row("NUL after it", PLAIN, f"{BADGE}\0", BADGE),
    Row("a zero-width space after it", PLAIN, f"{BADGE}\u200b", BADGE),
    Row("AIM of Code 128", PLAIN, f"]C0{BADGE}", BADGE),
    Row("AIM of GS1-128", PLAIN, f"]C1{BADGE}", BADGE),
    Row("AIM of GS1-128 and GS", PLAIN, f"]C1\x1d{BADGE}", BADGE),
    Row("AIM of QR", PLAIN, f"]Q1{BADGE}", BADGE),
    Row("AIM of GS1 QR", PLAIN, f"]Q3{BADGE}", BADGE),
    Row("AIM of Data Matrix", PLAIN, f"]d2{BADGE}", BADGE),
    Row("AIM of Code 39", PLAIN, f"]A0{BADGE}", BADGE),
    Row("AIM of Aztec", PLAIN, f"]z3{BADGE}", BADGE),
    Row("AIM of PDF417, small letters, Enter", PLAIN, "]L0cif26-000417\r", BADGE),
    Row("two AIM identifiers", PLAIN, f"]C1]C1{BADGE}", BADGE),
    Row("STX before an AIM identifier", PLAIN, f"\x02]C1{BADGE}\r", BADGE),
    Row("asterisks of Code 39", PLAIN, f"*{BADGE}*", BADGE),
    Row("AIM and asterisks of Code 39", PLAIN, f"]A0*{BADGE}*\r\n", BADGE),
    Row("without a format: AIM of Code 128", NO, "]C1VISITOR-4711\r", "VISITOR-4711"),
    Row("without a format: asterisks of Code 39", NO, "*VISITOR-4711*", "VISITOR-4711"),
    Row("without a format: letters stay as they are", NO, "visitor-4711", "visitor-4711"),
    Row("without a format: 128 characters", NO, "x" * 128, "x" * 128),
    Row("without a format: digits", NO, "4006381333931", "4006381333931"),
    Row("without a format: a pseudonym", NO, PSEUDONYM, PSEUDONYM),
    Row("without a format: a pseudonym behind AIM of QR", NO, f"]Q1{PSEUDONYM}\n", PSEUDONYM),
    Row("with a right check character", CHECKED, GOOD, GOOD),
    Row("with a right check character in small letters", CHECKED, GOOD.lower(), GOOD),
    Row("a check character that may be an asterisk", STARRED, "G123489654321Y", "G123489654321Y"),
    Row("a number by Luhn", NUMBER, "79927398713", "79927398713"),
    Row("exact letters", EXACT, "Cif-aB0417", "Cif-aB0417"),
    Row("a format in small letters is read in capitals", SMALL, "cif-ab0417", "CIF-AB0417"),
    Row("badges that carry a link", LINK, "https://fair.example/b/a1b2c3", "HTTPS://FAIR.EXAMPLE/B/A1B2C3"),
    Row("badges that carry pseudonyms", PSEUDONYMS, PSEUDONYM, PSEUDONYM),
)
"""Badges, and what scanners put around them."""

FOREIGN: Final = (
    Row("a link", PLAIN, "https://qr.example/x?y=1", "badge_url"),
    Row("a link with a port", NO, "http://10.0.0.1:8080/", "badge_url"),
    Row("a link behind AIM of QR", NO, "]Q1https://qr.example/x", "badge_url"),
    Row("a link in capitals", NO, "HTTPS://QR.EXAMPLE/X", "badge_url"),
    Row("a link in Code 39", NO, "HTTPS/Z/O/OQR.EXAMPLE", "badge_url"),
    Row("a link without a protocol", NO, "www.example.com", "badge_url"),
    Row("a link of a messenger", PLAIN, "u.wechat.com/kAbC-123", "badge_url"),
    Row("a link of an app", NO, "weixin://dl/business/?t=1", "badge_url"),
    Row("a link to a badge of another fair", LINK, "https://fair.example/c/a1b2c3", "badge_url"),
    Row("a bookmark", NO, "MEBKM:TITLE:fair;URL:example.com;;", "badge_url"),
    Row("the first line of a business card", NO, "BEGIN:VCARD", "badge_vcard"),
    Row("a short business card", PLAIN, "MECARD:N:Lovelace,Ada;TEL:+49301234;;", "badge_vcard"),
    Row("the version of a business card", NO, "VERSION:3.0", "badge_vcard"),
    Row("the name of a business card", NO, "N:Lovelace;Ada;;;", "badge_vcard"),
    Row("a telephone number on a business card", NO, "TEL;TYPE=CELL:+49301234", "badge_vcard"),
    Row("the last line of a business card", PLAIN, "END:VCARD", "badge_vcard"),
    Row("a date", NO, "BEGIN:VEVENT", "badge_calendar"),
    Row("the start of a date", PLAIN, "DTSTART:20251025T080000Z", "badge_calendar"),
    Row("a Wi-Fi", NO, "WIFI:T:WPA;S:Fair;P:s3cret;;", "badge_wifi"),
    Row("a device for a Wi-Fi", PLAIN, "DPP:C:81/1;K:MDkwEwYH;;", "badge_wifi"),
    Row("a mail", NO, "mailto:ada@example.org", "badge_contact"),
    Row("a mail with text", PLAIN, "MATMSG:TO:ada@example.org;SUB:Fair;;", "badge_contact"),
    Row("an address of mail", NO, "ada@example.org", "badge_contact"),
    Row("a telephone number", PLAIN, "tel:+49301234", "badge_contact"),
    Row("a text message", NO, "SMSTO:+49301234:hello", "badge_contact"),
    Row("a place", NO, "geo:52.5,13.4", "badge_contact"),
    Row("a bottle (EAN-13)", PLAIN, "4006381333931", "badge_product"),
    Row("a bottle with AIM", NO, "]E04006381333931", "badge_product"),
    Row("a small bottle (EAN-8)", PLAIN, "96385074", "badge_product"),
    Row("a can (UPC-A)", PLAIN, "036000291452", "badge_product"),
    Row("a can at a fair with numbers", NUMBER, "036000291452", "badge_product"),
    Row("a case (GTIN-14)", PLAIN, "10614141000415", "badge_product"),
    Row("a case with AIM of ITF", NO, "]I110614141000415", "badge_product"),
    Row("a book (ISBN)", PLAIN, "978-3-16-148410-0", "badge_product"),
    Row("a book and its price", PLAIN, "978316148410052499", "badge_product"),
    Row("goods by GS1-128", NO, "]C101095011015300031725010110ABC", "badge_product"),
    Row("goods by GS1-128, with GS", NO, "0109501101530003\x1d10ABC", "badge_product"),
    Row("goods in readable GS1", NO, "(01)09501101530003(17)250101", "badge_product"),
    Row("a parcel (SSCC)", PLAIN, "00106141412345678908", "badge_product"),
    Row("goods by GS1 DataBar", NO, "]e00109501101530003", "badge_product"),
    Row(
        "a boarding pass",
        NO,
        "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 100",
        "badge_boarding_pass",
    ),
    Row(
        "a boarding pass at a fair with a format",
        PLAIN,
        "]z0M2DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 100",
        "badge_boarding_pass",
    ),
    Row("a train ticket", NO, "#UT01008001", "badge_boarding_pass"),
    Row("a certificate of health", NO, "HC1:6BFOXN*TS0BI$ZDYSHTRMCFTL", "badge_health"),
    Row("a smart health card", PLAIN, "shc:/5676290952432060346029243740", "badge_health"),
    Row("a transfer of money", NO, "BCD\n002\n1\nSCT\nBPOTBEB1", "badge_payment"),
    Row("a bill of Switzerland", PLAIN, "SPC\r\n0200\r\n1\r\nCH4431999123000889012", "badge_payment"),
    Row("a shop that takes wallets (EMVCo)", NO, "00020101021129370016A0000006770101116304ABCD", "badge_payment"),
    Row("a coin", NO, "bitcoin:175tWpb8K1S7NmH4Zx6rewF9WQrcZv245W", "badge_payment"),
    Row("a wallet's code for a till", PLAIN, "134567890123456789", "badge_payment"),
    Row("a passport", NO, "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "badge_document"),
    Row("the second line of a passport", PLAIN, "L898902C36UTO7408122F1204159ZE184226B<<<<<10", "badge_document"),
    Row("a driving licence", NO, "@\n\x1e\rANSI 636000090002DL00410278ZV03190008DLDAQT64235789", "badge_document"),
    Row("a second factor", NO, "otpauth://totp/Fair:ada?secret=JBSWY3DP", "badge_url"),
    Row("an installer of a SIM", NO, "LPA:1$smdp.example$ABC", "badge_foreign"),
    Row("JSON", NO, '{"id":"417"}', "badge_foreign"),
    Row("XML", PLAIN, "<id>417</id>", "badge_foreign"),
)
"""Codes that are not badges at any fair, or at a fair with this format."""

WRONG: Final = (
    Row("nothing", PLAIN, "", "badge_empty"),
    Row("only Enter", NO, "\r\n", "badge_empty"),
    Row("only blanks and marks that cannot be seen", PLAIN, " \ufeff\u200b\t", "badge_empty"),
    Row("the end is cut", PLAIN, "CIF26-00041", "badge_too_short", SHORT),
    Row("the beginning is cut", PLAIN, "IF26-000417", "badge_too_short", SHORT),
    Row("without the prefix", PLAIN, "000417", "badge_too_short", {"length": "6", "expected": "12"}),
    Row(
        "cut, without a prefix in the format",
        NUMBER,
        "7992739871",
        "badge_too_short",
        {"length": "10", "expected": "11"},
    ),
    Row("one digit more", PLAIN, "CIF26-0004171", "badge_too_long", LONG),
    Row("a scanner's own letter before it", PLAIN, f"j{BADGE}", "badge_too_long", LONG),
    Row(
        "a long number that only begins like a book's",
        NUMBER,
        "978316148410152",
        "badge_too_long",
        {"length": "15", "expected": "11"},
    ),
    Row("129 characters without a format", NO, "x" * 129, "badge_too_long", {"length": "129", "expected": "128"}),
    Row(
        "two codes of 68 characters without an Enter",
        NO,
        "ab12" * 34,
        "badge_too_long",
        {"length": "136", "expected": "128"},
    ),
    Row("read twice without an Enter", PLAIN, BADGE * 2, "badge_joined"),
    Row("two badges without an Enter", PLAIN, "CIF26-000417CIF26-000418", "badge_joined"),
    Row("two badges with a blank between", PLAIN, "CIF26-000417 cif26-000418", "badge_joined"),
    Row("two badges with a Tab between", PLAIN, "CIF26-000417\tCIF26-000418", "badge_joined"),
    Row("two badges with AIM identifiers", PLAIN, "]C1CIF26-000417]C1CIF26-000418", "badge_joined"),
    Row("two lines without a format", NO, "VISITOR-1\nVISITOR-2", "badge_joined"),
    Row("the badge of last year's fair", PLAIN, "CIF25-000417", "badge_prefix", {"prefix": "CIF26-"}),
    Row("another fair's badge", PLAIN, "HANNOVER-12345", "badge_prefix", {"prefix": "CIF26-"}),
    Row("a letter O for a nought", PLAIN, "CIF26-O00417", "badge_alphabet", {"place": "7"}),
    Row("a letter l for a one", PLAIN, "CIF26-0004l7", "badge_alphabet", {"place": "11"}),
    Row("a letter as check digit", NUMBER, "7992739871X", "badge_alphabet", {"place": "11"}),
    Row("an asterisk that is not the check character", STARRED, "G12348965432*Y", "badge_alphabet", {"place": "13"}),
    Row("one character misread", CHECKED, "CIF26-A12425GABC1234003M", "badge_check"),
    Row("two neighbours swapped", CHECKED, "CIF26-A12452GABC1234002M", "badge_check"),
    Row("the check character misread", CHECKED, "CIF26-A12425GABC1234002N", "badge_check"),
    Row("a number with a wrong digit", NUMBER, "79927398710", "badge_check"),
    Row("typed by an input method", PLAIN, "ＣＩＦ２６－０００４１７", "badge_full_width"),  # noqa: RUF001
    Row("half typed by an input method", NO, "VISITOR－4711", "badge_full_width"),  # noqa: RUF001
    Row("a link typed by an input method", NO, "https：//qr.example", "badge_full_width"),  # noqa: RUF001
    Row("US scanner, German computer", PLAIN, "CIF26ß000417", "badge_layout"),
    Row("US scanner with AIM, German computer", PLAIN, "+C1CIF26ß000417", "badge_layout"),
    Row("US scanner, German computer: Y and Z", LETTERS, "XZY26000417", "badge_layout"),
    Row("US scanner, French computer", PLAIN, "CIFé-)ààà'&è", "badge_layout"),
    Row("US scanner, Spanish or Italian computer", PLAIN, "CIF26'000417", "badge_layout"),
    Row("US scanner, Italian computer", HASH, "FAIR£000417", "badge_layout"),
    Row("US scanner, Swedish computer", PLAIN, "CIF26+000417", "badge_layout"),
    Row("US scanner, Russian computer", PLAIN, "\u0421\u0428\u041026-000417", "badge_layout"),
    Row("German scanner, US computer", PLAIN, "CIF26/000417", "badge_layout"),
    Row("French scanner, US computer", PLAIN, "CIF@^6)))$!&", "badge_layout"),
    Row("British scanner, US computer", HASH, "FAIR\\000417", "badge_layout"),
    Row("US scanner, German computer, Caps Lock", PLAIN, "cif26ß000417", "badge_layout"),
    Row("US scanner, German computer, Caps Lock, exact letters", EXACT, "cIF\xdfAb0417", "badge_layout"),
    Row("a link, German computer", NO, "httpsÖ--qr.example", "badge_layout"),
    Row("a link, French computer", NO, "httpsM!!ar:exq,ple", "badge_layout"),
    Row("a business card, German computer", NO, "BEGINÖVCARD", "badge_layout"),
    Row("Caps Lock", EXACT, "cIF-Ab0417", "badge_caps"),
    Row("all in capitals", BadgeFormat("cif-", "0123456789abcdef", 6, case=CodeCase.EXACT), "CIF-AB0417", "badge_caps"),
    Row("all in small letters", BadgeFormat("CIF-", "digits", 6, case=CodeCase.EXACT), "cif-000417", "badge_caps"),
    Row("a Cyrillic C", PLAIN, "\u0421IF26-000417", "badge_not_ascii"),
    Row("a dash for a hyphen", PLAIN, "CIF26\u2013000417", "badge_not_ascii"),
    Row("a zero-width space inside", PLAIN, "CIF26-\u200b000417", "badge_not_ascii"),
    Row("Arabic digits", PLAIN, "CIF26-\u0660\u0660\u0660\u0664\u0661\u0667", "badge_not_ascii"),
    Row("a long s, whose capital is S", BadgeFormat("S", "digits", 3), "\u017f123", "badge_not_ascii"),
    Row("a check mark after it", PLAIN, f"{BADGE}\u2713", "badge_not_ascii"),
    Row("a letter with its accent", NO, "caf\u00e9", "badge_not_ascii"),
    Row("a letter and its accent apart", NO, "cafe\u0301", "badge_not_ascii"),
    Row("Escape inside", NO, "A\x1b[0m", "badge_not_ascii"),
    Row("an arrow key before it", PLAIN, f"\x1b[C{BADGE}", "badge_not_ascii"),
    Row("a backspace after it", NO, "VISITOR-4711\x08", "badge_not_ascii"),
    Row("half a surrogate", NO, "A\udcff1", "badge_not_ascii"),
    Row("two words", NO, "two words", "badge_blank"),
    Row("a blank inside a badge code", PLAIN, "CIF26- 000417", "badge_blank"),
    Row("a pseudonym at a fair with codes", PLAIN, PSEUDONYM, "badge_key_pseudonym"),
)
"""Codes that may have been badges before something went wrong."""

ROWS: Final = WRAPPED + FOREIGN + WRONG

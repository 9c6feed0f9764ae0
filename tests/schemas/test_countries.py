"""Which country a person means."""

import pytest

from schemas.countries import country_meant


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("HK", "HK"),
        ("XK", ""),
        ("UK", "GB"),
        ("uk", "GB"),
        ("EL", "GR"),
        ("USA", "US"),
        ("Germany", "DE"),
        ("germny", "DE"),
        ("United States", "US"),
        ("XX", ""),
        ("", ""),
        ("Korea", ""),
        ("D\N{CYRILLIC CAPITAL LETTER IE}", ""),
    ],
)
def test_a_country_is_known_by_code_short_form_or_name(typed: str, code: str) -> None:
    assert country_meant(typed) == code

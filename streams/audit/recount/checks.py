"""Checks of single values: what a name, a badge, a country, a role or a whole number may be."""

import re
from collections.abc import Callable
from typing import Any

from streams.audit.recount.countries import COUNTRIES

Check = Callable[[Any], bool]
Field = tuple[str, bool, Check]


def is_text(pattern: str) -> Check:
    """Return a check for text that matches a pattern from beginning to end."""
    matches = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: type(value) is str and matches(value) is not None


def is_word(words: str) -> Check:
    """Return a check for one of the words, given as one text with spaces between them."""
    known = frozenset(words.split())
    return lambda value: type(value) is str and value in known


def is_whole(least: int, most: int) -> Check:
    """Return a check for a whole number within bounds, both included; true and false are not numbers."""
    return lambda value: type(value) is int and least <= value <= most


def is_flag(value: Any) -> bool:
    """Return whether a value is true or false."""
    return type(value) is bool


name = is_text(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
uuid = is_text(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
epoch = is_text(r"[0-9a-f]{8}")
badge = is_text(r"([0-9a-f]{2}){16,32}")
country = is_word(" ".join(COUNTRIES))
currency = is_text(r"[A-Z]{3}")
day_of_ms = is_whole(0, 86_400_000)
roles = is_word(
    "visitor_professional visitor_public exhibitor_staff media speaker delegate vip_gov organiser contractor security"
)
deny_reasons = is_word(
    "invalid unpaid blocked invalid_time canceled already_redeemed product rules ambiguous revoked error wrong_day "
    "wrong_zone no_exit_before_entry unknown_badge"
)
interactions = is_word(
    "demo_started demo_completed touch_session video_view ar_vr_session brochure_download qr_open sample_request "
    "question_asked meeting_booked meeting_held quote_requested lead_captured survey_submitted"
)
outcomes = is_word(
    "transaction investment first_launch strategic_agreement authoritative_release alliance_platform "
    "selection_recommendation"
)
services = is_word(
    "manufacturing maintenance_repair transport travel construction insurance_pension financial intellectual_property "
    "telecom_computer_information other_business personal_cultural_recreational government unclassified"
)
sources = is_word("qr barcode nfc rfid face_token ble_rollup manual")
steps = is_word("invited accepted declined held")


def needed(field: str, check: Check) -> Field:
    """Return a field that must be there."""
    return field, True, check


def optional(field: str, check: Check) -> Field:
    """Return a field that may be left out, because it has a default, but may not be null."""
    return field, False, check


def nullable(field: str, check: Check) -> Field:
    """Return a field that may be left out or null."""
    return field, False, lambda value: value is None or check(value)

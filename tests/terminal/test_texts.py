"""The texts of the page: the same in every language, all used, none missing."""

import re
from pathlib import Path

import pytest

from producers.gateway.http import problems
from producers.gateway.http.problems import KINDS, Action
from producers.terminal import amount_errors, deal_errors, spool_trouble, trouble
from schemas import http_reach, wire
from schemas.badges.refusals import REFUSALS
from schemas.codes import BadgeRole, Code, DealStage, DenyReason, InteractionKind, MeetingStep, OutcomeKind, ScanKind
from tests.support.page_texts import LANGUAGES, STATIC, named_texts, placeholders, reasons_given, texts, words_of_calls

ENGLISH = texts("en")
OTHERS = [language for language in LANGUAGES if language != "en"]
MEMBERS: dict[str, type[Code]] = {
    "role": BadgeRole,
    "kind": ScanKind,
    "interaction": InteractionKind,
    "stage": DealStage,
    "outcome": OutcomeKind,
}
"""Families of texts that have one for each word of a closed list."""
SAME = {"Online", "Offline", "Touchscreen", "Partner", "Name"}
"""Words that German has from English, or the other way round."""


def members(family: str) -> set[str]:
    """Return the names of a family of texts, without the family's own name."""
    return {name.partition(".")[2] for name in ENGLISH if name.startswith(f"{family}.")}


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_a_text_for_every_name_and_no_other(language: str) -> None:
    assert texts(language).keys() == ENGLISH.keys()


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_has_the_same_values_in_every_language(language: str) -> None:
    differing = {
        name: text for name, text in texts(language).items() if placeholders(text) != placeholders(ENGLISH[name])
    }
    assert differing == {}


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_was_left_in_english(language: str) -> None:
    same = {
        text
        for name, text in texts(language).items()
        if text == ENGLISH[name] and re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text))
    }
    assert same <= (SAME if language == "de" else set())


def test_chinese_texts_are_in_chinese_characters() -> None:
    latin = {name: text for name, text in texts("zh").items() if not re.search(r"[一-鿿]", text)}
    assert all(not re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text)) for text in latin.values()), latin


def test_every_text_that_the_page_names_is_there() -> None:
    names, _ = named_texts()
    assert names - ENGLISH.keys() == set()


def test_every_text_is_named_by_the_page() -> None:
    names, families = named_texts()
    assert {name for name in ENGLISH if name not in names and name.split(".")[0] not in families} == set()


@pytest.mark.parametrize("family", MEMBERS)
def test_every_word_of_a_closed_list_has_a_text_and_no_other_has(family: str) -> None:
    assert members(family) == set(MEMBERS[family])


def test_every_reason_to_turn_somebody_away_has_a_text_and_so_has_every_step_of_a_meeting() -> None:
    assert members("deny") == {*DenyReason, "none", "unstated"}
    assert {*MeetingStep} <= members("meeting")


NO_EVENTS = {"badges_unreadable", "badges_refused", "not_a_badge"}
"""Answers of paths to which nobody posts an event: an import of badges, and the question of a gate."""


def test_every_reason_for_which_the_gateway_refuses_an_event_has_a_text() -> None:
    of_a_request = {kind.code for kind in KINDS.values() if kind.action in {Action.DRAWER, Action.BISECT}}
    gateway, schemas = Path(problems.__file__).parent.parent, Path(wire.__file__).parent
    given = {
        *(wire.REASONS.keys() - {wire.MISPLACED}),
        *(of_a_request - NO_EVENTS),
        *reasons_given(gateway, schemas),
        "refused",
        "damaged",
    }
    assert given - members("reason") == set()


def given_words() -> dict[str, set[str]]:
    """Return the words of refusals of badges, amounts and deals, and the facts that each gives."""
    badges = {word: placeholders(english) for word, (english, _) in REFUSALS.items()}
    amounts = words_of_calls(Path(amount_errors.__file__), "_refused", 0)
    deals = words_of_calls(Path(deal_errors.__file__), "refused", 1)
    full_width: dict[str, set[str]] = {f"{field}_full_width": set() for field in ("partner", "country")}
    return {**badges, **{f"amount_{word}": facts for word, facts in amounts.items()}, **deals, **full_width}


def test_every_refusal_has_a_text_that_needs_no_other_facts_than_it_gives() -> None:
    given = given_words()
    assert len(given) > 40, "the words are found"
    assert {word for word in given if f"refused.{word}" not in ENGLISH} == set()
    assert {
        word: placeholders(ENGLISH[f"refused.{word}"]) - facts
        for word, facts in given.items()
        if not placeholders(ENGLISH[f"refused.{word}"]) <= facts
    } == {}


def test_every_cause_of_trouble_has_a_name_and_what_a_person_mends_has_a_remedy() -> None:
    remedies = {f"cause.{cause}.do" for cause in trouble.MENDED_BY_PEOPLE}
    of_no_answer = words_of_calls(Path(http_reach.__file__), "because", 0)
    assert "dns" in of_no_answer
    names = {f"cause.{cause}" for cause in (*trouble.MENDED_BY_PEOPLE, *trouble.ANSWERS, *of_no_answer)}
    assert (names | remedies) - ENGLISH.keys() == set()


def test_every_trouble_of_the_disk_has_a_name_a_remedy_and_a_text_for_what_was_not_saved() -> None:
    causes = {spool_trouble.DAMAGED, spool_trouble.DISK, spool_trouble.DISK_FULL, spool_trouble.SPOOL_FULL}
    wanted = {name for cause in causes for name in (f"cause.{cause}", f"cause.{cause}.do", f"refused.{cause}")}
    assert wanted - ENGLISH.keys() == set()


def test_the_page_takes_every_word_from_its_texts() -> None:
    page = (STATIC / "page.html").read_text(encoding="utf-8")
    shown = re.sub(r"<kbd>F[0-9]</kbd>|<!doctype html>|<code>.*?</code>", "", page)
    assert re.findall(r">\s*([^<>\s][^<>]*)<", shown) == []

"""The page of counting rules: an auditor finds each profile, role, note and KPI with its version there."""

import pytest

from dashboards.counting import counting_page
from schemas.badges.refusals import REFUSALS
from schemas.codes import BadgeRole
from schemas.profiles import PROFILES, Profile
from streams.kpis.catalogue import ALL_KPIS

LINES = counting_page().splitlines()


def cells_of(first: str, number: int = 0) -> list[str]:
    """Return the cells of the row that begins with this word, of several the one with this number."""
    found = [line for line in LINES if line.startswith(f"| `{first}` |")]
    return [cell.strip() for cell in found[number].strip("|").split(" | ")]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda one: one.name)
def test_every_role_is_counted_or_left_out_by_every_profile(profile: Profile) -> None:
    _, _, counts, leaves_out, *_ = cells_of(profile.name)
    assert {word.strip("` ") for word in counts.split(",")} == set(profile.counted)
    assert {word.strip("` ") for word in leaves_out.split(",")} == set(BadgeRole) - profile.counted


@pytest.mark.parametrize(
    ("name", "counted", "once"),
    [("fkm", 2, "once per day"), ("abc", 6, "once per fair"), ("a762_1", 3, "once per day")],
)
def test_the_rules_of_the_bodies_are_these(name: str, counted: int, once: str) -> None:
    _, _, counts, _, how_often, _ = cells_of(name)
    assert (counts.count(",") + 1, how_often) == (counted, once)


def test_shares_from_abroad_are_information_and_of_fkm_alone() -> None:
    assert "People from abroad, by profile. Shares are information, never a verdict:" in LINES
    assert cells_of("fkm", 1)[2] == "5 % of the visitors and 10 % of the exhibitors"
    assert [cells_of(name, 1)[2] for name in ("abc", "a762_1")] == ["none", "none"]


def test_every_kpi_has_its_version_and_every_refused_code_its_words() -> None:
    for kpi in ALL_KPIS:
        assert cells_of(kpi.name)[1:] == [str(kpi.version), kpi.source]
    for word in REFUSALS:
        assert cells_of(word)


def test_no_body_is_said_to_have_approved_the_rules() -> None:
    page = "\n".join(LINES)
    assert "No body has certified these rules." in page
    assert "UFI" not in page

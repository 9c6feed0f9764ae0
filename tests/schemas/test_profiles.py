"""What each audit profile counts: the numbers are written here by hand, from the definitions of the bodies."""

from collections.abc import Iterable

import pytest

from schemas.codes import BadgeRole
from schemas.profiles import A762, ABC, FKM, PROFILES, Once, Profile, Residence, own_profile

TEN_ROLES = (
    "visitor_professional visitor_public exhibitor_staff media speaker delegate vip_gov organiser contractor security"
).split()
OWN = own_profile(FKM, frozenset({BadgeRole.VISITOR_PUBLIC, BadgeRole.MEDIA}), regions_abroad=True)
OWN_AT_HOME = own_profile(FKM, FKM.visitors, regions_abroad=False)
EVERY_PROFILE = [*PROFILES.values(), OWN, OWN_AT_HOME]


def figure(profile: Profile, roles: Iterable[str]) -> int:
    """Return how many of these persons the profile's figure has."""
    return sum(BadgeRole(role) in profile.counted for role in roles)


@pytest.mark.parametrize(("profile", "persons"), [(FKM, 2), (ABC, 6), (A762, 3)], ids=lambda value: str(value)[:12])
def test_one_person_of_each_role_is_the_figure_of_the_body(profile: Profile, persons: int) -> None:
    assert sorted(TEN_ROLES) == sorted(BadgeRole)
    assert figure(profile, TEN_ROLES) == persons


@pytest.mark.parametrize(
    ("profile", "left_out"),
    [
        (FKM, "contractor delegate exhibitor_staff media organiser security speaker vip_gov"),
        (ABC, "contractor exhibitor_staff organiser security"),
        (A762, "contractor delegate media organiser security speaker vip_gov"),
    ],
    ids=["fkm", "abc", "a762_1"],
)
def test_the_roles_that_a_body_leaves_out_are_these(profile: Profile, left_out: str) -> None:
    assert sorted(role for role in BadgeRole if role not in profile.counted) == left_out.split()


def test_only_the_french_figure_has_exhibitor_staff_in_it() -> None:
    with_staff = [one.name for one in PROFILES.values() if BadgeRole.EXHIBITOR_STAFF in one.counted]
    assert with_staff == ["a762_1"]


@pytest.mark.parametrize(("profile", "once"), [(FKM, "day"), (ABC, "fair"), (A762, "day"), (OWN, "day")])
def test_a_person_who_comes_again_counts_once_per_day_or_once_per_fair(profile: Profile, once: str) -> None:
    assert profile.once is Once(once)


@pytest.mark.parametrize(
    ("country", "host", "regions_abroad", "regions_at_home"),
    [
        ("CN", "CN", "domestic", "domestic"),
        ("HK", "CN", "foreign", "domestic"),
        ("MO", "CN", "foreign", "domestic"),
        ("TW", "CN", "foreign", "domestic"),
        ("JP", "CN", "foreign", "foreign"),
        ("AQ", "CN", "foreign", "foreign"),
        ("HK", "DE", "foreign", "foreign"),
        ("CN", "HK", "foreign", "foreign"),
        ("TW", "HK", "foreign", "foreign"),
        ("DE", "DE", "domestic", "domestic"),
        (None, "CN", "unknown", "unknown"),
        (None, "DE", "unknown", "unknown"),
    ],
)
def test_where_abroad_begins_is_the_profiles_choice(
    country: str | None, host: str, regions_abroad: str, regions_at_home: str
) -> None:
    assert FKM.group(country, host) is Residence(regions_abroad)
    assert OWN_AT_HOME.group(country, host) is Residence(regions_at_home)


@pytest.mark.parametrize("profile", EVERY_PROFILE, ids=lambda profile: profile.name)
def test_an_unknown_country_is_a_group_of_its_own_in_every_profile(profile: Profile) -> None:
    for host in ("CN", "DE", "HK"):
        assert profile.group(None, host) is Residence.UNKNOWN


@pytest.mark.parametrize(
    ("profile", "shares"),
    [(FKM, (5, 10, True)), (ABC, (None, None, False)), (A762, (None, None, False)), (OWN, (5, 10, True))],
)
def test_fkm_looks_at_both_shares_together_and_the_others_at_none(
    profile: Profile, shares: tuple[int | None, int | None, bool]
) -> None:
    assert (profile.visitor_share, profile.exhibitor_share, profile.both_shares) == shares


@pytest.mark.parametrize("profile", EVERY_PROFILE, ids=lambda profile: profile.name)
def test_a_profile_says_what_it_is_and_where_it_comes_from(profile: Profile) -> None:
    assert profile.title
    assert profile.source
    assert not profile.visitors & profile.staff


def test_a_fairs_own_visitors_are_never_its_staff_too() -> None:
    with_staff = own_profile(
        A762, frozenset({BadgeRole.VISITOR_PUBLIC, BadgeRole.EXHIBITOR_STAFF}), regions_abroad=True
    )
    assert with_staff.staff == frozenset()
    assert with_staff.name == "own"

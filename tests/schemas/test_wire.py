"""Events keep their meaning on the wire, and either side may be upgraded first."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas import codes
from schemas.countries import country_names
from schemas.errors import InvalidEvent
from schemas.events import (
    BadgeRegistered,
    DealAmended,
    DealCancelled,
    DealSigned,
    Event,
    ExhibitInteraction,
    MeetingChanged,
    Party,
    ScanAnnulled,
    VisitorScan,
    happened_ms,
    type_of,
)
from schemas.times import epoch_ms, from_epoch_ms, instant_text
from schemas.topics import EVENT_CLASSES, RECORD_MAX_BYTES, SCANS, topic_of
from schemas.wire import decode_plain, decode_strict, decoder, encode
from tests.support.builders import amended, cancelled, deal, local, payload, scan, touch
from tests.support.examples import example_event, has_example

unhurried = settings(deadline=None)
"""A busy machine is not a failure."""

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
event_ids = st.from_regex(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", fullmatch=True)
badges = st.from_regex(r"([0-9a-f]{2}){16,32}", fullmatch=True)
countries = st.sampled_from(sorted(country_names()))
currencies = st.from_regex(r"[A-Z]{3}", fullmatch=True)
milliseconds = st.integers(0, 86_400_000)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.builds(
    lambda ms, zone: from_epoch_ms(ms).astimezone(zone),
    st.integers(epoch_ms(datetime(2000, 1, 2, tzinfo=UTC)), epoch_ms(datetime(2099, 12, 30, tzinfo=UTC))),
    offsets,
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def word(code: type[StrEnum]) -> st.SearchStrategy[StrEnum]:
    return st.sampled_from(code)


envelope = {
    "event_id": event_ids,
    "fair_id": names,
    "terminal_id": names,
    "terminal_seq": maybe(st.integers(0, 2**63 - 1)),
    "terminal_epoch": maybe(st.from_regex(r"[0-9a-f]{8}", fullmatch=True)),
    "occurred_at": instants,
    "received_at": instants,
    "clock_offset_ms": st.integers(-(10**11), 10**11),
    "capture": word(codes.Capture),
    "test": maybe(st.booleans()),
}
scans = st.builds(
    VisitorScan,
    **envelope,
    source_type=word(codes.SourceType),
    scan_kind=word(codes.ScanKind),
    badge_ref=maybe(badges),
    badge_role=maybe(word(codes.BadgeRole)),
    residence_country=maybe(countries),
    result=word(codes.ScanResult),
    reason=maybe(word(codes.DenyReason)),
    forced=st.booleans(),
    gate_id=maybe(names),
    hall_id=maybe(names),
    booth_id=maybe(names),
    dwell_ms=maybe(milliseconds),
)
touches = st.builds(
    ExhibitInteraction,
    **envelope,
    interaction_kind=word(codes.InteractionKind),
    exhibit_id=names,
    exhibitor_id=names,
    badge_ref=maybe(badges),
    source_type=maybe(word(codes.SourceType)),
    session_id=maybe(event_ids),
    duration_ms=maybe(milliseconds),
    rating=maybe(st.integers(0, 5)),
)
annulments = st.builds(
    ScanAnnulled,
    **envelope,
    target=event_ids,
    target_type=st.sampled_from(["fair.visitor.scanned.v1", "fair.exhibit.interaction.v1"]),
    badge_ref=maybe(badges),
    why=word(codes.AnnulReason),
    gate_id=maybe(names),
    hall_id=maybe(names),
    booth_id=maybe(names),
)
meetings = st.builds(MeetingChanged, **envelope, meeting_id=names, step=word(codes.MeetingStep), exhibitor_id=names)
registrations = st.builds(
    BadgeRegistered,
    **envelope,
    badge_ref=badges,
    revision=st.integers(1, 1_000_000),
    role=word(codes.BadgeRole),
    residence_country=maybe(countries),
    exhibitor_id=maybe(names),
    tracking_consent=st.booleans(),
    denied=maybe(word(codes.DenyReason)),
    erased=st.booleans(),
)
parties = st.builds(Party, org_id=names, role=word(codes.PartyRole), country=countries, exhibitor=st.booleans())
terms = {
    **envelope,
    "deal_id": names,
    "revision": st.integers(1, 1_000_000),
    "outcome_kind": word(codes.OutcomeKind),
    "stage": word(codes.DealStage),
    "binding": st.booleans(),
    "value_minor": maybe(st.integers(0, 2**53 - 1)),
    "currency": maybe(currencies),
    "value_basis": word(codes.ValueBasis),
    "term_months": maybe(st.integers(1, 1_200)),
    "parties": st.lists(parties, min_size=1, max_size=4).map(tuple),
    "section": names,
    "trade_direction": word(codes.TradeDirection),
    "ebops_main": word(codes.ServiceCategory),
    "mode_of_supply": maybe(st.integers(1, 4)),
    "location": word(codes.DealLocation),
    "pre_signed": st.booleans(),
    "signed_at": instants,
    "booth_id": maybe(names),
}
signings = st.builds(DealSigned, **terms)
amendments = st.builds(DealAmended, **terms, change_kind=word(codes.ChangeKind))
cancellations = st.builds(
    DealCancelled,
    **envelope,
    deal_id=names,
    revision=st.integers(1, 1_000_000),
    reason=word(codes.CancelReason),
    booth_id=maybe(names),
)
KINDS = [kind for kind in EVENT_CLASSES if has_example(kind)]
any_event = st.one_of(
    scans,
    touches,
    annulments,
    meetings,
    registrations,
    signings,
    amendments,
    cancellations,
    st.sampled_from(KINDS).map(example_event),
)

TYPICAL = [scan("ada"), touch("ada"), deal("d-1"), amended("d-1"), cancelled("d-1")]
TYPICAL += map(example_event, KINDS)
each_kind = pytest.mark.parametrize("event", TYPICAL, ids=lambda event: type(event).__name__)


def test_the_strategies_here_know_every_field() -> None:
    for strategy_fields, kind in [
        (envelope, DealCancelled),
        (terms, DealSigned),
    ]:
        assert strategy_fields.keys() <= {field.name for field in fields(kind)}
    assert terms.keys() | {"type", "_"} == {field.name for field in fields(DealSigned)} | {"_"}


@unhurried
@given(any_event)
def test_an_event_written_and_read_is_the_same_event(event: Event) -> None:
    assert decode_strict(encode(event)) == event
    assert decode_plain(payload(event)) == event
    assert decoder(topic_of(event).name)(encode(event)) == event


@unhurried
@given(any_event)
def test_writing_what_was_read_gives_the_same_bytes(event: Event) -> None:
    raw = encode(event)
    assert encode(decode_strict(raw)) == raw


@unhurried
@given(any_event)
def test_every_time_is_written_in_utc_with_milliseconds(event: Event) -> None:
    written = payload(event)
    for name in written.keys() & {"occurred_at", "received_at", "signed_at"}:
        text, instant = written[name], getattr(event, name)
        assert text == f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1_000:03d}Z"


@unhurried
@given(signings)
def test_a_deal_of_the_longest_words_is_far_below_the_size_limit(event: DealSigned) -> None:
    assert len(encode(replace(event, parties=(event.parties * 32)[:32]))) < RECORD_MAX_BYTES / 4


@unhurried
@given(instants)
def test_milliseconds_and_instants_turn_into_each_other(instant: datetime) -> None:
    assert from_epoch_ms(epoch_ms(instant)) == instant
    assert datetime.fromisoformat(instant_text(instant)) == instant


def test_milliseconds_are_rounded_down_also_before_1970() -> None:
    assert epoch_ms(datetime(2025, 1, 1, 0, 0, 0, 999, tzinfo=UTC)) == epoch_ms(datetime(2025, 1, 1, tzinfo=UTC))
    assert epoch_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


@each_kind
def test_a_field_that_a_newer_terminal_adds_is_ignored_by_workers_and_refused_by_producers(event: Event) -> None:
    raw = json.dumps(payload(event) | {"firmware": {"build": 7}}).encode()
    assert decoder(topic_of(event).name)(raw) == event
    with pytest.raises(InvalidEvent) as refused:
        decode_strict(raw)
    assert refused.value.reason == "unknown_field"


def test_a_field_added_to_a_party_is_ignored_by_workers_and_refused_by_producers() -> None:
    fields_ = payload(deal("d-1"))
    event = decode_strict(json.dumps(fields_).encode())
    fields_["parties"][0]["vat_id"] = "x"
    raw = json.dumps(fields_).encode()
    assert decoder(topic_of(event).name)(raw) == event
    with pytest.raises(InvalidEvent, match="does not know"):
        decode_strict(raw)


@each_kind
def test_another_major_version_is_refused_by_both(event: Event) -> None:
    raw = json.dumps(payload(event) | {"type": event.type.replace(".v1", ".v2")}).encode()
    for read in (decode_strict, decoder(topic_of(event).name)):
        with pytest.raises(InvalidEvent) as refused:
            read(raw)
        assert refused.value.reason == "unknown_type"


@each_kind
def test_an_event_from_before_the_optional_fields_is_read_with_their_defaults(event: Event) -> None:
    optional = {field.name for field in fields(event) if field.default is not None} - {"type"}
    defaults = {f.name: f.default for f in fields(event) if f.name in {"clock_offset_ms", "capture"}}
    old = {name: value for name, value in payload(event).items() if name not in defaults}
    assert defaults.keys() <= optional
    assert decode_strict(json.dumps(old).encode()) == event


def test_an_anonymous_scan_is_written_and_read_without_badge() -> None:
    event = scan(None, "booth")
    assert "badge_ref" not in payload(event)
    assert decode_strict(encode(event)) == event
    assert decoder(SCANS.name)(json.dumps(payload(event) | {"badge_ref": None}).encode()) == event


def test_a_missing_value_and_a_value_of_zero_stay_apart() -> None:
    assert "value_minor" not in payload(deal("d-1"))
    assert payload(deal("d-1", value=0))["value_minor"] == 0


def test_the_gateway_stamps_an_event_with_its_own_time() -> None:
    event = scan("ada", at="11:00")
    stamped = replace(event, received_at=local("11:00:02.500"), terminal_id="t-9")
    assert payload(stamped)["received_at"] == "2025-10-25T09:00:02.500Z"
    assert decode_strict(encode(stamped)) == stamped


@pytest.mark.parametrize(
    "bad",
    [
        datetime.fromisoformat("2025-10-25T09:00:00"),
        "2025-10-25T09:00:00Z",
        1_700_000_000,
        datetime(1999, 1, 1, tzinfo=UTC),
    ],
)
def test_an_event_built_in_python_needs_a_time_with_offset_of_our_century(bad: object) -> None:
    with pytest.raises(ValidationError):
        replace(scan("ada"), received_at=bad)  # type: ignore[arg-type]  # that is the point


def test_what_happened_is_told_by_the_servers_clock() -> None:
    event = scan("ada", at="11:00", clock_offset_ms=-1_500)
    assert happened_ms(event) == epoch_ms(local("10:59:58.500"))


def test_events_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        scan("ada").fair_id = "x"  # type: ignore[misc]  # that is the point


def test_every_event_type_is_spelt_once_with_its_version() -> None:
    types = [type_of(kind) for kind in EVENT_CLASSES]
    assert len(set(types)) == len(types) >= 5
    assert all(kind.startswith("fair.") and kind.endswith(".v1") for kind in types)

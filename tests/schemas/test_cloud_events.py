"""The headers of a record, against the Kafka protocol binding of CloudEvents 1.0.2, section 3.2."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas.cloud_events import REQUIRED, Extension, attribute_text, event_headers, headers_of, kafka_headers
from schemas.events import Event, VisitorScan
from tests.support.examples import example_event

SOURCE = "/fairs/ciftis-2025/gates/north/terminals/gate-north-1"


@pytest.fixture(scope="module")
def scan() -> Event:
    """A scan at 09:00:00.5 in UTC."""
    event = example_event(VisitorScan)
    return replace(event, occurred_at=datetime(2025, 9, 10, 9, 0, 0, 500_000, tzinfo=UTC))


def posted(scan: Event, **more: object) -> list[tuple[str, str]]:
    """Return the headers, as text, of the scan as it was posted."""
    given = {"posted_id": "A-1", "source": SOURCE, "time": "2025-09-10T11:00:00.5+02:00", **more}
    return [(name, value.decode()) for name, value in kafka_headers(scan, **given)]  # type: ignore[arg-type]


def test_every_attribute_is_a_header_and_the_data_is_declared_by_its_content_type(scan: Event) -> None:
    assert posted(scan) == [
        ("content-type", "application/json"),
        ("ce_specversion", "1.0"),
        ("ce_type", "fair.visitor.scanned.v1"),
        ("ce_source", SOURCE),
        ("ce_id", "A-1"),
        ("ce_time", "2025-09-10T11:00:00.5+02:00"),
    ]


def test_optional_attributes_and_extensions_follow(scan: Event) -> None:
    extensions = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "sampled": True, "hops": -3}
    assert posted(scan, subject="é", dataschema="https://example.org/s", extensions=extensions)[len(REQUIRED) :] == [
        ("ce_subject", "é"),
        ("ce_dataschema", "https://example.org/s"),
        ("ce_traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("ce_sampled", "true"),
        ("ce_hops", "-3"),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (0, "0"), (-2147483648, "-2147483648"), ("True", "True"), ("", "")],
)
def test_a_value_has_the_canonical_text_of_its_type(value: Extension, text: str) -> None:
    assert attribute_text(value) == text


@pytest.mark.parametrize(
    ("time", "written"),
    [
        ("2025-09-10T09:00:00.5Z", "2025-09-10T09:00:00.5Z"),
        ("2025-09-10T11:00:00.500000001+02:00", "2025-09-10T11:00:00.500000001+02:00"),
        ("2025-09-10t09:00:00.5z", "2025-09-10T09:00:00.500Z"),
        ("2025-09-10 09:00:00.5Z", "2025-09-10T09:00:00.500Z"),
        ("2025-09-10T09:00:00.5000000000Z", "2025-09-10T09:00:00.500Z"),
        ("2025-09-10T08:59:60Z", "2025-09-10T09:00:00.500Z"),
    ],
)
def test_a_time_is_written_as_posted_if_every_sdk_reads_that_spelling(scan: Event, time: str, written: str) -> None:
    assert dict(posted(scan, time=time))["ce_time"] == written


def test_an_event_that_was_never_posted_names_its_terminal(scan: Event) -> None:
    told = {name: value.decode() for name, value in headers_of(scan)}
    assert tuple(told) == REQUIRED
    assert told["ce_source"] == f"/fairs/{scan.fair_id}/terminals/{scan.terminal_id}"
    assert (told["ce_id"], told["ce_time"]) == (scan.event_id, "2025-09-10T09:00:00.500Z")
    assert dict(headers_of(scan, SOURCE))["ce_source"] == SOURCE.encode()


def test_the_headers_without_an_event_are_the_same(scan: Event) -> None:
    made = event_headers("fair.visitor.scanned.v1", scan.event_id, SOURCE, "2025-09-10T09:00:00.500Z")
    assert made == headers_of(scan, SOURCE)

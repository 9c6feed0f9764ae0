"""Records of registrations that are encoded once for many persons are those that are encoded one by one."""

from dataclasses import replace

import pytest

from producers.badges.book import Registration
from producers.badges.writing import RegistrationRecords, registration_record
from producers.records import RawRecord
from schemas.codes import BadgeRole, DenyReason
from schemas.topics import BADGES
from schemas.wire import decode_strict
from tests.support.builders import FAIR, badge, local

NOW = local("09:00")


@pytest.mark.parametrize(
    "said",
    [
        Registration(1, BadgeRole.MEDIA),
        Registration(7, BadgeRole.EXHIBITOR_STAFF, "JP", "e3", consent=False, denied=DenyReason.UNPAID),
        Registration(2, BadgeRole.VIP_GOV, "DE", erased=True),
    ],
)
def test_a_record_from_a_model_is_the_one_of_its_person(said: Registration) -> None:
    records, ids = RegistrationRecords(FAIR, NOW), set()
    for person in (badge("ada"), "7e57" + badge("bob"), badge("cem")):
        record = records.of(person, said)
        plain = registration_record(person, said, FAIR, NOW)
        event, expected = (decode_strict(one.value or b"") for one in (record, plain))
        assert replace(event, event_id=expected.event_id) == expected
        assert isinstance(record, RawRecord)
        assert (record.topic, record.key) == (BADGES.name, person.encode())
        assert [name for name, _ in record.headers] == [name for name, _ in plain.headers]
        assert dict(record.headers)["ce_id"] == event.event_id.encode()
        assert len(record.value or b"") == len(plain.value or b"")
        ids.add(event.event_id)
    assert len(ids) == 3

"""The same events give exactly the oracle's totals, for any chunking and any interleaving of the topics."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.audit.compare import differences
from streams.audit.recount.oracle import Oracle, StoredRecord
from streams.fold.journal import PartitionJournal
from streams.shown.view import View
from tests.support.builders import LATENESS
from tests.support.remedies import told
from tests.support.streams_of import ENGINE, FAIR_FILE, fair_records, folded

SLOW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def report_of(journals: dict[int, PartitionJournal]) -> dict[str, object]:
    return View(ENGINE, lambda: {number: journal.state for number, journal in journals.items()}).report()


@SLOW
@given(records=fair_records(), data=st.data())
def test_any_chunking_and_interleaving_gives_the_oracles_numbers(
    records: Sequence[StoredRecord], data: st.DataObject
) -> None:
    journals, _ = folded(records, lambda n: data.draw(st.integers(0, n - 1)) if n > 1 else 0)
    oracle = Oracle(FAIR_FILE, LATENESS).read(records)
    found = [one for one in differences(oracle, [report_of(journals)]) if not one.window.endswith("m")]
    assert not found, told(found)


@SLOW
@given(records=fair_records(), data=st.data())
def test_topics_read_one_after_the_other_or_mixed_in_any_chunks_show_the_same(
    records: Sequence[StoredRecord], data: st.DataObject
) -> None:
    def cells(choose: object) -> object:
        report = report_of(folded(records, choose)[0])
        for kpi in report["kpis"].values():  # type: ignore[attr-defined]
            kpi["windows"] = {name: kpi["windows"][name] for name in ("day", "fair") if name in kpi["windows"]}
        return report["kpis"]

    assert cells(lambda _: 0) == cells(lambda n: data.draw(st.integers(0, n - 1)) if n > 1 else 0)


@SLOW
@given(records=fair_records())
def test_windows_of_minutes_equal_the_oracles_when_records_are_read_as_they_arrived(
    records: Sequence[StoredRecord],
) -> None:
    journals, _ = folded(records, lambda _: 0)
    report = report_of(journals)
    oracle = Oracle(FAIR_FILE, LATENESS).read(records)
    found = differences(oracle, [report])
    assert not found, told(found)


@SLOW
@given(records=fair_records(), data=st.data())
def test_state_read_back_from_the_journal_is_the_state_that_wrote_it(
    records: Sequence[StoredRecord], data: st.DataObject
) -> None:
    journals, written = folded(records, lambda n: data.draw(st.integers(0, n - 1)) if n > 1 else 0)
    for number, log in written.items():
        reader = PartitionJournal(ENGINE)
        for offset, raw in enumerate(log):
            assert reader.read(offset, raw)
        assert reader.state == journals[number].state

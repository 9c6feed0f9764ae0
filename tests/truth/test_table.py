"""The table of the catalogue's rows: it is fresh, no case in it fails, and a case that fails is not called proven."""

import re
from dataclasses import replace

from streams.kpis.catalogue import ALL_KPIS
from tests.support.builders import registered, scan
from tests.truth import table
from tests.truth.playing import Case


def test_the_page_is_fresh_and_every_case_in_it_is_proven() -> None:
    text = table.PAGE.read_text(encoding="utf-8")
    assert text == table.text(), "run: make generate"
    proven = re.findall(r"([0-9]+) of ([0-9]+) cases", text)
    assert len(proven) == sum(bool(row.kpis) for row in table.ROWS)
    assert all(right == of != "0" for right, of in proven)


def test_a_row_names_kpis_that_there_are() -> None:
    assert {name for row in table.ROWS for name in row.kpis} <= {kpi.name for kpi in ALL_KPIS}


def test_a_case_with_a_wrong_number_is_not_proven() -> None:
    case = Case("one visit", "A2", [registered("ada"), scan("ada", role=None)], {"visits": {"fair": {"": 1}}})
    assert table._is_proven(case, ("visits",))
    assert not table._is_proven(replace(case, expected={"visits": {"fair": {"": 2}}}), ("visits",))

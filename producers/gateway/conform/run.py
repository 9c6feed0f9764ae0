"""The first question of the suite: whose token it is. The answer says what its terminal may post."""

from datetime import timedelta
from typing import Final

from producers.gateway.conform.case import Mode
from producers.gateway.conform.cases import CASES, SCANS
from producers.gateway.conform.making import SuiteSender
from producers.gateway.conform.report import ConformReport
from producers.gateway.conform.suite import GatewayPlace, Suite
from producers.terminal.answer_reading import object_in
from producers.terminal.clock_offset import measured
from producers.terminal.link import ServerAnswer

MEASURED: Final = 3
"""How often the clock is measured; the first time includes the making of the connection."""


def asked(address: GatewayPlace, token: str, report: ConformReport) -> None:
    """Ask who the terminal is, and note the answer, and the offset of this machine's clock.

    Raises:
        OSError: there is no connection.
    """
    first = CASES[0]
    assert first.mode is Mode.NO_EVENT, "the first case posts nothing"
    suite = Suite(address, SuiteSender(address.host, address.path, token, "", ""))
    for _ in range(MEASURED):
        row, answer = suite.answered(first)
        report.rows = [row]
        if answer is None or not row.ok:
            return
        said = object_in(answer.body)
        if said.get("place") not in SCANS or not isinstance(said.get("source"), str):
            return
        report.info = dict(said)
        one = measured(ServerAnswer(answer.status, answer.headers, answer.body, answer.took_s), answer.at_ms)
        if one is not None and (report.offset_ms is None or one.way_ms < report.way_ms):
            report.offset_ms, report.way_ms = one.offset_ms, one.way_ms


def sender_of(address: GatewayPlace, token: str, report: ConformReport) -> SuiteSender:
    """Return who sends the suite, by what the gateway has said."""
    return SuiteSender(
        address.host,
        address.path,
        token,
        report.info["place"],
        report.info["source"],
        timedelta(milliseconds=report.offset_ms or 0),
    )

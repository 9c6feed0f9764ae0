"""Operations on a Grafana: push boards, and check that all is well."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from dashboards.grafana import Calls, GrafanaJson, GrafanaRefused
from dashboards.provisioning import FOLDER, FOLDER_UID
from dashboards.spec import DATASOURCE
from schemas.times import wall_ms

OURS: Final = "fairpulse: pushed"
"""Message of the versions that we save. A board whose newest version has another message was changed by hand."""
CONFLICT: Final = 412
UNKNOWN: Final = 401
OLDEST: Final = 10
"""The first major version that colours a series by its name."""


def push(grafana: Calls, files: list[Path], *, force: bool) -> Iterator[str]:
    """Bring boards to a Grafana that does not read our files; yield one line per board.

    Raises:
        GrafanaRefused: somebody else has changed a board (412) and `force` is not set; or any other refusal.
    """
    grafana.folder(FOLDER_UID, FOLDER)
    for file in files:
        board = json.loads(file.read_text(encoding="utf-8"))
        uid = board["uid"]
        there = grafana.board(uid)
        if there is not None:
            if _content(there["dashboard"]) == _content(board):
                yield f"{uid}: unchanged"
                continue
            if not force and grafana.last_message(uid) != OURS:
                raise GrafanaRefused(
                    CONFLICT,
                    f"board {uid} was changed in Grafana by somebody else",
                    hint="look at its versions; then push with --force, or copy the change",
                )
            board = {**board, "version": there["dashboard"]["version"]}
        grafana.save(board, FOLDER_UID, OURS)
        yield f"{uid}: saved"


def _content(board: GrafanaJson) -> dict[str, Any]:
    return {name: value for name, value in board.items() if name not in ("id", "version")}


def doctor(grafana: Calls, uids: list[str]) -> Iterator[tuple[bool, str]]:
    """Check Grafana, the data source and the boards; for each, yield whether it is well, and a line for the reader."""
    health = grafana.health()
    version = str(health.get("version", "(version unknown)"))
    yield health.get("database") == "ok", f"Grafana {version}, database {health.get('database', 'unknown')}"
    if (major := version.partition(".")[0]).isdigit() and int(major) < OLDEST:
        yield False, f"Grafana {version} shows trends without lines; the boards need {OLDEST} or newer"
    yield _source(grafana)
    for uid in uids:
        there = grafana.board(uid) is not None
        found = "is there" if there else "is missing, or hidden from this account; push it, or check the provisioning"
        yield there, f"board {uid}: {found}"


def _source(grafana: Calls) -> tuple[bool, str]:
    """Return whether Grafana reaches the data source. If its plugin has no health check, a query is tried."""
    try:
        source = grafana.source_health(DATASOURCE)
        return source.get("status") == "OK", f"data source {DATASOURCE}: {source.get('message', source.get('status'))}"
    except GrafanaRefused as refusal:
        if refusal.status == UNKNOWN:
            raise
    question = {"refId": "A", "expr": "vector(1)", "instant": True, "datasource": {"uid": DATASOURCE}}
    try:
        grafana.ask([question], wall_ms() - 1_000, wall_ms())
    except GrafanaRefused as refusal:
        why = f"is missing, or does not answer (HTTP status {refusal.status})"
        return False, f"data source {DATASOURCE}: {why}; check the provisioning"
    return True, f"data source {DATASOURCE}: answers queries"

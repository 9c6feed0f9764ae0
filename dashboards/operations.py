"""What we do with a Grafana: push boards, leave notes, keep a board as it was at a cut-off, see whether all is well."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dashboards.grafana import Calls, Json, Refused
from dashboards.provisioning import FOLDER, FOLDER_UID
from dashboards.spec import DATASOURCE
from schemas.times import from_epoch_ms, instant_text

OURS: Final = "fairpulse: pushed"
"""Message of the versions that we save; a board whose newest version says something else was changed by somebody."""
CONFLICT: Final = 412
GONE: Final = 404
POINTS: Final = 600


def push(grafana: Calls, files: list[Path], *, force: bool) -> Iterator[str]:
    """Bring boards to a Grafana that does not read our files; yield a line a board.

    Raises:
        Refused: somebody else has changed a board (412), unless forced; or any other refusal.
    """
    grafana.folder(FOLDER_UID, FOLDER)
    for file in files:
        board = json.loads(file.read_text(encoding="utf-8"))
        uid = board["uid"]
        there = grafana.board(uid)
        if there is not None:
            if _content(there["dashboard"]) == _content(board):
                yield f"{uid}: as it was"
                continue
            if not force and grafana.last_message(uid) != OURS:
                raise Refused(
                    CONFLICT,
                    f"board {uid} was changed in Grafana by somebody else",
                    hint="look at its versions, then push with --force or take it over",
                )
            board = {**board, "version": there["dashboard"]["version"]}
        grafana.save(board, FOLDER_UID, OURS)
        yield f"{uid}: saved"


def _content(board: Json) -> dict[str, Any]:
    return {name: value for name, value in board.items() if name not in ("id", "version")}


def snapshot(grafana: Calls, uid: str, at_ms: int, hours: float, name: str) -> str:
    """Keep a board with the data it showed at a time; return the snapshot's address.

    Data is read through Grafana and stored in the snapshot, so that it still stands when Prometheus has forgotten it.

    Raises:
        Refused: there is no such board, or the service account may not.
    """
    there = grafana.board(uid)
    if there is None:
        raise Refused(404, f"Grafana has no board {uid}", hint="push it first: python -m dashboards push")
    board = dict(there["dashboard"])
    from_ms = at_ms - int(hours * 3_600_000)
    chosen = _choices(board)
    board["panels"] = [_with_data(grafana, panel, chosen, from_ms, at_ms) for panel in board["panels"]]
    board |= {"id": None, "refresh": "", "time": {"from": iso(from_ms), "to": iso(at_ms)}}
    board["templating"], board["annotations"] = {"list": []}, {"list": []}
    return str(grafana.snapshot(name, board, 0)["url"])


def _with_data(grafana: Calls, panel: Json, chosen: Mapping[str, str], from_ms: int, to_ms: int) -> dict[str, Any]:
    queries = [
        {
            **target,
            "expr": filled(target["expr"], chosen),
            "datasource": {"type": "prometheus", "uid": chosen["datasource"]},
            "intervalMs": max(1_000, (to_ms - from_ms) // POINTS),
            "maxDataPoints": POINTS,
        }
        for target in panel.get("targets", [])
    ]
    results = grafana.ask(queries, from_ms, to_ms) if queries else {}
    frames = [_frame(ref, frame) for ref, result in results.items() for frame in result.get("frames", [])]
    return {**panel, "datasource": None, "targets": [], "snapshotData": frames, "title": filled(panel["title"], chosen)}


def _frame(ref: str, frame: Json) -> dict[str, Any]:
    """Return a frame as snapshots keep it: every field with its values."""
    schema, values = frame["schema"], frame["data"]["values"]
    fields = [{**field, "values": column} for field, column in zip(schema["fields"], values, strict=True)]
    return {"refId": ref, "name": schema.get("name"), "meta": schema.get("meta"), "fields": fields}


def _choices(board: Json) -> dict[str, str]:
    """Return what every variable stands at when the board is opened; of several, all."""
    chosen = {"datasource": DATASOURCE}
    for variable in board["templating"]["list"]:
        current = variable.get("current", {}).get("value", "")
        chosen[variable["name"]] = ".*" if current in ("$__all", ["$__all"], "") else str(current)
    return chosen


def filled(text: str, chosen: Mapping[str, str]) -> str:
    """Return a text with the board's own variables filled in; Grafana fills in its own (`$__...`)."""
    return re.sub(r"\$\{?(?!_)(\w+)\}?", lambda found: chosen.get(found[1], found[0]), text)


def doctor(grafana: Calls, uids: list[str]) -> Iterator[tuple[bool, str]]:
    """Look at Grafana, the data source and the boards; yield whether it is well, and what was found."""
    health = grafana.health()
    well = health.get("database") == "ok"
    yield well, f"Grafana {health.get('version', 'of unknown version')}, database {health.get('database', 'unknown')}"
    try:
        source = grafana.source_health(DATASOURCE)
        yield source.get("status") == "OK", f"data source {DATASOURCE}: {source.get('message', source.get('status'))}"
    except Refused as refusal:
        if refusal.status != GONE:
            raise
        yield False, f"data source {DATASOURCE}: is missing, or this Grafana is older than 9; check the provisioning"
    for uid in uids:
        there = grafana.board(uid) is not None
        yield there, f"board {uid}: {'is there' if there else 'is missing; push it, or check the provisioning'}"


def iso(ms: int) -> str:
    """Return a time in ms since 1970 as Grafana's boards keep it."""
    return instant_text(from_epoch_ms(ms))

"""A board at a cut-off time, with its data in it: it outlives the data in Prometheus."""

import re
from collections.abc import Mapping
from typing import Any, Final

from dashboards.frames import stored
from dashboards.grafana import Calls, GrafanaJson, GrafanaRefused
from dashboards.spec import DATASOURCE
from schemas.errors import InvalidSettings
from schemas.times import from_epoch_ms, instant_text

POINTS: Final = 600
"""Most values that a trend keeps."""
NO_MARKS: Final = {
    "builtIn": 1,
    "name": "Annotations & Alerts",
    "type": "dashboard",
    "enable": False,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
}
"""Grafana adds this one if it is absent, and then queries data that visitors of a snapshot may not see."""


def keep(grafana: Calls, uid: str, at_ms: int, hours: float, name: str, given: Mapping[str, str]) -> str:
    """Keep a board with the data it showed at a time; return the snapshot's address.

    Args:
        grafana: where the board is, and where its data come from.
        uid: the uid of the board.
        at_ms: the cut-off, in ms since 1970; nothing later is kept.
        hours: how far trends look back from there.
        name: the name of the snapshot.
        given: values of the board's variables; the others keep the value that Grafana shows first.

    Raises:
        GrafanaRefused: there is no such board, or the service account may not do this.
        InvalidSettings: the board has no such variable.
    """
    there = grafana.board(uid)
    if there is None:
        raise GrafanaRefused(404, f"Grafana shows us no board {uid}", hint="push it first: fairpulse dashboards push")
    board = dict(there["dashboard"])
    from_ms = at_ms - int(hours * 3_600_000)
    chosen = _choices(grafana, board, at_ms, given)
    board["panels"] = [_with_data(grafana, panel, chosen, from_ms, at_ms) for panel in board["panels"]]
    span = {"from": instant_text(from_epoch_ms(from_ms)), "to": instant_text(from_epoch_ms(at_ms))}
    board |= {"id": None, "refresh": "", "time": span}
    board |= {"templating": {"list": []}, "annotations": {"list": [NO_MARKS]}}
    return str(grafana.snapshot(name, board, 0)["url"])


def _with_data(
    grafana: Calls, panel: GrafanaJson, chosen: Mapping[str, str], from_ms: int, to_ms: int
) -> dict[str, Any]:
    queries = [
        {
            **target,
            **_source(chosen),
            "expr": filled(target["expr"], chosen),
            "intervalMs": max(1_000, (to_ms - from_ms) // POINTS),
            "maxDataPoints": POINTS,
        }
        for target in panel.get("targets", [])
    ]
    results = grafana.ask(queries, from_ms, to_ms) if queries else {}
    title = filled(panel["title"], chosen)
    return {
        **panel,
        "datasource": None,
        "targets": [],
        "transformations": [],
        "snapshotData": stored(panel, results),
        "title": title,
    }


def _choices(grafana: Calls, board: GrafanaJson, at_ms: int, given: Mapping[str, str]) -> dict[str, str]:
    """Return the value of every variable: the given one, or the one that Grafana shows first."""
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    if unknown := [name for name in given if name not in variables]:
        raise InvalidSettings(
            f"board {board['uid']} has no variable {unknown[0]}", hint=f"it has {', '.join(variables)}"
        )
    chosen = {"datasource": DATASOURCE}
    for name, variable in variables.items():
        current = variable.get("current", {}).get("value", "")
        if name in given:
            chosen[name] = given[name]
        elif current in ("$__all", ["$__all"]):
            chosen[name] = ".*"
        else:
            chosen[name] = str(current) or _first_offered(grafana, variable, chosen, at_ms)
    return chosen


def _first_offered(grafana: Calls, variable: GrafanaJson, chosen: Mapping[str, str], at_ms: int) -> str:
    """Return the first value that a query of labels offers, as Grafana sorts them; nothing if it offers none."""
    asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    if asked is None:
        return ""
    query = {"refId": "A", "expr": f"group by ({asked[2]}) ({asked[1]})", "instant": True, **_source(chosen)}
    frames = grafana.ask([query], at_ms - 1_000, at_ms).get("A", {}).get("frames", [])
    labels = (field.get("labels") or {} for frame in frames for field in frame["schema"]["fields"])
    return min((one[asked[2]] for one in labels if asked[2] in one), key=_natural, default="")


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text)]


def _source(chosen: Mapping[str, str]) -> dict[str, Any]:
    return {"datasource": {"type": "prometheus", "uid": chosen["datasource"]}}


def filled(text: str, chosen: Mapping[str, str]) -> str:
    """Return a text with the board's own variables filled in; Grafana fills in its own (`$__...`)."""
    return re.sub(r"\$\{?(?!_)(\w+)\}?", lambda found: chosen.get(found[1], found[0]), text)

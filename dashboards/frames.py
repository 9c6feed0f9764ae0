"""Answers to a panel's queries, in the form in which a snapshot stores them.

Grafana shows a snapshot's data exactly as stored. It does not transform them, and older versions do not apply the
panel's units, colours and names. Both are done here, as far as our boards need it: a table's series are merged and
renamed, and every field gets its whole configuration.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from dashboards.grafana import GrafanaJson

MERGED_AND_RENAMED: Final = ["merge", "organize"]
"""The transformations of our tables."""
Frame = dict[str, Any]


def stored(panel: GrafanaJson, results: Mapping[str, GrafanaJson]) -> list[Frame]:
    """Return a panel's frames for a snapshot.

    Args:
        panel: the panel in its board's JSON.
        results: the answers to its queries, by refId; empty for none.
    """
    frames = [_frame(ref, frame) for ref, result in results.items() for frame in result.get("frames", [])]
    transformations = panel.get("transformations", [])
    if [one["id"] for one in transformations] == MERGED_AND_RENAMED:
        frames = [_table(frames, transformations[1]["options"], several=len(panel["targets"]) > 1)]
    for field in (field for frame in frames for field in frame["fields"] if field["type"] != "time"):
        field["config"] = _config(field, panel["fieldConfig"])
    return frames


def _frame(ref: str, frame: GrafanaJson) -> Frame:
    """Return a frame in a snapshot's form: every field with its values."""
    schema, values = frame["schema"], frame["data"]["values"]
    fields = [{**field, "values": column} for field, column in zip(schema["fields"], values, strict=True)]
    return {"refId": ref, "name": schema.get("name"), "meta": schema.get("meta"), "fields": fields}


def _table(frames: Sequence[Frame], options: GrafanaJson, *, several: bool) -> Frame:
    """Return one frame for all queries: one row per set of labels, one column per query."""
    rows: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for ref, labels, value in _last_values(frames):
        row = rows.setdefault(tuple(sorted(labels.items())), dict(labels))
        row[f"Value #{ref}" if several else "Value"] = value
    unused = "Value" if several else "Value #A"
    places = {column: place for column, place in options["indexByName"].items() if column != unused}
    fields = [
        {
            "name": options["renameByName"][column],
            "type": "number" if column.startswith("Value") else "string",
            "config": {},
            "values": [row.get(column) for row in rows.values()],
        }
        for column in sorted(places, key=lambda column: int(places[column]))
    ]
    return {"refId": "A", "name": None, "meta": None, "fields": fields}


def _last_values(frames: Sequence[Frame]) -> Iterator[tuple[str, Mapping[str, str], Any]]:
    for frame in frames:
        for field in frame["fields"]:
            if field["type"] != "time" and field["values"]:
                yield frame["refId"], field.get("labels") or {}, field["values"][-1]


def _config(field: GrafanaJson, of_panel: GrafanaJson) -> dict[str, Any]:
    """Return a field's configuration: the panel's defaults, with the overrides for the name that is shown."""
    config: dict[str, Any] = {**field.get("config", {}), **of_panel["defaults"]}
    shown = config.get("displayName") or config.get("displayNameFromDS") or field["name"]
    for override in of_panel["overrides"]:
        if override["matcher"] == {"id": "byName", "options": shown}:
            for one in override["properties"]:
                group, _, name = one["id"].rpartition(".")
                if group:
                    config[group] = {**config.get(group, {}), name: one["value"]}
                else:
                    config[name] = one["value"]
    return config

"""What a panel has been answered, as a snapshot stores it.

Grafana shows a snapshot's data as they are stored: it neither transforms them nor, in older versions, applies the
panel's units, colours and names. So both are done here, for what our boards use: a trend's and a number's series as
they come, a table's merged and renamed, and every field with its whole configuration.
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
        panel: as it stands on its board.
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
    """Return a frame as snapshots keep it: every field with its values."""
    schema, values = frame["schema"], frame["data"]["values"]
    fields = [{**field, "values": column} for field, column in zip(schema["fields"], values, strict=True)]
    return {"refId": ref, "name": schema.get("name"), "meta": schema.get("meta"), "fields": fields}


def _table(frames: Sequence[Frame], options: GrafanaJson, *, several: bool) -> Frame:
    """Return one frame of the series of all queries: a row for each set of labels, a column for each query."""
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
    """Return a field's configuration with the panel's defaults, and its overrides for the name that is shown."""
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

"""Recorded envelopes as rows of Application Insights' tables, as its ingestion files them."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

RECORDED: Final = Path(__file__).with_name("recorded.json")
_TABLES: Final = {
    "RequestData": "requests",
    "RemoteDependencyData": "dependencies",
    "ExceptionData": "exceptions",
    "MetricData": "customMetrics",
}


@cache
def recorded() -> dict[str, list[dict[str, Any]]]:
    """The rows of each table; do not change them."""
    found: dict[str, list[dict[str, Any]]] = {table: [] for table in _TABLES.values()}
    for envelope in json.loads(RECORDED.read_text()):
        found[_TABLES[envelope["data"]["baseType"]]].extend(rows_of(envelope))
    return found


def rows_of(envelope: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows that an envelope becomes: one, or one per figure."""
    data, tags = envelope["data"]["baseData"], envelope["tags"]
    common = {
        "timestamp": envelope["time"].removesuffix("Z"),
        "customDimensions": data.get("properties", {}),
        "operation_Id": tags.get("ai.operation.id"),
        "operation_ParentId": tags.get("ai.operation.parentId"),
        "operation_Name": tags.get("ai.operation.name"),
        "cloud_RoleName": tags.get("ai.cloud.role"),
    }
    match envelope["data"]["baseType"]:
        case "MetricData":
            for one in data["metrics"]:
                least, most = one.get("min", one["value"]), one.get("max", one["value"])
                figures = {"value": one["value"], "valueSum": one["value"], "valueCount": one.get("count", 1)}
                yield {**common, "name": one["name"], **figures, "valueMin": least, "valueMax": most}
        case "ExceptionData":
            (first, *_) = data["exceptions"]
            yield {**common, "type": first["typeName"], "outerMessage": first["message"], "itemCount": 1}
        case _:
            told = {"id": data["id"], "name": data["name"], "duration": _milliseconds(data["duration"])}
            yield {**common, **told, "success": str(data["success"]), "itemCount": 1}


def _milliseconds(duration: str) -> float:
    """`1.02:03:04.500`: days, hours, minutes, seconds."""
    days, clock = duration.split(".", 1)
    hours, minutes, seconds = clock.split(":")
    return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60_000 + float(seconds) * 1000

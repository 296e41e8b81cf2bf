"""Makes the workbook of the layout and the queries: JSON as Azure Monitor's workbooks keep it.

The form is that of Microsoft's public workbook schema (`Notebook/1.0`): items of type 1 are Markdown, 3 queries,
9 parameters, 12 groups. Nothing in it names a resource: the template puts the component's id into its place.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from infra.workbook.layout import SECTIONS, TITLE, Format, Section, Tile

FOLDER: Final = Path(__file__).parent
WORKBOOK: Final = FOLDER / "signalbox.workbook"
#: What `modules/workbook.bicep` puts the id of the Application Insights component in the place of.
PLACEHOLDER: Final = "APPLICATION_INSIGHTS_ID"

_COMPONENT: Final = "microsoft.insights/components"
_HOUR: Final = 3_600_000
_RANGES: Final = (_HOUR, 24 * _HOUR, 7 * 24 * _HOUR, 30 * 24 * _HOUR, 90 * 24 * _HOUR)
_USUAL: Final = 7 * 24 * _HOUR
_LARGEST: Final = 1000  # rows of a grid
#: Formatters of grid columns, by their numbers in a workbook: 1 is text, 18 thresholds with icons.
_NUMBER: Final = 1
_THRESHOLDS: Final = 18
#: Units of numbers there: 0 none, 23 milliseconds, 24 seconds.
_UNITS: Final[dict[Format, int]] = {"percent": 0, "milliseconds": 23, "seconds": 24}
#: From which value on a column warns; texts warn unless they are equal.
_WARN_ABOVE: Final[dict[str, float]] = {
    "Failed": 0,
    "DeadLetters": 0,
    "Dropped": 0,
    "Percent": 5,
    "QuarantinedPercent": 5,
    "Days": 60,
}
_GOOD: Final = {"Standing": "good"}


def read_queries() -> dict[str, str]:
    """The queries, by the names of their files."""
    return {path.name: path.read_text() for path in sorted((FOLDER / "queries").glob("*.kql"))}


def build() -> str:
    """The workbook's text."""
    queries = read_queries()
    items = [_text(f"# {TITLE}", "title"), _time_range(), *(_section(one, queries) for one in SECTIONS)]
    workbook = {"version": "Notebook/1.0", "items": items, "fallbackResourceIds": [PLACEHOLDER]}
    return json.dumps(workbook, indent=2, ensure_ascii=False) + "\n"


def _section(section: Section, queries: dict[str, str]) -> dict[str, Any]:
    heading = _text(f"## {section.name}\n\n{section.told}", f"{section.name}: text")
    items = [heading, *(_tile(tile, queries[f"{tile.query}.kql"]) for tile in section.tiles)]
    return {
        "type": 12,
        "content": {"version": "NotebookGroup/1.0", "groupType": "editable", "items": items},
        "name": section.name,
    }


def _tile(tile: Tile, query: str) -> dict[str, Any]:
    content: dict[str, Any] = {
        "version": "KqlItem/1.0",
        "query": query,
        "size": 0,
        "title": tile.title,
        "noDataMessage": tile.empty,
        "timeContextFromParameter": "TimeRange",
        "showExportToExcel": True,
        "queryType": 0,
        "resourceType": _COMPONENT,
        "visualization": tile.shown,
    }
    match tile.shown:
        case "table":
            formatters = list(_formatters(tile.formats))
            content["gridSettings"] = {"formatters": formatters, "rowLimit": _LARGEST, "filter": True}
        case "tiles":
            content["tileSettings"] = _tile_settings(tile)
        case _:
            content["chartSettings"] = {"showLegend": True}
    return {"type": 3, "content": content, "customWidth": "100" if tile.wide else "50", "name": tile.query}


def _tile_settings(tile: Tile) -> dict[str, Any]:
    """Large numbers, each under what it counts, where there are several."""
    number = {"formatter": 12, "formatOptions": {"palette": "auto"}}
    if tile.query == "waiting":
        return {
            "titleContent": {"columnMatch": "State", "formatter": _NUMBER},
            "leftContent": {"columnMatch": "Models", **number},
            "showBorder": True,
        }
    return {"leftContent": {"columnMatch": "Figures", **number}, "showBorder": True}


def _formatters(formats: Mapping[str, Format]) -> Iterator[dict[str, Any]]:
    for column, wanted in formats.items():
        if wanted == "warn":
            yield {"columnMatch": f"^{column}$", "formatter": _THRESHOLDS, "formatOptions": _warning(column)}
        else:
            yield {
                "columnMatch": f"^{column}$",
                "formatter": _NUMBER,
                "numberFormat": {
                    "unit": _UNITS[wanted],
                    "options": {"style": "percent" if wanted == "percent" else "decimal", "maximumFractionDigits": 1},
                },
            }


def _warning(column: str) -> dict[str, Any]:
    if column in _GOOD:
        fine = {"operator": "==", "thresholdValue": _GOOD[column], "representation": "success", "text": "{0}{1}"}
        grid = [fine, {"operator": "Default", "representation": "2", "text": "{0}{1}"}]
    else:
        above = {"operator": ">", "thresholdValue": f"{_WARN_ABOVE[column]:g}", "representation": "2", "text": "{0}{1}"}
        grid = [above, {"operator": "Default", "representation": "success", "text": "{0}{1}"}]
    return {"thresholdsOptions": "icons", "thresholdsGrid": grid}


def _text(markdown: str, name: str) -> dict[str, Any]:
    return {"type": 1, "content": {"json": markdown}, "name": name}


def _time_range() -> dict[str, Any]:
    parameter = {
        # Stable, so that a saved view of the workbook keeps its meaning when it is built anew.
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, "signalbox.workbook/TimeRange")),
        "version": "KqlParameterItem/1.0",
        "name": "TimeRange",
        "label": "Time",
        "type": 4,
        "isRequired": True,
        "value": {"durationMs": _USUAL},
        "typeSettings": {"selectableValues": [{"durationMs": one} for one in _RANGES], "allowCustom": True},
    }
    content = {
        "version": "KqlParameterItem/1.0",
        "parameters": [parameter],
        "style": "pills",
        "queryType": 0,
        "resourceType": _COMPONENT,
    }
    return {"type": 9, "content": content, "name": "parameters"}

"""Tables of an Application Insights resource, as a query in its scope sees them.

The names are those of the component's scope (`requests`, `customMetrics`), which a workbook and an alert rule on the
component use, whatever the workspace behind it calls them (`AppRequests`, `AppMetrics`). Columns and types are those of
the data model that Microsoft documents for the Application Insights tables; only those that the exporters of
`shared.telemetry` fill are here.
"""

from typing import Final

type Columns = dict[str, str]

_EVERYWHERE: Final[Columns] = {
    "timestamp": "datetime",
    "itemType": "string",
    "customDimensions": "dynamic",
    "operation_Name": "string",
    "operation_Id": "string",
    "operation_ParentId": "string",
    "cloud_RoleName": "string",
    "cloud_RoleInstance": "string",
    "sdkVersion": "string",
    "itemId": "string",
}
_SPAN: Final[Columns] = {
    "id": "string",
    "name": "string",
    "success": "string",
    "resultCode": "string",
    "duration": "real",
    "itemCount": "int",
}

TABLES: Final[dict[str, Columns]] = {
    "requests": {**_EVERYWHERE, **_SPAN, "url": "string", "source": "string"},
    "dependencies": {**_EVERYWHERE, **_SPAN, "target": "string", "type": "string", "data": "string"},
    "exceptions": {
        **_EVERYWHERE,
        "type": "string",
        "outerMessage": "string",
        "problemId": "string",
        "severityLevel": "int",
        "itemCount": "int",
    },
    "customMetrics": {
        **_EVERYWHERE,
        "name": "string",
        "value": "real",
        "valueCount": "int",
        "valueSum": "real",
        "valueMin": "real",
        "valueMax": "real",
        "valueStdDev": "real",
    },
}

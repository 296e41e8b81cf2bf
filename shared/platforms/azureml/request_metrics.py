"""Azure Monitor's metrics of the requests to an online endpoint, by deployment.

Source: "Supported metrics for Microsoft.MachineLearningServices/workspaces/onlineEndpoints" (`RequestsPerMinute` with
the dimensions `deployment` and `statusCode`, `RequestLatency_P95` in milliseconds with `deployment`, both averaged per
minute); REST reference "Metrics - List", 2023-10-01. None of the calls has been tried on Azure yet.

[?] Whether copies of mirrored traffic count, and how late the last minutes come, is nowhere said. A series that is
absent is therefore not known, and never 0: where requests are required, the analysis is inconclusive then.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from shared.contracts.platform_models import RequestCounts
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import azureml_errors, json_object

#: What Azure must allow: how the requests to a deployment fared, before it gets more of them.
PERMISSIONS: Final = ("Microsoft.Insights/metrics/read",)
_SERVICE: Final = "Azure Monitor"
_API: Final = "2023-10-01"
_NAMESPACE: Final = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
_REQUESTS, _LATENCY = "RequestsPerMinute", "RequestLatency_P95"
_GRAIN: Final = "PT1M"
#: Added to a moment, its minute is the next one unless it is the beginning of one.
_ALMOST: Final = timedelta(minutes=1) - timedelta.resolution
#: Failures beside 5xx: too slow, whatever the model itself has refused or failed with, and too many requests. Other 4xx
#: are what the endpoint answers to a client that asks wrongly.
_FAILURES: Final = frozenset({"408", "424", "429"})


class RequestMetrics:
    """Reads metrics of the workspace's endpoints. Instances are thread-safe. Errors as in `azureml_errors`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def counts(self, endpoint: str, deployment: str, since: datetime, until: datetime) -> RequestCounts:
        """How the requests of the whole minutes in this time have fared, as far as Azure Monitor knows of them.

        A minute that began earlier has requests of what had the traffic before: it is left out.
        """
        since, until = _minute(since + _ALMOST), _minute(until)
        if since >= until:
            return RequestCounts(unknown="no whole minute has passed, and Azure Monitor counts by the minute")
        name = deployment.replace("'", "''")
        of_each = f"deployment eq '{name}' and statusCode eq '*'"
        by_status = list(self._series(endpoint, _REQUESTS, of_each, since, until))
        if not by_status:
            return RequestCounts(unknown=f"Azure Monitor has no {_REQUESTS} of {deployment} for that time")
        counted = [(status, sum(values)) for status, values in by_status]
        lost = sum(number for status, number in counted if status.startswith("5") or status in _FAILURES)
        slow = self._series(endpoint, _LATENCY, f"deployment eq '{name}'", since, until)
        latency = [value for _, values in slow for value in values]
        return RequestCounts(
            requests=round(sum(number for _, number in counted)),
            failed=math.ceil(lost),
            seconds_p95=math.fsum(latency) / len(latency) / 1000 if latency else None,
        )

    def _series(
        self, endpoint: str, metric: str, condition: str, since: datetime, until: datetime
    ) -> Iterator[tuple[str, list[float]]]:
        """The values of each time series of a metric, with its status code; none for a minute without requests."""
        connection = self._connection
        place = f"{connection.workspace.arm_id}/onlineEndpoints/{quote(endpoint, safe='')}"
        query = {
            "api-version": _API,
            "metricnamespace": _NAMESPACE,
            "metricnames": metric,
            "timespan": f"{_written(since)}/{_written(until)}",
            "interval": _GRAIN,
            "aggregation": "Average",
            "$filter": condition,
        }
        operation = f"read the metric {metric} of {endpoint}"
        workspace = connection.workspace.name
        role = f"give the app's managed identity the role Monitoring Reader on the workspace {workspace}"
        with azureml_errors(operation, service=_SERVICE, role=role):
            headers = {"Authorization": f"Bearer {connection.token(connection.arm_scope)}"}
            url = f"{connection.url}{place}/providers/Microsoft.Insights/metrics"
            answer = connection.http.get(url, params=query, headers=headers)
            answer.raise_for_status()
        for found in json_object(answer, operation).get("value") or []:
            for series in found.get("timeseries") or []:
                points = series.get("data") or []
                values = [float(point["average"]) for point in points if point.get("average") is not None]
                if values:
                    yield _status(series), values


def _status(series: dict[str, Any]) -> str:
    """The status code of a series; empty where it is of all."""
    labels = {str(one["name"]["value"]).lower(): str(one["value"]) for one in series.get("metadatavalues") or []}
    return labels.get("statuscode", "")


def _minute(at: datetime) -> datetime:
    """When the minute of a moment began."""
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def _written(minute: datetime) -> str:
    """A minute as Azure Monitor writes it."""
    return minute.strftime("%Y-%m-%dT%H:%M:00Z")

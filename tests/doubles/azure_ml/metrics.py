"""Azure Monitor's metrics of online endpoints: `{endpoint's id}/providers/Microsoft.Insights/metrics`.

After the REST reference "Metrics - List", 2023-10-01, and the list of supported metrics of
`Microsoft.MachineLearningServices/workspaces/onlineEndpoints`. What is measured is what a test says: nothing at first.
"""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any, Final

from tests.doubles.azure_ml.messages import Answer, Refusal, Request, UnknownRoute
from tests.doubles.azure_ml.online_endpoints import endpoint_path
from tests.doubles.azure_ml.world import PROVIDER, World

PLACE: Final = re.compile(
    r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+/workspaces/[^/]+/onlineEndpoints/(?P<name>[^/]+)"
    r"/providers/Microsoft\.Insights/metrics$",
    re.I,
)
API_VERSION: Final = "2023-10-01"
#: Those of requests, with the dimensions that they may be filtered by.
_DIMENSIONS: Final = {
    "RequestsPerMinute": frozenset({"deployment", "statusCode", "statusCodeClass", "modelStatusCode"}),
    "RequestLatency_P95": frozenset({"deployment"}),
}
_CONDITION: Final = re.compile(r"(\w+) eq '((?:[^']|'')*)'")


@dataclass(frozen=True)
class Minute:
    """What was measured in a minute: requests by their status code, and within how many ms 95 of 100 were answered."""

    at: dt.datetime
    requests: dict[str, float]
    p95: float | None = None


@dataclass
class Metrics:
    """The metrics of the workspace's endpoints.

    Attributes:
        measured: By endpoint and deployment. Minutes without requests have nothing.
    """

    world: World
    measured: dict[tuple[str, str], list[Minute]] = field(default_factory=dict)

    def answer(self, request: Request, match: re.Match[str]) -> Answer:
        """Serve a request; `match` is what `PLACE` found in its path."""
        query = request.query
        if request.method != "GET":
            raise UnknownRoute
        self.world.get(endpoint_path(match["name"]))
        if query.get("api-version") != API_VERSION:
            raise _wrong(f"The api-version {query.get('api-version')!r} is not supported: {API_VERSION} is.")
        metric = query.get("metricnames", "")
        if metric not in _DIMENSIONS or query.get("metricnamespace") != f"{PROVIDER}/workspaces/onlineEndpoints":
            raise _wrong(f"{query.get('metricnamespace')} has no metric {metric!r}.")
        if (query.get("interval"), query.get("aggregation")) != ("PT1M", "Average"):
            raise _wrong("Only averages of a minute are kept.")
        conditions = dict(_CONDITION.findall(query.get("$filter", "")))
        if unknown := conditions.keys() - _DIMENSIONS[metric]:
            raise _wrong(f"{metric} has no dimension {sorted(unknown)}.")
        since, until = (dt.datetime.fromisoformat(end) for end in query.get("timespan", "").split("/"))
        minutes = self.measured.get((match["name"], conditions.get("deployment", "")), [])
        series = _series(metric, [one for one in minutes if since <= one.at < until], conditions)
        return Answer(200, {"timespan": query["timespan"], "interval": "PT1M", "value": [_metric(metric, series)]})


def _series(metric: str, minutes: list[Minute], conditions: dict[str, str]) -> list[dict[str, Any]]:
    if metric == "RequestLatency_P95":
        return (
            [_one({"deployment": conditions["deployment"]}, [(one.at, one.p95) for one in minutes])] if minutes else []
        )
    codes = sorted({code for one in minutes for code in one.requests})
    wanted = conditions.get("statusCode", "*")
    return [
        _one(
            {"deployment": conditions["deployment"], "statusCode": code},
            [(one.at, one.requests.get(code)) for one in minutes],
        )
        for code in codes
        if wanted in ("*", code)
    ]


def _one(labels: dict[str, str], values: list[tuple[dt.datetime, float | None]]) -> dict[str, Any]:
    """A time series; a minute in which nothing was measured has a time and no value."""
    data = [{"timeStamp": f"{at:%Y-%m-%dT%H:%M:00Z}"} | ({} if v is None else {"average": v}) for at, v in values]
    # The names of dimensions come back in lower case.
    return {"metadatavalues": [{"name": {"value": k.lower()}, "value": v} for k, v in labels.items()], "data": data}


def _metric(metric: str, series: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "Microsoft.Insights/metrics",
        "name": {"value": metric},
        "timeseries": series,
        "errorCode": "Success",
    }


def _wrong(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)

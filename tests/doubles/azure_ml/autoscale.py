"""Azure Monitor's autoscale settings: `/subscriptions/.../providers/Microsoft.Insights/autoscaleSettings/{name}`.

No SDK that is installed has models of them, so they are written down here, after the REST reference "Autoscale
Settings", 2022-10-01. They are kept beside the workspace's resources as `/autoscaleSettings/{name}`. Nothing is scaled.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from tests.doubles.azure_ml.messages import Answer, Refusal, Request, UnknownRoute, absent
from tests.doubles.azure_ml.world import GROUP, LOCATION, PROVIDER, SUBSCRIPTION, World

PLACE: Final = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.Insights/autoscaleSettings/(?P<name>[^/]+)$",
    re.I,
)
API_VERSION: Final = "2022-10-01"
_TYPE: Final = "Microsoft.Insights/autoscaleSettings"
_NAME: Final = re.compile(r"^[^<>%&#.,?/\\:]{1,260}(?<![ -])$")
_DEPLOYMENT: Final = re.compile(r"^(?P<path>/onlineEndpoints/[^/]+/deployments/[^/]+)$", re.I)
_NAMESPACE: Final = f"{PROVIDER}/workspaces/onlineEndpoints/deployments".lower()
#: Those of the metrics of a deployment that somebody would scale by.
_METRICS: Final = frozenset({"CpuUtilizationPercentage", "CpuMemoryUtilizationPercentage", "DeploymentCapacity"})
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def _seconds(text: str) -> int:
    """Of an ISO 8601 duration in whole days, hours, minutes and seconds."""
    match = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is not an ISO 8601 duration")
    amounts = (int(amount or 0) for amount in match.groups())
    return sum(amount * unit for amount, unit in zip(amounts, (_DAY, _HOUR, _MINUTE, 1), strict=True))


def _between(least: int, most: int) -> AfterValidator:
    def check(text: str) -> str:
        if not least <= _seconds(text) <= most:
            raise ValueError(f"{text} is not between {least} and {most} seconds")
        return text

    return AfterValidator(check)


type _Count = Annotated[str, Field(pattern=r"^[1-9]\d{0,3}$")]


class _Part(BaseModel):
    """A part of a body: nothing unknown, nothing of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class _Capacity(_Part):
    minimum: _Count
    maximum: _Count
    default: _Count


class _MetricTrigger(_Part):
    metric_name: str
    metric_namespace: str | None = None
    metric_resource_uri: str
    metric_resource_location: str | None = None
    time_grain: Annotated[str, _between(_MINUTE, 12 * _HOUR)]
    statistic: Literal["Average", "Min", "Max", "Sum", "Count"]
    time_window: Annotated[str, _between(5 * _MINUTE, 12 * _HOUR)]
    time_aggregation: Literal["Average", "Minimum", "Maximum", "Total", "Count", "Last"]
    operator: Literal["Equals", "NotEquals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"]
    threshold: float
    divide_per_instance: bool | None = None


class _ScaleAction(_Part):
    direction: Literal["None", "Increase", "Decrease"]
    type: Literal["ChangeCount", "PercentChangeCount", "ExactCount", "ServiceAllowedNextValue"]
    value: _Count = "1"
    cooldown: Annotated[str, _between(_MINUTE, 7 * _DAY)]


class _Rule(_Part):
    metric_trigger: _MetricTrigger
    scale_action: _ScaleAction


class _Profile(_Part):
    name: str
    capacity: _Capacity
    rules: Annotated[list[_Rule], Field(max_length=10)]


class _Properties(_Part):
    name: str | None = None
    enabled: bool = False
    target_resource_uri: str
    target_resource_location: str | None = None
    profiles: Annotated[list[_Profile], Field(min_length=1, max_length=20)]


class _Setting(_Part):
    location: str
    tags: dict[str, str] = {}
    properties: _Properties


_SETTING: Final = TypeAdapter(_Setting)


class AutoscaleSettings:
    """The settings of the workspace's resource group."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request, match: re.Match[str]) -> Answer:
        """Serve a request; `match` is what `PLACE` found in its path."""
        version = request.query.get("api-version")
        if version != API_VERSION:
            message = f"The api-version {version!r} is not supported: {API_VERSION} is."
            raise Refusal(400, "InvalidApiVersionParameter", message)
        group = (match["subscription"].lower(), match["group"].lower())
        if group != (SUBSCRIPTION.lower(), GROUP.lower()):
            raise Refusal(404, "ResourceGroupNotFound", f"Resource group '{match['group']}' could not be found.")
        name, path = match["name"], f"/autoscaleSettings/{match['name']}"
        there = self._world.find(path)
        match request.method:
            case "PUT":
                return self._put(request.body, name, path)
            case "GET" if there is not None:
                return Answer(200, there)
            case "GET":
                raise absent(f"The autoscale setting {name}")
            case "DELETE":
                self._world.remove(path)
                return Answer(204 if there is None else 200)
        raise UnknownRoute

    def _put(self, body: Any, name: str, path: str) -> Answer:
        if not _NAME.match(name):
            raise _wrong(f"{name!r} is not the name of an autoscale setting.")
        self._require_sound(body, name)
        is_new = self._world.find(path) is None
        kept = self._world.put(path, body)
        kept["id"] = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{_TYPE}/{name}"
        kept["type"] = _TYPE
        return Answer(201 if is_new else 200, kept)

    def _require_sound(self, body: Any, name: str) -> None:
        try:
            setting = _SETTING.validate_python(body)
        except ValidationError as error:
            first = error.errors()[0]
            raise _wrong(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        properties = setting.properties
        if setting.location != LOCATION:
            raise _wrong(f"The location {setting.location!r} is not that of the target resource, {LOCATION!r}.")
        if properties.name not in (None, name):
            raise _wrong(f"properties.name is {properties.name!r}, but the setting is {name!r}.")
        self._require_managed(properties.target_resource_uri)
        for path, other in self._world.resources.items():
            if path.startswith("/autoscalesettings/") and path != f"/autoscalesettings/{name}".lower():
                _require_other_target(properties.target_resource_uri, other)
        for problem in _problems(properties):
            raise _wrong(problem)

    def _require_managed(self, target: str) -> None:
        """Refuse a target that is none of this workspace's managed deployments."""
        workspace = self._world.workspace_id
        inside = target[len(workspace) :] if target.lower().startswith(workspace.lower()) else ""
        found = self._world.find(inside) if _DEPLOYMENT.match(inside) else None
        if found is None:
            raise Refusal(404, "ResourceNotFound", f"The target resource {target!r} was not found.")
        if found["properties"]["endpointComputeType"] != "Managed":
            raise _wrong(f"The target resource {target!r} does not support autoscale.")


def _require_other_target(target: str, other: dict[str, Any]) -> None:
    if other["properties"]["targetResourceUri"].lower() == target.lower():
        raise Refusal(409, "Conflict", f"{other['name']} is a setting of the target resource already.")


def _problems(properties: _Properties) -> Iterator[str]:
    for profile in properties.profiles:
        counts = profile.capacity
        if not int(counts.minimum) <= int(counts.default) <= int(counts.maximum):
            yield f"The capacity of {profile.name!r} is not minimum <= default <= maximum."
        for rule in profile.rules:
            trigger = rule.metric_trigger
            if trigger.metric_resource_uri.lower() != properties.target_resource_uri.lower():
                yield f"The metric's resource {trigger.metric_resource_uri!r} is not the target."
            if trigger.metric_name not in _METRICS or (trigger.metric_namespace or _NAMESPACE).lower() != _NAMESPACE:
                yield f"{trigger.metric_namespace} has no metric {trigger.metric_name!r}."


def _wrong(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)

"""What may be written in a fleet file, key by key. What the entries mean to each other is in `checks`."""

import math
import re
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from shared.contracts.policy import Metric, Scalar
from shared.located_validation import FileModel
from shared.located_yaml import kind

_METRICS: Final = get_args(Metric)


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a parameter must be finite; leave it out if it is not known")
    if isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, dict) and list(value.values()) == [None]:
        raise ValueError(f'braces without quotes are a mapping to YAML; write "{{{next(iter(value))}}}"')
    raise ValueError(f"a parameter must be text, a number, true or false, not {kind(value)}; put it in quotes")


#: A parameter of a job, not converted: `007` in quotes stays text.
Parameter = Annotated[Scalar, BeforeValidator(_scalar)]


class SourceSpec(FileModel):
    """Raw files that land, and the recipe that makes standard CSV of them."""

    files: str = Field(examples=['files: "raw/flights/{origin}/{year}.csv"'])
    recipe: str = Field(examples=["recipe: recipes/flights.yaml"])


class DatasetSpec(FileModel):
    """One version per cell, published when all of its sources have arrived."""

    sources: list[str] = Field(alias="from", min_length=1, examples=["from: [flights, holidays]"])
    per: list[str] = Field(min_length=1, examples=["per: [origin, year]"])

    @field_validator("sources", "per")
    @classmethod
    def _each_once(cls, names: list[str]) -> list[str]:
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"`{twice}` is listed twice; keep one of them")
        return names


class TrainSpec(FileModel):
    """How a model is trained."""

    pipeline: str = Field(examples=["pipeline: pipelines/train.yml"])
    data: str = Field(examples=["data: departures"])
    parameters: dict[str, Parameter] = Field(default={}, alias="with", examples=['with: {origin: "{origin}"}'])
    timeout: int = Field(default=120, examples=["timeout: 2h"])  # minutes

    @field_validator("timeout", mode="before")
    @classmethod
    def _minutes(cls, value: Any) -> int:
        match = re.fullmatch(r"([1-9][0-9]{0,4})([mh])", value) if isinstance(value, str) else None
        if not match:
            raise ValueError(f"`timeout: {value}` is no duration; write for example 90m or 2h")
        return int(match[1]) * (60 if match[2] == "h" else 1)


class ServeSpec(FileModel):
    """How a model's predictions are made: exactly one of `online` and `batch`."""

    online: str | None = Field(default=None, examples=['online: "departures-{origin}"'])
    batch: str | None = Field(default=None, examples=["batch: pipelines/score.yml"])
    parameters: dict[str, Parameter] = Field(default={}, alias="with", examples=['with: {origin: "{origin}"}'])

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.online is None) == (self.batch is None):
            raise ValueError("`serve` says one of two: `online: ENDPOINT`, or `batch: PIPELINE`; keep one of them")
        if self.online is not None and self.parameters:
            raise ValueError("`with` is for `batch`: an endpoint takes no parameters; remove it")
        return self


class ModelSpec(FileModel):
    """One model per combination of the labels in its name."""

    train: TrainSpec = Field(examples=["train: {pipeline: pipelines/train.yml, data: departures}"])
    serve: ServeSpec = Field(examples=["serve: {batch: pipelines/score.yml}"])
    golden: str | None = Field(default=None, examples=['golden: "golden/{origin}.csv"'])


class GateSpec(FileModel):
    """A condition for every model: exactly one of `max` and `better_than`."""

    metric: Metric = Field(examples=["metric: mape"])
    max: float | None = Field(default=None, examples=["max: 45%"])
    better_than: Literal["baseline"] | None = Field(default=None, examples=["better_than: baseline"])

    @model_validator(mode="before")
    @classmethod
    def _names_its_metric(cls, value: Any) -> Any:
        bare = next((name for name in _METRICS if isinstance(value, dict) and name in value), None)
        if bare:
            bound = "45%" if bare == "mape" else value[bare]
            raise ValueError(f"a gate does not say `{bare}: …`; write {{metric: {bare}, max: {bound}}}")
        return value

    @field_validator("max", mode="before")
    @classmethod
    def _bound(cls, value: Any, info: ValidationInfo) -> float | None:
        return None if value is None else read_bound(value, info.data.get("metric"))

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.max is None) == (self.better_than is None):
            raise ValueError("a gate has one of two: `max: 45%`, or `better_than: baseline`; keep one of them")
        return self


class ReleaseSpec(FileModel):
    """How a version comes into production."""

    golden: str | None = Field(default=None, examples=['golden: "golden/{origin}.csv"'])


class FleetSpec(FileModel):
    """The file's first level; the entries of its sections are checked one by one, with their own lines."""

    fleet: str = Field(examples=["fleet: flights"])
    timezone: str = Field(default="UTC", examples=["timezone: America/New_York"])
    matrix: dict[str, list[str]] = Field(default={}, examples=["matrix: {origin: [JFK, LGA]}"])
    sources: dict[str, Any] = Field(min_length=1, examples=["sources: {flights: {files: …, recipe: …}}"])
    datasets: dict[str, Any] = Field(min_length=1, examples=["datasets: {departures: {from: [flights], per: [year]}}"])
    models: dict[str, Any] = Field(min_length=1, examples=["models: {departures: {train: …, serve: …}}"])
    gates: dict[str, Any] = Field(default={})
    release: dict[str, Any] = Field(default={}, examples=['release: {golden: "golden/{origin}.csv"}'])


def read_bound(value: Any, metric: str | None) -> float:
    """A bound as a fraction (MAPE) or in the target's unit (the others).

    Raises:
        ValueError: It is not positive and finite, or nobody can tell whether it is a fraction.
    """
    percent = isinstance(value, str) and value.strip().endswith("%")
    try:
        bound = float(value.strip().removesuffix("%")) / 100 if percent else float(value)
    except (ValueError, TypeError):
        raise ValueError(f"`max: {value}` is not a number; write 45% or 0.45") from None
    if isinstance(value, bool) or (isinstance(value, str) and not percent):
        raise ValueError(f"`max: {value}` is not a number; write it without quotes")
    if not (math.isfinite(bound) and bound > 0):
        raise ValueError(f"`max: {value}` holds for no model; write a finite number above 0")
    if metric == "mape" and not percent and bound >= 1:
        raise ValueError(f"`max: {value}` would be {bound * 100:g} % of MAPE; write {value}% or {bound / 100:g}")
    if metric in ("rmse", "rmse_zero") and percent:
        raise ValueError(f"`max: {value}` cannot be: {metric} is in the target's unit; write a number without %")
    return bound

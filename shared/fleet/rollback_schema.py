"""What may be written of rollbacks in a fleet file."""

from typing import Any, Final, Literal, get_args

from pydantic import ConfigDict, Field, field_validator, model_validator

from shared.contracts.metrics import METRICS, kind_of
from shared.contracts.release_policy import RollbackEvent, RollbackPolicy
from shared.fleet.amounts import Lasting, Pause
from shared.located_validation import FileModel
from shared.near_names import nearest

_EVENTS: Final = get_args(RollbackEvent)
_COMPARED: Final = tuple(name for name in METRICS if not kind_of(name).one_sided)


def _as_in_a_file(schema: dict[str, Any]) -> None:
    """A condition is one word, or a figure with its reference."""
    figure = {**schema, "properties": {key: part for key, part in schema["properties"].items() if key != "event"}}
    figure["required"] = ["metric", "worse_than"]
    schema.clear()
    schema["anyOf"] = [{"enum": list(_EVENTS)}, figure]


class ConditionSpec(FileModel):
    """One thing that rolls back: an event, or a figure that is worse than its reference for so long."""

    model_config = ConfigDict(json_schema_extra=_as_in_a_file)

    event: RollbackEvent | None = None
    metric: str | None = Field(
        default=None,
        description="The figure, as gates name it.",
        examples=["metric: mape"],
        json_schema_extra={"enum": list(_COMPARED)},
    )
    worse_than: Literal["baseline"] | None = Field(
        default=None, description="What it is compared with.", examples=["worse_than: baseline"]
    )
    lasting: Lasting = Field(
        default=(1, "period"),
        alias="for",
        description="How many observed periods in a row: a number of them, or a time that they cover.",
        examples=["for: 2w"],
    )

    @model_validator(mode="before")
    @classmethod
    def _one_of_two(cls, value: Any) -> Any:
        example = "write for example `scoring_failed`, or {metric: mape, worse_than: baseline, for: 2w}"
        if isinstance(value, str):
            if value not in _EVENTS:
                raise ValueError(f"`{value}` rolls nothing back; {nearest(value, _EVENTS)}")
            return {"event": value}
        if not isinstance(value, dict) or "event" in value:
            raise ValueError(f"`{value}` is no condition; {example}")
        for key in ("metric", "worse_than"):
            if key not in value:
                raise ValueError(f"`{key}` is missing; {example}")
        return value

    @field_validator("metric")
    @classmethod
    def _compared(cls, metric: str | None) -> str | None:
        if metric is not None and metric not in _COMPARED:
            raise ValueError(f"`metric` cannot be `{metric}` here; {nearest(metric, _COMPARED)}")
        return metric


class RollbackSpec(FileModel):
    """When a version leaves production by itself, and what takes its place."""

    conditions: list[ConditionSpec] = Field(
        alias="if",
        min_length=1,
        max_length=20,
        description="Any one of these is enough: `scoring_failed`, `endpoint_unhealthy`, or a figure that is worse "
        "than its reference for several periods in a row.",
        examples=["if: [{metric: mape, worse_than: baseline, for: 2w}, scoring_failed]"],
    )
    otherwise: Literal["baseline"] | None = Field(
        default=None,
        alias="else",
        description="What serves where there is no last good version: the baseline's model, or nothing else.",
        examples=["else: baseline"],
    )
    window: Pause = Field(
        default=RollbackPolicy().window_minutes,
        description="For so long after a release or a rollback, no figure rolls back; 24 hours unless said otherwise.",
        examples=["window: 24h"],
    )

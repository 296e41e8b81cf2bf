"""What may be written of gates and of exceptions to them in a fleet file."""

from datetime import date, datetime
from typing import Any, ClassVar, Final, Literal, Self, get_args

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from shared.contracts.policy import Metric
from shared.fleet.amounts import Bound, WrittenBound, read_bound
from shared.located_validation import FileModel, not_supported_yet, one_of

_METRICS: Final = get_args(Metric)
_YEARS: Final = (2000, 2099)


class GateSpec(FileModel):
    """A condition for every model: exactly one of `max` and `better_than`. A figure that is missing fails it."""

    model_config = ConfigDict(json_schema_extra=one_of("max", "better_than"))
    not_yet: ClassVar = ("not_worse_than", "confidence", "by")

    metric: Metric = Field(
        description="What is compared: the mean absolute percentage error, the root mean square error, or the latter "
        "over the rows whose actual value is 0.",
        examples=["metric: mape"],
    )
    max: Bound | None = Field(
        default=None,
        description="The largest value that passes: a share for mape (`45%`), a number in the target's unit otherwise.",
        examples=["max: 45%"],
    )
    better_than: Literal["baseline"] | None = Field(
        default=None,
        description="What the model must beat on the same rows.",
        examples=["better_than: baseline"],
    )

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

    @field_validator("better_than", mode="before")
    @classmethod
    def _reference(cls, value: Any) -> Any:
        if value == "champion":
            raise ValueError(not_supported_yet("better_than: champion"))
        return value

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.max is None) == (self.better_than is None):
            raise ValueError("a gate has one of two: `max: 45%`, or `better_than: baseline`; keep one of them")
        return self


class GateBoundSpec(FileModel):
    """Another bound for one gate; read when the gate's metric is known."""

    max: WrittenBound = Field(
        description="The bound that holds instead, in the gate's own unit.", examples=["max: 50%"]
    )


class OverrideSpec(FileModel):
    """An exception to gates for some models: visible, with a name behind it, and with an end."""

    name: str | None = Field(
        default=None, description="What it is called in messages.", examples=["name: store-closures"]
    )
    match: dict[str, str] = Field(
        min_length=1,
        description="Labels that a model must have for the exception to concern it.",
        examples=["match: {origin: LGA, movement: slow}"],
    )
    gates: dict[str, GateBoundSpec] = Field(
        min_length=1,
        description="The gates that it changes, by their names, and the bounds that hold instead.",
        examples=["gates: {accuracy: {max: 50%}}"],
    )
    by: str = Field(min_length=1, description="Who answers for it.", examples=["by: ana@contoso.example"])
    reason: str = Field(min_length=1, description="Why it is made.", examples=["reason: runway closed"])
    until: date = Field(
        description="The last day on which it holds, in the fleet's time zone.", examples=["until: 2027-01-31"]
    )

    @field_validator("until", mode="before")
    @classmethod
    def _day(cls, value: Any) -> Any:
        is_day = isinstance(value, date) and not isinstance(value, datetime)
        if not is_day or not _YEARS[0] <= value.year <= _YEARS[1]:
            raise ValueError(f"`until: {value}` is no day when it ends; write for example 2027-01-31, without quotes")
        return value

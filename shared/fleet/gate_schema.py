"""What may be written of gates and of exceptions to them in a fleet file."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from shared.contracts.metrics import METRICS, OF_RUN, kind_of
from shared.contracts.policy import MIN_ROWS
from shared.fleet.amounts import Bound, Confidence, Days, Share, WrittenBound, read_bound
from shared.located_validation import FileModel, one_of
from shared.near_names import nearest

_YEARS: Final = (2000, 2099)
_BOUNDS: Final = ("max", "min", "better_than", "not_worse_than")
_RUN_PATTERN: Final = r"^run\.[^\s].{0,99}$"


def _metric(value: Any) -> Any:
    own = isinstance(value, str) and value.startswith(OF_RUN) and value[len(OF_RUN) :].strip()
    if isinstance(value, str) and value not in METRICS and not own:
        what = f"`metric` cannot be `{value}`; {nearest(value, METRICS)}"
        raise ValueError(what if "did you" in what else f"{what}; or `run.NAME`, which the training has logged")
    return value


#: A name in the table of metrics, or `run.NAME`.
MetricName = Annotated[
    str,
    BeforeValidator(_metric),
    WithJsonSchema({"anyOf": [{"enum": list(METRICS)}, {"type": "string", "pattern": _RUN_PATTERN}]}),
]


class GateSpec(FileModel):
    """A condition for every model: exactly one of `max`, `min`, `better_than` and `not_worse_than`.

    A figure that is missing fails it.
    """

    model_config = ConfigDict(json_schema_extra=one_of(*_BOUNDS))

    metric: MetricName = Field(
        description="What is compared. Errors, where less is better: mape, rmse, rmse_zero (where the actual value is "
        "0), mae, bias (by its distance from 0), log_loss, latency (seconds per prediction, 95th percentile). Where "
        "more is better: r2, auc, f1, coverage (rows with a prediction). Or run.NAME, a metric that the training run "
        "has logged.",
        examples=["metric: mape"],
    )
    max: Bound | None = Field(
        default=None,
        description="The largest value that passes: a share for mape (`45%`), seconds for latency (`200ms`), a number "
        "in the target's unit otherwise.",
        examples=["max: 45%"],
    )
    min: Bound | None = Field(
        default=None,
        description="The smallest value that passes, where more is better.",
        examples=["min: 0.8"],
    )
    better_than: Literal["baseline", "champion"] | None = Field(
        default=None,
        description="What the model must beat on the same rows. Without a champion yet, a comparison with it passes.",
        examples=["better_than: baseline"],
    )
    not_worse_than: Literal["baseline", "champion"] | None = Field(
        default=None,
        description="What the model must not fall behind on the same rows, by more than `by` says.",
        examples=["not_worse_than: champion"],
    )
    by: Share | None = Field(
        default=None,
        description="How much better it must be, or how much worse it may be: a share of the reference's figure.",
        examples=["by: 10%"],
    )
    confidence: Confidence | None = Field(
        default=None,
        description="How sure that has to be: the interval of the improvement (paired bootstrap) must lie above `by`.",
        examples=["confidence: 90%"],
    )
    segments: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Columns of the evaluation: the gate must hold for each combination of their values.",
        examples=["segments: [movement]"],
    )
    min_rows: int | None = Field(
        default=None,
        ge=1,
        description=f"A segment with fewer rows is left out; {MIN_ROWS} when absent.",
        examples=["min_rows: 50"],
    )
    max_age: Days | None = Field(
        default=None,
        description="How old the newest observation of the evaluation (its column `observed_at`) may be.",
        examples=["max_age: 60d"],
    )

    @model_validator(mode="before")
    @classmethod
    def _names_its_metric(cls, value: Any) -> Any:
        bare = next((name for name in METRICS if isinstance(value, dict) and name in value), None)
        if bare:
            key, example = ("min", "0.8") if kind_of(bare).higher else ("max", value[bare])
            bound = {"mape": "45%", "coverage": "100%"}.get(bare, example)
            raise ValueError(f"a gate does not say `{bare}: …`; write {{metric: {bare}, {key}: {bound}}}")
        return value

    @field_validator("max", "min", mode="before")
    @classmethod
    def _bound(cls, value: Any, info: ValidationInfo) -> float | None:
        return None if value is None else read_bound(value, info.data.get("metric"), info.field_name or "max")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        written = [name for name in _BOUNDS if getattr(self, name) is not None]
        if len(written) != 1:
            known = "`max: 45%`, `min: 0.8`, `better_than: baseline`, or `not_worse_than: champion`"
            raise ValueError(f"a gate has one of four: {known}; {'keep one of them' if written else 'add one'}")
        for fault in (self._way_fault(written[0]), self._reference_fault(), self._segment_fault()):
            if fault:
                raise ValueError(fault)
        return self

    def _way_fault(self, bound: str) -> str | None:
        kind = kind_of(self.metric)
        if bound == "max" and kind.higher is True:
            return f"more is better of `{self.metric}`, so `max` cannot be; write `min`"
        if bound == "min" and kind.higher is False:
            return f"less is better of `{self.metric}`, so `min` cannot be; write `max`"
        if bound in ("better_than", "not_worse_than") and kind.one_sided:
            fits = "`max` or `min`" if kind.higher is None else "`max`"
            return f"`{self.metric}` is known of the model alone, so there is nothing to compare; write {fits}"
        return None

    def _reference_fault(self) -> str | None:
        if self.better_than is None and self.not_worse_than is None:
            for name in ("by", "confidence"):
                if getattr(self, name) is not None:
                    return (
                        f"`{name}` is of a comparison; remove it, or write `better_than: champion` instead of a bound"
                    )
        if self.better_than is not None and kind_of(self.metric).higher is False and (self.by or 0) >= 1:
            return f"no model is better by {(self.by or 0) * 100:g} %; write less than 100%"
        return None

    def _segment_fault(self) -> str | None:
        if self.segments and self.metric.startswith(OF_RUN):
            return "what a run has logged has no segments; remove `segments`"
        if self.segments and self.confidence is not None:
            return "`confidence` is of all rows together; remove it here, or write a second gate for the `segments`"
        if self.min_rows is not None and not self.segments:
            return "`min_rows` is of segments; write for example `segments: [movement]`, or remove it"
        return None


class GateBoundSpec(FileModel):
    """Another bound for one gate; read when the gate's metric is known."""

    model_config = ConfigDict(json_schema_extra=one_of("max", "min"))

    max: WrittenBound | None = Field(
        default=None, description="The bound that holds instead, in the gate's own unit.", examples=["max: 50%"]
    )
    min: WrittenBound | None = Field(default=None, description="Likewise, of a gate with `min`.", examples=["min: 0.7"])

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.max is None) == (self.min is None):
            raise ValueError("an override of a gate has one of two: `max: 50%` or `min: 0.7`, as the gate itself")
        return self


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
    by: str = Field(
        min_length=1, max_length=200, description="Who answers for it.", examples=["by: ana@contoso.example"]
    )
    reason: str = Field(min_length=1, max_length=200, description="Why it is made.", examples=["reason: runway closed"])
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

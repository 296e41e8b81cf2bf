"""What may be written of releases and rollbacks in a fleet file."""

from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic_core import CoreSchema

from shared.contracts.metrics import METRICS, kind_of
from shared.contracts.release_policy import (
    AnalysisPolicy,
    ApprovalPolicy,
    ApprovalReason,
    RollbackEvent,
    RollbackPolicy,
    ShadowPolicy,
    Strategy,
)
from shared.fleet.amounts import Lasting, Minutes, Pause, Percent, Seconds, Share
from shared.located_validation import FileModel, nearest

_YEARS: Final = (2000, 2099)
_EVENTS: Final = get_args(RollbackEvent)
#: Azure ML mirrors no more than this.
_MOST_MIRRORED: Final = 50
#: A policy travels with every event.
_MOST_FREEZES: Final = 20
#: What a canary does unless its section says otherwise.
_STEPS: Final = (5, 25, 50)


def _day(value: Any) -> Any:
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    if not is_day or not _YEARS[0] <= value.year <= _YEARS[1]:
        raise ValueError(f"`{value}` is no day; write for example 2026-11-23, without quotes")
    return value


_Day = Annotated[date, BeforeValidator(_day)]


class CanarySpec(FileModel):
    """Growing shares of the traffic, each watched for a while; after the last one, all of it."""

    steps: list[Percent] = Field(
        default=list(_STEPS),
        min_length=1,
        max_length=20,
        description="Shares of the endpoint's traffic, ascending; then all of it. 5%, 25%, 50% unless said otherwise.",
        examples=["steps: [5%, 25%, 50%]"],
    )
    bake: Pause = Field(
        default=30.0,
        description="How long each share is watched before it is judged; 30 minutes unless said otherwise.",
        examples=["bake: 30m"],
    )

    @field_validator("steps")
    @classmethod
    def _ascend(cls, steps: list[int]) -> list[int]:
        for before, after in pairwise(steps):
            if after <= before:
                raise ValueError(f"`steps` must ascend, and {after}% comes after {before}%; put them in order")
        return steps


class AnalysisSpec(FileModel):
    """What has to hold of a version that answers requests, after each step."""

    max_errors: Share = Field(
        default=AnalysisPolicy().max_errors,
        le=1,
        description="Share of its requests that may fail; 1% unless said otherwise.",
        examples=["max_errors: 1%"],
    )
    max_latency: Seconds | None = Field(
        default=None,
        description="The longest that 95 of 100 requests may take; not looked at when absent.",
        examples=["max_latency: 2s"],
    )
    max_shift: Share | None = Field(
        default=None,
        description="How far its predictions may lie from the champion's for the same rows: mean absolute difference, "
        "as a share of the champion's mean absolute prediction; not looked at when absent.",
        examples=["max_shift: 15%"],
    )
    min_requests: int = Field(
        default=AnalysisPolicy().min_requests,
        ge=0,
        description="With fewer requests a step is inconclusive: it is watched once more, and then a person is asked.",
        examples=["min_requests: 50"],
    )


class ShadowSpec(FileModel):
    """A version runs beside the champion first, and nobody sees its output."""

    runs: int | None = Field(
        default=None,
        ge=1,
        le=52,
        description="For `batch`: how many periods it scores beside the champion; one unless said otherwise.",
        examples=["runs: 1"],
    )
    percent: Percent | None = Field(
        default=None,
        le=_MOST_MIRRORED,
        description="For `online`: the share of the traffic that is mirrored to it, at most 50%; 20% unless said "
        "otherwise.",
        examples=["percent: 20%"],
    )
    minutes: Minutes | None = Field(
        default=None,
        alias="for",
        description="For `online`: how long; 30 minutes unless said otherwise.",
        examples=["for: 1h"],
    )
    max_disagreement: Share | None = Field(
        default=None,
        description="How far its predictions may lie from the champion's, as `max_shift`; not looked at when absent.",
        examples=["max_disagreement: 15%"],
    )


class ApprovalSpec(FileModel):
    """When a person has to agree."""

    reasons: list[ApprovalReason] = Field(
        alias="for",
        min_length=1,
        description="What is asked about: `every_release`, the `first_release` of a model, or an `override` that let "
        "the version pass a gate.",
        examples=["for: [first_release, override]"],
    )
    within: Minutes = Field(
        default=ApprovalPolicy(reasons=()).within_minutes,
        description="No answer by then means no; 48 hours unless said otherwise.",
        examples=["within: 48h"],
    )
    by: Literal["anyone", "not_author"] = Field(
        default="not_author",
        description="`not_author`: whoever asked for the training does not approve what came of it.",
        examples=["by: not_author"],
    )


class _OrNone:
    """`none` takes the approval away, in an environment for example."""

    @staticmethod
    def __get_pydantic_json_schema__(schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = handler(schema)
        return {"anyOf": [*made.get("anyOf", [made]), {"const": "none"}]}


def _none(value: Any) -> Any:
    return None if value == "none" else value


class FreezeSpec(FileModel):
    """Days on which nothing is released by itself."""

    start: _Day = Field(
        alias="from", description="The first day, in the fleet's time zone.", examples=["from: 2026-11-23"]
    )
    end: _Day = Field(alias="to", description="The last day, which is frozen, too.", examples=["to: 2027-01-03"])
    reason: str = Field(
        min_length=1, max_length=200, description="Why; shown at what waits.", examples=["reason: holiday season"]
    )

    @model_validator(mode="after")
    def _begins_first(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"the freeze ends on {self.end}, before it begins on {self.start}; change `from` or `to`")
        return self


def _as_in_a_file(schema: dict[str, Any]) -> None:
    """A condition is one word, or a figure with its reference."""
    figure = {**schema, "properties": {key: part for key, part in schema["properties"].items() if key != "event"}}
    figure["required"] = ["metric", "worse_than"]
    schema.clear()
    schema["anyOf"] = [{"enum": list(_EVENTS)}, figure]


_COMPARED: Final = tuple(name for name in METRICS if not kind_of(name).one_sided)


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


class ReleaseSpec(FileModel):
    """How a version comes into production, and how it leaves it again."""

    golden: str | None = Field(
        default=None,
        description="CSV of inputs with the expected predictions, for models that have none of their own.",
        examples=['golden: "golden/{origin}.csv"'],
    )
    strategy: Strategy = Field(
        default="all_at_once",
        description="How production is reached: all at once; `blue_green`, beside the former deployment until `grace` "
        "ends; `canary`, in growing shares of the traffic; `shadow`, after having run beside the champion. Batch "
        "models know the first and the last.",
        examples=["strategy: canary"],
    )
    canary: CanarySpec | None = Field(
        default=None,
        description="The shares of a canary.",
        examples=["canary: {steps: [5%, 25%, 50%], bake: 30m}"],
    )
    analysis: AnalysisSpec | None = Field(
        default=None,
        description="What has to hold of a version that an endpoint serves, after each step.",
        examples=["analysis: {max_errors: 1%, max_latency: 2s, max_shift: 15%, min_requests: 50}"],
    )
    shadow: ShadowSpec | None = Field(
        default=None,
        description="How a version runs beside the champion first, whatever the strategy.",
        examples=["shadow: {runs: 1, max_disagreement: 15%}"],
    )
    approval: Annotated[ApprovalSpec | None, BeforeValidator(_none), _OrNone] = Field(
        default=None,
        description="When a person has to agree; nobody is asked without it, or with `none`.",
        examples=["approval: {for: [first_release, override], within: 48h}"],
    )
    freeze: list[FreezeSpec] = Field(
        default=[],
        max_length=_MOST_FREEZES,
        description="Days on which nothing is released by itself: what is ready waits.",
        examples=["freeze: [{from: 2026-11-23, to: 2027-01-03, reason: holiday season}]"],
    )
    rollback: RollbackSpec | None = Field(
        default=None,
        description="When a version leaves production by itself; only a person rolls back without it.",
        examples=["rollback: {if: [{metric: mape, worse_than: baseline, for: 2w}, scoring_failed], else: baseline}"],
    )
    grace: Minutes | None = Field(
        default=None,
        description="How long the replaced deployment stays, ready to take over again at once; it goes at once when "
        "absent.",
        examples=["grace: 1h"],
    )
    archive_previous: bool = Field(
        default=True,
        description="Whether the replaced version moves to the stage Archived.",
        examples=["archive_previous: false"],
    )

    def shadow_policy(self) -> ShadowPolicy | None:
        """How a version runs beside the champion; `None` where it does not."""
        if self.shadow is None and self.strategy != "shadow":
            return None
        said = self.shadow or ShadowSpec()
        known = {"runs": said.runs, "percent": said.percent, "minutes": said.minutes}
        return ShadowPolicy(
            **{key: value for key, value in known.items() if value is not None}, max_disagreement=said.max_disagreement
        )

"""What may be written of releases in a fleet file."""

from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic_core import CoreSchema

from shared.contracts.release_policy import (
    AnalysisPolicy,
    ApprovalPolicy,
    ApprovalReason,
    ShadowPolicy,
    Strategy,
)
from shared.fleet.amounts import Minutes, Pause, Percent, Seconds, Share
from shared.fleet.rollback_schema import RollbackSpec
from shared.located_validation import FileModel

_YEARS: Final = (2000, 2099)
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

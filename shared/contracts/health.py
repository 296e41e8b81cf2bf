"""What a model hears of its version in production: that it does not answer, and how it did."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.events import InterlockEvent
from shared.contracts.policy import ModelPolicy


class ServingLost(InterlockEvent):
    """What should answer for the model does not: the endpoint is gone, failed, or has no such deployment."""

    kind: Literal["serving_lost"] = "serving_lost"
    policy: ModelPolicy
    version: str
    reason: str


#: Bounded, since the interlock remembers in which metrics a version was worse.
ShortName = Annotated[str, Field(max_length=100)]


class HealthObserved(InterlockEvent):
    """How the champion did in a period, now that it is known what happened.

    Attributes:
        period: Names it; a period that is told again counts once.
        figures: By metric.
        reference: Of the baseline, likewise.
    """

    kind: Literal["health_observed"] = "health_observed"
    policy: ModelPolicy
    version: str
    period: ShortName
    figures: dict[ShortName, float]
    reference: dict[ShortName, float] = {}

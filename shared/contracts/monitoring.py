"""Looking after what serves, and telling of other code."""

from shared.contracts.base import Contract, Instant
from shared.contracts.policy import ModelPolicy


class CheckServingInput(Contract):
    """Input of `check_serving` and `find_lost_servings`.

    Attributes:
        after: The model after which to look on, by name.
    """

    at: Instant
    after: str = ""
    trace: str | None = None


class LostServing(Contract):
    """A version in production that does not answer.

    Attributes:
        reason: What was found, in a sentence.
    """

    policy: ModelPolicy
    version: str
    reason: str


class LostServings(Contract):
    """Result of `find_lost_servings`.

    Attributes:
        lost: The first few.
        looked: How many versions were looked at.
        last: The model at which it stopped, where there are more to look at.
    """

    lost: tuple[LostServing, ...]
    looked: int
    last: str | None = None


class ServingChecked(Contract):
    """Result of `check_serving`: of the last page of models."""

    looked: int
    lost: tuple[str, ...]


class AnnounceCodeInput(Contract):
    """Input of `announce_code`: a commit of the fleet files is deployed.

    Attributes:
        first: Index of the first model that is still to be told.
    """

    commit: str
    at: Instant
    first: int = 0
    trace: str | None = None


class CodeModelsInput(Contract):
    """Input of `find_code_models`."""

    first: int
    trace: str | None = None


class CodeModels(Contract):
    """Result of `find_code_models`: some of the models that other code lets train again.

    Attributes:
        following: Index to go on at; absent at the end.
    """

    policies: tuple[ModelPolicy, ...]
    following: int | None


class CodeAnnounced(Contract):
    """Result of `announce_code`; `told` counts the models of the last history."""

    commit: str
    told: int


class ObservedPeriod(Contract):
    """How a version did in a period, now that it is known what happened: kept as it was told.

    Attributes:
        at: When that was told.
        figures: By metric, as gates name them.
        reference: Likewise, of the baseline for the same rows.
    """

    model: str
    version: str
    period: str
    at: Instant
    figures: dict[str, float]
    reference: dict[str, float] = {}

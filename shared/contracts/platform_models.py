"""What the platform that serves models tells: of models, of requests asked, and of those that others have asked."""

from shared.contracts.base import Contract


class PlatformModel(Contract):
    """A version of a model on the platform.

    Attributes:
        path: Where its files are, in the platform's own words.
        tags: What was said of it when it was made known.
    """

    model: str
    version: str
    path: str
    tags: dict[str, str] = {}


class Answered(Contract):
    """A request that was asked of a deployment by itself, and what became of it.

    Attributes:
        seconds: From the question to the answer, or to the failure.
        predictions: One per row; `None` where the model has given no number.
        error: Why there was no answer.
        may_heal: Whether the failure is one that a later request may not meet.
    """

    seconds: float
    predictions: tuple[float | None, ...]
    error: str | None = None
    may_heal: bool = False


class RequestCounts(Contract):
    """How a deployment's requests have fared for a time, those that were mirrored to it included.

    Attributes:
        requests: How many there were; absent where the platform does not tell.
        failed: How many of them the deployment has not answered as it should.
        seconds_p95: Within which 95 of 100 were answered; absent where the platform does not tell.
        unknown: Why they are not known.
    """

    requests: int | None = None
    failed: int | None = None
    seconds_p95: float | None = None
    unknown: str | None = None

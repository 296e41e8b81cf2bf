"""The golden set: inputs whose predictions are known, by which a version is tested before it serves."""

from pydantic import Field

from shared.contracts.base import Contract, absent
from shared.contracts.release_policy import AnalysisPolicy


class GoldenSetInput(Contract):
    """Input of `stage_golden_set`: the golden set's inputs as a folder that a scoring job can read."""

    fleet: str
    golden: str
    trace: str | None = None


class StagedGoldenSet(Contract):
    """Result of `stage_golden_set`: folder in the data container."""

    path: str
    rows: int


class TestDeploymentInput(Contract):
    """Input of `test_deployment`: ask the golden set's predictions from a deployment, and compare.

    Attributes:
        limits: What its answers have to keep beside their tolerances; only the tolerances count where it is absent.
    """

    __test__ = False  # not a test class, whatever pytest thinks of its name

    fleet: str
    golden: str
    endpoint: str
    deployment: str
    limits: AnalysisPolicy | None = Field(default=None, exclude_if=absent)
    trace: str | None = None


class TestPredictionsInput(Contract):
    """Input of `test_predictions`: compare the predictions of a scoring job with the golden set."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    fleet: str
    golden: str
    job: str
    trace: str | None = None


class GoldenResult(Contract):
    """How a version did on the golden set.

    Attributes:
        rows: Rows asked.
        outside: Rows whose prediction was missing or outside its tolerance.
        worst: Largest distance from the expected value, in the target's unit.
        reason: One sentence for a person.
        failed_requests: How many were not answered at the first time; absent where a job has made the predictions.
        seconds_p95: Within which 95 of 100 requests were answered; absent likewise, or where none was.
    """

    passed: bool
    rows: int
    outside: int
    worst: float | None
    reason: str
    failed_requests: int | None = Field(default=None, exclude_if=absent)
    seconds_p95: float | None = Field(default=None, exclude_if=absent)

"""The steps that bring a version into production."""

import operator
from typing import Final, Literal

from pydantic import Field

from shared.contracts.base import Contract, Instant
from shared.contracts.datasets import DatasetRef
from shared.contracts.policy import GatePolicy, ModelPolicy
from shared.contracts.release_policy import AnalysisPolicy

#: Another version or definition has the deployment's name.
DEPLOYMENT_TAKEN: Final = "UserError"
#: Code of an endpoint of the name that is somebody else's: nothing is deployed to it, routed there or deleted.
ENDPOINT_TAKEN: Final = "EndpointTaken"


#: Where a release stands: `ready` asks the interlock whether production may change now, `shifting` once that may have
#: begun, `watching` while the version serves and what served before is still there.
ReleasePhase = Literal["testing", "shadowing", "awaiting_approval", "ready", "shifting", "watching", "undoing"]


#: How a release ends that is not done, and has not failed either.
ReleaseEnd = Literal["superseded", "refused", "withdrawn"]


def _absent(value: object) -> bool:
    return value is None


class Serving(Contract):
    """Where the model's predictions come from now.

    Attributes:
        route: The blob in the data container that tells clients which deployment to ask, where the endpoint is shared;
            absent where the endpoint's traffic decides.
        published: The CSV that readers are pointed to.
        rows: How many predictions the version has published there; absent when they are another version's.
    """

    mode: Literal["online", "batch"]
    endpoint: str | None = None
    deployment: str | None = None
    route: str | None = Field(default=None, exclude_if=lambda route: route is None)  # as `ServePolicy.shared`
    published: str | None = None
    rows: int | None = None


class AllowedGate(Contract):
    """A gate that a person lets a version pass, and what they said.

    Attributes:
        until: From this moment on a release may not begin by it.
    """

    gate: str
    by: str
    reason: str
    until: Instant


class ReleaseModelInput(Contract):
    """Input of `release_model`.

    Attributes:
        attempt: The interlock's number of this release; results carry it, older ones are ignored.
        dataset: The dataset version that the model was trained on. A batch model scores it first, unless its policy
            names another dataset to score: then the newest version of that.
        replaces: What serves now, and is torn down when this version has taken over.
        overridden: Gates that it failed and that a person lets it pass.
        exceptions: The same gates, with who said so and why.
        ordered_by: Who ordered the release; absent where nobody did.
        champion: The version of this model in production when it was ordered; absent where there is none.
    """

    model: str
    version: str
    attempt: int
    policy: ModelPolicy
    dataset: DatasetRef
    at: Instant
    replaces: Serving | None = None
    # Left out where there is none: histories from before it was there replay.
    overridden: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    exceptions: tuple[AllowedGate, ...] = Field(default=(), exclude_if=operator.not_)
    ordered_by: str | None = Field(default=None, exclude_if=_absent)
    champion: str | None = Field(default=None, exclude_if=lambda champion: champion is None)  # likewise
    trace: str | None = None


class DeploymentSpec(Contract):
    """Input of `create_deployment` and `scale_deployment`: a version behind an endpoint, at 0 % of its traffic.

    Attributes:
        fleet: The fleet file's name; the definition's path is relative to that file.
        definition: Azure ML's YAML of a deployment; a plain one when absent.
        scales: Whether it may scale as its definition says; otherwise it stays as it begins, as one for tests does.
    """

    endpoint: str
    deployment: str
    model: str
    version: str
    fleet: str = ""
    definition: str | None = None
    scales: bool = Field(default=True, exclude_if=bool)  # histories from before it was there replay
    trace: str | None = None


class DeploymentKey(Contract):
    """Input of `read_deployment` and `delete_deployment`.

    Attributes:
        model: For which it serves, where that is another one than the one that is deployed: a baseline stands in.
    """

    endpoint: str
    deployment: str
    model: str | None = Field(default=None, exclude_if=_absent)
    trace: str | None = None


class DeploymentState(Contract):
    """Where a deployment stands.

    Attributes:
        status: Azure ML's `provisioning_state`.
        created_at: Absent where the platform does not tell.
    """

    endpoint: str
    deployment: str
    status: str
    model: str | None = None
    version: str | None = None
    error: str | None = None
    created_at: Instant | None = None


class ShiftTrafficInput(Contract):
    """Input of `shift_traffic`: percent by deployment.

    Attributes:
        mirror: Percent of the traffic that one deployment gets a copy of; nothing where it is empty. What is mirrored
            stays where it is absent.
    """

    endpoint: str
    traffic: dict[str, int]
    # Left out where it is absent: histories from before it was there replay.
    mirror: dict[str, int] | None = Field(default=None, exclude_if=_absent)
    trace: str | None = None


class Traffic(Contract):
    """The endpoint's traffic after a shift, and before it.

    Attributes:
        begun: Whether a change was begun whose end is not known yet; otherwise the traffic is as it should be.
    """

    endpoint: str
    traffic: dict[str, int]
    previous: dict[str, int]
    begun: bool = Field(default=False, exclude_if=operator.not_)  # histories from before it was there replay


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
    limits: AnalysisPolicy | None = Field(default=None, exclude_if=_absent)
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
    failed_requests: int | None = Field(default=None, exclude_if=_absent)
    seconds_p95: float | None = Field(default=None, exclude_if=_absent)


class PublishPredictionsInput(Contract):
    """Input of `publish_predictions`: a scoring job's output becomes the period's published predictions.

    Attributes:
        as_of: The moment that they were made for, where that is not now; it is part of their path.
    """

    model: str
    version: str
    job: str
    dataset: DatasetRef
    as_of: Instant | None = None
    trace: str | None = None


class RestorePredictionsInput(Contract):
    """Input of `restore_predictions`: what was published before is current again.

    Attributes:
        published: Its path; `None` when nothing was.
        job: Whose publication is undone, wherever it found readers; `published` is not looked at then. Where readers
            are by another one, they stay.
    """

    model: str
    published: str | None
    job: str | None = Field(default=None, exclude_if=_absent)
    trace: str | None = None


class PredictionsRestored(Contract):
    """Result of `restore_predictions`."""

    current: str | None


class PublishedPredictions(Contract):
    """Result of `publish_predictions`.

    Attributes:
        path: The CSV in the data container, one per dataset and model version; `predictions/MODEL/current.json` points
            to it, and is moved last.
        rows: Predictions in it.
        sha256: Hash of its bytes.
        kept: What readers are still pointed to, since it is of a later period; absent when they are pointed to this.
        before: What they were pointed to until then; absent when it was nothing, or they still are.
    """

    path: str
    rows: int
    sha256: str
    kept: str | None = None
    before: str | None = Field(default=None, exclude_if=_absent)


class ReleaseOutcome(Contract):
    """Result of `release_model`.

    Attributes:
        released: Whether the version serves now.
        reason: Why, or why not, for a person.
        previous: The champion before; the last good version to go back to.
        ended: Why it was not released, where that is no failure: `superseded` by a newer version, `refused` by a person
            or by their silence, or `withdrawn` by an order.
        dataset: The dataset version that it has scored; absent where none was.
    """

    model: str
    version: str
    attempt: int
    released: bool
    reason: str
    serving: Serving | None = None
    previous: str | None = None
    ended: ReleaseEnd | None = Field(default=None, exclude_if=lambda end: end is None)
    dataset: DatasetRef | None = Field(default=None, exclude_if=_absent)


class ApprovalWord(Contract):
    """A person's answer to a release that waits for it."""

    approved: bool
    by: str
    reason: str


class ReleaseWord(Contract):
    """What a release in flight is told.

    Attributes:
        superseded: The newer version that takes its place.
        withdrawn: Why it is not wanted any more.
        approved: What a person has answered.
        go: Whether production may change now.
    """

    superseded: str | None = None
    withdrawn: str | None = None
    approved: ApprovalWord | None = None
    go: bool = False


class TellReleaseInput(Contract):
    """Input of `tell_release`: an entity cannot raise an event itself.

    Attributes:
        instance: Of the release.
    """

    instance: str
    word: ReleaseWord
    trace: str | None = None


class ReleaseTold(Contract):
    """Result of `tell_release`."""

    instance: str


class VerifyVersionInput(Contract):
    """Input of `verify_version`: whether all that a release needs to know of a version is known, and still true.

    Attributes:
        gates: As the fleet file says them now.
        overridden: Gates that a person lets it pass.
        at: The moment of the judgement.
        champion: The version in production; absent where there is none.
    """

    model: str
    version: str
    dataset: DatasetRef
    gates: tuple[GatePolicy, ...]
    overridden: tuple[str, ...] = ()
    at: Instant
    champion: str | None = Field(default=None, exclude_if=lambda champion: champion is None)  # older histories replay
    trace: str | None = None


class VerifiedVersion(Contract):
    """Result of `verify_version`.

    Attributes:
        artifact_sha256: Hash of the model's files as they are now, equal to what was recorded.
        report_sha256: Hash of the figures and gates that the ledger has of it.
        author: Who asked for its training; absent where data or a schedule led to it.
        summary: The figures against their gates, in one sentence.
        excepted: Whether a gate holds only by an exception that the fleet file makes to it.
    """

    artifact_sha256: str
    report_sha256: str
    author: str | None = None
    summary: str
    excepted: bool = Field(default=False, exclude_if=operator.not_)  # histories from before it was there replay

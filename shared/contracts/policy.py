"""What the fleet file says of one model: it travels with every event, since an entity may not read files."""

import operator
from typing import Final, Literal

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.release_policy import ReleasePolicy

#: A parameter of a pipeline job, as Azure ML takes it.
Scalar = str | int | float | bool

#: How long a job may wait for compute unless said otherwise: a day, since what waits costs nothing.
QUEUE_MINUTES: Final = 24 * 60

#: What a gate may compare a model with, on the same rows.
Reference = Literal["baseline", "champion"]
#: A segment with fewer rows than these says too little to judge a model by it, unless a gate says otherwise.
MIN_ROWS: Final = 20

#: How far automation goes: 1 watches only, 2 trains, 3 releases too, 4 retrains what is stale.
Level = Literal[1, 2, 3, 4]

#: What lets a training begin without anybody asking: a dataset version, other code, or a model that is too old.
RetrainReason = Literal["data", "code", "stale"]


class GateOverride(Contract):
    """An exception to a gate's absolute bound: whose, why, and until when.

    Attributes:
        max: The bound that holds instead, in the metric's own unit, of a gate with `max`.
        min: Likewise of a gate with `min`.
        by: Who answers for it.
        until: From this moment on the gate's own bound holds again.
    """

    max: float | None = None
    by: str
    reason: str
    until: Instant
    min: float | None = Field(default=None, exclude_if=absent)

    @property
    def bound(self) -> float | None:
        """The bound that holds instead."""
        return self.min if self.max is None else self.max


class GatePolicy(Contract):
    """One condition that must hold before a model may be released.

    Exactly one of `max` and `min` (absolute bounds, in the metric's own unit), `better_than` and `not_worse_than`
    (references) is given.

    Attributes:
        metric: A name in `METRICS`, or `run.NAME`: the metric `NAME` that the training run has logged.
        by: How much better it must be, or how much worse it may be, as a share of the reference's figure.
        confidence: How sure that has to be, given how few rows there are: 0.9 is 90 %.
        segments: Columns of the evaluation: the gate must hold in each combination of their values.
        min_rows: A segment with fewer rows says too little, and is left out.
        max_age_days: How old the newest observation of the evaluation may be.
    """

    name: str
    metric: str
    max: float | None = None
    better_than: Reference | None = None
    override: GateOverride | None = None
    # Left out at their defaults: histories from before they were there replay.
    min: float | None = Field(default=None, exclude_if=absent)
    not_worse_than: Reference | None = Field(default=None, exclude_if=absent)
    by: float | None = Field(default=None, exclude_if=absent)
    confidence: float | None = Field(default=None, exclude_if=absent)
    segments: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    min_rows: int = Field(default=MIN_ROWS, exclude_if=lambda rows: rows == MIN_ROWS)
    max_age_days: int | None = Field(default=None, exclude_if=absent)

    @property
    def bound(self) -> float | None:
        """The absolute bound, if it has one."""
        return self.min if self.max is None else self.max

    @property
    def reference(self) -> Reference | None:
        """What it compares with, if it does."""
        return self.better_than or self.not_worse_than


class BaselinePolicy(Contract):
    """A plain forecast that a model has to beat, trained once per dataset version and shared by the models of a group.

    Attributes:
        model: The registered model's name: `departures-jfk-mainline-baseline`.
        pipeline: The YAML's path, relative to the fleet file.
        parameters: Inputs of the pipeline, beside its input `dataset`.
    """

    model: str
    pipeline: str
    parameters: dict[str, Scalar] = {}


class TrainPolicy(Contract):
    """How the model is trained: an Azure ML pipeline job, and what it is given.

    Attributes:
        pipeline: The YAML's path, relative to the fleet file.
        dataset: The name of the dataset in the fleet file.
        parameters: Inputs of the pipeline, beside its input `dataset`.
        timeout_minutes: How long the job may run before it is cancelled.
        queue_timeout_minutes: How long it may wait until it runs, before it is cancelled.
    """

    pipeline: str
    dataset: str
    parameters: dict[str, Scalar] = {}
    timeout_minutes: int = 120
    queue_timeout_minutes: int = QUEUE_MINUTES

    @property
    def longest_minutes(self) -> int:
        """From the submission to the end of a job that uses both budgets up."""
        return self.queue_timeout_minutes + self.timeout_minutes


class ServePolicy(Contract):
    """How predictions are made: asked from an endpoint, or computed for a whole period.

    Attributes:
        mode: Online or batch.
        endpoint: The endpoint's name, for online.
        shared: Whether other models have that endpoint, too: then requests are routed by a header, not by traffic.
        deployment: Azure ML's YAML of a deployment, relative to the fleet file, for online; a plain one when absent.
        pipeline: The YAML of the scoring job, relative to the fleet file, for batch.
        parameters: Inputs of the scoring job, beside `model` and `data`.
        dataset: What is scored, for batch; the dataset of the training when absent.
    """

    mode: Literal["online", "batch"]
    endpoint: str | None = None
    shared: bool = Field(default=False, exclude_if=operator.not_)  # histories from before it was there replay
    deployment: str | None = None
    pipeline: str | None = None
    parameters: dict[str, Scalar] = {}
    dataset: str | None = None


class ModelPolicy(Contract):
    """All that Signalbox needs to know of one model.

    Attributes:
        fleet: The fleet that the model belongs to.
        revision: Hash of the fleet file that said so.
        model: The registered model's name.
        labels: Its cell of the matrix: `{"origin": "JFK"}`.
        gates: All must hold; never empty.
        golden: CSV of inputs with `expected` and `tolerance`, relative to the fleet file.
        baseline: What the gates compare with; absent where the evaluation brings its own column.
        level: How far automation goes.
        at_once: How many jobs of the fleet may run at the same time; as many as there are when absent. Rollbacks wait
            for none of them.
        stale_days: From this age on, a model that scores is stale; never when absent.
        retrain_when: What lets a training begin without anybody asking.
        tags: Tags of its jobs and its registered versions.
        release: How a version comes into production.
        park_after: So many trainings or releases that fail in a row park the model; never when absent.
        cooldown_days: For so long after a training, no other begins by itself.
        operators: Who may order something of it; whoever has that role for the whole app when empty.
        approvers: Who may approve its releases, likewise.
        notify: The channels that its requests for approval go to.
    """

    fleet: str
    revision: str
    model: str
    labels: dict[str, str]
    train: TrainPolicy
    serve: ServePolicy
    gates: tuple[GatePolicy, ...]
    golden: str
    baseline: BaselinePolicy | None = None
    level: Level = 3
    at_once: int | None = None
    stale_days: int | None = None
    retrain_when: tuple[RetrainReason, ...] = ("data",)
    tags: dict[str, str] = {}
    # Left out at their defaults: histories from before they were there replay.
    release: ReleasePolicy = Field(default=ReleasePolicy(), exclude_if=lambda policy: policy.plain)
    park_after: int | None = Field(default=None, exclude_if=absent)
    cooldown_days: int | None = Field(default=None, exclude_if=absent)
    operators: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    approvers: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    notify: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)


class RetentionPolicy(Contract):
    """How long a fleet keeps what is not needed any more.

    Attributes:
        runs_days: Finished orchestrations.
        versions: How many versions of a model, beside the one in production.
        datasets_days: Dataset versions that no kept model version was trained on.
        quarantine_days: Rejected rows.
    """

    runs_days: int = 30
    versions: int = 20
    datasets_days: int = 365
    quarantine_days: int = 90

"""What the fleet file says of one model: it travels with every event, since an entity may not read files."""

from typing import Literal

from shared.contracts.base import Contract

#: A parameter of a pipeline job, as Azure ML takes it.
Scalar = str | int | float | bool

Metric = Literal["mape", "rmse", "rmse_zero"]


class GatePolicy(Contract):
    """One condition that must hold before a model may be released.

    Exactly one of `max` (an absolute bound, in the metric's own unit) and `better_than` (a reference) is given.
    """

    name: str
    metric: Metric
    max: float | None = None
    better_than: Literal["baseline"] | None = None


class TrainPolicy(Contract):
    """How the model is trained: an Azure ML pipeline job, and what it is given.

    Attributes:
        pipeline: The YAML's path, relative to the fleet file.
        dataset: The name of the dataset in the fleet file.
        parameters: Inputs of the pipeline, beside its input `dataset`.
        timeout_minutes: How long the job may take before it is cancelled.
    """

    pipeline: str
    dataset: str
    parameters: dict[str, Scalar] = {}
    timeout_minutes: int = 120


class ServePolicy(Contract):
    """How predictions are made: asked from an endpoint, or computed for a whole period.

    Attributes:
        mode: Online or batch.
        endpoint: The endpoint's name, for online.
        pipeline: The YAML of the scoring job, relative to the fleet file, for batch.
        parameters: Inputs of the scoring job, beside `model` and `data`.
    """

    mode: Literal["online", "batch"]
    endpoint: str | None = None
    pipeline: str | None = None
    parameters: dict[str, Scalar] = {}


class ModelPolicy(Contract):
    """All that Signalbox needs to know of one model.

    Attributes:
        fleet: The fleet that the model belongs to.
        revision: Hash of the fleet file that said so.
        model: The registered model's name.
        labels: Its cell of the matrix: `{"origin": "JFK"}`.
        gates: All must hold; never empty.
        golden: CSV of inputs with `expected` and `tolerance`, relative to the fleet file.
    """

    fleet: str
    revision: str
    model: str
    labels: dict[str, str]
    train: TrainPolicy
    serve: ServePolicy
    gates: tuple[GatePolicy, ...]
    golden: str

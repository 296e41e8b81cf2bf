"""What may be written of a model in a fleet file: how it is trained, what it has to beat, how it is served."""

import math
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from shared.contracts.policy import QUEUE_MINUTES, Scalar
from shared.fleet.amounts import Days, Minutes
from shared.located_validation import FileModel, one_of
from shared.located_yaml import kind


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a parameter must be finite; leave it out if it is not known")
    if isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, dict) and list(value.values()) == [None]:
        raise ValueError(f'braces without quotes are a mapping to YAML; write "{{{next(iter(value))}}}"')
    raise ValueError(f"a parameter must be text, a number, true or false, not {kind(value)}; put it in quotes")


#: A parameter of a job, not converted: `007` in quotes stays text.
Parameter = Annotated[Scalar, BeforeValidator(_scalar)]

_WITH_EXAMPLE: Final = 'with: {origin: "{origin}"}'


class TrainSpec(FileModel):
    """How a model is trained: an Azure ML pipeline job, and the dataset that it is given."""

    pipeline: str = Field(
        description="The pipeline's Azure ML YAML, beside the fleet file. It may hold {labels}.",
        examples=["pipeline: pipelines/train.yml"],
    )
    data: str = Field(
        description="The dataset that it is trained on: a name under `datasets`.", examples=["data: departures"]
    )
    parameters: dict[str, Parameter] = Field(
        default={},
        alias="with",
        description="Inputs of the pipeline beside `dataset`, which Signalbox fills. Texts may hold {labels}.",
        examples=[_WITH_EXAMPLE],
    )
    timeout: Minutes = Field(
        default=120,
        description="How long the job may run before it is cancelled; two hours unless said otherwise.",
        examples=["timeout: 2h"],
    )
    queue_timeout: Minutes = Field(
        default=QUEUE_MINUTES,
        description="How long the job may wait for compute before it is cancelled; a day unless said otherwise.",
        examples=["queue_timeout: 6h"],
    )


class BaselineSpec(FileModel):
    """A plain forecast that the model has to beat, trained once per group of labels and dataset version."""

    pipeline: str = Field(
        description="The pipeline's Azure ML YAML, beside the fleet file. It may hold {labels} of `per`.",
        examples=["pipeline: pipelines/historical_average.yml"],
    )
    per: list[str] = Field(
        description="Labels of the models that have one baseline each; the other labels share it.",
        examples=["per: [origin, format]"],
    )
    parameters: dict[str, Parameter] = Field(
        default={},
        alias="with",
        description="Inputs of the pipeline beside `dataset`. Texts may hold {labels} of `per`.",
        examples=[_WITH_EXAMPLE],
    )
    name: str | None = Field(
        default=None,
        description="The registered model's name. Without it, the model's, with `baseline` for what is not in `per`.",
        examples=['name: "average-{origin}-{format}"'],
    )


class ServeSpec(FileModel):
    """How a model's predictions are made: exactly one of `online` and `batch`."""

    model_config = ConfigDict(json_schema_extra=one_of("online", "batch"))

    online: str | None = Field(
        default=None,
        description="An endpoint that answers requests: 3 to 32 of a-z, 0-9 and -. It may hold {labels}.",
        examples=['online: "departures-{origin}"'],
    )
    shared: bool = Field(
        default=False,
        description="Whether the endpoint answers for several models, at most six, each of which has to say so. A "
        "request names its model's deployment by a header; `serving/MODEL.json` in the data container tells which.",
        examples=["shared: true"],
    )
    deployment: str | None = Field(
        default=None,
        description="Azure ML's YAML of an online deployment, beside the fleet file: where the model runs, on how many "
        "instances, with which code. Its name, endpoint and model are Signalbox's.",
        examples=["deployment: deployments/online.yml"],
    )
    batch: str | None = Field(
        default=None,
        description="The scoring pipeline's Azure ML YAML, beside the fleet file; run per period.",
        examples=["batch: pipelines/score.yml"],
    )
    data: str | None = Field(
        default=None,
        description="The dataset that is scored, for `batch`; the one of the training when absent.",
        examples=["data: departures"],
    )
    parameters: dict[str, Parameter] = Field(
        default={},
        alias="with",
        description="Inputs of the scoring pipeline beside `model`, `data` and `rows`, which Signalbox fills. Texts "
        "may hold {labels}, and {as_of}: the date that the run stands for.",
        examples=['with: {origin: "{origin}", as_of: "{as_of}"}'],
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.online is None) == (self.batch is None):
            raise ValueError("`serve` says one of two: `online: ENDPOINT`, or `batch: PIPELINE`; keep one of them")
        if self.online is None and self.deployment is not None:
            raise ValueError("`deployment` is for `online`: a scoring pipeline says itself where it runs; remove it")
        if self.online is None and self.shared:
            raise ValueError("`shared` is for `online`: only an endpoint can be shared; remove it")
        if self.online is not None and self.parameters:
            raise ValueError("`with` is for `batch`: an endpoint takes no parameters; remove it")
        if self.online is not None and self.data is not None:
            raise ValueError("`data` is for `batch`: an endpoint is asked with its own rows; remove it")
        return self


class ModelSpec(FileModel):
    """One model per combination of the labels in its name; `{movement=fast}` restricts a label to one value."""

    train: TrainSpec = Field(
        description="How it is trained.", examples=["train: {pipeline: pipelines/train.yml, data: departures}"]
    )
    baseline: BaselineSpec | None = Field(
        default=None,
        description="What the gates with `better_than: baseline` compare it with.",
        examples=["baseline: {pipeline: pipelines/historical_average.yml, per: [origin]}"],
    )
    serve: ServeSpec = Field(
        description="How its predictions are made.", examples=["serve: {batch: pipelines/score.yml}"]
    )
    golden: str | None = Field(
        default=None,
        description="CSV of inputs with the expected predictions; that under `release` when absent.",
        examples=['golden: "golden/{origin}.csv"'],
    )
    stale: Days | None = Field(
        default=None,
        description="The age from which on a model that scores is stale; never when absent.",
        examples=["stale: 60d"],
    )
    tags: dict[str, str] = Field(
        default={},
        description="Tags of its jobs and its registered versions. Values may hold {labels}.",
        examples=['tags: {cost-center: "4711"}'],
    )

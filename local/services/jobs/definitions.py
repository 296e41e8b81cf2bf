"""What a job is: the request of a client, and the plan that is made of it once and stored with the job."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

type Scalar = bool | int | float | str

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$"
"""Job names are also the names of folders."""


class Status(StrEnum):
    """Azure ML's words for the state of a job or step; the ones this service uses."""

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    RUNNING = "Running"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"


FINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED})


class JobError(Exception):
    """Why a job was refused or failed, for its owner: a stable code and a message that names the place."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Data(_Frozen):
    """A folder, file or model: ``path`` is absolute, or an ``azureml:`` reference that is fetched before the run."""

    type: Literal["uri_folder", "uri_file", "mlflow_model", "custom_model"]
    path: str
    mode: str | None = Field(default=None, exclude=True)  # how Azure ML mounts it: accepted, without a meaning here


type Value = Scalar | Data


class JobRequest(_Frozen):
    """The body of ``PUT /jobs/{name}``."""

    pipeline: str
    inputs: dict[str, Value] = Field(default_factory=dict)
    experiment_name: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class Step(_Frozen):
    """One command of the pipeline, with all that can be known before its inputs are there.

    Attributes:
        name: the node's name in the YAML.
        command: what to run; its ``${{inputs.x}}`` and ``${{outputs.x}}`` are still to be filled in.
        arguments: the command as the arguments of one Python script (``["train.py", "--in", "${{inputs.x}}"]``),
            or None when it needs a shell.
        inputs: a literal, data, or a text with ``${{parent...}}`` in it; what is absent is not given.
        outputs: the type of each output.
        needs: the steps that come first.
        code: the folder that holds the code, or None.
        code_hash: a hash over the names and contents of ``code``.
        timeout: seconds after which the step has failed.
    """

    name: str
    command: str
    arguments: list[str] | None
    inputs: dict[str, Value]
    outputs: dict[str, str]
    needs: list[str]
    code: str | None
    code_hash: str | None
    environment: dict[str, str]
    timeout: float | None


class Output(_Frozen):
    """Where an output of the pipeline comes from."""

    type: str
    step: str
    output: str


class Plan(_Frozen):
    """A pipeline that can be run: checked, with every input known. Steps are in an order in which they can run."""

    display_name: str
    experiment_name: str
    tags: dict[str, str]
    inputs: dict[str, Value]
    outputs: dict[str, Output]
    steps: list[Step]
    continue_on_step_failure: bool

    @property
    def data(self) -> list[Data]:
        """All folders, files and models that the job and its steps are given, each once."""
        values = [*self.inputs.values(), *(value for step in self.steps for value in step.inputs.values())]
        return list(dict.fromkeys(value for value in values if isinstance(value, Data)))


class Job(_Frozen):
    """A job as stored. Times are ISO 8601 in UTC."""

    seq: int
    name: str
    fingerprint: str
    plan: Plan
    status: Status
    created_at: str
    started_at: str | None
    ended_at: str | None
    error: dict[str, Any] | None


class StepState(_Frozen):
    """How far one step of a job has come; ``attempt`` counts its starts."""

    name: str
    status: Status
    attempt: int
    started_at: str | None
    ended_at: str | None

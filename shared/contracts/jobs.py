"""Jobs on the training platform, in Azure ML's words."""

from typing import Final, Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.policy import Scalar

#: Azure ML's job statuses (facts: wire contracts, section 5). A platform may also answer one that we do not know yet.
JobStatusName = str
FINAL: Final = frozenset({"Completed", "Failed", "Canceled"})


class FolderInput(Contract):
    """A folder or a file in the data store of the platform."""

    type: Literal["uri_folder", "uri_file"]
    path: str


class ModelInput(Contract):
    """A registered model version as a job's input."""

    type: Literal["mlflow_model"] = "mlflow_model"
    model: str
    version: str


JobInput = Scalar | FolderInput | ModelInput


class SubmitJobInput(Contract):
    """Input of `submit_job`.

    Attributes:
        name: Deterministic: the same name is the same job, however often it is submitted.
        fleet: The fleet file's name; the pipeline's path is relative to that file.
        pipeline: The pipeline job YAML.
        inputs: Scalars, folders and models; `path` of a folder is inside the data container.
        tags: For lineage; `signalbox.instance` is the orchestration that waits.
    """

    name: str
    fleet: str
    pipeline: str
    experiment: str
    inputs: dict[str, JobInput]
    tags: dict[str, str] = {}
    trace: str | None = None


class JobKey(Contract):
    """Input of `read_job` and `cancel_job`."""

    name: str
    trace: str | None = None


class JobState(Contract):
    """Where a job stands.

    Attributes:
        status: As Azure ML says it.
        error: The service's own message, when it failed; capped.
        started_at: When its first step began.
        ended_at: When it became final.
    """

    name: str
    status: JobStatusName
    error: str | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None

    @property
    def final(self) -> bool:
        """Whether the status can still change."""
        return self.status in FINAL

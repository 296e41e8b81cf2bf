"""Jobs on the training platform, in Azure ML's words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.policy import Scalar

#: Azure ML's job statuses (facts: wire contracts, section 5). A platform may also answer one that we do not know yet.
JobStatusName = str
FINAL: Final = frozenset({"Completed", "Failed", "Canceled"})
#: Azure ML's code when another definition has the job's name (facts: wire contracts, section 5).
NAME_TAKEN: Final = "UserError"
#: What Signalbox's own tags begin with; nobody else's may.
OWN_TAGS: Final = "signalbox."
#: Stands in a parameter's text for the day that a run stands for.
AS_OF: Final = "{as_of}"


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


def job_parameters(parameters: Mapping[str, Scalar], as_of: datetime | None) -> dict[str, JobInput]:
    """A pipeline's parameters, with `{as_of}` in texts filled.

    Args:
        parameters: As the fleet file says them under `with`.
        as_of: The moment that the run stands for; its date is filled in, `latest` where there is none.
    """
    day = "latest" if as_of is None else as_of.date().isoformat()
    return {name: value.replace(AS_OF, day) if isinstance(value, str) else value for name, value in parameters.items()}


def job_tags(wanted: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The fleet file's tags beside Signalbox's own, which nothing in a file can replace."""
    return {**{name: value for name, value in wanted.items() if not name.startswith(OWN_TAGS)}, **own}


class SubmitJobInput(Contract):
    """Input of `submit_job`.

    Attributes:
        name: Deterministic: the same name is the same job, however often it is submitted.
        fleet: The fleet file's name; the pipeline's path is relative to that file.
        pipeline: The pipeline job YAML.
        inputs: Scalars, folders and models; `path` of a folder is inside the data container.
        tags: For lineage; `signalbox.instance` is the orchestration that waits.
        needs: An output that a job found completed must still have; one that has lost it counts as failed.
    """

    name: str
    fleet: str
    pipeline: str
    experiment: str
    inputs: dict[str, JobInput]
    tags: dict[str, str] = {}
    needs: str | None = None
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

"""Jobs on the training platform, in Azure ML's words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.policy import QUEUE_MINUTES, Scalar

#: Azure ML's job statuses (facts: wire contracts, section 5). A platform may also answer one that we do not know yet.
JobStatusName = str
FINAL: Final = frozenset({"Completed", "Failed", "Canceled"})
#: Another job has the name, see `may_adopt`. Our own code: Azure ML's, `UserError`, means any other refusal as well.
NAME_TAKEN: Final = "JobNameTaken"
#: The platform does not know a job, or not any more.
VANISHED: Final = "JobVanished"
#: What Signalbox's own tags begin with; nobody else's may.
OWN_TAGS: Final = "signalbox."
#: The orchestration that a job belongs to, see `names.watcher`; jobs that several share have no such tag.
INSTANCE_TAG: Final = f"{OWN_TAGS}instance"
#: The W3C traceparent that a job, its events and the version that it makes continue.
TRACE_TAG: Final = f"{OWN_TAGS}traceparent"
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


def is_of_same_run(tags: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether a job that has the name asked for is the asking run's own, by its tag `signalbox.instance`.

    It was submitted before, with its answer lost: whatever has become of its definition since, it is this one.

    Args:
        tags: What would be submitted.
        found: What the job has.
    """
    return INSTANCE_TAG in tags and found.get(INSTANCE_TAG) == tags[INSTANCE_TAG]


def may_adopt(tags: Mapping[str, str], found: Mapping[str, str], *, same_definition: bool) -> bool:
    """Whether a job that has the name asked for is the one asked for: the run's own, or of several and defined alike.

    Args:
        tags: What would be submitted.
        found: What the job has.
        same_definition: Whether it is defined as what would be submitted.
    """
    if INSTANCE_TAG in tags or INSTANCE_TAG in found:
        return is_of_same_run(tags, found)
    return same_definition


class SubmitJobInput(Contract):
    """Input of `submit_job`.

    Attributes:
        name: Deterministic: the same name is the same job, however often it is submitted.
        fleet: The fleet file's name; the pipeline's path is relative to that file.
        pipeline: The pipeline job YAML.
        inputs: Scalars, folders and models; `path` of a folder is inside the data container.
        tags: For lineage; `signalbox.instance` is the orchestration that the job belongs to, see `names.watcher`: a job
            of this name that has the same is adopted, whatever its definition.
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


class JobWord(Contract):
    """The external event `JobChanged`: something was said of a job. Nothing is decided by it, only what is done next.

    Attributes:
        status: What an event of the platform told, in any casing.
        unwanted: Why nobody wants the job any more; it is cancelled, if it is ours.
        superseded: What has taken the job's place; it is cancelled, if it is ours and has not begun to run.
    """

    status: str | None = None
    unwanted: str | None = None
    superseded: str | None = None


class WithdrawJobInput(Contract):
    """Input of `withdraw_job`.

    Attributes:
        job: Its name.
        instance: The orchestration that the job belongs to, see `names.watcher`.
        word: What whoever waits for the job is told.
    """

    job: str
    instance: str
    word: JobWord
    trace: str | None = None


class JobWithdrawal(Contract):
    """Result of `withdraw_job`.

    Attributes:
        words: How often it was told.
        status: As last read; absent when the platform did not know the job.
    """

    job: str
    words: int
    status: JobStatusName | None = None


class JobWatch(Contract):
    """How far a wait has come; all that its next history needs.

    Attributes:
        since: When it began; what runs at the first look has run since then.
        status: As last read; absent before the first read.
        error: The platform's message, as last read.
        reads: How often the job was read.
        step: How often the pause between two reads has doubled.
        due: When the job is read next; at once when absent.
        missing: Reads in a row that did not find the job.
        outages: Reads in a row that the platform did not answer, each of them tried for an hour.
        told: Whether an event of this job has come.
        heard: The status that the last event told, in lower case.
        running_since: When the job left the queue.
        silent_since: When it stopped responding; absent while it responds.
        unwanted: Why nobody wants the job any more.
        superseded: What has taken the job's place, if it has not begun to run.
    """

    since: Instant
    status: JobStatusName | None = None
    error: str | None = None
    reads: int = 0
    step: int = 0
    due: Instant | None = None
    missing: int = 0
    outages: int = 0
    told: bool = False
    heard: str | None = None
    running_since: Instant | None = None
    silent_since: Instant | None = None
    unwanted: str | None = None
    superseded: str | None = None


class WatchJobInput(Contract):
    """Input of `watch_job`.

    Attributes:
        name: The job, whoever submitted it.
        queue_minutes: How long it may wait until it runs.
        run_minutes: How long it may run.
        ours: Whether it is cancelled when a budget ends; a job of others goes on, and only the wait ends.
        since: When both budgets began, at the earliest; the start of the wait when absent.
        unwanted: Why nobody wants the job any more, from the beginning: it is only read, and cancelled.
        watch: How far the wait has come, in an earlier history.
    """

    name: str
    queue_minutes: int = QUEUE_MINUTES
    run_minutes: int = 120
    ours: bool = False
    since: Instant | None = None
    unwanted: str | None = None
    watch: JobWatch | None = None
    trace: str | None = None


#: How a wait ends: as the job did, or because it was given up.
JobOutcome = Literal[
    "completed", "failed", "canceled", "vanished", "expired", "hung", "unwanted", "superseded", "unreadable"
]


class JobEnd(Contract):
    """Result of `watch_job`.

    Attributes:
        outcome: `canceled` is a job that somebody else stopped; `expired`, `hung`, `unwanted` and `superseded` were
            given up by us; of an `unreadable` one the platform could not be asked.
        reason: For a person.
        status: As last read; absent when the job was never read.
        stopped: Whether the platform tells that nothing runs any more.
        reads: How often the job was read.
    """

    name: str
    outcome: JobOutcome
    reason: str
    status: JobStatusName | None = None
    stopped: bool
    reads: int = 0

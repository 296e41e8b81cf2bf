"""A job as the API shows it."""

from collections.abc import Callable
from typing import Any

from local.services.jobs.definitions import Data, Job, StepState

type Describe = Callable[[Job], dict[str, Any]]


def describe_job(job: Job, steps: list[StepState]) -> dict[str, Any]:
    """All that a client may know of a job and its steps."""
    return {
        "name": job.name,
        "status": job.status,
        "display_name": job.plan.display_name,
        "experiment_name": job.plan.experiment_name,
        "tags": job.plan.tags,
        "inputs": {
            name: value.model_dump(mode="json") if isinstance(value, Data) else value
            for name, value in job.plan.inputs.items()
        },
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "steps": [state.model_dump(mode="json") for state in steps],
        "error": job.error,
    }

"""Metrics of a job, from the tracking API that every workspace serves; no MLflow is needed for it."""

from collections.abc import Iterable
from typing import Any

from shared.platforms.azureml.workspace_services import WorkspaceServices


def last_values(services: WorkspaceServices, job: str) -> dict[str, float]:
    """The last value of each metric of a job and its steps, by name; of two steps' the later one.

    A pipeline logs nothing itself: its steps do, each in a run of its own.
    """
    runs = [job, *(str(step["runId"]) for step in services.children(job) if step.get("runId"))]
    return newest(metric for run in runs for metric in services.metrics(run))


def newest(metrics: Iterable[dict[str, Any]]) -> dict[str, float]:
    """The newest value of each metric; of two at the same moment the one that comes later.

    Args:
        metrics: As MLflow's API has them: `key`, `value` (a number, or `NaN` as text), `timestamp` in milliseconds.
    """
    ordered = sorted(metrics, key=lambda metric: int(metric.get("timestamp") or 0))
    return {str(metric["key"]): float(metric["value"]) for metric in ordered}

"""What the steps of a job have logged to MLflow.

Every run that a step starts carries the job's name, by the environment variable ``MLFLOW_RUN_CONTEXT``, which MLflow's
fluent interface turns into tags.
"""

import json
import math
from typing import Any

import httpx

from local.services.mlflow_api import MlflowRefused, call, mlflow_client

JOB_TAG = "azureml.root_run_id"
"""The tag of a run that says which job its step belongs to."""

_PAGE = 1000


def run_context(job: str) -> dict[str, str]:
    """The environment that makes a step's runs known as the job's."""
    return {"MLFLOW_RUN_CONTEXT": json.dumps({JOB_TAG: job})}


def read_metrics(mlflow_uri: str, experiment: str, job: str) -> dict[str, float | str]:
    """The last value of each metric over all runs of a job, by name; NaN and infinity as text, as JSON has none.

    Args:
        mlflow_uri: MLflow's server.
        experiment: where the job's runs are.
        job: its name, which has no quotes in it.

    Raises:
        LocalServiceError: MLflow does not answer, or refuses.
    """
    with mlflow_client(mlflow_uri) as client:
        found = [metric for run in _runs(client, experiment, job) for metric in run["data"].get("metrics", ())]
    found.sort(key=lambda one: int(one["timestamp"]))
    return {one["key"]: _plain(float(one["value"])) for one in found}


def _runs(client: httpx.Client, experiment: str, job: str) -> list[dict[str, Any]]:
    try:
        place = call(client, "GET", "/experiments/get-by-name", params={"experiment_name": experiment})
    except MlflowRefused as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":  # no step has logged anything
            return []
        raise
    search = {
        "experiment_ids": [place["experiment"]["experiment_id"]],
        "filter": f"tags.`{JOB_TAG}` = '{job}'",
        "order_by": ["attributes.start_time ASC"],
        "max_results": _PAGE,
    }
    runs: list[dict[str, Any]] = []
    token: str | None = ""
    while token is not None:
        page = call(client, "POST", "/runs/search", search | ({"page_token": token} if token else {}))
        runs += page.get("runs", ())
        token = page.get("next_page_token") or None
    return runs


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)

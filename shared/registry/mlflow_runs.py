"""The MLflow run behind a version: it carries the metrics and the model's files, and is made once per job."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.errors import PermanentError
from shared.registry.mlflow_files import require_shared
from shared.registry.mlflow_flavors import Flavor

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

#: Where the model lies among the run's artifacts.
MODEL_FOLDER: Final = "model"
_FINISHED: Final = "FINISHED"


def finished_run(
    client: "MlflowClient",
    flavor: Flavor,
    experiment: str,
    tags: Mapping[str, str],
    folder: Path,
    *,
    metrics: Mapping[str, float],
) -> "Run":
    """The run with these tags, complete: made when absent, completed when an earlier attempt broke off.

    Args:
        client: The server's client.
        flavor: Which server that is.
        experiment: Name of the experiment; made when absent.
        tags: They identify the run.
        folder: The MLflow model to upload.
        metrics: Logged once, at step 0.

    Raises:
        PermanentError: `ExperimentDeleted`; `ArtifactsNotShared`: the files would stay on this machine.
    """
    experiment_id = _experiment(client, experiment)
    run = _find(client, experiment_id, tags) or client.create_run(experiment_id, tags=dict(tags))
    if run.info.status != _FINISHED:
        if not flavor.databricks:
            require_shared(str(run.info.artifact_uri), flavor.tracking_uri)
        _log_metrics(client, run, metrics)
        client.log_artifacts(run.info.run_id, str(folder), MODEL_FOLDER)
        client.set_terminated(run.info.run_id, _FINISHED)
    return run


def _experiment(client: "MlflowClient", name: str) -> str:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - vendor SDKs are loaded at first use

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name)
        except MlflowException as error:
            found = client.get_experiment_by_name(name)
            if error.error_code != "RESOURCE_ALREADY_EXISTS" or found is None:
                raise
    if found.lifecycle_stage != "active":
        msg = f"the MLflow experiment {name!r} is deleted: restore it, or remove it for good, and try again"
        raise PermanentError("ExperimentDeleted", msg)
    return str(found.experiment_id)


def _find(client: "MlflowClient", experiment_id: str, tags: Mapping[str, str]) -> "Run | None":
    conditions = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    runs = client.search_runs([experiment_id], conditions, max_results=1, order_by=["attributes.start_time ASC"])
    return runs[0] if runs else None


def _log_metrics(client: "MlflowClient", run: "Run", metrics: Mapping[str, float]) -> None:
    from mlflow.entities import Metric  # noqa: PLC0415 - vendor SDKs are loaded at first use

    # The run's own time, so that a second attempt writes the same points and not a second series.
    at = run.info.start_time
    client.log_batch(run.info.run_id, [Metric(name, value, at, 0) for name, value in metrics.items()])

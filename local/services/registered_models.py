"""Downloads a version of a registered model from MLflow, the same way for every service that needs one."""

import shutil
from pathlib import Path


class ModelNotFoundError(Exception):
    """The registry has no such version; trying again does not help."""


class RegistryUnavailableError(Exception):
    """MLflow did not answer as it should; it may later."""


def download_model(name: str, version: str, target: Path) -> None:
    """Make the folder ``target`` of the model; it appears complete or not at all, and stays if it is there.

    The server is the one in ``MLFLOW_TRACKING_URI``; MLflow's own settings bound its requests and retries.

    Raises:
        ModelNotFoundError: there is no such version.
        RegistryUnavailableError: the server or its files could not be reached.
    """
    if target.exists():
        return
    import mlflow  # noqa: PLC0415 - heavy, and imported before the fork where it matters
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - the same

    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        found = Path(mlflow.artifacts.download_artifacts(f"models:/{name}/{version}", dst_path=str(partial)))
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            raise ModelNotFoundError(f"MLflow has no version {version} of the model {name!r}") from error
        raise RegistryUnavailableError(f"MLflow: {error}") from error
    except OSError as error:
        raise RegistryUnavailableError(f"MLflow: {error}") from error
    assert found.is_relative_to(partial), "MLflow copies when it is told where to"
    found.rename(target)
    shutil.rmtree(partial, ignore_errors=True)

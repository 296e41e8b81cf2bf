"""The files of a version in MLflow's registries: each of the three keeps them in a way of its own."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.registry.mlflow_flavors import Flavor

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

#: What MLflow itself puts beside the files that it has downloaded; it is none of them.
_NOTE: Final = "registered_model_meta"


def download(client: "MlflowClient", flavor: Flavor, model: str, version: str, folder: Path) -> None:
    """Copy a version's files into an existing folder.

    `mlflow.artifacts` would ask whatever registry the process has been set to; so the repository is made here.
    """
    client.get_model_version(model, version)  # it says so best when there is none
    repository: Any = _repository(client, flavor, model, version)  # its methods are not typed
    repository.download_artifacts("", str(folder))
    (folder / _NOTE).unlink(missing_ok=True)


def _repository(client: "MlflowClient", flavor: Flavor, model: str, version: str) -> "ArtifactRepository":
    where = {"tracking_uri": flavor.tracking_uri, "registry_uri": flavor.registry_uri}
    if flavor.databricks:
        # It makes a client for the tracking server that the process has been set to, which would be a database of its
        # own; whatever the deployment says goes first.
        os.environ.setdefault("MLFLOW_TRACKING_URI", flavor.tracking_uri)
        from mlflow.store.artifact.models_artifact_repo import (  # noqa: PLC0415 - at first use
            ModelsArtifactRepository,
        )

        return ModelsArtifactRepository(f"models:/{model}/{version}", **where)
    from mlflow.store.artifact.artifact_repository_registry import (  # noqa: PLC0415 - at first use
        get_artifact_repository,
    )

    return get_artifact_repository(client.get_model_version_download_uri(model, version), **where)

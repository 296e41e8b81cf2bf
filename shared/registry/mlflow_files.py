"""The files of a version in MLflow's registries: each of the three keeps them in a way of its own."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from shared.errors import PermanentError
from shared.registry.mlflow_flavors import Flavor

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

#: What MLflow itself puts beside the files that it has downloaded; it is none of them.
_NOTE: Final = "registered_model_meta"
#: Of the cloud's own hosts, whatever else the URI says.
_STORES: Final = frozenset({"s3", "gs", "wasbs"})
_AZURE_DATA_LAKE: Final = (".dfs.core.windows.net", ".dfs.core.usgovcloudapi.net", ".dfs.core.chinacloudapi.cn")
#: Characters of a source that a message shows.
_SHOWN: Final = 200
_PORTS: Final = {"http": 80, "https": 443}


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

    source = client.get_model_version_download_uri(model, version)
    if urlsplit(source).scheme == "runs":
        from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository  # noqa: PLC0415 - at first use

        source = RunsArtifactRepository.get_underlying_uri(source, flavor.tracking_uri)
    require_trusted(source, flavor.tracking_uri)
    return get_artifact_repository(source, **where)


def require_trusted(source: str, server: str) -> None:
    """Where a version's files are said to lie is a place that may be asked for them.

    Whoever registers a version writes that text, and MLflow's client would send the server's token to any host in it,
    or read the files of this machine.

    Args:
        source: The version's source, as the registry has it.
        server: The URL of the MLflow server.

    Raises:
        PermanentError: `SourceRefused`.
    """
    if not _may_be_asked(source, server):
        remedy = "let the server hand the artifacts out (`mlflow server` does so by default), and register it again"
        raise PermanentError(
            "SourceRefused", f"The version's files are said to lie at {source[:_SHOWN]!r}, which is not read; {remedy}."
        )


def require_shared(place: str, server: str) -> None:
    """Where a server wants a run's files is a place that others can read them from, too.

    A server that hands no artifacts out (`--no-serve-artifacts`) with a folder as their root would have each client
    write them to a disk of its own.

    Args:
        place: Where the run's artifacts belong, as the server says.
        server: The URL of the MLflow server.

    Raises:
        PermanentError: `ArtifactsNotShared`.
    """
    if not _may_be_asked(place, server):
        told = f"The MLflow server wants a run's files at {place[:_SHOWN]!r}, where nobody else would find them"
        remedy = (
            "start it without `--no-serve-artifacts`, or with `--default-artifact-root` in a cloud's storage; an "
            "experiment keeps the place that it was made with, so give it another name or remove it"
        )
        raise PermanentError("ArtifactsNotShared", f"{told}; {remedy}.")


def _may_be_asked(source: str, server: str) -> bool:
    try:
        return _is_trusted(source, server)
    except ValueError:  # no port is like this
        return False


def _is_trusted(source: str, server: str) -> bool:
    where, ours = urlsplit(source), urlsplit(server)
    if "\\" in where.netloc or any(sign.isspace() for sign in source):  # clients end the host elsewhere
        return False
    origin = (ours.scheme, ours.hostname, ours.port or _PORTS.get(ours.scheme))
    if where.scheme == "mlflow-artifacts":
        return not where.netloc or (where.hostname, where.port or _PORTS.get(ours.scheme)) == origin[1:]
    if where.scheme in _PORTS:
        return (where.scheme, where.hostname, where.port or _PORTS[where.scheme]) == origin
    if where.scheme == "abfss":
        return where.port is None and (where.hostname or "").endswith(_AZURE_DATA_LAKE)
    return where.scheme in _STORES

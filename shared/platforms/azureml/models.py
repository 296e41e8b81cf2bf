"""Registered models of a workspace: versions that endpoints and jobs refer to."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.contracts.platform_models import PlatformModel
from shared.errors import PermanentError
from shared.names import content_hash
from shared.platforms.azureml import job_files
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import azureml_errors, found
from shared.platforms.azureml.paths import container_path, datastore_uri

if TYPE_CHECKING:
    from azure.ai.ml.entities import Model

#: What Azure must allow: a version is registered, read, tagged and archived, and never deleted.
PERMISSIONS: Final = (
    "Microsoft.MachineLearningServices/workspaces/models/versions/read",
    "Microsoft.MachineLearningServices/workspaces/models/versions/write",
)
#: Tag: hash of what the version was made of. The service answers paths in a form of its own, so they are not compared.
_DEFINITION: Final = "signalbox.definition"


def register(connection: Connection, model: str, version: str, folder: str, tags: Mapping[str, str]) -> PlatformModel:
    """Make a folder of the data container known as a version; the same one is adopted.

    Raises:
        PermanentError: `ModelVersionTaken`: the version was made of something else.
    """
    from azure.ai.ml.entities import Model  # noqa: PLC0415 - vendor SDKs are loaded at first use

    definition = content_hash(folder, length=32)
    there = read(connection, model, version)
    if there is not None:
        return _adopted(there, definition)
    made = Model(
        name=model,
        version=version,
        path=datastore_uri(connection, f"{folder}/"),
        type="mlflow_model",
        tags={**tags, _DEFINITION: definition},
    )
    try:
        with azureml_errors(f"register version {version} of model {model}"):
            return _known(connection.client.models.create_or_update(made))
    except PermanentError:
        there = read(connection, model, version)
        if there is None:
            raise
        return _adopted(there, definition)  # somebody else was faster


def read(connection: Connection, model: str, version: str) -> PlatformModel | None:
    """A version of a model; `None` when there is none."""
    models = connection.client.models
    there = found(f"read version {version} of model {model}", lambda: models.get(model, version))
    return None if there is None else _known(there)


def download(connection: Connection, model: str, version: str, target: Path) -> bool:
    """Copy a version's files into an existing folder; `False` when there is no such version.

    Raises:
        PermanentError: `OutputNotFound`: they are gone; `NotInDataContainer`: they lie where nothing is read from.
    """
    there = read(connection, model, version)
    if there is None:
        return False
    what = f"version {version} of model {model}"
    job_files.download_folder(connection, container_path(connection, there.path, what), target, what)
    return True


def _adopted(there: PlatformModel, definition: str) -> PlatformModel:
    if there.tags.get(_DEFINITION) != definition:
        msg = f"version {there.version} of model {there.model} was made of something else: {there.path}"
        raise PermanentError("ModelVersionTaken", msg)
    return there


def _known(model: "Model") -> PlatformModel:
    return PlatformModel(
        model=str(model.name), version=str(model.version), path=str(model.path), tags=dict(model.tags or {})
    )

"""Data assets of a workspace: names and versions of folders in the data container."""

from collections.abc import Mapping
from typing import Final

from shared.errors import PermanentError
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import azureml_errors, found
from shared.platforms.azureml.paths import container_path, datastore_uri

#: What Azure must allow: a version of a dataset is made known to the workspace, and found there.
PERMISSIONS: Final = (
    "Microsoft.MachineLearningServices/workspaces/data/versions/read",
    "Microsoft.MachineLearningServices/workspaces/data/versions/write",
)


def register(connection: Connection, name: str, version: str, path: str, tags: Mapping[str, str]) -> None:
    """Make a folder of the data container known as a version; the same one is adopted.

    Raises:
        PermanentError: `DataVersionTaken`: the version is another folder.
    """
    from azure.ai.ml.entities import Data  # noqa: PLC0415 - vendor SDKs are loaded at first use

    folder = path.strip("/")
    if _is_there(connection, name, version, folder):
        return
    made = Data(
        name=name,
        version=version,
        path=datastore_uri(connection, f"{folder}/"),
        type="uri_folder",
        tags=dict(tags),
    )
    try:
        with azureml_errors(f"register version {version} of data asset {name}"):
            connection.client.data.create_or_update(made)
    except PermanentError:
        if not _is_there(connection, name, version, folder):
            raise


def read(connection: Connection, name: str, version: str) -> str | None:
    """The folder of a data asset's version, inside the data container; `None` when there is none.

    Raises:
        PermanentError: `NotInDataContainer`.
    """
    assets = connection.client.data
    what = f"version {version} of data asset {name}"
    there = found(f"read {what}", lambda: assets.get(name, version))
    return None if there is None else container_path(connection, str(there.path), what)


def _is_there(connection: Connection, name: str, version: str, folder: str) -> bool:
    there = read(connection, name, version)
    if there is not None and there != folder:
        msg = f"version {version} of data asset {name} is another folder: {there}"
        raise PermanentError("DataVersionTaken", msg)
    return there is not None

"""Where the data of a job comes from: local paths, the datastore (a blob container), registered models and data."""

import re
from pathlib import Path

from local.services.jobs.definitions import Data, JobError

_DATASTORE = re.compile(r"^azureml://(?:.*/)?datastores/(?P<store>[^/]+)/paths/(?P<path>.+)$")
_MODEL = re.compile(r"^(?:azureml:)?(?P<name>[^:/@]+):(?P<version>\d+)$")
_ASSET = re.compile(r"^(?:azureml:)?(?P<name>(?!azureml:)[^:/@]+):(?P<version>[A-Za-z0-9][A-Za-z0-9_.-]*)$")
MODEL_TYPES = frozenset({"mlflow_model", "custom_model"})


def datastore_path(data: Data) -> tuple[str, str] | None:
    """The container and the blob or prefix of ``azureml://datastores/{container}/paths/{path}``, or None."""
    match = _DATASTORE.match(data.path)
    return (match["store"], match["path"]) if match else None


def registered_model(data: Data) -> tuple[str, str] | None:
    """The name and the version of ``azureml:{name}:{version}``, or None if this is no registered model."""
    match = _MODEL.match(data.path) if data.type in MODEL_TYPES else None
    return (match["name"], match["version"]) if match else None


def registered_data(data: Data) -> tuple[str, str] | None:
    """The name and the version of the data asset ``azureml:{name}:{version}``, a folder, or None if this is none."""
    match = _ASSET.match(data.path) if data.type == "uri_folder" else None
    return (match["name"], match["version"]) if match else None


def is_remote(data: Data) -> bool:
    """Must this be downloaded before the steps can read it?"""
    return any(known(data) is not None for known in (datastore_path, registered_model, registered_data))


def locate(data: Data, base: Path, where: str) -> Data:
    """``data`` with an absolute local path, or with a reference that can be fetched, in its full form.

    Args:
        data: as written in the YAML or in a request; a local path is relative to ``base``.
        base: the folder of the pipeline's YAML.
        where: the place, for the message.

    Raises:
        JobError: nothing is there, or it is something that only Azure ML has.
    """
    if not data.path:
        raise JobError("MissingInput", f"{where}: a {data.type} without a path; give it in the job's inputs")
    if model := registered_model(data):
        return Data(type=data.type, path=f"azureml:{model[0]}:{model[1]}")
    if asset := registered_data(data):  # the parser of the YAML takes the prefix away
        return Data(type=data.type, path=f"azureml:{asset[0]}:{asset[1]}")
    if datastore_path(data):
        return Data(type=data.type, path=data.path)
    return Data(type=data.type, path=str(_local(data, base, where)))


def _local(data: Data, base: Path, where: str) -> Path:
    if "://" in data.path:
        remedy = "use azureml://datastores/{container}/paths/{path} or a local path"
        raise JobError("UnsupportedReference", f"{where}: {data.path} cannot be read on this machine; {remedy}")
    path = (base / data.path).resolve()
    if not path.exists():
        known = "azureml:{name}:{version}" if data.type in MODEL_TYPES else "azureml://datastores/{container}/paths/…"
        known += " or azureml:{name}:{version}" if data.type == "uri_folder" else ""
        raise JobError(
            "UnsupportedReference" if ":" in data.path else "InputNotFound",
            f"{where}: {data.path}: there is no {path}, and of references only {known} is known on this machine",
        )
    if (data.type == "uri_file") != path.is_file():
        raise JobError("InputNotFound", f"{where}: {path} is not a {'file' if data.type == 'uri_file' else 'folder'}")
    return path

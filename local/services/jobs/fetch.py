"""Downloads a job's remote inputs: blobs from Azurite, registered models. Runs in a warm process.

What is transient (no connection, 5xx) is tried again until the service's deadline ends the process; what is permanent
(nothing there) ends it with 1 and one clear line, which becomes the job's error.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from local.services.jobs.definitions import Data
from local.services.jobs.sources import datastore_path, registered_model
from local.services.registered_models import ModelNotFoundError, RegistryUnavailableError, download_model

_BACKOFF_FIRST, _BACKOFF_LIMIT = 0.5, 10.0
_TRANSIENT = frozenset({408, 429})
_CONNECT_TIMEOUT, _READ_TIMEOUT = 5, 60


class NotThereError(Exception):
    """The data does not exist; trying again does not help."""


class UnreachableError(Exception):
    """The service that has the data did not answer; it may later."""


@dataclass(frozen=True)
class Wanted:
    """What to download, and the file or folder to make of it."""

    data: Data
    target: Path


def fetch_all(wanted: list[Wanted], storage: str, mlflow_uri: str) -> None:
    """Download everything that is not there yet; each target appears complete or not at all."""
    for one in wanted:
        if not one.target.exists():
            _persist(one, storage, mlflow_uri)
            sys.stdout.write(f"{one.data.path} downloaded\n")


def _persist(one: Wanted, storage: str, mlflow_uri: str) -> None:
    wait = _BACKOFF_FIRST
    partial = one.target.with_name(f"{one.target.name}.partial")
    while True:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            result = _download(one.data, partial, storage, mlflow_uri)
        except NotThereError as error:
            sys.exit(f"{one.data.path}: {error}")
        except UnreachableError as error:
            sys.stdout.write(f"{one.data.path}: {error}; trying again in {wait:g} s\n")
            time.sleep(wait)
            wait = min(_BACKOFF_LIMIT, wait * 2)
        else:
            result.rename(one.target)
            shutil.rmtree(partial, ignore_errors=True)
            return


def _download(data: Data, folder: Path, storage: str, mlflow_uri: str) -> Path:
    """Download ``data`` into the empty ``folder``; return the file or folder that it is."""
    if location := datastore_path(data):
        container, path = location
        return _download_blobs(storage, container, path, folder, single=data.type == "uri_file")
    model = registered_model(data)
    if model is None:
        return _copy_registered(Path(data.path), folder / "data")
    os.environ["MLFLOW_TRACKING_URI"] = mlflow_uri
    try:
        download_model(*model, folder / "data")
    except ModelNotFoundError as error:
        raise NotThereError(str(error)) from error
    except RegistryUnavailableError as error:
        raise UnreachableError(str(error)) from error
    return folder / "data"


def _copy_registered(source: Path, target: Path) -> Path:
    """The files of a model that a job on this machine has made and that is registered here."""
    try:
        return Path(shutil.copytree(source, target))
    except FileNotFoundError as error:
        raise NotThereError(f"the files of the registered model are gone from {source}") from error


def _download_blobs(storage: str, container: str, path: str, folder: Path, *, single: bool) -> Path:
    """One blob (``single``), or all blobs below the prefix ``path``, with their relative names."""
    from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError  # noqa: PLC0415 - heavy
    from azure.storage.blob import ContainerClient, ExponentialRetry  # noqa: PLC0415 - heavy

    retry = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=2)
    client = ContainerClient.from_connection_string(
        storage, container, connection_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT, retry_policy=retry
    )

    def names() -> Iterator[str]:
        yield from [path] if single else client.list_blob_names(name_starts_with=path.rstrip("/") + "/")

    def save(name: str, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as stream:
            client.download_blob(name).readinto(stream)

    try:
        with client:
            return _save_blobs(names(), path, folder, save, single=single)
    except ResourceNotFoundError as error:
        raise NotThereError(f"there is no such {'blob' if single else 'container'} in the storage account") from error
    except HttpResponseError as error:
        refused = 400 <= (error.status_code or 0) < 500 and error.status_code not in _TRANSIENT
        kind = NotThereError if refused else UnreachableError
        raise kind(f"the storage account answered {error.status_code} {error.reason}") from error
    except AzureError as error:
        raise UnreachableError(f"the storage account did not answer ({type(error).__name__})") from error


def _save_blobs(
    names: Iterator[str], path: str, folder: Path, save: Callable[[str, Path], None], *, single: bool
) -> Path:
    if single:
        file = folder / PurePosixPath(path).name
        save(path, file)
        return file
    found, prefix = False, path.rstrip("/") + "/"
    (root := folder / "data").mkdir()
    for name in names:
        relative = PurePosixPath(name.removeprefix(prefix))
        if relative.is_absolute() or ".." in relative.parts:
            raise NotThereError(f"the blob {name!r} would be written outside of its folder")
        save(name, root / relative)
        found = True
    if not found:
        raise NotThereError("there is no blob below this path")
    return root

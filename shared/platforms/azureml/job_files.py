"""Outputs of jobs. They are written into the data container, so they are read as any blob there, without the SDK."""

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from shared.contracts.conditioning import BlobArrival
from shared.errors import PermanentError
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.paths import container_path
from shared.storage.blobs import AzureBlobStore

if TYPE_CHECKING:
    from azure.ai.ml.entities import Job

_ABSENT: Final = "OutputNotFound"
#: Bytes that are held at once while a file is copied.
_PIECE: Final = 16 << 20


def status_of(job: "Job") -> str:
    """A job's status as text: the SDK has a member of an enumeration where it knows it, whose text is another."""
    return str(getattr(job.status, "value", job.status))


def place(connection: Connection, job: "Job", output: str) -> str:
    """Where a completed job's output lies in the data container: a folder, or a file.

    Raises:
        PermanentError: `OutputNotFound`: the job has no such output, or is not completed; `NotInDataContainer`.
    """
    if status_of(job) != "Completed":
        raise PermanentError(_ABSENT, f"job {job.name} has no outputs: it is {status_of(job)}, not Completed")
    outputs = getattr(job, "outputs", None) or {}
    path = getattr(outputs.get(output), "path", None)
    if not path:
        named = sorted(name for name, one in outputs.items() if getattr(one, "path", None))
        msg = f"job {job.name} has no output {output!r}; it has {', '.join(named) or 'none'}"
        raise PermanentError(_ABSENT, msg)
    return container_path(connection, str(path), f"output {output!r} of job {job.name}")


def read_file(connection: Connection, path: str, what: str) -> bytes:
    """The bytes of the one file at a path, or in the folder there.

    Raises:
        PermanentError: `OutputNotFound`: it is none, or several.
    """
    store = _store(connection)
    files = _files(store, path)
    if len(files) != 1:
        named = ", ".join(file.path.removeprefix(path).lstrip("/") for file in files[:5])
        raise PermanentError(_ABSENT, f"{what} is not one file but {len(files)}: {named}".rstrip(": "))
    return store.read(files[0].path, files[0].etag)


def download_folder(connection: Connection, path: str, target: Path, what: str) -> None:
    """Copy the files of a folder into an existing one.

    Raises:
        PermanentError: `OutputNotFound`: there is none; `UnsafePath`: one would land outside.
    """
    store = _store(connection)
    files = {_inside(blob.path, path): blob for blob in _files(store, path)}
    if not files:
        raise PermanentError(_ABSENT, f"{what} has no files")
    for inside in files:
        if inside.is_absolute() or ".." in inside.parts or "\\" in str(inside):
            raise PermanentError("UnsafePath", f"{what} has a file that would land elsewhere: {str(inside)!r}")
    for inside, blob in files.items():
        copy = target / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        with copy.open("wb") as file:
            for offset in range(0, blob.size, _PIECE):
                file.write(store.read_range(blob.path, offset, _PIECE, blob.etag))


def _inside(file: str, path: str) -> PurePosixPath:
    """Where a blob is in its output; the output may be the blob itself, which then has its own name there."""
    return PurePosixPath(file.removeprefix(path).lstrip("/") or PurePosixPath(file).name)


def _files(store: AzureBlobStore, path: str) -> list[BlobArrival]:
    """The blob of that name, or those in the folder of that name."""
    return [blob for blob in store.list(path) if blob.path == path or blob.path.startswith(f"{path}/")]


def _store(connection: Connection) -> AzureBlobStore:
    return AzureBlobStore(connection.storage, connection.container)

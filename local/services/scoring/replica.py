"""What runs inside the process of a deployment: get the model, load it, serve it by MLflow's scoring protocol.

The process reports once, as JSON through a pipe: ``{"port": 12345}`` when it is ready, or ``{"code", "message"}`` and
then ends. JSON, because the process runs code that came with a model, and unpickling would hand that code the service.
"""

import json
import os
import shutil
import sys
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn

from local.services.registered_models import ModelNotFoundError, RegistryUnavailableError, download_model
from local.services.warm import forget_service
from local.services.web import listen

REGISTRY_UNAVAILABLE = "RegistryUnavailable"
"""The one report that is worth another try."""


class LoadError(Exception):
    """The model's own code failed while it was loaded."""


_CODES: dict[type[Exception], str] = {
    ModelNotFoundError: "ModelNotFound",
    RegistryUnavailableError: REGISTRY_UNAVAILABLE,
    LoadError: "ModelLoadFailed",
}


@dataclass(frozen=True)
class Source:
    """A registered model: MLflow's server in ``MLFLOW_TRACKING_URI`` has it, or else a folder on this machine."""

    name: str
    version: str
    files: Path | None


def serve_model(source: Source, folder: Path, environment: dict[str, str], report: Connection) -> None:
    """Serve until the process is ended.

    Args:
        source: the registered model.
        folder: where the model is kept between starts; fetched if absent.
        environment: additional environment variables.
        report: the pipe.
    """
    os.environ.update(environment)
    try:
        _fetch(source, folder)
        forget_service()
        app = _load(folder)
    except (ModelNotFoundError, RegistryUnavailableError, LoadError) as error:
        report.send_bytes(json.dumps({"code": _CODES[type(error)], "message": str(error)}).encode())
        return
    listener = listen(0)
    # Kept open for longer than the service keeps a connection, so that a request never meets a closing one.
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=75)
    report.send_bytes(json.dumps({"port": listener.getsockname()[1]}).encode())
    report.close()
    uvicorn.Server(config).run(sockets=[listener])


def _fetch(source: Source, folder: Path) -> None:
    """Make ``folder`` of the model; it appears complete or not at all, and stays if it is there."""
    if source.files is None:
        download_model(source.name, source.version, folder)
    elif not folder.exists():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            shutil.copytree(source.files, partial)
        except FileNotFoundError as error:
            msg = f"the files of version {source.version} of {source.name!r} are gone from {source.files}"
            raise ModelNotFoundError(msg) from error
        partial.rename(folder)


def _load(folder: Path) -> Any:
    """The model as an ASGI application."""
    import mlflow.pyfunc  # noqa: PLC0415 - imported before the fork, by the forkserver
    from mlflow.pyfunc import scoring_server  # noqa: PLC0415 - the same

    try:
        # Without its warnings: comparing the model's requirements with all installed packages takes most of a second.
        return scoring_server.init(mlflow.pyfunc.load_model(str(folder), suppress_warnings=True))
    except Exception as error:  # the model's own code runs here
        traceback.print_exc(file=sys.stderr)
        raise LoadError(f"{type(error).__name__}: {error}"[:2000]) from error

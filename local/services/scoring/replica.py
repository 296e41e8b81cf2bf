"""What runs inside the process of a deployment: get the model, load it, serve it by MLflow's scoring protocol.

The process reports once, as JSON through a pipe: ``{"port": 12345}`` when it is ready, or ``{"code", "message"}`` and
then ends. JSON, because the process runs code that came with a model, and unpickling would hand that code the service.
"""

import json
import socket
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from local.services.registered_models import ModelNotFoundError, RegistryUnavailableError, download_model

REGISTRY_UNAVAILABLE = "RegistryUnavailable"
"""The one report that is worth another try."""

HOST = "127.0.0.1"
_REQUEST_LIMIT = 64  # connections waiting to be accepted


class LoadError(Exception):
    """The model's own code failed while it was loaded."""


_CODES: dict[type[Exception], str] = {
    ModelNotFoundError: "ModelNotFound",
    RegistryUnavailableError: REGISTRY_UNAVAILABLE,
    LoadError: "ModelLoadFailed",
}


def serve_model(name: str, version: str, folder: Path, report: Connection) -> None:
    """Serve until the process is ended.

    Args:
        name: the registered model; MLflow's server is the one in ``MLFLOW_TRACKING_URI``.
        version: its version.
        folder: where the model is kept between starts; downloaded if absent.
        report: the pipe.
    """
    try:
        download_model(name, version, folder)
        app = _load(folder)
    except (ModelNotFoundError, RegistryUnavailableError, LoadError) as error:
        report.send_bytes(json.dumps({"code": _CODES[type(error)], "message": str(error)}).encode())
        return
    listener = socket.socket()
    listener.bind((HOST, 0))
    listener.listen(_REQUEST_LIMIT)
    import uvicorn  # noqa: PLC0415 - imported before the fork, by the forkserver

    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    report.send_bytes(json.dumps({"port": listener.getsockname()[1]}).encode())
    report.close()
    server.run(sockets=[listener])


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

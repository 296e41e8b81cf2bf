"""An MLflow tracking server and model registry on SQLite, with webhooks on.

One process (see ``mlflow_process``) and no job execution, where the default takes fifteen.
Artifacts go through the server (``mlflow-artifacts:``), so that clients need nothing but its URL, and the recorded
locations hold when it moves to another port. The key that encrypts webhook secrets is kept: without it, every delivery
fails after a restart.
"""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

from local.services.mlflow_api import MlflowRefused, call, mlflow_client
from local.services.process import HOST, LocalServiceError, Port, Service, local_environment
from local.services.secret_files import kept_secret

PROCESS = Path(__file__).with_name("mlflow_process.py")
UPGRADE_TIMEOUT_SECONDS = 120.0
READY_TIMEOUT_SECONDS = 120.0


def tracking_uri(port: int) -> str:
    """The address for MLflow clients, tracking and registry alike."""
    return f"http://{HOST}:{port}"


def mlflow_service(directory: Path, port: Port, log: Path, *, holds: tuple[int, ...] = ()) -> Service:
    """The server with its database, artifacts and webhook key in ``directory``."""
    artifacts = directory / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    command = (sys.executable, "-P", str(PROCESS), "--host", HOST, "--port", str(port.number))
    storage = ("--database-uri", _database_uri(directory), "--artifacts", str(artifacts))
    return Service(
        name="mlflow",
        argv=(*command, *storage),
        log=log,
        health=f"{tracking_uri(port.number)}/health",
        ports=(port,),
        env=server_environment(directory),
        cwd=directory,  # MLflow leaves nothing behind in the directory of whoever starts it
        ready_timeout=READY_TIMEOUT_SECONDS,
        holds=holds,
        remedy="If its database is damaged, remove the state directory and start again.",
    )


def server_environment(directory: Path) -> dict[str, str]:
    """Settings of the server: webhooks to plain loopback addresses allowed and fresh, telemetry off."""
    return {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": kept_secret(directory / "webhook-encryption.key", _fernet_key),
        # The server remembers for this long who listens; by default a webhook registered now is missed for a minute.
        "MLFLOW_WEBHOOK_CACHE_TTL": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


def prepare_database(directory: Path) -> None:
    """Bring the database of another MLflow version, or of an unfinished first start, up to this version's schema.

    A database that does not exist yet is left to the server, which makes it before it answers.
    """
    if not _database(directory).exists() or _stamp(directory).exists():
        return
    command = [sys.executable, "-m", "mlflow", "db", "upgrade", _database_uri(directory)]
    environment = local_environment() | server_environment(directory)
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=UPGRADE_TIMEOUT_SECONDS, check=False
    )
    if done.returncode:
        raise LocalServiceError(
            f"MLflow could not upgrade {_database(directory)} (exit code {done.returncode}). Remove the state "
            f"directory to start afresh.\n{done.stderr[-2000:]}"
        )


def finish_start(directory: Path, uri: str, experiment: str) -> None:
    """Once the server is ready: make the experiment before parallel writers do, and note the schema's version.

    Two clients that create one experiment in a fresh SQLite store at the same time make one of them fail.
    """
    with mlflow_client(uri) as client:
        try:
            call(client, "POST", "/experiments/create", {"name": experiment})
        except MlflowRefused as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    for old in directory.glob("schema-of-mlflow-*"):
        old.unlink()
    _stamp(directory).touch()


def _database(directory: Path) -> Path:
    return directory / "mlflow.db"


def _database_uri(directory: Path) -> str:
    return f"sqlite:///{_database(directory)}"


def _stamp(directory: Path) -> Path:
    return directory / f"schema-of-mlflow-{importlib.metadata.version('mlflow')}"


def _fernet_key() -> str:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - needed at the very first start only

    return Fernet.generate_key().decode()

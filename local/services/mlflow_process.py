"""The MLflow server in one process; run as a plain file: ``python -P mlflow_process.py --port 5000 …``.

``mlflow server`` imports MLflow in a parent that makes the database, and once more in the worker that it then waits
for: twice the seconds and twice the memory. Here one process does both, with the settings that the parent would hand
to its worker; MLflow's own application answers either way, behind its own protection against other origins.
"""

import argparse
import os
from importlib.resources import files

APPLICATION = "mlflow.server.fastapi_app:app"
#: MLflow's default for a server that keeps artifacts: clients ask the server for them.
ARTIFACT_ROOT = "mlflow-artifacts:/"
#: Seconds that open requests may take once the server is to end.
GRACE_SECONDS = 2


def main() -> None:
    """Serve until SIGTERM or SIGINT; a database that cannot be used ends the process with MLflow's reason."""
    arguments = _parse_arguments()
    os.environ |= _handed_on(arguments.database_uri, arguments.artifacts)  # read when MLflow is imported
    import uvicorn  # noqa: PLC0415 - after the settings
    from mlflow.server.handlers import initialize_backend_stores  # noqa: PLC0415 - after the settings

    initialize_backend_stores(arguments.database_uri, arguments.database_uri, ARTIFACT_ROOT)
    uvicorn.run(
        APPLICATION,
        host=arguments.host,
        port=arguments.port,
        log_config=str(files("mlflow.server") / "uvicorn_log_config.yaml"),
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _handed_on(database_uri: str, artifacts: str) -> dict[str, str]:
    """What ``mlflow server`` tells its workers, as ``mlflow.server.constants`` names it."""
    return {
        "_MLFLOW_SERVER_FILE_STORE": database_uri,
        "_MLFLOW_SERVER_REGISTRY_STORE": database_uri,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": ARTIFACT_ROOT,
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": artifacts,
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    }


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database-uri", required=True, help="of the tracking store and the registry")
    parser.add_argument("--artifacts", required=True, help="directory of the artifacts")
    return parser.parse_args()


if __name__ == "__main__":
    main()

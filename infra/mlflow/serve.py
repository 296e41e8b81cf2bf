"""Becomes an MLflow server that keeps everything in PostgreSQL and blobs, and asks whoever calls for a password.

Its image's entry point. It reads `DATABASE_HOST`, `DATABASE_USER`, `DATABASE_PASSWORD` and `ARTIFACTS`, as
`infra/modules/mlflow.bicep` sets them; what begins with `MLFLOW_` there is read by MLflow itself.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

_NEEDED = ("DATABASE_HOST", "DATABASE_USER", "DATABASE_PASSWORD", "ARTIFACTS")
#: One process: deliveries of webhooks wait in its memory.
_COMMAND = ("mlflow", "server", "--host", "0.0.0.0", "--port", "5000", "--workers", "1", "--app-name", "basic-auth")  # noqa: S104 - the container's only door
#: The databases that are made beside the server: runs and models, and who may use them.
_TRACKING, _USERS = "mlflow", "mlflow_users"


def main() -> None:
    """Replace this process by the server; exit code 1 where a setting is missing, with its name."""
    missing = [name for name in _NEEDED if not os.environ.get(name)]
    if missing:
        sys.exit(f"not set: {', '.join(missing)}; infra/modules/mlflow.bicep sets them")
    config = Path.home() / "authentication.ini"
    config.touch(mode=0o600)
    config.write_text(authentication(os.environ))
    os.execvpe(_COMMAND[0], _COMMAND, {**os.environ, **settings(os.environ, config)})  # noqa: S606 - the words are ours


def database(environment: Mapping[str, str], name: str) -> str:
    """The address of a database, over TLS."""
    user, password = (quote(environment[key], safe="") for key in ("DATABASE_USER", "DATABASE_PASSWORD"))
    return f"postgresql+psycopg2://{user}:{password}@{environment['DATABASE_HOST']}/{name}?sslmode=require"


def authentication(environment: Mapping[str, str]) -> str:
    """MLflow's file about who may call: everybody who has a password may read, and change what they have made."""
    users = database(environment, _USERS).replace("%", "%%")  # a percent sign means something there
    return f"[mlflow]\ndefault_permission = READ\ndatabase_uri = {users}\nadmin_username = admin\n"


def settings(environment: Mapping[str, str], config: Path) -> dict[str, str]:
    """What the server is told; not by its command line, which anybody on the machine could read."""
    return {
        "MLFLOW_BACKEND_STORE_URI": database(environment, _TRACKING),
        "MLFLOW_ARTIFACTS_DESTINATION": environment["ARTIFACTS"],
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # used by nothing here, and a process of its own
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


if __name__ == "__main__":
    main()

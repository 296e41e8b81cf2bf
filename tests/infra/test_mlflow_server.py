"""The image of the MLflow server: its pins, and what its entry point tells the server."""

import configparser
import re
import tomllib
from pathlib import Path

import pytest

from infra.mlflow import serve
from shared.settings import APP_ROOT

IMAGE = APP_ROOT / "infra" / "mlflow"
GIVEN = {
    "DATABASE_HOST": "psql-demand.postgres.database.azure.com",
    "DATABASE_USER": "signalbox",
    "DATABASE_PASSWORD": "p%40/ss:w@rd",
    "ARTIFACTS": "wasbs://mlflow@stddemand.blob.core.windows.net/",
}


def test_the_image_has_the_versions_that_are_locked() -> None:
    """What the app's client was tested against is what serves it."""
    locked = {one["name"]: one["version"] for one in tomllib.loads((APP_ROOT / "uv.lock").read_text())["package"]}
    pins = dict(re.findall(r"\"?([a-z0-9-]+)(?:\[\w+\])?==([0-9.]+)", (IMAGE / "Dockerfile").read_text()))
    assert {name: version for name, version in pins.items() if name in locked} == {
        name: locked[name] for name in ("mlflow", "azure-identity", "azure-storage-blob")
    }


def test_a_password_is_what_it_is_whatever_is_in_it() -> None:
    """Signs of addresses and of configuration files in a password do not end it."""
    parser = configparser.ConfigParser()
    parser.read_string(serve.authentication(GIVEN))
    assert parser["mlflow"]["database_uri"] == serve.database(GIVEN, "mlflow_users")
    assert serve.database(GIVEN, "mlflow") == (
        "postgresql+psycopg2://signalbox:p%2540%2Fss%3Aw%40rd@psql-demand.postgres.database.azure.com/mlflow"
        "?sslmode=require"
    )


def test_no_secret_is_on_the_command_line() -> None:
    """The server reads the database's address from its environment."""
    told = serve.settings(GIVEN, Path("authentication.ini"))
    assert told["MLFLOW_BACKEND_STORE_URI"] == serve.database(GIVEN, "mlflow")
    assert told["MLFLOW_ARTIFACTS_DESTINATION"] == GIVEN["ARTIFACTS"]


def test_what_is_missing_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The container ends, and its log says why."""
    for name in GIVEN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ARTIFACTS", "x")
    with pytest.raises(SystemExit, match="not set: DATABASE_HOST, DATABASE_USER, DATABASE_PASSWORD;"):
        serve.main()


def test_the_container_sets_what_the_server_needs() -> None:
    """Each setting of the entry point is in the template, and so are those of MLflow that it cannot do without."""
    template = (APP_ROOT / "infra/modules/mlflow.bicep").read_text()
    named = set(re.findall(r"name: '([A-Z_]+)'", template))
    assert {*GIVEN, "MLFLOW_AUTH_ADMIN_PASSWORD", "MLFLOW_FLASK_SERVER_SECRET_KEY"} <= named
    assert {"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY", "MLFLOW_SERVER_ALLOWED_HOSTS"} <= named

"""What every test of a registry registers, and the registries that are not plain MLflow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.platforms.azureml.connection import Connection, Workspace
from tests.doubles.azure_ml import AzureMlDouble
from tests.shared.registry.databricks_front import TOKEN, DatabricksFront

#: The data container of these tests.
_CONTAINER = "azureml-registry"
_MODEL = """\
flavors:
  python_function:
    loader_module: none
model_uuid: m-1
signature:
  inputs: '[{"type": "double", "name": "delay", "required": true}]'
  outputs: '[{"type": "double", "required": true}]'
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The smallest thing that is an MLflow model; with a signature, since Unity Catalog wants one."""
    model = tmp_path / "model"
    (model / "code").mkdir(parents=True)
    (model / "MLmodel").write_text(_MODEL)
    (model / "code" / "weights.bin").write_bytes(bytes(range(256)))
    return model


@pytest.fixture(scope="module")
def front(mlflow_server: str) -> Iterator[DatabricksFront]:
    """Databricks before the session's MLflow server."""
    with DatabricksFront(mlflow_server) as front:
        yield front


@pytest.fixture
def databricks(front: DatabricksFront, monkeypatch: pytest.MonkeyPatch) -> DatabricksFront:
    """The same, with the variables by which its clients find it."""
    settings = {"DATABRICKS_HOST": front.url, "DATABRICKS_TOKEN": TOKEN, "MLFLOW_TRACKING_URI": "databricks"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return front


@pytest.fixture(scope="module")
def double(azurite: str) -> Iterator[AzureMlDouble]:
    """An Azure ML that fails the module's last test where it was asked something that it does not know."""
    with AzureMlDouble(storage=azurite, data_container=_CONTAINER) as double:
        yield double


@pytest.fixture(scope="module")
def connection(double: AzureMlDouble, azurite: str) -> Iterator[Connection]:
    """The way to it, as the managed identity that it serves."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in double.environment.items():
            patch.setenv(name, value)
        workspace = Workspace.parse(double.workspace_id)
        connection = Connection(
            workspace, url=double.url, ca=double.ca, datastore=_CONTAINER, container=_CONTAINER, storage=azurite
        )
        yield connection
        connection.close()

"""Which registry a setting means, and what is told where it means none."""

from pathlib import Path

import pytest

from shared.errors import ConfigurationError, PermanentError
from shared.platforms.azureml.connection import Connection, Workspace
from shared.registry.azureml import AzureMlRegistry
from shared.registry.choice import make_registry
from shared.registry.mlflow import MlflowRegistry
from shared.registry.mlflow_flavors import flavor_of
from tests.shared.registry.databricks_front import DatabricksFront


@pytest.mark.parametrize(
    ("uri", "tracking", "has"),
    [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000", "aliases stages"),
        ("databricks", "databricks", "stages"),
        ("databricks://work", "databricks://work", "stages"),
        ("databricks-uc", "databricks", "aliases"),
        ("databricks-uc://work", "databricks://work", "aliases"),
    ],
)
def test_a_uri_tells_where_runs_are_and_how_champions_are_marked(uri: str, tracking: str, has: str) -> None:
    """Runs of Unity Catalog's models are in the workspace, with the same profile."""
    flavor = flavor_of(uri)
    assert (flavor.registry_uri, flavor.tracking_uri) == (uri, tracking)
    assert [name for name in ("aliases", "stages") if getattr(flavor, name)] == has.split()
    assert isinstance(make_registry(uri), MlflowRegistry)


@pytest.mark.parametrize("uri", ["databricks-unity", "databricks://", "databricks-uc://", "databricks:work"])
def test_what_only_looks_like_databricks_is_refused(uri: str) -> None:
    """It would be taken for a folder by MLflow."""
    with pytest.raises(ConfigurationError, match="use databricks-uc for models in Unity Catalog"):
        make_registry(uri)


@pytest.mark.parametrize("uri", ["azureml", "azureml://westeurope.api.azureml.ms/mlflow/v1.0"])
def test_the_workspaces_own_registry_needs_the_workspace(uri: str) -> None:
    """With it there is a registry, without it the setting to make is named."""
    where = Workspace("s", "g", "w")
    connection = Connection(where, url=None, ca=None, datastore="d", container="c", storage="https://x.blob.invalid")
    assert isinstance(make_registry(uri, connection), AzureMlRegistry)
    with pytest.raises(ConfigurationError, match="SIGNALBOX_AZUREML_WORKSPACE"):
        make_registry(uri)


@pytest.mark.stack
def test_a_token_that_is_no_good_is_permanent(databricks: DatabricksFront, monkeypatch: pytest.MonkeyPatch) -> None:
    """Databricks' own message is passed on."""
    with DatabricksFront("http://127.0.0.1:9") as other:  # a host of its own, since MLflow keeps a host's client
        monkeypatch.setenv("DATABRICKS_HOST", other.url)
        monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-stale")
        with pytest.raises(PermanentError, match="Invalid access token") as caught:
            make_registry("databricks").versions("m")
    assert caught.value.code == "PermissionDenied"


@pytest.mark.stack
def test_a_model_without_signature_is_permanent_in_unity_catalog(databricks: DatabricksFront, folder: Path) -> None:
    """MLflow's client refuses it itself, with the code of a server's failure."""
    (folder / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: none\n")
    with pytest.raises(PermanentError, match="signature") as caught:
        make_registry("databricks-uc").register("main.flights.bare", "job-1", folder, {}, {})
    assert caught.value.code == "SignatureMissing"


@pytest.mark.stack
def test_a_version_whose_files_never_came_is_none(databricks: DatabricksFront, folder: Path) -> None:
    """A process that ended in the middle leaves it in Unity Catalog; the next attempt makes a whole one."""
    registry = make_registry("databricks-uc")
    databricks.finalizes = False
    try:
        with pytest.raises(Exception, match="does not list it yet"):
            registry.register("main.flights.broken", "job-1", folder, {}, {})
    finally:
        databricks.finalizes = True
    assert registry.versions("main.flights.broken") == []
    assert registry.register("main.flights.broken", "job-1", folder, {}, {}).version == "2"
